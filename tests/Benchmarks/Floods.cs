using System.Globalization;
using LuxTensor.Tests.Network;

namespace LuxTensor.Tests.Benchmarks;

/// <summary>
/// Four validators decide while one of them is flooded, by each kind of flood in turn: what was sent, what the node did, what it
/// cost in memory, and how long a block took from its proposal to its finality before and meanwhile. The attackers are in this
/// process and on the same machine, so they take processor time from the validators, too.
/// </summary>
internal static class Floods
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(100);

    public static async Task<int> RunAsync(IReadOnlyDictionary<string, string> options)
    {
        var seconds = int.Parse(options.GetValueOrDefault("--seconds", "7"), CultureInfo.InvariantCulture);
        var only = options.GetValueOrDefault("--only", "");
        var floods = Flood.All.Where(flood => flood.Name.Contains(only, StringComparison.OrdinalIgnoreCase)).ToArray();
        if (floods.Length == 0)
        {
            Console.Error.WriteLine($"no flood is named '{only}': {string.Join("; ", Flood.All.Select(static flood => flood.Name))}");
            return 2;
        }

        Head(seconds);
        var network = await FloodedNetwork.StartAsync();
        try
        {
            foreach (var flood in floods)
            {
                if (network.Nodes.Any(static node => node.HasDied))
                {
                    await network.DisposeAsync();
                    network = await FloodedNetwork.StartAsync();
                }

                await MeasureAsync(flood, network, TimeSpan.FromSeconds(seconds));
            }
        }
        finally
        {
            await network.DisposeAsync();
        }

        return 0;
    }

    private static void Head(int seconds)
    {
        Console.WriteLine();
        Console.WriteLine("### A network that decides while one of its validators is flooded");
        Console.WriteLine();
        Console.WriteLine($"Four validators, a process each, over libp2p on loopback; a block every 200 ms. {int.Max(4, seconds / 2)} s of calm, then {seconds} s of flood from peers in one other");
        Console.WriteLine($"process on the same {Environment.ProcessorCount} processors. Proposal to final: from the block's time, set by its proposer, to its finality at the flooded node, by the");
        Console.WriteLine($"machine's clock. Memory: resident, of the flooded node. Load average before: {LoadAverage()}.");
        Console.WriteLine();
        Console.WriteLine("| flood | held by | sent | what the node did | memory, before → most | proposal to final p50/p95, before → meanwhile | heights final | the others |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
    }

    private static async Task MeasureAsync(Flood flood, FloodedNetwork network, TimeSpan length)
    {
        var attacked = network.Nodes[0];
        var start = attacked.Height;
        await Task.Delay(TimeSpan.FromSeconds(double.Max(4, length.TotalSeconds / 2)));
        var calm = attacked.FinalsAbove(start);
        var before = await attacked.ReportAsync();
        var (resident, most) = (attacked.Resident(), 0L);
        var victim = new Victim(FloodedNode.Chain, await attacked.Address, () => attacked.Height);
        var tally = new FloodTally();
        start = attacked.Height;
        using (var end = new CancellationTokenSource(length))
        {
            var flooding = flood.RunAsync(victim, tally, end.Token);
            while (!end.IsCancellationRequested)
            {
                await Task.Delay(Beat);
                most = long.Max(most, attacked.Resident());
            }

            var meanwhile = attacked.FinalsAbove(start);
            await flooding;
            await TellAsync(flood, network, tally, length, before, (resident, most), calm, meanwhile);
        }
    }

    private static async Task TellAsync(
        Flood flood, FloodedNetwork network, FloodTally tally, TimeSpan length, NodeReport before, (long Before, long Most) memory,
        IReadOnlyList<(ulong Height, double Milliseconds, uint Round)> calm, IReadOnlyList<(ulong Height, double Milliseconds, uint Round)> meanwhile)
    {
        var attacked = network.Nodes[0];
        var did = "it DIED";
        var others = "";
        if (!attacked.HasDied)
        {
            var after = await attacked.ReportAsync();
            did = Did(network, tally, before, after);
            var honest = after.Peers.Where(peer => network.Honest.Contains(peer.Key)).Select(static peer => peer.Value).ToArray();
            var back = (await Task.WhenAll(network.Nodes.Skip(1).Where(static node => !node.HasDied).Select(static node => node.ReportAsync())))
                .SelectMany(report => report.Peers).Where(peer => network.Honest.Contains(peer.Key)).Select(static peer => peer.Value).ToArray();
            var all = honest.Concat(back).ToArray();
            others = $"{all.Count(static peer => peer.IsBanned)} honest peers banned, least reputation {all.Min(static peer => peer.Reputation)}, {all.Count(static peer => !peer.IsConnected)} not connected";
        }

        var rounds = meanwhile.Count(static it => it.Round > 0);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {flood.Name} | {flood.Against} | {tally.Sent:N0} {flood.Unit} ({tally.Sent / length.TotalSeconds:N0}/s) by {tally.Identities:N0} identities | {did} | {memory.Before >> 20} → {memory.Most >> 20} MiB | {Times(calm)} → {Times(meanwhile)} | {meanwhile.Count}{(rounds > 0 ? $", {rounds} in a later round" : "")} | {others} |"));
    }

    private static string Did(FloodedNetwork network, FloodTally tally, NodeReport before, NodeReport after)
    {
        var parts = new List<string>();
        foreach (var (what, count) in after.Counts.OrderBy(static it => it.Key, StringComparer.Ordinal))
        {
            var more = count - before.Counts.GetValueOrDefault(what);
            if (more > 0 && what != "closed:ClosedByPeer" && what != "closed:Broken")
            {
                parts.Add($"{what.Replace(":", " ", StringComparison.Ordinal)} {more:N0}");
            }
        }

        var strangers = after.Peers.Where(peer => !network.Honest.Contains(peer.Key) && !before.Peers.ContainsKey(peer.Key)).Select(static peer => peer.Value).ToArray();
        foreach (var faults in strangers.Where(static peer => peer.Failures > 0).GroupBy(static peer => (peer.IsBanned, peer.LastFault)).OrderByDescending(static it => it.Count()))
        {
            parts.Add($"{(faults.Key.IsBanned ? "banned" : "blamed")} {faults.Count():N0} for {faults.Key.LastFault}");
        }

        var refused = strangers.Sum(static peer => (long)peer.Refused);
        if (refused > 0)
        {
            parts.Add($"{refused:N0} frames over the limits dropped");
        }

        if (tally.Cut.Count > 0)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"connections ended after {tally.Cut.Median:F2} s"));
        }

        return parts.Count == 0 ? "put up with it" : string.Join(", ", parts);
    }

    private static string Times(IReadOnlyList<(ulong Height, double Milliseconds, uint Round)> finals)
    {
        if (finals.Count == 0)
        {
            return "none";
        }

        double[] times = [.. finals.Select(static it => it.Milliseconds)];
        return string.Create(CultureInfo.InvariantCulture, $"{Report.Median(times):F0}/{Report.Quantile(times, 95):F0} ms");
    }

    private static string LoadAverage() =>
        OperatingSystem.IsLinux() ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ').Take(3)) : "not known";
}
