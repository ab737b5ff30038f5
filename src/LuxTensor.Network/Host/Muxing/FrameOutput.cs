using System.Buffers;

namespace LuxTensor.Network;

/// <summary>
/// What a connection still has to send: frames are laid behind each other in one buffer while the one before is being written, so that
/// many small writes leave as one. Data waits for room; frames without data never wait, and a peer that lets too many of them pile up is
/// given up.
/// </summary>
internal sealed class FrameOutput(Stream channel, Action<Exception> failed, Action<int> sent)
{
    /// <summary>The most bytes of data in a frame.</summary>
    internal const int MaxPayload = NoiseChannel.MaxPlain - Yamux.HeaderSize;

    private const int BufferSize = 256 * 1024;
    private const int Reserve = 16 * 1024; // for frames without data

    private readonly Lock gate = new();
    private readonly Queue<TaskCompletionSource> waiting = [];
    private byte[]? filling;
    private int filled;
    private bool running;
    private Exception? end;

    /// <summary>Bytes that wait to be sent.</summary>
    internal int Pending
    {
        get
        {
            lock (gate)
            {
                return filled;
            }
        }
    }

    /// <summary>Lays down a data frame as soon as there is room for it.</summary>
    internal async ValueTask WriteAsync(YamuxStream stream, ReadOnlyMemory<byte> payload, CancellationToken cancellation)
    {
        while (true)
        {
            TaskCompletionSource? room = null;
            bool start;
            lock (gate)
            {
                ThrowIfEnded();
                if (filled + Yamux.HeaderSize + payload.Length <= BufferSize - Reserve)
                {
                    if (stream.TakeOpening(out var flags))
                    {
                        Append(new(Yamux.Kind.Data, flags, stream.StreamId, (uint)payload.Length));
                        payload.Span.CopyTo(filling.AsSpan(filled));
                        filled += payload.Length;
                    }

                    start = Start();
                }
                else
                {
                    room = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    waiting.Enqueue(room);
                    start = Start();
                }
            }

            if (start)
            {
                _ = FlushAsync();
            }

            if (room is null)
            {
                return;
            }

            await room.Task.WaitAsync(cancellation);
        }
    }

    /// <summary>Lays down a frame without data of a stream; nothing where the peer does not know the stream.</summary>
    internal void Post(YamuxStream stream, Yamux.Kind kind, ushort flags, uint length = 0)
    {
        bool start;
        lock (gate)
        {
            ushort opening = 0;
            if (end is not null || (flags == Yamux.Rst ? !stream.WasOpened : !stream.TakeOpening(out opening)))
            {
                return;
            }

            start = TryAppend(new(kind, (ushort)(flags | opening), stream.StreamId, length)) && Start();
        }

        if (start)
        {
            _ = FlushAsync();
        }
    }

    /// <summary>Lays down a frame without data; it leaves with the next flush.</summary>
    internal void Post(Yamux.Header header)
    {
        lock (gate)
        {
            if (end is null)
            {
                TryAppend(header);
            }
        }
    }

    /// <summary>Begins to send what is laid down.</summary>
    internal void Flush()
    {
        bool start;
        lock (gate)
        {
            start = end is null && filled > 0 && Start();
        }

        if (start)
        {
            _ = FlushAsync();
        }
    }

    /// <summary>Sends what is laid down, and ends when it is sent.</summary>
    internal async Task DrainAsync()
    {
        Flush();
        while (true)
        {
            TaskCompletionSource next;
            lock (gate)
            {
                if (end is not null || (filled == 0 && !running))
                {
                    return;
                }

                next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                waiting.Enqueue(next);
            }

            await next.Task;
        }
    }

    /// <summary>Nothing is sent any more; whoever waits is told.</summary>
    internal void End(Exception why)
    {
        TaskCompletionSource[] woken;
        lock (gate)
        {
            end ??= why;
            woken = [.. waiting];
            waiting.Clear();
            if (!running)
            {
                Release();
            }
        }

        Array.ForEach(woken, static one => one.TrySetResult()); // they see the end when they try again
    }

    private void ThrowIfEnded()
    {
        if (end is not null)
        {
            throw new StreamException(end.Message, end);
        }
    }

    private bool Start()
    {
        if (running)
        {
            return false;
        }

        running = true;
        return true;
    }

    private bool TryAppend(Yamux.Header header)
    {
        if (filled + Yamux.HeaderSize <= BufferSize)
        {
            Append(header);
            return true;
        }

        var full = new WireException("yamux: the peer reads nothing, and too many frames wait for it");
        ThreadPool.UnsafeQueueUserWorkItem(static state => state.failed(state.full), (failed, full), preferLocal: false);
        return false;
    }

    private void Append(Yamux.Header header)
    {
        filling ??= ArrayPool<byte>.Shared.Rent(BufferSize);
        header.Write(filling.AsSpan(filled));
        filled += Yamux.HeaderSize;
    }

    private void Release()
    {
        if (filling is not null)
        {
            ArrayPool<byte>.Shared.Return(filling);
            filling = null;
        }

        filled = 0;
    }

    // One at a time. The first batch leaves on the caller's thread, which saves a switch; the caller is not kept for those of others.
    private async Task FlushAsync()
    {
        for (var isFirst = true; ; isFirst = false)
        {
            byte[] batch;
            int count;
            TaskCompletionSource[] woken;
            lock (gate)
            {
                woken = waiting.Count == 0 ? [] : [.. waiting];
                waiting.Clear();
                if (filled == 0 || end is not null)
                {
                    running = false;
                    Release();
                    batch = [];
                    count = 0;
                }
                else
                {
                    (batch, count) = (filling!, filled);
                    (filling, filled) = (null, 0);
                }
            }

            Array.ForEach(woken, static one => one.TrySetResult());
            if (count == 0)
            {
                return;
            }

            if (!isFirst)
            {
                await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            }

            try
            {
                await channel.WriteAsync(batch.AsMemory(0, count));
                sent(count);
            }
            catch (Exception e)
            {
                lock (gate)
                {
                    running = false;
                    end ??= e;
                    woken = [.. waiting];
                    waiting.Clear();
                }

                Array.ForEach(woken, static one => one.TrySetResult());
                failed(e);
                return;
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(batch);
            }
        }
    }
}
