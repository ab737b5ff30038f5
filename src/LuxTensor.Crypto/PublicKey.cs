using System.Diagnostics.CodeAnalysis;

namespace LuxTensor.Crypto;

/// <summary>An Ed25519 public key: the 32 bytes of RFC 8032, not yet known to be an admissible point (see Ed25519.IsAdmissible).</summary>
public readonly struct PublicKey : IEquatable<PublicKey>, IComparable<PublicKey>
{
    /// <summary>Bytes in a public key.</summary>
    public const int Size = 32;

    private readonly Hash256 bytes; // 32 bytes with equality and byte order

    /// <summary>Reads a key from exactly 32 bytes.</summary>
    /// <exception cref="ArgumentException">The span is not 32 bytes long.</exception>
    public PublicKey(ReadOnlySpan<byte> bytes) => this.bytes = new Hash256(bytes);

    /// <summary>Writes the 32 bytes to the start of <paramref name="destination"/>.</summary>
    public void CopyTo(Span<byte> destination) => bytes.CopyTo(destination);

    /// <summary>The 32 bytes in a new array.</summary>
    public byte[] ToArray() => bytes.ToArray();

    /// <summary>Reads "0x" and 64 hexadecimal digits, or the digits alone.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out PublicKey key)
    {
        Span<byte> buffer = stackalloc byte[Size];
        var ok = Hex.TryDecode(text, buffer);
        key = ok ? new PublicKey(buffer) : default;
        return ok;
    }

    /// <inheritdoc/>
    public bool Equals(PublicKey other) => bytes == other.bytes;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is PublicKey other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => bytes.GetHashCode();

    /// <inheritdoc/>
    public int CompareTo(PublicKey other) => bytes.CompareTo(other.bytes);

    /// <summary>"0x" and 64 lower-case hexadecimal digits.</summary>
    public override string ToString() => bytes.ToString();

    /// <summary>Equality of bytes.</summary>
    public static bool operator ==(PublicKey left, PublicKey right) => left.Equals(right);

    /// <summary>Inequality of bytes.</summary>
    public static bool operator !=(PublicKey left, PublicKey right) => !left.Equals(right);
}
