using LuxTensor.Engine;

namespace LuxTensor.Rpc;

/// <summary>
/// One subscriber's way through the finality feed: sequence number = height, from the journal first and live after, by one
/// cursor, so that no event is missed or repeated where the two meet. It sends the next event when the one before is
/// written; a reader that had caught up and then falls behind by more than its queue's length is cut off.
/// </summary>
internal sealed class FinalityFeed(Hub hub, ulong next, int maxLag) : IDisposable
{
    private readonly SemaphoreSlim wake = new(0, 1);
    private readonly CancellationTokenSource stopping = new();
    private ulong next = next;
    private bool caughtUp = next > hub.NewestFinal;

    /// <summary>A final block is there. Ends the connection of a reader that fell behind.</summary>
    public void Wake(Subscription subscription, ulong newest)
    {
        if (Volatile.Read(ref caughtUp) && newest > Volatile.Read(ref next) + (ulong)maxLag)
        {
            subscription.Outbox.End(new Ending(Ending.Policy, $"too slow: more than {maxLag} finality events waited"));
            return;
        }

        lock (wake)
        {
            if (wake.CurrentCount == 0)
            {
                wake.Release();
            }
        }
    }

    /// <summary>Sends events until the subscription or its connection ends.</summary>
    public async Task RunAsync(Subscription subscription)
    {
        await Task.Yield(); // never on the thread that answers the subscription
        try
        {
            while (!stopping.IsCancellationRequested && !subscription.Outbox.IsEnded)
            {
                if (next > hub.NewestFinal)
                {
                    Volatile.Write(ref caughtUp, true);
                    await wake.WaitAsync(stopping.Token);
                    continue;
                }

                if (!await subscription.Outbox.SendAsync(subscription, Next()))
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // unsubscribed
        }
        catch (JournalException)
        {
            subscription.Outbox.End(new Ending(Ending.TryLater, "the node cannot read its journal"));
        }
    }

    public void Dispose() => stopping.Cancel();

    // The event of the cursor's height, or a note about those that the journal no longer has.
    private ReadOnlyMemory<byte> Next()
    {
        if (hub.FinalityNote(next) is { } note)
        {
            Volatile.Write(ref next, next + 1);
            return note.Json;
        }

        var oldest = Oldest(hub.Node.Chain, next, hub.NewestFinal);
        var gap = Notes.Write(json => FinalityShape.WriteGap(json, next, oldest - 1));
        Volatile.Write(ref next, oldest);
        return gap.Json;
    }

    /// <summary>The lowest height above a missing one that the journal has: what is dropped is dropped from below.</summary>
    public static ulong Oldest(IChainReader chain, ulong missing, ulong newest)
    {
        ulong low = missing, high = newest;
        while (high - low > 1)
        {
            var middle = low + ((high - low) / 2);
            (low, high) = chain.BlockAt(middle) is null ? (middle, high) : (low, middle);
        }

        return high;
    }
}
