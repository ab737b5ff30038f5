using System.Security.Cryptography;
using LuxTensor.Engine;
using LuxTensor.Network;
using GossipFrame = LuxTensor.Network.Rpc;

namespace LuxTensor.Tests.Network;

/// <summary>Floods of gossipsub's own: control, subscriptions, repetitions, frames that are none.</summary>
internal static class GossipFloods
{
    private const int Peers = 4;
    private const int Ids = 1_000;

    internal static IReadOnlyList<Flood> All { get; } =
    [
        Of("IHAVE of messages that are none", "10 IHAVE and 5,000 ids a heartbeat, 20,000 control ids", Ids, static victim => new GossipFrame { Haves = [new(Votes(victim), [.. SomeIds()])] }),
        Of("IWANT of messages that are none", "5,000 ids a heartbeat, 20,000 control ids", Ids, static _ => new GossipFrame { Wants = [.. SomeIds()] }),
        Of("IDONTWANT", "1,024 ids a heartbeat, 20,000 control ids", Ids, static _ => new GossipFrame { DontWants = [.. SomeIds()] }),
        Of("GRAFT and PRUNE", "backoff, behaviour score", 2, static victim => new GossipFrame { Grafts = [Votes(victim)], Prunes = [new(Votes(victim), 1)] }),
        Of("SUBSCRIBE and UNSUBSCRIBE", "entries of a frame", 200, static victim => new GossipFrame
        {
            Subscriptions = [.. Enumerable.Range(0, 200).Select(at => new Subscription(at % 2 == 1, Votes(victim)))],
        }),
        Of("subscriptions to topics that are none", "64 topics of a peer", 200, static _ => new GossipFrame
        {
            Subscriptions = [.. Enumerable.Range(0, 200).Select(static _ => new Subscription(true, Convert.ToHexString(RandomNumberGenerator.GetBytes(16))))],
        }),
        Flood.ByPeers("broken frames", "1 MiB a frame, behaviour score", "frames", Peers, async (attacker, _, tally, cancellation) =>
        {
            await using var gossip = await attacker.GossipAsync(cancellation);
            await gossip.WriteAsync(new byte[] { 0xff, 0xff, 0xff, 0xff, 0x7f }, cancellation); // a length of 32 GiB
            tally.Send();
            await Task.Delay(Timeout.Infinite, cancellation).WaitAsync(TimeSpan.FromMilliseconds(100), cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }),
        Flood.ByPeers("all that was heard, again and again", "copies of what a peer said itself, behaviour score", "MiB", Peers, async (attacker, victim, tally, cancellation) =>
        {
            await using var gossip = await attacker.GossipAsync(cancellation);
            await Task.Delay(1_000, cancellation); // some heights' worth
            var heard = attacker.Heard();
            if (heard.Length == 0)
            {
                return;
            }

            byte[] much = [.. Enumerable.Repeat(heard, int.Max(1, (1 << 20) / heard.Length)).SelectMany(static it => it)];
            while (!cancellation.IsCancellationRequested)
            {
                await gossip.WriteAsync(much, cancellation);
                tally.Send();
                await Task.Delay(victim.Beat, cancellation);
            }
        }),
    ];

    private static Flood Of(string name, string against, int entries, Func<Victim, GossipFrame> make) =>
        Flood.ByPeers(name, against, "entries", Peers, async (attacker, victim, tally, cancellation) =>
        {
            await using var gossip = await attacker.GossipAsync(cancellation);
            while (!cancellation.IsCancellationRequested)
            {
                await gossip.WriteAsync(RpcWriter.Frame(make(victim)), cancellation);
                tally.Send(entries);
                await Task.Delay(victim.Beat, cancellation);
            }
        });

    private static string Votes(Victim victim) => victim.Topics.Of(Topic.Votes)!;

    private static IEnumerable<MessageId> SomeIds()
    {
        var bytes = RandomNumberGenerator.GetBytes(Ids * MessageId.Size);
        for (var at = 0; at < Ids; at++)
        {
            yield return new MessageId(bytes.AsSpan(at * MessageId.Size, MessageId.Size));
        }
    }
}
