using System.Buffers;
using System.IO.Pipelines;

namespace LuxTensor.Network;

/// <summary>
/// One stream of a yamux connection. What arrives is kept, at most a window of it, until it is read; the loop that reads the connection
/// never waits for a reader. A write waits for the peer's window and for room in the connection's output. One reader, one writer.
/// </summary>
internal sealed partial class YamuxStream : DuplexStream
{
    private static readonly PipeOptions Unbounded = new( // the window bounds it
        readerScheduler: PipeScheduler.ThreadPool, writerScheduler: PipeScheduler.Inline,
        pauseWriterThreshold: 0, resumeWriterThreshold: 0, minimumSegmentSize: 8192, useSynchronizationContext: false);

    private readonly Lock gate = new();
    private readonly YamuxSession session;
    private readonly Pipe received = new(Unbounded);
    private long sendWindow = Yamux.InitialWindow;
    private TaskCompletionSource? windowOpens;
    private long receiveWindow = Yamux.InitialWindow; // what the peer may still send
    private long windowSize = Yamux.InitialWindow;
    private long unannounced; // read here, not yet given back to the peer
    private long buffered;
    private long lastUpdate;
    private bool localClosed;
    private bool remoteClosed;
    private bool abandoned; // nobody reads here any more
    private bool reading;
    private bool readerDone;
    private StreamException? broken;
    private ITimer? linger;
    private volatile bool reset;
    private bool opened; // under the output's lock
    private int acknowledged;

    internal YamuxStream(YamuxSession session, uint id, bool isInbound)
    {
        this.session = session;
        StreamId = id;
        IsInbound = isInbound;
        opened = isInbound;
        acknowledged = isInbound ? 1 : 0;
        lastUpdate = session.Time.GetTimestamp();
    }

    internal uint StreamId { get; }

    internal bool IsInbound { get; }

    /// <summary>Whether the peer heard of the stream. Under the output's lock.</summary>
    internal bool WasOpened => opened;

    /// <summary>Bytes received and not yet read.</summary>
    internal long Buffered => Volatile.Read(ref buffered);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        lock (gate)
        {
            if (abandoned || reading)
            {
                throw new StreamException(abandoned ? "the stream was disposed of" : "the stream is being read already");
            }

            reading = true;
        }

        try
        {
            if (!received.Reader.TryRead(out var result))
            {
                result = await received.Reader.ReadAsync(cancellationToken);
            }

            var content = result.Buffer;
            var count = (int)long.Min(content.Length, buffer.Length);
            var taken = content.Slice(0, count);
            taken.CopyTo(buffer.Span);
            received.Reader.AdvanceTo(taken.End);
            if (count > 0)
            {
                Consumed(count);
            }

            return result.IsCanceled ? throw new StreamException("the stream was disposed of") : count;
        }
        finally
        {
            lock (gate)
            {
                reading = false;
                if (abandoned)
                {
                    FreeReceived();
                }
            }
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            var count = await TakeWindowAsync(int.Min(buffer.Length, FrameOutput.MaxPayload), cancellationToken);
            await session.Output.WriteAsync(this, buffer[..count], cancellationToken);
            buffer = buffer[count..];
        }

        lock (gate)
        {
            ThrowIfBroken();
        }
    }

    /// <summary>Says that nothing more comes from here.</summary>
    internal void CloseWrite()
    {
        lock (gate)
        {
            if (localClosed || broken is not null)
            {
                return;
            }

            localClosed = true;
        }

        session.Output.Post(this, Yamux.Kind.Data, Yamux.Fin);
        LeaveWhenDone();
    }

    /// <summary>Ends both directions at once and tells the peer.</summary>
    internal void Reset(string why)
    {
        if (Break(new StreamException(why)))
        {
            session.Output.Post(this, Yamux.Kind.WindowUpdate, Yamux.Rst);
        }
    }

    /// <summary>Ends both directions without a word to the peer. False where the stream was over already.</summary>
    internal bool Break(StreamException why)
    {
        TaskCompletionSource? writer;
        lock (gate)
        {
            if (broken is not null || (localClosed && remoteClosed && abandoned))
            {
                return false;
            }

            broken = why;
            reset = true;
            writer = windowOpens;
            windowOpens = null;
            if (!remoteClosed)
            {
                received.Writer.Complete(why);
            }
        }

        writer?.TrySetResult();
        Leave();
        return true;
    }

    public override async ValueTask DisposeAsync()
    {
        CloseWrite();
        bool wait;
        lock (gate)
        {
            if (abandoned)
            {
                return;
            }

            abandoned = true;
            wait = !remoteClosed && broken is null;
            if (reading)
            {
                received.Reader.CancelPendingRead(); // that read frees the rest
            }
            else
            {
                FreeReceived();
            }

            if (wait)
            {
                linger = session.Time.CreateTimer(
                    static state => ((YamuxStream)state!).Reset("closed here, and not by the peer"), this, session.Limits.Linger, Timeout.InfiniteTimeSpan);
            }
        }

        LeaveWhenDone();
        await base.DisposeAsync();
    }

    private async ValueTask<int> TakeWindowAsync(int most, CancellationToken cancellation)
    {
        while (true)
        {
            TaskCompletionSource wait;
            lock (gate)
            {
                ThrowIfBroken();
                if (localClosed)
                {
                    throw new StreamException("the stream was closed for writing");
                }

                if (sendWindow > 0)
                {
                    var count = (int)long.Min(sendWindow, most);
                    sendWindow -= count;
                    return count;
                }

                wait = windowOpens ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            await wait.Task.WaitAsync(cancellation);
        }
    }

    // Half a window read: the peer gets it back, and more of it where the half went faster than four round trips, as the window then is
    // what holds the stream back.
    private void Consumed(int count)
    {
        long delta;
        lock (gate)
        {
            buffered -= count;
            unannounced += count;
            if (remoteClosed || broken is not null || unannounced < windowSize / 2)
            {
                delta = 0;
            }
            else
            {
                delta = unannounced;
                unannounced = 0;
                var now = session.Time.GetTimestamp();
                if (session.IsFast(now - lastUpdate) && windowSize * 2 <= session.Limits.MostWindow && session.TryGrow(windowSize))
                {
                    delta += windowSize;
                    windowSize *= 2;
                }

                lastUpdate = now;
                receiveWindow += delta;
            }
        }

        session.Release(count);
        if (delta > 0)
        {
            session.Output.Post(this, Yamux.Kind.WindowUpdate, 0, (uint)delta);
        }
    }

    private void ThrowIfBroken()
    {
        if (broken is not null)
        {
            throw new StreamException(broken.Message, broken);
        }
    }

    private void LeaveWhenDone()
    {
        lock (gate)
        {
            if (!localClosed || !remoteClosed)
            {
                return;
            }
        }

        Leave();
    }

    private void Leave()
    {
        ITimer? timer;
        long grown;
        lock (gate)
        {
            timer = linger;
            linger = null;
            grown = windowSize - Yamux.InitialWindow;
            windowSize = Yamux.InitialWindow;
        }

        timer?.Dispose();
        session.Remove(this, grown);
    }

    // Under the lock, and no read is under way.
    private void FreeReceived()
    {
        if (readerDone)
        {
            return;
        }

        readerDone = true;
        if (!remoteClosed && broken is null)
        {
            received.Writer.Complete();
        }

        received.Reader.Complete();
        session.Release(buffered);
        buffered = 0;
    }
}
