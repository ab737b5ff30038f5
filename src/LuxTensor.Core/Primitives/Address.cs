using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using LuxTensor.Crypto;

namespace LuxTensor.Core;

/// <summary>An account or validator: the last 20 bytes of the SHA-256 of its public key. Ordered as its bytes are.</summary>
public readonly struct Address : IEquatable<Address>, IComparable<Address>
{
    /// <summary>Bytes in an address.</summary>
    public const int Size = 20;

    private readonly ulong low, middle; // big-endian words, so that comparing words compares bytes
    private readonly uint high;

    /// <summary>Reads an address from exactly 20 bytes.</summary>
    /// <exception cref="ArgumentException">The span is not 20 bytes long.</exception>
    public Address(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw new ArgumentException($"an address is {Size} bytes, not {bytes.Length}", nameof(bytes));
        }

        high = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        middle = BinaryPrimitives.ReadUInt64BigEndian(bytes[4..]);
        low = BinaryPrimitives.ReadUInt64BigEndian(bytes[12..]);
    }

    /// <summary>The address that belongs to <paramref name="key"/> (PRM-2).</summary>
    public static Address Of(PublicKey key)
    {
        Span<byte> buffer = stackalloc byte[Hash256.Size];
        key.CopyTo(buffer);
        Sha256.Hash(buffer).CopyTo(buffer);
        return new Address(buffer[(Hash256.Size - Size)..]);
    }

    /// <summary>Writes the 20 bytes to the start of <paramref name="destination"/>.</summary>
    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, high);
        BinaryPrimitives.WriteUInt64BigEndian(destination[4..], middle);
        BinaryPrimitives.WriteUInt64BigEndian(destination[12..], low);
    }

    /// <summary>Reads "0x" and 40 hexadecimal digits, or the digits alone.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Address address)
    {
        Span<byte> buffer = stackalloc byte[Size];
        var ok = Hex.TryDecode(text, buffer);
        address = ok ? new Address(buffer) : default;
        return ok;
    }

    /// <inheritdoc/>
    public bool Equals(Address other) => low == other.low && middle == other.middle && high == other.high;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Address other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => unchecked((int)(low ^ (low >> 32))); // addresses are uniform already

    /// <inheritdoc/>
    public int CompareTo(Address other) =>
        high != other.high ? high.CompareTo(other.high)
        : middle != other.middle ? middle.CompareTo(other.middle)
        : low.CompareTo(other.low);

    /// <summary>"0x" and 40 lower-case hexadecimal digits.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        CopyTo(bytes);
        return Hex.Encode(bytes);
    }

    /// <summary>Equality of bytes.</summary>
    public static bool operator ==(Address left, Address right) => left.Equals(right);

    /// <summary>Inequality of bytes.</summary>
    public static bool operator !=(Address left, Address right) => !left.Equals(right);
}
