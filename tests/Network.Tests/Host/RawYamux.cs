using LuxTensor.Network;

namespace LuxTensor.Tests.Network;

/// <summary>A peer that says what it likes: frames as a test writes them, against a session that the test watches.</summary>
internal sealed class RawYamux : IAsyncDisposable
{
    private readonly MemoryDuplex wire;
    private readonly SwarmMetrics metrics = new();

    private RawYamux(MemoryDuplex ours, MemoryDuplex theirs, YamuxLimits limits, Func<YamuxStream, Task>? accept, BufferBudget? budget)
    {
        wire = theirs;
        Session = new YamuxSession(ours, isDialer: false, limits, budget ?? new BufferBudget(1L << 30), TimeProvider.System, metrics, accept ?? HoldAsync);
        Session.Start();
    }

    /// <summary>The side under test: the listener, so that the peer's streams have odd ids.</summary>
    internal YamuxSession Session { get; }

    internal static RawYamux Start(YamuxLimits? limits = null, Func<YamuxStream, Task>? accept = null, int bound = 1 << 20, BufferBudget? budget = null)
    {
        var (ours, theirs) = MemoryDuplex.Pair(bound);
        return new(ours, theirs, limits ?? new(), accept, budget);
    }

    internal async Task SendAsync(Yamux.Kind kind, ushort flags, uint stream, uint length = 0, byte[]? payload = null)
    {
        var frame = new byte[Yamux.HeaderSize + (payload?.Length ?? 0)];
        new Yamux.Header(kind, flags, stream, length).Write(frame);
        payload?.CopyTo(frame, Yamux.HeaderSize);
        await wire.WriteAsync(frame, Host.Soon);
    }

    internal Task DataAsync(uint stream, int count, ushort flags = 0) => SendAsync(Yamux.Kind.Data, flags, stream, (uint)count, new byte[count]);

    /// <summary>The next frame, with what it carries.</summary>
    internal async Task<(Yamux.Header Header, byte[] Payload)> ReceiveAsync()
    {
        var head = new byte[Yamux.HeaderSize];
        await wire.ReadExactlyAsync(head, Host.Soon);
        var header = Yamux.Header.Read(head);
        var payload = new byte[header.Kind == Yamux.Kind.Data ? header.Length : 0];
        await wire.ReadExactlyAsync(payload, Host.Soon);
        return (header, payload);
    }

    /// <summary>The next frame of a kind; others are passed over.</summary>
    internal async Task<Yamux.Header> ReceiveAsync(Func<Yamux.Header, bool> wanted)
    {
        while (true)
        {
            var (header, _) = await ReceiveAsync();
            if (wanted(header))
            {
                return header;
            }
        }
    }

    /// <summary>Passes over everything until the session answers a ping that is sent now: all before it was dealt with.</summary>
    internal async Task<List<Yamux.Header>> SettleAsync()
    {
        const uint Mark = 0xfeed;
        await SendAsync(Yamux.Kind.Ping, Yamux.Syn, 0, Mark);
        var seen = new List<Yamux.Header>();
        while (true)
        {
            var (header, _) = await ReceiveAsync();
            if (header is { Kind: Yamux.Kind.Ping, Flags: Yamux.Ack, Length: Mark })
            {
                return seen;
            }

            seen.Add(header);
        }
    }

    internal Task<CloseReason> EndAsync() => Session.Completion.WaitAsync(Host.Soon);

    public async ValueTask DisposeAsync()
    {
        await wire.DisposeAsync();
        await Session.DisposeAsync();
        metrics.Dispose();
    }

    // A handler that reads nothing until the stream is over.
    private static async Task HoldAsync(YamuxStream stream)
    {
        try
        {
            await stream.WriteAsync(new byte[10 << 20]);
        }
        catch (StreamException)
        {
            // over
        }
    }
}
