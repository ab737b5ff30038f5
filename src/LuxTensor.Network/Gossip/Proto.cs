using System.Text;

namespace LuxTensor.Network;

/// <summary>The part of protobuf that gossipsub uses: varints, and fields of bytes. Field numbers are below 16, so a tag is one byte.</summary>
internal static class Proto
{
    public const int WireVarint = 0;
    public const int WireFixed64 = 1;
    public const int WireBytes = 2;
    public const int WireFixed32 = 5;
    public const int MaxVarint = 10;

    /// <summary>Tag, length and content.</summary>
    public static int SizeOfBytes(int length) => 1 + Varint.SizeOf((ulong)length) + length;

    /// <summary>Reads a varint: how many bytes it took, 0 when it is not complete, -1 when it is none.</summary>
    public static int ReadVarint(ReadOnlySpan<byte> from, out ulong value)
    {
        value = 0;
        for (var i = 0; i < from.Length; i++)
        {
            if (i == MaxVarint - 1 && from[i] > 1)
            {
                return -1;
            }

            value |= (ulong)(from[i] & 0x7f) << (7 * i);
            if (from[i] < 0x80)
            {
                return i + 1;
            }
        }

        return from.Length >= MaxVarint ? -1 : 0;
    }
}

/// <summary>Writes into a buffer of the right size.</summary>
internal ref struct ProtoWriter(Span<byte> into)
{
    private readonly Span<byte> into = into;

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    public void Varint(ulong value) => Length += Network.Varint.Write(into[Length..], value);

    public void Number(int field, ulong value)
    {
        into[Length++] = (byte)((field << 3) | Proto.WireVarint);
        Varint(value);
    }

    /// <summary>The tag and length of a field of bytes; its content follows.</summary>
    public void Head(int field, int length)
    {
        into[Length++] = (byte)((field << 3) | Proto.WireBytes);
        Varint((ulong)length);
    }

    public void Raw(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(into[Length..]);
        Length += bytes.Length;
    }

    public void Text(int field, string text, int length)
    {
        Head(field, length);
        Length += Encoding.UTF8.GetBytes(text, into[Length..]);
    }

    public void Id(int field, MessageId id)
    {
        Head(field, MessageId.Size);
        id.CopyTo(into[Length..]);
        Length += MessageId.Size;
    }
}

/// <summary>Reads the fields of a message one after the other. Nothing is copied.</summary>
internal ref struct ProtoReader(ReadOnlySpan<byte> from)
{
    private readonly ReadOnlySpan<byte> from = from;
    private int at;

    /// <summary>The number of the field read last.</summary>
    public int Field { get; private set; }

    /// <summary>Its wire type.</summary>
    public int Wire { get; private set; }

    /// <summary>Its value where it is a number.</summary>
    public ulong Number { get; private set; }

    /// <summary>Where its content starts, where it is bytes.</summary>
    public int Start { get; private set; }

    /// <summary>How long its content is.</summary>
    public int Length { get; private set; }

    /// <summary>Whether the bytes are not protobuf.</summary>
    public bool IsBroken { get; private set; }

    public readonly ReadOnlySpan<byte> Bytes => from.Slice(Start, Length);

    public readonly bool IsBytes(int field) => Field == field && Wire == Proto.WireBytes;

    /// <summary>Goes to the next field; false at the end, and where the bytes are broken.</summary>
    public bool Next()
    {
        if (at == from.Length)
        {
            return false;
        }

        if (!Varint(out var tag) || tag >> 3 is 0 or > 536_870_911)
        {
            return Break();
        }

        (Field, Wire) = ((int)(tag >> 3), (int)(tag & 7));
        switch (Wire)
        {
            case Proto.WireVarint:
                if (!Varint(out var number))
                {
                    return Break();
                }

                Number = number;
                return true;
            case Proto.WireBytes:
                if (!Varint(out var length) || length > (ulong)(from.Length - at))
                {
                    return Break();
                }

                (Start, Length) = (at, (int)length);
                at += (int)length;
                return true;
            case Proto.WireFixed32 or Proto.WireFixed64:
                var size = Wire == Proto.WireFixed32 ? 4 : 8;
                if (from.Length - at < size)
                {
                    return Break();
                }

                at += size;
                return true;
            default:
                return Break(); // groups: no implementation writes them
        }
    }

    private bool Varint(out ulong value)
    {
        var read = Proto.ReadVarint(from[at..], out value);
        at += Math.Max(0, read);
        return read > 0;
    }

    private bool Break()
    {
        IsBroken = true;
        return false;
    }
}
