using System.Diagnostics;

namespace LuxTensor.Node.Devnet;

/// <summary>This program again as a process: one node, which stops when its input is closed, and so outlives nobody.</summary>
internal sealed class NodeProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30); // with a node that was asked to stop

    private readonly Process process;
    private readonly Task reading;

    private NodeProcess(ProcessStartInfo start, Action<NodeProcess, string> take)
    {
        process = Process.Start(start) ?? throw new CommandFailure(ExitCode.Failed, $"{start.FileName} could not be started");
        reading = Task.WhenAll(ReadAsync(process.StandardError, take), ReadAsync(process.StandardOutput, take));
    }

    /// <summary>The process's id.</summary>
    internal int Id => process.Id;

    /// <summary>Starts a node; every line that it prints is taken on a task of its own.</summary>
    internal static NodeProcess Start(string configuration, Action<NodeProcess, string> take)
    {
        string[] args = ["run", "--config", configuration, "--supervised"];
        var start = Self(args);
        start.UseShellExecute = false;
        (start.RedirectStandardInput, start.RedirectStandardOutput, start.RedirectStandardError) = (true, true, true);
        return new NodeProcess(start, take);
    }

    /// <summary>Waits for its end, and asks for it once cancelled. Its exit code.</summary>
    internal async Task<int> EndAsync(CancellationToken cancellation)
    {
        try
        {
            await process.WaitForExitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            process.StandardInput.Close();
            using var patience = new CancellationTokenSource(Patience);
            try
            {
                await process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill();
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }

        await reading;
        return process.ExitCode;
    }

    public void Dispose() => process.Dispose();

    // The executable, or dotnet with the assembly where that is what runs: luxtensor.dll, or a test's host.
    private static ProcessStartInfo Self(string[] args)
    {
        var own = Environment.ProcessPath ?? "dotnet";
        return Path.GetFileNameWithoutExtension(own) == "luxtensor" ? new ProcessStartInfo(own, args)
            : new ProcessStartInfo(Path.GetFileNameWithoutExtension(own) == "dotnet" ? own : "dotnet", [typeof(Cli).Assembly.Location, .. args]);
    }

    private async Task ReadAsync(StreamReader from, Action<NodeProcess, string> take)
    {
        while (await from.ReadLineAsync() is { } line)
        {
            take(this, line);
        }
    }
}
