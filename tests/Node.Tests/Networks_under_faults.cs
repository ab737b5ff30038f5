using System.Diagnostics;
using System.Text.Json.Nodes;
using LuxTensor.Node;
using LuxTensor.Node.Devnet;
using LuxTensor.Storage;
using Xunit.Abstractions;

namespace LuxTensor.Tests.Node;

/// <summary>Four validators as processes, a link of its own between each two, while transactions flow.</summary>
[Collection(Devnets_of_processes.Ports)]
public sealed class Networks_under_faults(ITestOutputHelper output)
{
    private const int Nodes = 4;
    private const ulong Some = 5; // heights that have to become final during each fault

    [Fact]
    public async Task Killed_paused_cut_off_and_slowed_down_the_network_stays_one_and_loses_nothing()
    {
        using var folder = new Folder();
        var data = folder["devnet"];
        var log = folder["accepted.log"];
        // Epochs are long: whoever is away for half of one is jailed, and then three of four are all of them.
        using var devnet = DevnetFolder.Open(data, new DevnetWish(Nodes, 100, EpochLength: 10_000), TimeProvider.System);
        var plan = ProcessFiles.Write(devnet, 0, 0);
        var links = Link(plan);
        var nodes = plan.Select(static node => new Running(node)).ToArray();
        using var stopFlood = new CancellationTokenSource();
        try
        {
            await Task.WhenAll(nodes.Select(static node => node.FinalAsync(2)));
            var rpc = await nodes[0].HttpAsync();
            var flood = FloodAsync(rpc, log, stopFlood.Token);

            await DuringAsync("kill -9 of node2", nodes, 1, static node => node.KillAsync(), static node => node.Start());
            await DuringAsync("node3 paused", nodes, 2, static node => node.SignalAsync("STOP"), static node => node.SignalAsync("CONT"));
            await DuringAsync(
                "node4 cut off", nodes, 3,
                _ => Each(links, static link => link.Cut(), of: 3), _ => Each(links, static link => link.Heal(), of: 3));
            await DuringAsync(
                "node1 behind slow links that lose", nodes, 0,
                _ => Each(links, static link => link.Delay = TimeSpan.FromMilliseconds(20), of: 0),
                _ => Each(links, static link => link.Delay = TimeSpan.Zero, of: 0));

            await stopFlood.CancelAsync();
            await flood;
            var status = await Luxtensor.Run("tx", "status", "--log", log, "--rpc", rpc, "--json");
            output.WriteLine($"{File.ReadLines(log).Count()} accepted: {status.Out.Trim()}");
            Assert.Contains("\"unknown\":0", status.Out, StringComparison.Ordinal);
            Assert.NotEmpty(File.ReadAllLines(log));
        }
        finally
        {
            foreach (var node in nodes)
            {
                await node.StopAsync();
            }

            foreach (var (_, link) in links)
            {
                link.Dispose();
            }
        }

        OneChain(devnet);
        Assert.Equal(2 * Nodes, (await Luxtensor.Run("db", "check", data)).Lines.Count(static line => line.StartsWith("clean", StringComparison.Ordinal)));
    }

    /// <summary>The others go on while one has its fault, and it reaches them after.</summary>
    private async Task DuringAsync(string what, Running[] nodes, int one, Func<Running, Task> fault, Func<Running, Task> repair)
    {
        var began = Stopwatch.GetTimestamp();
        var others = nodes.Where((_, at) => at != one).ToArray();
        var before = nodes.Max(static node => node.Height);
        await fault(nodes[one]);
        await Task.WhenAll(others.Select(node => node.FinalAsync(before + Some)));
        var during = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var head = others.Max(static node => node.Height);
        await repair(nodes[one]);
        await nodes[one].FinalAsync(head);
        output.WriteLine($"{what}: heights {before} to {head} in {during:F1} s, it was with them {Stopwatch.GetElapsedTime(began).TotalSeconds - during:F1} s after");
    }

    private static void OneChain(DevnetFolder devnet)
    {
        var journals = Enumerable.Range(1, Nodes).Select(number => SqliteJournal.Open(Path.Combine(devnet.NodeFolder(number), "journal.db"), devnet.Genesis)).ToArray();
        try
        {
            var common = journals.Min(static journal => journal.FinalHeight);
            Assert.Single(journals.Select(journal => journal.BlockAt(common)!.Block.Hash).Distinct());
            Assert.All(journals, static journal => Assert.Empty(journal.Evidence(10))); // nobody signed twice
        }
        finally
        {
            Array.ForEach(journals, static journal => journal.Dispose());
        }
    }

