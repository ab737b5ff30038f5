using System.Buffers;

namespace LuxTensor.Network;

internal sealed partial class YamuxSession
{
    private const int InputSize = 128 * 1024;
    private const int BytesPerControlFrame = 1024; // of data, sent or received, that pay for one more frame without data

    private long sentBytes; // not yet turned into credit

    private async Task ReadAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var input = ArrayPool<byte>.Shared.Rent(InputSize);
        CloseReason reason;
        try
        {
            reason = await ReadAsync(input);
        }
        catch (Exception e)
        {
            reason = ReasonOf(e);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(input);
        }

        Close(reason);
    }

    private async Task<CloseReason> ReadAsync(byte[] input)
    {
        int start = 0, end = 0;
        YamuxStream? current = null; // whose data comes next; null for data that nobody wants
        uint remaining = 0;
        ushort flags = 0;
        while (true)
        {
            while (remaining > 0 ? end > start : end - start >= Yamux.HeaderSize)
            {
                if (remaining == 0)
                {
                    var header = Yamux.Header.Read(input.AsSpan(start));
                    start += Yamux.HeaderSize;
                    if (header.Kind != Yamux.Kind.Data)
                    {
                        OnControl(header);
                        continue;
                    }

                    current = OnData(header);
                    (remaining, flags) = (header.Length, header.Flags);
                }
                else
                {
                    var count = (int)uint.Min(remaining, (uint)(end - start));
                    if (current is not null && !current.Receive(input.AsSpan(start, count)))
                    {
                        current.Reset("too much was received and not read");
                        current = null;
                    }

                    start += count;
                    remaining -= (uint)count;
                }

                if (remaining == 0)
                {
                    OnEnds(current, flags);
                }
            }

            Output.Flush();
            if (start == end)
            {
                start = end = 0;
            }
            else if (start > 0)
            {
                input.AsSpan(start, end - start).CopyTo(input); // less than a header
                (start, end) = (0, end - start);
            }

            var read = await channel.ReadAsync(input.AsMemory(end));
            if (read == 0)
            {
                return end == 0 && remaining == 0
                    ? new(CloseCause.ClosedByPeer, peerLeaves ? "the peer went away" : "the peer closed the connection")
                    : new(CloseCause.Broken, "the connection ended inside a frame");
            }

            metrics.Received(read);
            controlGauge.Credit((read + Interlocked.Exchange(ref sentBytes, 0)) / BytesPerControlFrame);
            end += read;
        }
    }

    private YamuxStream? OnData(Yamux.Header header)
    {
        if (header.Length == 0 || header.Flags != 0)
        {
            Spend(controlGauge, 1, "frames without data");
        }

        var stream = Find(header);
        if (stream is null)
        {
            Spend(controlGauge, 1 + (int)uint.Min(2 * (header.Length / BytesPerControlFrame), 1 << 20), "data on streams that are closed");
            return null;
        }

        stream.Expect(header.Length);
        return stream;
    }

    private void OnControl(Yamux.Header header)
    {
        Spend(controlGauge, 1, "frames without data");
        switch (header.Kind)
        {
            case Yamux.Kind.WindowUpdate:
                var stream = Find(header);
                stream?.Grow(header.Length);
                OnEnds(stream, header.Flags);
                break;
            case Yamux.Kind.Ping when (header.Flags & Yamux.Syn) != 0:
                Spend(pingGauge, 1, "pings");
                Output.Post(new(Yamux.Kind.Ping, Yamux.Ack, 0, header.Length));
                break;
            case Yamux.Kind.Ping:
                if (pings.TryGetValue(header.Length, out var asked))
                {
                    asked.Answer.TrySetResult(Time.GetElapsedTime(asked.Sent));
                }

                break;
            case Yamux.Kind.GoAway when header.Length == 0:
                peerLeaves = true;
                break;
            default:
                throw new IOException($"the peer went away with the error {header.Length}");
        }
    }

    // The stream of a frame, opened by it where it says so; null where it is over, or is refused.
    private YamuxStream? Find(Yamux.Header header)
    {
        var isOurs = (header.Stream % 2 == 1) == isDialer;
        if ((header.Flags & Yamux.Syn) == 0)
        {
            if (isOurs && header.Stream >= Volatile.Read(ref nextId))
            {
                throw new WireException($"yamux: a frame of stream {header.Stream}, which was never opened");
            }

            if (!streams.TryGetValue(header.Stream, out var known))
            {
                return null;
            }

            if (!known.IsInbound && known.Acknowledge())
            {
                Interlocked.Decrement(ref unacknowledged);
            }

            return known;
        }

        return isOurs ? throw new WireException($"yamux: the peer opens stream {header.Stream}, an id of this side")
            : streams.ContainsKey(header.Stream) ? throw new WireException($"yamux: the peer opens stream {header.Stream} twice")
            : Accept(header.Stream);
    }

    private YamuxStream? Accept(uint id)
    {
        if (closed != 0 || Volatile.Read(ref serving) >= Limits.MostInbound || Volatile.Read(ref inbound) >= Limits.MostUnclosed)
        {
            Spend(refusalGauge, 1, $"streams beyond the {Limits.MostInbound} it may have open");
            Output.Post(new(Yamux.Kind.WindowUpdate, Yamux.Rst, id, 0));
            return null;
        }

        var stream = new YamuxStream(this, id, isInbound: true);
        streams[id] = stream;
        metrics.StreamOpened();
        Interlocked.Increment(ref inbound);
        Interlocked.Increment(ref serving);
        Output.Post(new(Yamux.Kind.WindowUpdate, Yamux.Ack, id, 0));
        _ = ServeAsync(stream);
        if (closed != 0)
        {
            stream.Break(new StreamException("the connection is closed"));
        }

        return stream;
    }

    private async Task ServeAsync(YamuxStream stream)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await accept(stream);
        }
        catch (Exception e)
        {
            stream.Reset($"its handler failed: {e.Message}");
        }
        finally
        {
            await stream.DisposeAsync();
            Interlocked.Decrement(ref serving);
        }
    }

    private static void OnEnds(YamuxStream? stream, ushort flags)
    {
        if (stream is null)
        {
            return;
        }

        if ((flags & Yamux.Rst) != 0)
        {
            stream.Break(new StreamException("the peer reset the stream"));
        }
        else if ((flags & Yamux.Fin) != 0)
        {
            stream.EndReceiving();
        }
    }

    private static void Spend(FloodGauge gauge, int cost, string what)
    {
        if (!gauge.TrySpend(cost))
        {
            throw new FloodException($"too many {what}");
        }
    }
}
