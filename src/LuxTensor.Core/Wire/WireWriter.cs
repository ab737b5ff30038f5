using System.Buffers.Binary;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Wire;

/// <summary>Writes the canonical encoding that <see cref="WireReader"/> reads.</summary>
public sealed class WireWriter(int capacity = 256)
{
    private byte[] buffer = new byte[capacity];
    private int length;

    /// <summary>Bytes written so far.</summary>
    public int Length => length;

    /// <summary>What was written; valid until the next write.</summary>
    public ReadOnlySpan<byte> Written => buffer.AsSpan(0, length);

    /// <summary>A copy of what was written.</summary>
    public byte[] ToArray() => Written.ToArray();

    /// <summary>Raw bytes.</summary>
    public WireWriter Bytes(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Take(bytes.Length));
        return this;
    }

    /// <summary>A 32-bit length and the bytes.</summary>
    public WireWriter LengthPrefixed(ReadOnlySpan<byte> bytes) => UInt32((uint)bytes.Length).Bytes(bytes);

    /// <summary>One byte.</summary>
    public WireWriter UInt8(byte value)
    {
        Take(1)[0] = value;
        return this;
    }

    /// <summary>Two bytes.</summary>
    public WireWriter UInt16(ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(Take(2), value);
        return this;
    }

    /// <summary>Four bytes.</summary>
    public WireWriter UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(Take(4), value);
        return this;
    }

    /// <summary>Eight bytes.</summary>
    public WireWriter UInt64(ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(Take(8), value);
        return this;
    }

    /// <summary>Sixteen bytes.</summary>
    public WireWriter UInt128(UInt128 value)
    {
        BinaryPrimitives.WriteUInt128BigEndian(Take(16), value);
        return this;
    }

    /// <summary>0 or 1.</summary>
    public WireWriter Flag(bool value) => UInt8(value ? (byte)1 : (byte)0);

    /// <summary>A digest.</summary>
    public WireWriter Hash(Hash256 value)
    {
        value.CopyTo(Take(Hash256.Size));
        return this;
    }

    /// <summary>A public key.</summary>
    public WireWriter Key(PublicKey value)
    {
        value.CopyTo(Take(PublicKey.Size));
        return this;
    }

    /// <summary>A signature.</summary>
    public WireWriter Signature(Signature value)
    {
        value.CopyTo(Take(Crypto.Signature.Size));
        return this;
    }

    /// <summary>An address.</summary>
    public WireWriter Address(Address value)
    {
        value.CopyTo(Take(Core.Address.Size));
        return this;
    }

    private Span<byte> Take(int count)
    {
        if (buffer.Length - length < count)
        {
            Array.Resize(ref buffer, int.Max(buffer.Length * 2, length + count));
        }

        var span = buffer.AsSpan(length, count);
        length += count;
        return span;
    }
}