    private static Task<int> FloodAsync(string rpc, string log, CancellationToken stop) => Task.Run(() => Cli.RunAsync(
        ["tx", "flood", "--count", "1000000", "--rate", "30", "--batch", "5", "--accepted-log", log, "--keep-going", "--rpc", rpc],
        new Terminal(TextWriter.Null, TextWriter.Null, TextReader.Null), stop));

    private static Task Each(Dictionary<(int From, int To), Faulty_link> links, Action<Faulty_link> change, int of)
    {
        foreach (var (_, link) in links.Where(it => it.Key.From == of || it.Key.To == of))
        {
            change(link);
        }

        return Task.CompletedTask;
    }

    /// <summary>Lets every node dial every other through a link, and tells nobody a way around it.</summary>
    private static Dictionary<(int From, int To), Faulty_link> Link(IReadOnlyList<ProcessNode> plan)
    {
        var links = new Dictionary<(int From, int To), Faulty_link>();
        foreach (var (from, node) in plan.Index())
        {
            var text = File.ReadAllText(node.Configuration)
                .Replace("\"bootstrap\"", "\"announce\": [ \"/ip4/127.0.0.1/tcp/9\" ],\n    \"bootstrap\"", StringComparison.Ordinal);
            foreach (var (to, other) in plan.Index().Where(it => it.Index != from))
            {
                var link = links[(from, to)] = new Faulty_link(other.Address.Port!.Value, seed: (Nodes * from) + to);
                text = text.Replace($"{other.Address}/p2p/", $"/ip4/127.0.0.1/tcp/{link.Port}/p2p/", StringComparison.Ordinal);
            }

            File.WriteAllText(node.Configuration, text);
        }

        return links;
    }

    /// <summary>A node's process, and what it told.</summary>
    private sealed class Running
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180); // only turns a hang into a failure

        private readonly Lock gate = new();
        private readonly ProcessNode node;
        private readonly List<(ulong Height, TaskCompletionSource Reached)> waiting = [];
        private readonly TaskCompletionSource<string> http = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly List<string> last = [];
        private NodeProcess? process;

        internal Running(ProcessNode node)
        {
            this.node = node;
            Start();
        }

        internal ulong Height { get; private set; }

        internal Task<string> HttpAsync() => http.Task.WaitAsync(Patience);

        internal Task Start()
        {
            process = NodeProcess.Start(node.Configuration, (_, line) => Take(line));
            return Task.CompletedTask;
        }

        internal async Task KillAsync()
        {
            await SignalAsync("KILL");
            Assert.Equal(137, await process!.EndAsync(CancellationToken.None));
            process.Dispose();
            process = null;
        }

        internal async Task SignalAsync(string signal)
        {
            using var kill = Process.Start("kill", [$"-{signal}", $"{process!.Id}"]);
            await kill.WaitForExitAsync();
            Assert.Equal(0, kill.ExitCode);
        }

        internal async Task StopAsync()
        {
            if (process is null)
            {
                return;
            }

            using (var kill = Process.Start("kill", ["-CONT", $"{process.Id}"]))
            {
                await kill.WaitForExitAsync(); // it may be gone: then something else is wrong, and is told
            }

            await process.EndAsync(new CancellationToken(canceled: true));
            process.Dispose();
        }

        internal async Task FinalAsync(ulong height)
        {
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (gate)
            {
                if (Height >= height)
                {
                    return;
                }

                waiting.Add((height, reached));
            }

            await Task.WhenAny(reached.Task, Task.Delay(Patience));
            lock (gate)
            {
                Assert.True(reached.Task.IsCompleted, $"{node.Name} is at {Height}, not at {height}:\n{string.Join('\n', last)}");
            }
        }

        private void Take(string line)
        {
            lock (gate)
            {
                last.Add(line);
                last.RemoveRange(0, int.Max(0, last.Count - 60));
                if (!line.StartsWith('{') || JsonNode.Parse(line) is not { } one)
                {
                    return;
                }

                switch ((string?)one["event"])
                {
                    case "started":
                        http.TrySetResult((string)one["http"]!);
                        break;
                    case "final":
                        Height = ulong.Max(Height, (ulong)one["height"]!);
                        waiting.FindAll(it => it.Height <= Height).ForEach(static it => it.Reached.TrySetResult());
                        break;
                    default:
                        break;
                }
            }
        }
    }
}
