using System.Buffers;
using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>
/// The way to one peer: its queue, and the task that opens the one-way stream and writes to it. When the stream breaks while the peer is
/// connected, it is opened again a few times.
/// </summary>
internal sealed class GossipLink(ISwarm swarm, PeerId peer, GossipOptions options, Func<TimeSpan> now, Action<GossipLink> reopened, Action<GossipLink> lost) : IAsyncDisposable
{
    public static readonly string[] Protocols = ["/meshsub/1.2.0", "/meshsub/1.1.0", "/meshsub/1.0.0"];

    private const int Coalesced = 64 << 10;
    private const int LargeFrame = 16 << 10;
    private const int MaxOpenings = 4;

    private readonly CancellationTokenSource stop = new();
    private readonly Lock gate = new();
    private long writingSince = long.MaxValue;
    private (IPeerStream Stream, GossipIntake Intake)? inbound;
    private Task running = Task.CompletedTask;

    public PeerId Peer { get; } = peer;

    public SendQueue Queue { get; } = new(options.SendQueueBytes, options.ControlQueueBytes);

    /// <summary>When the write under way began.</summary>
    public TimeSpan? WritingSince => Interlocked.Read(ref writingSince) is var ticks && ticks == long.MaxValue ? null : TimeSpan.FromTicks(ticks);

    public void Start() => running = Task.Run(() => RunAsync(stop.Token));

    /// <summary>Since when the peer is sending the frame under way; null between frames.</summary>
    public TimeSpan? FrameSince
    {
        get
        {
            lock (gate)
            {
                return inbound?.Intake.FrameSince;
            }
        }
    }

    /// <summary>Makes a stream of the peer's its one inbound stream; the former, if any, is over.</summary>
    public void Adopt(IPeerStream stream, GossipIntake intake)
    {
        IPeerStream? former;
        lock (gate)
        {
            (former, inbound) = (inbound?.Stream, (stream, intake));
        }

        former?.Reset();
    }

    /// <summary>The stream has ended.</summary>
    public void Release(IPeerStream stream)
    {
        lock (gate)
        {
            inbound = inbound?.Stream == stream ? null : inbound;
        }
    }

    /// <summary>Ends the inbound stream.</summary>
    public void ResetInbound()
    {
        lock (gate)
        {
            inbound?.Stream.Reset();
        }
    }

    /// <summary>Ends the streams at once, then waits for the task.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        ResetInbound();
        await running;
        stop.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellation)
    {
        for (var opening = 0; opening < MaxOpenings && !cancellation.IsCancellationRequested; opening++)
        {
            try
            {
                if (opening > 0)
                {
                    await Task.Delay(TimeSpan.FromSeconds(1 << opening), options.Time, cancellation);
                }

                await using var stream = await swarm.OpenAsync(Peer, Protocols, cancellation);
                if (opening > 0)
                {
                    reopened(this);
                }

                await WriteAsync(stream, cancellation);
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                Interlocked.Exchange(ref writingSince, long.MaxValue);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }

        lost(this);
    }

    private async Task WriteAsync(IPeerStream stream, CancellationToken cancellation)
    {
        List<ReadOnlyMemory<byte>> frames = [];
        var buffer = ArrayPool<byte>.Shared.Rent(Coalesced);
        try
        {
            while (true)
            {
                Queue.Take(frames, Coalesced);
                if (frames.Count == 0)
                {
                    await Queue.WaitAsync(cancellation);
                    continue;
                }

                Interlocked.Exchange(ref writingSince, now().Ticks);
                await WriteAsync(stream, frames, buffer, cancellation);
                Interlocked.Exchange(ref writingSince, long.MaxValue);
                frames.Clear();
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            stream.Reset();
        }
    }

    // Small frames go together in one write; a large one goes as it is.
    private static async ValueTask WriteAsync(IPeerStream stream, List<ReadOnlyMemory<byte>> frames, byte[] buffer, CancellationToken cancellation)
    {
        var filled = 0;
        foreach (var frame in frames)
        {
            if (filled > 0 && (frame.Length >= LargeFrame || filled + frame.Length > buffer.Length))
            {
                await stream.WriteAsync(buffer.AsMemory(0, filled), cancellation);
                filled = 0;
            }

            if (frame.Length >= LargeFrame)
            {
                await stream.WriteAsync(frame, cancellation);
                continue;
            }

            frame.CopyTo(buffer.AsMemory(filled));
            filled += frame.Length;
        }

        if (filled > 0)
        {
            await stream.WriteAsync(buffer.AsMemory(0, filled), cancellation);
        }
    }
}
