using System.Buffers.Binary;

namespace LuxTensor.Crypto;

/// <summary>The part of the acceptance rule that is decided on bytes alone, before any provider is asked.</summary>
/// <remarks>
/// The rule: the key A is canonical, not the identity, and of the prime-order subgroup; S &lt; L; R is not the identity; and the bytes of R
/// are encode(S·B − k·A), without the cofactor. What each provider leaves out of it:
/// <list type="bullet">
/// <item>libsodium compares the bytes of R and checks S, but refuses every R of small order, not only the identity. For an admissible A
/// the point S·B − k·A is of the prime-order subgroup, whose only point of small order is the identity, so the extra refusals are of
/// signatures that the equation refuses too.</item>
/// <item>libcrypto compares the bytes of R and checks S, but takes the identity as R, reads a non-canonical A modulo the prime, and takes
/// an A of small order.</item>
/// <item>Neither checks the subgroup of A when it verifies; that is <see cref="Ed25519.IsAdmissible"/>, once a key.</item>
/// </list>
/// Everything that libsodium refuses is therefore refused here for both. Past these checks the two evaluate the same equation on the same
/// canonical inputs, so they agree on every input, even for a key of mixed order that nobody checked.
/// A non-canonical R needs no check: encode gives canonical bytes only, so it never equals them.
/// </remarks>
internal static class Ed25519Rule
{
    /// <summary>The order of the prime-order subgroup, L, little-endian.</summary>
    internal static readonly byte[] Order = Convert.FromHexString("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");

    private static readonly byte[] Prime = Convert.FromHexString("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");

    // Every y below 2^255 that encodes a point whose order divides 8: 0, 1, the two of order 8, p - 1, p, p + 1.
    private static readonly byte[][] SmallOrder =
    [
        Convert.FromHexString("0000000000000000000000000000000000000000000000000000000000000000"),
        Convert.FromHexString("0100000000000000000000000000000000000000000000000000000000000000"),
        Convert.FromHexString("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        Convert.FromHexString("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
        Convert.FromHexString("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        Convert.FromHexString("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        Convert.FromHexString("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    ];

    /// <summary>Whether key and signature may be put to the equation: A canonical and not of small order, R not of small order, S &lt; L.</summary>
    internal static bool IsWellFormed(ReadOnlySpan<byte> key, ReadOnlySpan<byte> signature) =>
        IsSignatureWellFormed(signature) && IsCanonicalAndNotSmall(key);

    /// <summary>The part of it that is about the signature: R not of small order, S &lt; L.</summary>
    internal static bool IsSignatureWellFormed(ReadOnlySpan<byte> signature) => IsLess(signature[32..], Order) && !IsSmallOrder(signature[..32]);

    /// <summary>Whether the bytes may be a key at all: y below the prime, and not a point of small order.</summary>
    internal static bool IsCanonicalAndNotSmall(ReadOnlySpan<byte> key)
    {
        Span<byte> y = stackalloc byte[32];
        WithoutSign(key, y);
        return IsLess(y, Prime) && !IsSmallOrder(key);
    }

    private static bool IsSmallOrder(ReadOnlySpan<byte> point)
    {
        Span<byte> y = stackalloc byte[32];
        WithoutSign(point, y);
        foreach (var small in SmallOrder)
        {
            if (y.SequenceEqual(small))
            {
                return true;
            }
        }

        return false;
    }

    private static void WithoutSign(ReadOnlySpan<byte> point, Span<byte> y)
    {
        point[..32].CopyTo(y);
        y[31] &= 0x7f;
    }

    // Little-endian and not constant in time: keys and signatures are public.
    private static bool IsLess(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        for (var i = 24; i >= 0; i -= 8)
        {
            var l = BinaryPrimitives.ReadUInt64LittleEndian(left[i..]);
            var r = BinaryPrimitives.ReadUInt64LittleEndian(right[i..]);
            if (l != r)
            {
                return l < r;
            }
        }

        return false;
    }
}
