using System.Diagnostics.CodeAnalysis;

namespace LuxTensor.Crypto;

/// <summary>An Ed25519 signature: the 64 bytes R ‖ S of RFC 8032.</summary>
public readonly struct Signature : IEquatable<Signature>
{
    /// <summary>Bytes in a signature.</summary>
    public const int Size = 64;

    private readonly Hash256 r, s;

    /// <summary>Reads a signature from exactly 64 bytes.</summary>
    /// <exception cref="ArgumentException">The span is not 64 bytes long.</exception>
    public Signature(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw new ArgumentException($"a signature is {Size} bytes, not {bytes.Length}", nameof(bytes));
        }

        r = new Hash256(bytes[..32]);
        s = new Hash256(bytes[32..]);
    }

    /// <summary>Writes the 64 bytes to the start of <paramref name="destination"/>.</summary>
    public void CopyTo(Span<byte> destination)
    {
        r.CopyTo(destination);
        s.CopyTo(destination[32..]);
    }

    /// <summary>The 64 bytes in a new array.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    /// <summary>Reads "0x" and 128 hexadecimal digits, or the digits alone.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Signature signature)
    {
        Span<byte> buffer = stackalloc byte[Size];
        var ok = Hex.TryDecode(text, buffer);
        signature = ok ? new Signature(buffer) : default;
        return ok;
    }

    /// <inheritdoc/>
    public bool Equals(Signature other) => r == other.r && s == other.s;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Signature other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => r.GetHashCode();

    /// <summary>"0x" and 128 lower-case hexadecimal digits.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        CopyTo(bytes);
        return Hex.Encode(bytes);
    }

    /// <summary>Equality of bytes.</summary>
    public static bool operator ==(Signature left, Signature right) => left.Equals(right);

    /// <summary>Inequality of bytes.</summary>
    public static bool operator !=(Signature left, Signature right) => !left.Equals(right);
}
