using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace LuxTensor.Tests.Node;

public sealed class Kill_9
{
    private const int Kills = 3;

    [Fact]
    public async Task Killed_while_transactions_flow_a_devnet_loses_none_that_it_accepted()
    {
        var start = new ProcessStartInfo("bash", [Script(), $"{Kills}", "1"]) { UseShellExecute = false, RedirectStandardOutput = true };
        start.Environment["LUXTENSOR"] = Child.Executable;
        start.Environment["PORT"] = $"{FreePort()}";
        using var loop = Process.Start(start)!;
        var output = await loop.StandardOutput.ReadToEndAsync();
        await loop.WaitForExitAsync();

        Assert.True(loop.ExitCode == 0, output);
        Assert.Contains($"kill-loop: ok: {Kills} kills", output, StringComparison.Ordinal);
        Assert.DoesNotContain("accepted transactions 0,", output, StringComparison.Ordinal);
    }

    private static string Script()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "tests", "kill-loop.sh")))
        {
            folder = folder.Parent;
        }

        return Path.Combine(folder!.FullName, "tests", "kill-loop.sh");
    }

    // The nodes take this port and the next one, and the same ten, twenty and thirty higher.
    private static int FreePort()
    {
        const int First = 21_000, Step = 40, Places = 275;
        for (var i = 0; i < Places; i++)
        {
            var port = First + (Step * ((Environment.ProcessId + i) % Places)); // two runs on one machine look in different places
            if (Enumerable.Range(0, 4).SelectMany(node => (int[])[port + (10 * node), port + (10 * node) + 1]).All(IsFree))
            {
                return port;
            }
        }

        throw new InvalidOperationException("no free ports from 21000 to 32000");
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
