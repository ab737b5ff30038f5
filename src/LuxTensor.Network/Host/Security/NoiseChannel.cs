using System.Buffers;
using System.Buffers.Binary;

namespace LuxTensor.Network;

/// <summary>
/// A byte channel in Noise transport messages: two bytes of length, at most 65,535 bytes of ciphertext with its tag. One reader and one
/// writer at a time. Reads what the socket has in one call, and writes as many messages at once as fit 128 KiB.
/// </summary>
internal sealed class NoiseChannel(Stream inner, NoiseCipher send, NoiseCipher receive) : DuplexStream
{
    /// <summary>The most plain bytes of a message.</summary>
    internal const int MaxPlain = ushort.MaxValue - NoiseCipher.TagSize;

    private const int HeadSize = 2;
    private const int BufferSize = 128 * 1024;

    private readonly byte[] input = ArrayPool<byte>.Shared.Rent(BufferSize);
    private int start; // of what was received and not yet opened
    private int end;
    private int plainStart; // of what was opened in place and not yet read
    private int plainEnd;
    private int released;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (plainEnd > plainStart)
            {
                var count = int.Min(plainEnd - plainStart, buffer.Length);
                input.AsSpan(plainStart, count).CopyTo(buffer.Span);
                plainStart += count;
                return count;
            }

            if (HasMessage(out var length))
            {
                var count = OpenMessage(length, buffer.Span);
                if (count > 0)
                {
                    return count;
                }

                continue; // an empty message, or one opened in place
            }

            MakeRoom(length);
            var read = await inner.ReadAsync(input.AsMemory(end), cancellationToken);
            if (read == 0)
            {
                return end == start ? 0 : throw new WireException("noise: the connection ended inside a message");
            }

            end += read;
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var output = ArrayPool<byte>.Shared.Rent(int.Min(BufferSize, Sealed(buffer.Length)));
        try
        {
            while (!buffer.IsEmpty)
            {
                var filled = 0;
                while (!buffer.IsEmpty && output.Length - filled > HeadSize + NoiseCipher.TagSize)
                {
                    var count = int.Min(int.Min(buffer.Length, MaxPlain), output.Length - filled - HeadSize - NoiseCipher.TagSize);
                    BinaryPrimitives.WriteUInt16BigEndian(output.AsSpan(filled), (ushort)(count + NoiseCipher.TagSize));
                    send.Encrypt(buffer.Span[..count], output.AsSpan(filled + HeadSize), []);
                    filled += HeadSize + count + NoiseCipher.TagSize;
                    buffer = buffer[count..];
                }

                await inner.WriteAsync(output.AsMemory(0, filled), cancellationToken);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(output);
        }
    }

    /// <summary>Gives the read buffer back. Only once no read is under way, as the muxer's loop sees to.</summary>
    internal void ReleaseBuffers()
    {
        if (Interlocked.Exchange(ref released, 1) == 0)
        {
            ArrayPool<byte>.Shared.Return(input);
            send.Dispose();
            receive.Dispose();
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private static int Sealed(int plain) => plain + (((plain / MaxPlain) + 1) * (HeadSize + NoiseCipher.TagSize));

    // Where the head is there, length is the message's; where it is not, 0.
    private bool HasMessage(out int length)
    {
        length = end - start >= HeadSize ? BinaryPrimitives.ReadUInt16BigEndian(input.AsSpan(start)) : 0;
        return end - start >= HeadSize && end - start - HeadSize >= length;
    }

    private int OpenMessage(int length, Span<byte> destination)
    {
        var message = input.AsSpan(start + HeadSize, length);
        var plain = length - NoiseCipher.TagSize;
        if (plain <= destination.Length)
        {
            receive.Decrypt(message, destination, []);
            start += HeadSize + length;
            return int.Max(plain, 0);
        }

        receive.Decrypt(message, message, []);
        (plainStart, plainEnd) = (start + HeadSize, start + HeadSize + plain);
        start += HeadSize + length;
        return 0;
    }

    // Before a read: everything up to start is consumed, so what is left moves to the front where the message would not fit.
    private void MakeRoom(int length)
    {
        if (start == end)
        {
            start = end = 0;
        }
        else if (start + HeadSize + length > input.Length || end == input.Length)
        {
            input.AsSpan(start, end - start).CopyTo(input);
            (start, end) = (0, end - start);
        }
    }
}
