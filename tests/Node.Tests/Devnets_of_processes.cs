using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace LuxTensor.Tests.Node;

[Collection(Ports)]
public sealed class Devnets_of_processes
{
    /// <summary>Two devnets that look for free ports at the same moment find the same ones.</summary>
    internal const string Ports = "the first free libp2p ports";

    private const int Nodes = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120); // against hanging for ever

    [Fact]
    public async Task Who_dies_is_named_and_comes_back_and_the_folder_goes_on_in_either_mode()
    {
        using var folder = new Folder();
        var data = folder["devnet"];
        string[] addresses;
        ulong height;
        await using (var first = RunningDevnet.Start(data, "--processes", "--interval", "100ms"))
        {
            var nodes = await ListeningAsync(first);
            addresses = [.. nodes.Select(static it => (string)it["p2p"]!)];
            Assert.Equal(Nodes, addresses.Distinct().Count());
            await first.FinalAsync(2);
            var victim = (int)nodes[1]["process"]!;
            using (var process = Process.GetProcessById(victim))
            {
                process.Kill();
            }

            var died = await first.EventAsync("died");
            Assert.Equal(("node2", victim, 137), ((string?)died["node"], (int)died["process"]!, (int)died["code"]!));
            var back = await first.EventAsync("listening", it => (string?)it["node"] == "node2" && (int)it["process"]! != victim);
            Assert.Equal(addresses[1], (string?)back["p2p"]);
            await first.EventAsync("connected", static it => (string?)it["node"] == "node2" && (bool)it["outbound"]!);
            var sent = await Luxtensor.Run(
                "tx", "send", "--faucet", "--to", "0x00000000000000000000000000000000000000aa", "--value", "1", "--wait", "final", "--rpc", (string)back["http"]!, "--json");
            Assert.True(sent.Code == ExitCode.Ok, $"{sent}");
            height = (ulong)JsonNode.Parse(sent.Out)!["finalHeight"]!;
            await first.FinalAsync(height);
            Assert.Equal(ExitCode.Ok, await first.StopAsync());
            Assert.True((ulong)(await first.EventAsync("stopped"))["height"]! >= height);
            Assert.All(nodes.Append(back), static it => Assert.False(IsAlive((int)it["process"]!)));
        }

        await using (var inOne = RunningDevnet.Start(data))
        {
            var started = await inOne.EventAsync("started");
            Assert.Equal((false, true), ((bool)started["isNew"]!, (ulong)started["height"]! >= height));
            await inOne.FinalAsync((ulong)started["height"]! + 2);
            height = (ulong)started["height"]! + 2;
            Assert.Equal(ExitCode.Ok, await inOne.StopAsync());
        }

        await using var again = RunningDevnet.Start(data, "--processes");
        var resumed = await ListeningAsync(again);
        Assert.Equal(addresses, resumed.Select(static it => (string)it["p2p"]!));
        Assert.True(resumed.Max(static it => (ulong)it["height"]!) >= height);
        await again.FinalAsync(height + 2);
        Assert.Equal(ExitCode.Ok, await again.StopAsync());
        Assert.Equal(2 * Nodes, (await Luxtensor.Run("db", "check", data)).Lines.Count(static line => line.StartsWith("clean", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task No_node_outlives_the_process_that_started_it(bool isKilled)
    {
        using var folder = new Folder();
        using var parent = Child.Start([], "devnet", "--processes", "--data", folder["d"], "--validators", "2", "--interval", "50ms", "--json", "--http", "0", "--ws", "0");
        int[] nodes = [(int)(await parent.EventAsync("listening"))!["process"]!, (int)(await parent.EventAsync("listening"))!["process"]!];
        await parent.EventAsync("final");
        Assert.All(nodes, static id => Assert.True(IsAlive(id)));

        if (isKilled)
        {
            parent.Kill();
        }
        else
        {
            parent.Terminate();
            var (code, errors) = await parent.EndAsync();
            Assert.Equal((0, ""), (code, errors));
            Assert.All(nodes, static id => Assert.False(IsAlive(id)));
        }

        using var patience = new CancellationTokenSource(Patience);
        foreach (var id in nodes)
        {
            if (Find(id) is { } left)
            {
                using (left)
                {
                    await left.WaitForExitAsync(patience.Token);
                }
            }
        }

        await using var again = RunningDevnet.Start(folder["d"]); // every file was closed
        await again.EventAsync("started");
    }

    [Fact]
    public async Task A_node_that_cannot_start_ends_the_devnet_with_its_reason()
    {
        using var folder = new Folder();
        var data = folder["d"];
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
        var used = await Luxtensor.Run("devnet", "--processes", "--data", data, "--plain", "--http", port, "--ws", "0", "--validators", "1");
        Assert.Equal(ExitCode.InUse, used.Code);
        Assert.Contains("choose another with --http", used.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Usage, (await Luxtensor.Run("devnet", "--processes", "--equivocate", "1", "--data", data, "--plain")).Code);

        var journal = Path.Combine(data, "node1", "journal.db");
        File.WriteAllBytes(journal, new byte[8192]);
        var damaged = await Luxtensor.Run("devnet", "--processes", "--data", data, "--plain", "--http", "0", "--ws", "0");
        Assert.True(damaged.Code is ExitCode.Damaged or ExitCode.Usage, $"{damaged}");
        Assert.Contains("node1 cannot start: ", damaged.Error, StringComparison.Ordinal);
        Assert.Contains(journal, damaged.Error, StringComparison.Ordinal);
    }

    private static async Task<JsonNode[]> ListeningAsync(RunningDevnet devnet)
    {
        var nodes = new List<JsonNode>();
        for (var number = 1; number <= Nodes; number++)
        {
            nodes.Add(await devnet.EventAsync("listening", it => (string?)it["node"] == $"node{number}"));
        }

        return [.. nodes];
    }

    private static bool IsAlive(int id)
    {
        using var process = Find(id);
        return process is { HasExited: false };
    }

    private static Process? Find(int id)
    {
        try
        {
            return Process.GetProcessById(id);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
