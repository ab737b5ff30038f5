using System.Buffers;

namespace LuxTensor.Network;

/// <summary>Whole pieces off a stream, never a byte beyond them: what follows belongs to the next layer.</summary>
internal static class StreamReading
{
    /// <summary>Reads a varint and that many bytes.</summary>
    /// <exception cref="WireException">A longer frame than <paramref name="most"/>, a malformed length, or an end inside the frame.</exception>
    internal static async ValueTask<byte[]> ReadFrameAsync(Stream stream, int most, string what, CancellationToken cancellation) =>
        await TryReadFrameAsync(stream, most, what, cancellation) ?? throw new WireException($"the peer closed before {what}");

    /// <summary>As above; null where the stream ends before the frame's first byte.</summary>
    internal static async ValueTask<byte[]?> TryReadFrameAsync(Stream stream, int most, string what, CancellationToken cancellation)
    {
        var head = ArrayPool<byte>.Shared.Rent(16);
        try
        {
            for (var held = 0; held < Varint.MaxSize; held++)
            {
                if (await stream.ReadAsync(head.AsMemory(held, 1), cancellation) == 0)
                {
                    return held == 0 ? null : throw new WireException($"the peer closed inside {what}");
                }

                if (head[held] >= 0x80)
                {
                    continue;
                }

                Varint.Read(head.AsSpan(0, held + 1), out var length);
                if (length > (ulong)most)
                {
                    throw new WireException($"{what} of {length} bytes; at most {most} are read");
                }

                var frame = new byte[(int)length];
                await ReadExactlyAsync(stream, frame, what, cancellation);
                return frame;
            }

            throw new WireException($"{what} with a malformed length");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(head);
        }
    }

    internal static async ValueTask ReadExactlyAsync(Stream stream, Memory<byte> destination, string what, CancellationToken cancellation)
    {
        while (!destination.IsEmpty)
        {
            var read = await stream.ReadAsync(destination, cancellation);
            if (read == 0)
            {
                throw new WireException($"the peer closed inside {what}");
            }

            destination = destination[read..];
        }
    }
}
