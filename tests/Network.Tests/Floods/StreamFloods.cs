using LuxTensor.Network;

namespace LuxTensor.Tests.Network;

/// <summary>Floods of a connection that stands: frames and streams that carry nothing.</summary>
internal static class StreamFloods
{
    private const uint FirstRaw = 1_000_001; // ids that the host beneath has not come to
    private const int Burst = 2_000;
    private const int Willing = 16 << 20; // bytes
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(10);

    internal static IReadOnlyList<Flood> All { get; } =
    [
        Flood.ByPeers("streams opened and reset", "yamux control frames a second", "streams", 2, (attacker, _, tally, cancellation) =>
            FramesAsync(attacker, tally, static (output, id) =>
            {
                output.Post(new(Yamux.Kind.WindowUpdate, Yamux.Syn, id, 0));
                output.Post(new(Yamux.Kind.WindowUpdate, Yamux.Rst, id, 0));
            }, cancellation)),
        Flood.ByPeers("streams opened and held", "128 streams of a peer", "streams", 2, (attacker, _, tally, cancellation) =>
            FramesAsync(attacker, tally, static (output, id) => output.Post(new(Yamux.Kind.WindowUpdate, Yamux.Syn, id, 0)), cancellation)),
        Flood.ByPeers("pings of yamux", "yamux pings a second", "pings", 2, (attacker, _, tally, cancellation) =>
            FramesAsync(attacker, tally, static (output, id) => output.Post(new(Yamux.Kind.Ping, Yamux.Syn, 0, id)), cancellation)),
        Flood.ByPeers("window updates", "yamux control frames a second", "frames", 2, (attacker, _, tally, cancellation) =>
            FramesAsync(attacker, tally, static (output, _) => output.Post(new(Yamux.Kind.WindowUpdate, 0, 1, 0)), cancellation)),
        Flood.ByPeers("garbage for a protocol's name", "1 KiB and 16 proposals of multistream-select", "streams", 2, GarbageAsync),
        Flood.ByPeers("streams never closed at their end", "streams of a peer that end", "streams", 2, NeverClosedAsync),
        Flood.ByPeers("pings whose answers are not read", "bytes received and not read", "bytes", 12, HoardAsync),
    ];

    private static async Task FramesAsync(Attacker attacker, FloodTally tally, Action<FrameOutput, uint> post, CancellationToken cancellation)
    {
        var id = FirstRaw;
        while (!cancellation.IsCancellationRequested)
        {
            var output = attacker.Session.Output;
            for (var i = 0; i < Burst && output.Pending < 100_000; i++, id += 2)
            {
                post(output, id);
                tally.Send();
            }

            output.Flush();
            await Task.Delay(Beat, cancellation);
        }
    }

    private static async Task GarbageAsync(Attacker attacker, Victim victim, FloodTally tally, CancellationToken cancellation)
    {
        var garbage = new byte[4_096];
        Random.Shared.NextBytes(garbage);
        while (!cancellation.IsCancellationRequested)
        {
            var streams = Enumerable.Range(0, 32).Select(_ => attacker.Session.Open()).ToArray();
            foreach (var stream in streams)
            {
                tally.Send();
                await using (stream)
                {
                    await stream.WriteAsync(garbage, cancellation);
                }
            }

            await Task.Delay(1, cancellation);
        }
    }

    // Asks who the node is, takes the answer, and leaves its own side open: the node is done with the stream, and it is still there.
    private static async Task NeverClosedAsync(Attacker attacker, Victim victim, FloodTally tally, CancellationToken cancellation)
    {
        var buffer = new byte[4_096];
        while (!cancellation.IsCancellationRequested)
        {
            var stream = await attacker.OpenAsync(IdentifyMessage.Protocol, cancellation);
            tally.Send();
            while (await stream.ReadAsync(buffer, cancellation) > 0)
            {
                // until the node has closed its side
            }
        }
    }

    // First the answers are read as fast as they come, so that the node opens the window; then they are not, and the node keeps what comes.
    private static async Task HoardAsync(Attacker attacker, Victim victim, FloodTally tally, CancellationToken cancellation)
    {
        var (pings, answers) = (new byte[65_536], new byte[65_536]);
        await using var stream = attacker.Session.Open();
        await stream.WriteAsync(Multistream.Encode("/multistream/1.0.0", PingProtocol.Name), cancellation);
        var reading = Task.Run(
            async () =>
            {
                for (var read = 0; read < Willing;)
                {
                    read += await stream.ReadAsync(answers, cancellation);
                }
            },
            cancellation);
        while (!cancellation.IsCancellationRequested)
        {
            await stream.WriteAsync(pings, cancellation);
            tally.Send(pings.Length);
        }

        await reading;
    }
}
