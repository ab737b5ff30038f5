using System.Collections.Concurrent;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Peers;
using LuxTensor.Tests.Engine;
using Xunit.Abstractions;

namespace LuxTensor.Tests.Network;

/// <summary>Four validators go on deciding while one of them is flooded in several ways at once; only the attackers are harmed.</summary>
public sealed class Deciding_under_floods(ITestOutputHelper output) : IDisposable
{
    private const int Validators = 4;
    private const ulong Heights = 6; // that have to become final during the flood
    private const long MostBuffered = 256L << 20;
    private const int MostHandshakes = 32;
    private const int MostStreams = 128;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("luxtensor-flooded-");

    /// <summary>What the attackers have to meet, where it is not enough that they are put up with.</summary>
    public enum End
    {
        PutUpWith,
        CutOff,
        Banned,
    }

    public static TheoryData<string, End> Together => new()
    {
        { "votes with bad signatures; forged certificates; requests as gossip; frames that do not decode", End.Banned },
        { "announcements of frames that nobody has; evidence against nobody; certificates of unknown epochs", End.Banned },
        { "streams opened and reset; streams opened and held; pings of yamux; window updates; broken frames", End.CutOff },
        { "pings whose answers are not read; requests for 128 blocks; answers that are not read; transactions of accounts without money; IHAVE of messages that are none", End.PutUpWith },
    };

    public void Dispose() => folder.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(Together))]
    public async Task Finality_goes_on_and_only_the_attackers_are_harmed(string names, End end)
    {
        var chain = new TestChain(Validators, interval: 50, timeout: 4_000, epochLength: 1_000_000);
        var nodes = new List<FullNode>();
        try
        {
            foreach (var (at, key) in chain.Validators.Index())
            {
                var node = await FullNode.StartAsync(chain.Genesis, Path.Combine(folder.FullName, $"{at}"), [key]);
                foreach (var other in nodes)
                {
                    await node.DialAsync(other.Address);
                }

                nodes.Add(node);
            }

            await Task.WhenAll(nodes.Select(static node => node.ReachAsync(3)));
            await FloodAsync(chain, nodes, [.. names.Split("; ").Select(static name => Flood.All.Single(flood => flood.Name == name))], end);
        }
        finally
        {
            await Task.WhenAll(nodes.Select(static node => node.DisposeAsync().AsTask()));
        }
    }

    private async Task FloodAsync(TestChain chain, List<FullNode> nodes, Flood[] floods, End end)
    {
        var attacked = nodes[0];
        var honest = nodes.Select(static node => node.Swarm.Self).ToHashSet();
        var wronged = new ConcurrentQueue<(PeerId, PeerFault)>();
        var watching = nodes.ConvertAll(node => node.Book.Observe((peer, input) =>
        {
            // Whoever has no processor left answers late; anything else an honest peer did not do.
            if (input is PeerInput.Faulty { What: not (PeerFault.NoAnswer or PeerFault.LateAnswer or PeerFault.DrippingAnswer) and var what } && honest.Contains(peer))
            {
                wronged.Enqueue((peer, what));
            }
        }));
        // The attackers have the same processors as the nodes, and the rest of the tests': more is for the benchmark, where they do not.
        var victim = new Victim(chain, attacked.Address, () => attacked.Height) { Beat = TimeSpan.FromMilliseconds(100) };
        var tallies = floods.Select(static _ => new FloodTally()).ToArray();
        using var stop = new CancellationTokenSource();
        var flooding = Task.WhenAll(floods.Zip(tallies, (flood, tally) => flood.RunAsync(victim, tally, stop.Token)));

        await TransportBench.UntilAsync(() => Array.TrueForAll(tallies, static tally => tally.Sent > 0));
        var from = attacked.Height;
        for (ulong height = 1; height <= Heights; height++)
        {
            await Task.WhenAll(nodes.Select(node => node.ReachAsync(from + height)));
            AssertBounded(attacked);
        }

        await TransportBench.UntilAsync(() => end switch
        {
            End.Banned => attacked.Book.Counts.Banned > 0,
            End.CutOff => Array.TrueForAll(tallies, static tally => tally.Cut.Count > 0),
            _ => true,
        });
        await stop.CancelAsync();
        await flooding;

        output.WriteLine($"heights {from} to {attacked.Height}; {string.Join("; ", floods.Zip(tallies, static (flood, tally) => $"{flood.Name}: {tally.Sent} by {tally.Identities}, {tally.Cut.Count} cut off"))}; {attacked.Book.Counts.Banned} banned");
        watching.ForEach(static it => it.Dispose());
        Assert.Empty(wronged);
        Assert.All(nodes, node => Assert.All(honest, peer => Assert.False(node.Book.IsBanned(peer))));
        Assert.False(attacked.Host.Completion.IsCompleted);
        Assert.Single(nodes.Select(node => node.Host.Chain.BlockAt(from + Heights)!.Block.Hash).Distinct());
    }

    private static void AssertBounded(FullNode node)
    {
        var connections = node.Swarm.Table.All;
        Assert.InRange(connections.Count, 1, 2 * 50);
        Assert.All(connections, static connection => Assert.InRange(connection.Session.Serving, 0, MostStreams));
        Assert.InRange(node.Swarm.Buffered, 0, MostBuffered);
        Assert.InRange(node.Swarm.Handshakes, 0, MostHandshakes);
        Assert.InRange(node.Host.View.Pool.Bytes, 0, node.Host.View.Pool.Limits.MaxBytes);
        Assert.InRange(node.Host.View.Heights.Count, 0, 128);
    }
}
