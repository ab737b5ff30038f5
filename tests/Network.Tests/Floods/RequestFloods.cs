using System.Security.Cryptography;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Wire;
using LuxTensor.Network;

namespace LuxTensor.Tests.Network;

/// <summary>Floods of hellos and requests, and of answers that a node should not have asked for.</summary>
internal static class RequestFloods
{
    private const int AtOnce = 4;
    private const int TooMany = 64;
    private const ulong FarAhead = 1_000_000_000;

    internal static IReadOnlyList<Flood> All { get; } =
    [
        Flood.ByPeers("hellos", "status messages a second, 2 streams", "hellos", 4, HelloAsync),
        Flood.ByPeers("requests for 128 blocks", "requests a second, 4 streams, a queue of their own", "requests", 8, (attacker, victim, tally, cancellation) =>
            EachAsync(AtOnce, async () => await TakeAsync(await attacker.AskAsync(new Message.GetBlocks(1 + (ulong)Random.Shared.Next(16), 128), cancellation), tally, cancellation))),
        Flood.ByPeers("requests for 128 headers", "requests a second, 4 streams, a queue of their own", "requests", 8, (attacker, victim, tally, cancellation) =>
            EachAsync(AtOnce, async () => await TakeAsync(await attacker.AskAsync(new Message.GetBlockHeaders(1 + (ulong)Random.Shared.Next(16), 128), cancellation), tally, cancellation))),
        Flood.ByPeers("requests on too many streams", "4 streams of a protocol", "requests", 2, (attacker, victim, tally, cancellation) =>
            EachAsync(TooMany, async () => await TakeAsync(await attacker.AskAsync(new Message.GetBlocks(1, 128), cancellation), tally, cancellation))),
        Flood.ByPeers("answers that are not read", "64 KiB in 10 s, bytes of answers", "requests", 8, NotReadAsync),
        Flood.ByPeers("frames by hashes that are none", "requests a second, 4 streams", "requests", 4, (attacker, victim, tally, cancellation) =>
            EachAsync(AtOnce, async () =>
            {
                var stream = await attacker.OpenAsync(Announcement.Protocol, cancellation);
                await Frames.WriteAsync(stream, RandomNumberGenerator.GetBytes(32), cancellation);
                await stream.CloseWriteAsync(cancellation);
                await TakeAsync(stream, tally, cancellation);
            })),
        Flood.ByPeers(
            "answers that expand without bounds", "64 times what was sent, 16 MiB", "answers", 4, static (_, _, _, cancellation) => Task.Delay(Timeout.Infinite, cancellation), FarAhead,
            static tally => (stream, cancellation) => BombAsync(stream, tally, cancellation)),
        Flood.ByPeers(
            "answers that drip", "64 KiB in 10 s", "answers", 4, static (_, _, _, cancellation) => Task.Delay(Timeout.Infinite, cancellation), FarAhead,
            static tally => (stream, cancellation) => DripAsync(stream, tally, cancellation)),
    ];

    private static Task EachAsync(int count, Func<Task> one) => Task.WhenAll(Enumerable.Range(0, count).Select(_ => one()));

    private static async Task TakeAsync(IPeerStream stream, FloodTally tally, CancellationToken cancellation)
    {
        tally.Send();
        await using (stream)
        {
            var buffer = new byte[65_536];
            while (await stream.ReadAsync(buffer, cancellation) > 0)
            {
                // to the end, so that the next one can be asked for
            }
        }
    }

    private static async Task HelloAsync(Attacker attacker, Victim victim, FloodTally tally, CancellationToken cancellation)
    {
        var rules = victim.Genesis.Rules;
        for (var nonce = 0UL; !cancellation.IsCancellationRequested; nonce++)
        {
            var status = new Message.Status(victim.Genesis.Block.Hash, victim.Height() + (nonce % 1_000), new(RandomNumberGenerator.GetBytes(32)), 0);
            await using var stream = await attacker.OpenAsync(Hello.Protocol, cancellation);
            await Frames.WriteAsync(stream, Hello.Encode(MessageCodec.Encode(rules.ChainId, status)), cancellation);
            await stream.CloseWriteAsync(cancellation);
            await TakeAsync(stream, tally, cancellation);
        }
    }

    // The largest answers there are, asked for and left where they are: whoever answers holds them.
    private static async Task NotReadAsync(Attacker attacker, Victim victim, FloodTally tally, CancellationToken cancellation)
    {
        for (var i = 0; i < AtOnce; i++)
        {
            await attacker.AskAsync(new Message.GetBlocks(1, 128), cancellation);
            tally.Send();
        }

        await Task.Delay(TimeSpan.FromSeconds(11), cancellation); // by then they were given up, and are asked for again
    }

    private static async Task BombAsync(IPeerStream stream, FloodTally tally, CancellationToken cancellation)
    {
        await Frames.ReadAsync(stream, 256, "a request", cancellation);
        tally.Send();
        await Frames.WriteAsync(stream, Bomb, cancellation);
        await stream.CloseWriteAsync(cancellation);
    }

    private static async Task DripAsync(IPeerStream stream, FloodTally tally, CancellationToken cancellation)
    {
        await Frames.ReadAsync(stream, 256, "a request", cancellation);
        tally.Send();
        var head = new byte[Varint.MaxSize];
        await stream.WriteAsync(head.AsMemory(0, Varint.Write(head, 1UL << 20)), cancellation);
        while (true)
        {
            await stream.WriteAsync(new byte[1], cancellation);
            await Task.Delay(100, cancellation);
        }
    }

    // 16 MiB of nothing in some bytes.
    private static byte[] Bomb { get; } = MakeBomb();

    private static byte[] MakeBomb()
    {
        var packed = new byte[1 << 16];
        System.IO.Compression.BrotliEncoder.TryCompress(new byte[WireLimits.MaxMessageBytes], packed, out var written, 1, 18);
        return [1, .. BitConverter.GetBytes(WireLimits.MaxMessageBytes).Reverse(), .. packed.AsSpan(0, written)];
    }
}
