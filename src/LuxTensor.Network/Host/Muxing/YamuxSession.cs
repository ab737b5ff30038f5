using System.Collections.Concurrent;

namespace LuxTensor.Network;

/// <summary>
/// Yamux over one channel: many streams each way, each with its own window, and one loop that reads. The loop waits for the channel and for
/// nothing else; what it keeps is bounded by the windows, by the connection's share and by the node's.
/// </summary>
internal sealed partial class YamuxSession : IAsyncDisposable
{
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LeastRoundTrip = TimeSpan.FromMilliseconds(1);

    private readonly Stream channel;
    private readonly bool isDialer;
    private readonly BufferBudget shared;
    private readonly SwarmMetrics metrics;
    private readonly Func<YamuxStream, Task> accept;
    private readonly ConcurrentDictionary<uint, YamuxStream> streams = new();
    private readonly ConcurrentDictionary<uint, (long Sent, TaskCompletionSource<TimeSpan> Answer)> pings = new();
    private readonly TaskCompletionSource<CloseReason> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly BufferBudget held;
    private readonly BufferBudget grown;
    private readonly FloodGauge pingGauge;
    private readonly FloodGauge refusalGauge;
    private readonly FloodGauge controlGauge;
    private long nextId;
    private int outbound;
    private int inbound;
    private int unacknowledged;
    private int serving;
    private uint nextPing;
    private long roundTrip; // in the clock's ticks; 0 is unknown
    private Task reading = Task.CompletedTask;
    private volatile bool peerLeaves;
    private int closed;

    /// <param name="channel">The encrypted channel; the session owns it.</param>
    /// <param name="isDialer">Whether this side dialled, and so has the odd stream ids.</param>
    /// <param name="limits">What the session may cost.</param>
    /// <param name="shared">The received bytes that all sessions of the node may hold together.</param>
    /// <param name="time">The clock of the limits.</param>
    /// <param name="metrics">What is counted.</param>
    /// <param name="accept">Serves an inbound stream, and disposes of it; its place is taken until the task ends.</param>
    internal YamuxSession(
        Stream channel, bool isDialer, YamuxLimits limits, BufferBudget shared, TimeProvider time, SwarmMetrics metrics, Func<YamuxStream, Task> accept)
    {
        this.channel = channel;
        this.isDialer = isDialer;
        this.shared = shared;
        this.metrics = metrics;
        this.accept = accept;
        Limits = limits;
        Time = time;
        Output = new FrameOutput(channel, e => Close(ReasonOf(e)), count =>
        {
            metrics.Sent(count);
            Interlocked.Add(ref sentBytes, count);
        });
        held = new BufferBudget(limits.MostBuffered);
        grown = new BufferBudget(limits.MostWindow);
        (pingGauge, refusalGauge, controlGauge) = (new(limits.Pings, time), new(limits.Refusals, time), new(limits.Control, time));
        nextId = isDialer ? 1 : 2;
    }

    internal YamuxLimits Limits { get; }

    internal TimeProvider Time { get; }

    internal FrameOutput Output { get; }

    /// <summary>Ends, without fault, when the session does.</summary>
    internal Task<CloseReason> Completion => completion.Task;

    /// <summary>Streams open now, both ways.</summary>
    internal int StreamCount => streams.Count;

    /// <summary>Inbound streams whose handler runs.</summary>
    internal int Serving => Volatile.Read(ref serving);

    /// <summary>Bytes received and not yet read.</summary>
    internal long Buffered => held.Held;

    /// <summary>Begins to read.</summary>
    internal void Start()
    {
        reading = ReadAsync();
        _ = MeasureAsync();
    }

    /// <summary>A new stream. The peer hears of it with the first frame.</summary>
    /// <exception cref="StreamException">The session is over, or has as many streams as it may.</exception>
    internal YamuxStream Open()
    {
        if (closed != 0 || peerLeaves)
        {
            throw new StreamException(closed != 0 ? "the connection is closed" : "the peer closes the connection");
        }

        if (Volatile.Read(ref unacknowledged) >= Limits.MostUnacknowledged)
        {
            throw new StreamException($"{Limits.MostUnacknowledged} streams wait for the peer to accept them");
        }

        if (Interlocked.Increment(ref outbound) > Limits.MostOutbound)
        {
            Interlocked.Decrement(ref outbound);
            throw new StreamException($"{Limits.MostOutbound} streams to the peer are open");
        }

        Interlocked.Increment(ref unacknowledged);
        var id = Interlocked.Add(ref nextId, 2) - 2;
        if (id > uint.MaxValue)
        {
            throw new StreamException("the connection has no stream ids left");
        }

        var stream = new YamuxStream(this, (uint)id, isInbound: false);
        streams[(uint)id] = stream;
        metrics.StreamOpened();
        if (closed != 0)
        {
            stream.Break(new StreamException("the connection is closed"));
        }

        return stream;
    }

