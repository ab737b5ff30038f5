using System.Buffers.Binary;
using System.IO.Compression;

namespace LuxTensor.Network;

/// <summary>Answers between two nodes, compressed where both can and it pays: a byte for the way, the length of the whole where it is compressed, the rest.</summary>
internal static class FrameCompression
{
    /// <summary>The ways that this node understands, one bit each.</summary>
    public const byte Understood = BrotliBit;

    private const byte BrotliBit = 1;
    private const byte Plain = 0;
    private const byte Brotli = 1;
    private const int Head = 1 + 4;
    private const int Worthwhile = 1_024; // bytes; signatures and hashes do not shrink
    private const int Quality = 1;
    private const int Window = 18;
    private const int MaxExpansion = 64; // more than any honest frame, and what a liar can make this node allocate for each byte sent

    public static byte[] Pack(ReadOnlyMemory<byte> frame, byte understood)
    {
        if ((understood & BrotliBit) != 0 && frame.Length >= Worthwhile)
        {
            var packed = new byte[frame.Length]; // no room: not worth it
            if (BrotliEncoder.TryCompress(frame.Span, packed.AsSpan(Head), out var written, Quality, Window) && (written + Head) * 10L < frame.Length * 9L
                && frame.Length <= (long)written * MaxExpansion)
            {
                packed[0] = Brotli;
                BinaryPrimitives.WriteUInt32BigEndian(packed.AsSpan(1), (uint)frame.Length);
                return packed[..(Head + written)];
            }
        }

        return [Plain, .. frame.Span];
    }

    /// <summary>The frame; null where it is longer than <paramref name="most"/>, expands beyond bounds, or is none.</summary>
    public static ReadOnlyMemory<byte>? Unpack(ReadOnlyMemory<byte> bytes, int most)
    {
        if (bytes.IsEmpty || bytes.Length - 1 > most)
        {
            return null;
        }

        switch (bytes.Span[0])
        {
            case Plain:
                return bytes[1..];
            case Brotli when bytes.Length > Head:
                var length = BinaryPrimitives.ReadUInt32BigEndian(bytes.Span[1..]);
                if (length > (uint)most || length > (ulong)(bytes.Length - Head) * MaxExpansion)
                {
                    return null;
                }

                var frame = new byte[length];
                return BrotliDecoder.TryDecompress(bytes.Span[Head..], frame, out var written) && written == frame.Length ? frame : default(ReadOnlyMemory<byte>?);
            default:
                return null;
        }
    }
}
