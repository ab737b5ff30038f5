using System.Numerics;

namespace LuxTensor.Network;

/// <summary>Unsigned varints as multiformats spells them: seven bits a byte, the lowest first, at most nine bytes, and no longer than needed.</summary>
internal static class Varint
{
    internal const int MaxSize = 9;

    internal static int SizeOf(ulong value) => ((64 - BitOperations.LeadingZeroCount(value | 1)) + 6) / 7;

    /// <summary>Writes to the start of <paramref name="destination"/>; the number of bytes written.</summary>
    internal static int Write(Span<byte> destination, ulong value)
    {
        var i = 0;
        for (; value >= 0x80; value >>= 7)
        {
            destination[i++] = (byte)(value | 0x80);
        }

        destination[i++] = (byte)value;
        return i;
    }

    /// <summary>Reads from the start; the number of bytes read, or 0 where more are needed.</summary>
    /// <exception cref="WireException">More than nine bytes, or a needless last byte.</exception>
    internal static int Read(ReadOnlySpan<byte> source, out ulong value)
    {
        value = 0;
        for (var i = 0; i < source.Length; i++)
        {
            if (i == MaxSize)
            {
                throw new WireException("a varint of more than 9 bytes");
            }

            value |= (ulong)(source[i] & 0x7f) << (7 * i);
            if (source[i] < 0x80)
            {
                return source[i] == 0 && i > 0 ? throw new WireException("a varint with a needless last byte") : i + 1;
            }
        }

        return source.Length < MaxSize ? 0 : throw new WireException("a varint of more than 9 bytes");
    }
}