    /// <summary>Measures a round trip.</summary>
    /// <exception cref="StreamException">The session is over.</exception>
    internal async Task<TimeSpan> PingAsync(CancellationToken cancellation)
    {
        var value = Interlocked.Increment(ref nextPing);
        var answer = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
        pings[value] = (Time.GetTimestamp(), answer);
        try
        {
            if (closed != 0)
            {
                throw new StreamException("the connection is closed");
            }

            Output.Post(new(Yamux.Kind.Ping, Yamux.Syn, 0, value));
            Output.Flush();
            return await answer.Task.WaitAsync(cancellation);
        }
        finally
        {
            pings.TryRemove(value, out _);
        }
    }

    /// <summary>Ends the session; the first reason stays.</summary>
    internal void Close(CloseReason reason)
    {
        if (Interlocked.Exchange(ref closed, 1) != 0)
        {
            return;
        }

        var why = new StreamException($"the connection is closed ({reason})");
        foreach (var stream in streams.Values)
        {
            stream.Break(why);
        }

        foreach (var (_, answer) in pings.Values)
        {
            answer.TrySetException(why);
            _ = answer.Task.Exception; // nobody may be waiting any more
        }

        _ = PartAsync(reason, why);
    }

    public async ValueTask DisposeAsync()
    {
        Close(new CloseReason(CloseCause.Stopped, "this node stops"));
        await completion.Task;
    }

    internal bool TryHold(long count)
    {
        if (!held.TryTake(count))
        {
            return false;
        }

        if (shared.TryTake(count))
        {
            return true;
        }

        held.Return(count);
        return false;
    }

    internal void Release(long count)
    {
        held.Return(count);
        shared.Return(count);
    }

    internal bool TryGrow(long count) => grown.TryTake(count);

    internal bool IsFast(long elapsed)
    {
        var least = LeastRoundTrip.Ticks * Time.TimestampFrequency / TimeSpan.TicksPerSecond;
        return Volatile.Read(ref roundTrip) is > 0 and var measured && elapsed < 4 * long.Max(measured, least);
    }

    internal void Remove(YamuxStream stream, long windowGrown)
    {
        grown.Return(windowGrown);
        if (streams.TryRemove(KeyValuePair.Create(stream.StreamId, stream)))
        {
            metrics.StreamClosed();
            if (stream.IsInbound)
            {
                Interlocked.Decrement(ref inbound);
            }
            else
            {
                Interlocked.Decrement(ref outbound);
                if (stream.Acknowledge())
                {
                    Interlocked.Decrement(ref unacknowledged);
                }
            }
        }
    }

    private static CloseReason ReasonOf(Exception e) => e switch
    {
        FloodException => new(CloseCause.Flood, e.Message),
        WireException => new(CloseCause.Violation, e.Message),
        _ => new(CloseCause.Broken, e.Message),
    };

    // Says good-bye where the peer still listens, and closes the channel in any case.
    private async Task PartAsync(CloseReason reason, StreamException why)
    {
        try
        {
            if (reason.Cause is not (CloseCause.Broken or CloseCause.ClosedByPeer))
            {
                Output.Post(new(Yamux.Kind.GoAway, 0, 0, reason.Cause is CloseCause.Violation or CloseCause.Flood ? 1u : 0u));
                await Output.DrainAsync().WaitAsync(Farewell);
            }
        }
        catch (TimeoutException)
        {
            // the peer reads nothing
        }
        finally
        {
            Output.End(why);
            await channel.DisposeAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            (channel as NoiseChannel)?.ReleaseBuffers();
            completion.TrySetResult(reason);
        }
    }

    private async Task MeasureAsync()
    {
        try
        {
            var took = await PingAsync(CancellationToken.None);
            Volatile.Write(ref roundTrip, long.Max(1, took.Ticks * Time.TimestampFrequency / TimeSpan.TicksPerSecond));
        }
        catch (StreamException)
        {
            // the connection ended first
        }
    }
}
