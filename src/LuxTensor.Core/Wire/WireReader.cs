using System.Buffers.Binary;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Wire;

/// <summary>
/// Reads the canonical encoding: big-endian fixed-width integers, lists as a 32-bit count and their elements (WIR-3).
/// The first fault sticks; every later read then yields a default value, so a decoder checks once at its end.
/// </summary>
public ref struct WireReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> rest = bytes;

    /// <summary>The first fault met, or none.</summary>
    public WireFault Fault { get; private set; }

    /// <summary>Bytes not yet read.</summary>
    public readonly int Remaining => rest.Length;

    /// <summary>Whether everything was read without a fault; bytes left over are a fault (WIR-5).</summary>
    public bool End()
    {
        if (Fault == WireFault.None && rest.Length != 0)
        {
            Fault = WireFault.TrailingBytes;
        }

        return Fault == WireFault.None;
    }

    /// <summary>Records a fault; the first one is kept.</summary>
    public void Fail(WireFault fault)
    {
        if (Fault == WireFault.None)
        {
            Fault = fault;
        }

        rest = default;
    }

    /// <summary>The next <paramref name="count"/> bytes, or an empty span and a fault.</summary>
    public ReadOnlySpan<byte> Bytes(int count)
    {
        if (Fault != WireFault.None || rest.Length < count)
        {
            Fail(WireFault.Truncated);
            return default;
        }

        var taken = rest[..count];
        rest = rest[count..];
        return taken;
    }

    /// <summary>A 32-bit length within <paramref name="limit"/>, then that many bytes.</summary>
    public ReadOnlySpan<byte> LengthPrefixed(int limit)
    {
        var length = Count(limit, 1);
        return Bytes(length);
    }

    /// <summary>A list's count, at most <paramref name="limit"/> and no more than the bytes left can hold (WIR-4).</summary>
    public int Count(int limit, int minimumElementSize)
    {
        var count = UInt32();
        if (count > (uint)limit)
        {
            Fail(WireFault.TooLong);
        }
        else if ((ulong)count * (ulong)minimumElementSize > (ulong)rest.Length)
        {
            Fail(WireFault.Truncated);
        }

        return Fault == WireFault.None ? (int)count : 0;
    }

    /// <summary>One byte.</summary>
    public byte UInt8() => Bytes(1) is { Length: 1 } span ? span[0] : (byte)0;

    /// <summary>Two bytes.</summary>
    public ushort UInt16() => Bytes(2) is { Length: 2 } span ? BinaryPrimitives.ReadUInt16BigEndian(span) : (ushort)0;

    /// <summary>Four bytes.</summary>
    public uint UInt32() => Bytes(4) is { Length: 4 } span ? BinaryPrimitives.ReadUInt32BigEndian(span) : 0;

    /// <summary>Eight bytes.</summary>
    public ulong UInt64() => Bytes(8) is { Length: 8 } span ? BinaryPrimitives.ReadUInt64BigEndian(span) : 0;

    /// <summary>Sixteen bytes.</summary>
    public UInt128 UInt128() => Bytes(16) is { Length: 16 } span ? BinaryPrimitives.ReadUInt128BigEndian(span) : 0;

    /// <summary>A flag: exactly 0 or 1.</summary>
    public bool Flag()
    {
        var value = UInt8();
        if (value > 1)
        {
            Fail(WireFault.UnknownTag);
        }

        return value == 1;
    }

    /// <summary>A digest.</summary>
    public Hash256 Hash() => Bytes(Hash256.Size) is { Length: Hash256.Size } span ? new Hash256(span) : default;

    /// <summary>A public key.</summary>
    public PublicKey Key() => Bytes(PublicKey.Size) is { Length: PublicKey.Size } span ? new PublicKey(span) : default;

    /// <summary>A signature.</summary>
    public Signature Signature() => Bytes(Crypto.Signature.Size) is { Length: Crypto.Signature.Size } span ? new Signature(span) : default;

    /// <summary>An address.</summary>
    public Address Address() => Bytes(Core.Address.Size) is { Length: Core.Address.Size } span ? new Address(span) : default;
}
