namespace LuxTensor.Rpc;

/// <summary>Why a connection is ended: a WebSocket close code and a reason of at most 123 bytes.</summary>
internal readonly record struct Ending(int Code, string Reason)
{
    public const int TooBig = 1009;
    public const int Policy = 1008;
    public const int Restart = 1012;
    public const int TryLater = 1013;
}

/// <summary>
/// One message on its way out: a note of a subscription, an answer, or the end. What is to happen just before it is written
/// happens when everything queued from then on goes out after it.
/// </summary>
internal readonly record struct Outgoing(
    Subscription? Subscription, ReadOnlyMemory<byte> Payload, Ending? End = null, TaskCompletionSource? Sent = null, Action? First = null);

/// <summary>
/// What waits to be written to one connection, in order and bounded. Posting never waits: when the queue is full the
/// connection is ended instead, and what was queued is dropped. Writing starts on the poster's thread and goes on
/// elsewhere only where the connection makes it wait, so a note to many quick readers costs no thread switch.
/// </summary>
internal sealed class Outbox(int capacity, TimeSpan closeTimeout, TimeProvider clock, Func<Outgoing, ValueTask> write, Action abort)
{
    private readonly Lock gate = new();
    private readonly Queue<Outgoing> queue = new();
    private bool pumping;
    private bool ended;
    private bool gone;
    private long writingSince; // timestamp of the write under way; 0 for none

    /// <summary>Whether the connection was ended or has failed.</summary>
    public bool IsEnded => Volatile.Read(ref ended);

    /// <summary>Whether a write has been under way for longer than that.</summary>
    public bool IsStuck(TimeSpan limit) => Volatile.Read(ref writingSince) is var since && since != 0 && clock.GetElapsedTime(since) > limit;

    /// <summary>Queues a note; ends the connection where too many wait already.</summary>
    public void Post(Subscription subscription, Note note)
    {
        if (!TryEnqueue(new Outgoing(subscription, note.Json), bounded: true))
        {
            End(new Ending(Ending.Policy, $"too slow: {capacity} messages were waiting"));
        }
    }

    /// <summary>
    /// Sends a message and waits until it is written; false where the connection ended first. <paramref name="first"/> runs
    /// just before the message is written, if it ever is.
    /// </summary>
    public async ValueTask<bool> SendAsync(Subscription? subscription, ReadOnlyMemory<byte> payload, Action? first = null)
    {
        var sent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        TryEnqueue(new Outgoing(subscription, payload, Sent: sent, First: first), bounded: false); // who waits sends one at a time
        try
        {
            await sent.Task;
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>
    /// Ends the connection: drops what waits, writes the close frame after the write under way, and aborts where the peer
    /// does not take it in time.
    /// </summary>
    public void End(Ending ending)
    {
        var start = false;
        lock (gate)
        {
            if (ended)
            {
                return;
            }

            Volatile.Write(ref ended, true);
            DropQueue();
            queue.Enqueue(new Outgoing(null, default, ending));
            start = !pumping;
            pumping = true;
        }

        _ = AbortLaterAsync();
        if (start)
        {
            _ = PumpAsync();
        }
    }

    /// <summary>The connection is gone: drops what waits and writes nothing more.</summary>
    public void Abandon()
    {
        lock (gate)
        {
            Volatile.Write(ref ended, true);
            Volatile.Write(ref gone, true);
            DropQueue();
        }
    }

    private bool TryEnqueue(Outgoing item, bool bounded)
    {
        lock (gate)
        {
            if (ended)
            {
                item.Sent?.TrySetCanceled();
                return true;
            }

            if (bounded && queue.Count >= capacity)
            {
                return false;
            }

            queue.Enqueue(item);
            if (pumping)
            {
                return true;
            }

            pumping = true;
        }

        _ = PumpAsync();
        return true;
    }

    private async Task PumpAsync()
    {
        while (true)
        {
            Outgoing item;
            lock (gate)
            {
                if (!queue.TryDequeue(out item))
                {
                    pumping = false;
                    return;
                }
            }

            try
            {
                Volatile.Write(ref writingSince, clock.GetTimestamp());
                item.First?.Invoke();
                await write(item);
                Volatile.Write(ref writingSince, 0);
                item.Sent?.TrySetResult();
            }
            catch (Exception) // whatever it was, the connection is of no more use
            {
                item.Sent?.TrySetCanceled();
                Abort();
            }
        }
    }

    private void DropQueue()
    {
        while (queue.TryDequeue(out var dropped))
        {
            dropped.Sent?.TrySetCanceled();
        }
    }

    private async Task AbortLaterAsync()
    {
        await Task.Delay(closeTimeout, clock);
        Abort();
    }

    // Not once the connection is gone: what it was made of may serve another by then.
    private void Abort()
    {
        if (!Volatile.Read(ref gone))
        {
            Abandon();
            abort();
        }
    }
}
