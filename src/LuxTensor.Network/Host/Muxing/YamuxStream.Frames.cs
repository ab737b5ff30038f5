namespace LuxTensor.Network;

// What the frames of the peer, and those that leave for it, do to a stream.
internal sealed partial class YamuxStream
{
    /// <summary>The flags that the next frame carries to open the stream; false where it was reset and nothing may follow. Under the output's lock.</summary>
    internal bool TakeOpening(out ushort flags)
    {
        flags = opened ? (ushort)0 : Yamux.Syn;
        if (reset)
        {
            return false;
        }

        opened = true;
        return true;
    }

    /// <summary>Whether this is the first sign that the peer accepted the stream.</summary>
    internal bool Acknowledge() => Interlocked.Exchange(ref acknowledged, 1) == 0;

    /// <summary>Takes the announcement of a data frame.</summary>
    /// <exception cref="WireException">More than the window allows, or after the end.</exception>
    internal void Expect(uint length)
    {
        lock (gate)
        {
            if (remoteClosed && length > 0)
            {
                throw new WireException($"yamux: data on stream {StreamId} after its end");
            }

            if (length > receiveWindow)
            {
                throw new WireException($"yamux: {length} bytes on stream {StreamId}, where the window allows {receiveWindow}");
            }

            receiveWindow -= length;
        }
    }

    /// <summary>Keeps a piece of an announced frame. False where there is no memory for it: the stream is to be reset.</summary>
    internal bool Receive(ReadOnlySpan<byte> piece)
    {
        lock (gate)
        {
            if (broken is not null || abandoned)
            {
                return true; // late data of a stream that nobody reads
            }

            if (!session.TryHold(piece.Length))
            {
                return false;
            }

            buffered += piece.Length;
            piece.CopyTo(received.Writer.GetSpan(piece.Length));
            received.Writer.Advance(piece.Length);
            var flushed = received.Writer.FlushAsync(); // never pauses
            _ = flushed.IsCompleted ? flushed.Result : default;
            return true;
        }
    }

    /// <summary>The peer says that nothing more comes from it.</summary>
    internal void EndReceiving()
    {
        lock (gate)
        {
            if (remoteClosed || broken is not null)
            {
                return;
            }

            remoteClosed = true;
            received.Writer.Complete();
        }

        LeaveWhenDone();
    }

    /// <summary>The peer gives more window.</summary>
    /// <exception cref="WireException">More than a window can be.</exception>
    internal void Grow(uint delta)
    {
        TaskCompletionSource? writer;
        lock (gate)
        {
            sendWindow += delta;
            if (sendWindow > uint.MaxValue)
            {
                throw new WireException($"yamux: the window of stream {StreamId} grows beyond 4 GiB");
            }

            writer = windowOpens;
            windowOpens = null;
        }

        writer?.TrySetResult();
    }
}
