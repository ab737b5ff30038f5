using System.Buffers.Binary;
using System.Diagnostics;
using System.Text.Json.Nodes;
using LuxTensor.Network;
using LuxTensor.Tests.Network;

namespace LuxTensor.Tests.Benchmarks;

/// <summary>
/// Messages of one publisher to all others over loopback, every node connected to every other: until the last has the last one, and then
/// paced, for the latency. This implementation runs its nodes in one process; js-libp2p, which has one thread a process, in one each.
/// </summary>
internal static class GossipBenchmarks
{
    private const string Topic = "benchmark";
    private const int Patience = 40; // seconds that js has for the messages on the way when the last is published

    private static readonly (int Nodes, int Size, int Ours, int Js)[] Loads = [(2, 200, 100_000, 10_000), (2, 100_000, 2000, 300), (8, 200, 10_000, 1000), (8, 100_000, 200, 40)];

    public static async Task RunAsync()
    {
        var missing = JsPeer.Missing();
        foreach (var (nodes, size, ours, js) in Loads)
        {
            var (paced, pause) = size > 1000 ? (40, 50) : (100, 20);
            var own = await OursAsync(nodes, size, ours, paced, pause);
            if (missing is not null)
            {
                Report.Line($"{nodes} nodes, {size} B", $"{own}", "", missing);
                continue;
            }

            var other = await JsAsync(nodes, size, js, paced, pause);
            Report.Line(
                $"{nodes} nodes, {size} B: messages a second to everyone", $"{own.Rate:N0}", $"{own.Rate / other.Rate:0.0} × js", $"js {other.Rate:N0}; aim 3 ×");
            Report.Line(
                $"{nodes} nodes, {size} B: CPU a message and receiver", $"{own.Cpu:N1} µs", $"1 / {other.Cpu / own.Cpu:0.0} of js", $"js {other.Cpu:N1} µs; the publisher's share included");
            Report.Line(
                $"{nodes} nodes, {size} B: latency, median / p99",
                $"{own.Median:0.00} / {own.Worst:0.00} ms",
                double.IsNaN(other.Median) ? "" : $"1 / {other.Median / own.Median:0.0} of js",
                double.IsNaN(other.Median) ? $"a js node heard nothing for {Patience} s" : $"js {other.Median:0.00} / {other.Worst:0.00} ms");
            if (other.Lost > 0)
            {
                Report.Line($"{nodes} nodes, {size} B: not arrived at every js node within {Patience} s", $"{other.Lost} of {js}", "", "js's rate and CPU above are of those that arrived");
            }
        }
    }

    private static async Task<Measured> OursAsync(int count, int size, int messages, int paced, int pause)
    {
        var nodes = new List<Node>();
        for (var i = 0; i < count; i++)
        {
            nodes.Add(await Node.StartAsync());
            foreach (var earlier in nodes.SkipLast(1))
            {
                await nodes[^1].Swarm.DialAsync(earlier.Swarm.Listening[0].With(earlier.Swarm.Self), CancellationToken.None);
            }
        }

        foreach (var node in nodes)
        {
            while (await node.Gossip.AskAsync(router => router.Topics[Topic].Mesh.Count) < Math.Min(count - 1, 5))
            {
                await Task.Delay(10);
            }
        }

        await PumpAsync(nodes, size, messages / 10, 0);
        var cpu = Environment.CpuUsage.TotalTime;
        var took = await PumpAsync(nodes, size, messages, 0);
        cpu = Environment.CpuUsage.TotalTime - cpu;
        await PumpAsync(nodes, size, paced, pause);
        var late = nodes.Skip(1).SelectMany(node => node.Latencies).Order().ToList();
        foreach (var node in nodes)
        {
            await node.DisposeAsync();
        }

        return new Measured(messages / took.TotalSeconds, cpu.TotalMicroseconds / messages / (count - 1), late[late.Count / 2], late[(int)(late.Count * 0.99)]);
    }

    // At most a window of messages is on the way: the queues drop what is beyond their bytes, and js has no such bound.
    private static async Task<TimeSpan> PumpAsync(List<Node> nodes, int size, int messages, int pause)
    {
        var window = Math.Clamp(2_000_000 / size, 16, 4000);
        nodes.ForEach(node => node.Clear());
        var data = new byte[size];
        data.AsSpan().Fill((byte)'.');
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < messages; i++)
        {
            while (i - nodes.Skip(1).Min(node => node.Received) >= window)
            {
                await Task.Delay(1);
            }

            BinaryPrimitives.WriteInt64BigEndian(data.AsSpan(1), Stopwatch.GetTimestamp());
            BinaryPrimitives.WriteInt32BigEndian(data.AsSpan(9), i);
            if (!nodes[0].Gossip.Publish(Topic, data))
            {
                throw new InvalidOperationException("a message was refused: the window does not fit the queue");
            }

            if (pause > 0)
            {
                await Task.Delay(pause);
            }
        }

