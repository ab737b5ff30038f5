using System.Threading.Channels;

namespace LuxTensor.Network;

/// <summary>
/// The frames that wait to be sent to one peer, bounded in bytes. Control goes first, then own messages, then those of others, then those
/// asked for. When there is no room, a message of another is dropped; an own one first takes the place of the oldest of those. What is
/// dropped comes back by gossip. Thread-safe; one reader.
/// </summary>
internal sealed class SendQueue(long mostBytes, long mostControlBytes)
{
    private readonly Lock gate = new();
    private readonly Queue<ReadOnlyMemory<byte>>[] frames = [new(), new(), new(), new()];
    private readonly Channel<bool> wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private long controlBytes;
    private TimeSpan? fullSince;

    /// <summary>Bytes of messages that wait.</summary>
    public long Bytes { get; private set; }

    /// <summary>Bytes of all that waits.</summary>
    public long AllBytes
    {
        get
        {
            lock (gate)
            {
                return Bytes + controlBytes;
            }
        }
    }

    /// <summary>Frames dropped.</summary>
    public long Dropped { get; private set; }

    /// <summary>Since when there is no room for all; null where there is, or the peer took half of it since.</summary>
    public TimeSpan? FullSince
    {
        get
        {
            lock (gate)
            {
                return fullSince;
            }
        }
    }

    /// <summary>Queues a frame; false where it, or others for it, were dropped.</summary>
    public bool TryAdd(ReadOnlyMemory<byte> frame, SendClass kind, TimeSpan now)
    {
        bool fits;
        lock (gate)
        {
            if (kind == SendClass.Control)
            {
                fits = controlBytes + frame.Length <= mostControlBytes;
                controlBytes += fits ? frame.Length : 0;
            }
            else
            {
                var dropped = Dropped;
                MakeRoom(frame.Length, kind);
                fits = Bytes + frame.Length <= mostBytes;
                Bytes += fits ? frame.Length : 0;
                fullSince = fits && dropped == Dropped ? fullSince : fullSince ?? now;
            }

            if (fits)
            {
                frames[(int)kind].Enqueue(frame);
            }
            else
            {
                Dropped++;
            }
        }

        wake.Writer.TryWrite(true);
        return fits;
    }

    /// <summary>Takes at least one frame, and more as long as they fit; none where none waits.</summary>
    public void Take(List<ReadOnlyMemory<byte>> into, int mostBytesTaken)
    {
        lock (gate)
        {
            for (var kind = 0; kind < frames.Length; kind++)
            {
                while (frames[kind].TryPeek(out var frame))
                {
                    if (into.Count > 0 && frame.Length > mostBytesTaken)
                    {
                        return;
                    }

                    into.Add(frames[kind].Dequeue());
                    mostBytesTaken -= frame.Length;
                    Remove(frame.Length, kind);
                }
            }
        }
    }

    /// <summary>Waits until there may be a frame.</summary>
    public async ValueTask WaitAsync(CancellationToken cancellation)
    {
        await wake.Reader.WaitToReadAsync(cancellation);
        wake.Reader.TryRead(out _);
    }

    private void MakeRoom(int bytes, SendClass kind)
    {
        if (kind != SendClass.Own)
        {
            return;
        }

        foreach (var lesser in new[] { SendClass.Asked, SendClass.Forwarded })
        {
            while (Bytes + bytes > mostBytes && frames[(int)lesser].TryDequeue(out var frame))
            {
                Remove(frame.Length, (int)lesser);
                Dropped++;
            }
        }
    }

    private void Remove(int bytes, int kind)
    {
        if (kind == (int)SendClass.Control)
        {
            controlBytes -= bytes;
            return;
        }

        Bytes -= bytes;
        if (Bytes <= mostBytes / 2)
        {
            fullSince = null;
        }
    }
}