        while (nodes.Skip(1).Any(node => node.Received < messages))
        {
            await Task.Delay(1);
        }

        return Stopwatch.GetElapsedTime(started);
    }

    private static async Task<Measured> JsAsync(int count, int size, int messages, int paced, int pause)
    {
        var nodes = new List<JsPeer>();
        for (var i = 0; i < count; i++)
        {
            nodes.Add(await JsPeer.StartAsync(new { parts = new[] { "gossip" }, topics = new[] { Topic }, security = new[] { "noise" }, quiet = true }));
            foreach (var earlier in nodes.SkipLast(1))
            {
                await nodes[^1].DoAsync("dial", new { address = earlier.Addresses[0] });
            }
        }

        foreach (var node in nodes)
        {
            while ((await node.DoAsync("mesh", new { topic = Topic }))!["mesh"]!.AsArray().Count < Math.Min(count - 1, 4))
            {
                await Task.Delay(50);
            }
        }

        await PumpAsync(nodes, size, messages / 10, 0);
        var cpu = await CpuAsync(nodes);
        var started = Stopwatch.GetTimestamp();
        var arrived = (await PumpAsync(nodes, size, messages, 0)).Min(it => (int)it["accepted"]!);
        var took = Stopwatch.GetElapsedTime(started);
        cpu = await CpuAsync(nodes) - cpu;
        var late = await PumpAsync(nodes, size, paced, pause);
        foreach (var node in nodes)
        {
            await node.DisposeAsync();
        }

        return new Measured(arrived / took.TotalSeconds, cpu / arrived / (count - 1), late.Average(it => Milliseconds(it["median"])), late.Max(it => Milliseconds(it["p99"])), messages - arrived);
    }

    // Null where nothing came in time.
    private static double Milliseconds(JsonNode? figure) => (double?)figure ?? double.NaN;

    private static async Task<List<JsonNode>> PumpAsync(List<JsPeer> nodes, int size, int messages, int pause)
    {
        foreach (var node in nodes.Skip(1))
        {
            await node.DoAsync("expect", new { count = messages });
        }

        await nodes[0].DoAsync("pump", new { topic = Topic, size, count = messages, pause });
        return [.. (await Task.WhenAll(nodes.Skip(1).Select(node => node.DoAsync("expected", new { seconds = Patience })))).Select(it => it!)];
    }

    private static async Task<double> CpuAsync(List<JsPeer> nodes) => (await Task.WhenAll(nodes.Select(node => node.DoAsync("memory")))).Sum(it => (double)it!["cpu"]!);

    private sealed record Measured(double Rate, double Cpu, double Median, double Worst, int Lost = 0);

    private sealed class Node : IAsyncDisposable
    {
        private readonly PeerIdentity identity = PeerIdentity.Generate();
        private int received;

        private Node()
        {
            Swarm = new Swarm(identity, new SwarmOptions { Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")], MostPerAddress = 1000, Security = ["/noise"] });
            Gossip = new Gossip(Swarm, new GossipOptions { SendQueueBytes = 16 << 20 }, Take);
            Gossip.Subscribe(Topic);
        }

        public Swarm Swarm { get; }

        public Gossip Gossip { get; }

        public int Received => Volatile.Read(ref received);

        /// <summary>In milliseconds; complete when all is received.</summary>
        public List<double> Latencies { get; } = [];

        public static async Task<Node> StartAsync()
        {
            var node = new Node();
            await node.Swarm.StartAsync(CancellationToken.None);
            return node;
        }

        public void Clear()
        {
            Latencies.Clear();
            Volatile.Write(ref received, 0);
        }

        public async ValueTask DisposeAsync()
        {
            await Gossip.DisposeAsync();
            await Swarm.DisposeAsync();
            identity.Dispose();
        }

        private bool Take(GossipMessage message)
        {
            Latencies.Add(Stopwatch.GetElapsedTime(BinaryPrimitives.ReadInt64BigEndian(message.Data.Span[1..])).TotalMilliseconds);
            message.Judge(GossipVerdict.Accept);
            Interlocked.Increment(ref received);
            return true;
        }
    }
}
