using System.Numerics;

namespace LuxTensor.Crypto;

/// <summary>
/// A point of edwards25519 (RFC 8032, section 5.1) in extended coordinates, over plain big integers. Neither fast nor constant in time:
/// it sees public values only, and rarely (once a key, where libsodium is missing).
/// </summary>
internal readonly record struct EdwardsPoint(BigInteger X, BigInteger Y, BigInteger Z, BigInteger T)
{
    internal static readonly BigInteger Prime = BigInteger.Pow(2, 255) - 19;
    internal static readonly BigInteger Order = BigInteger.Pow(2, 252) + BigInteger.Parse("27742317777372353535851937790883648493", null);

    private static readonly BigInteger D = Mod(-121665 * Inverse(121666));
    private static readonly BigInteger SquareRootOfMinusOne = BigInteger.ModPow(2, (Prime - 1) / 4, Prime);

    internal static readonly EdwardsPoint Identity = new(0, 1, 1, 0);

    internal bool IsIdentity => X.IsZero && Y == Z;

    internal bool IsInPrimeOrderSubgroup => Multiply(Order).IsIdentity;

    /// <summary>Decodes 32 bytes; y is taken modulo the prime, so canonicity is the caller's check. Null where no point has that y.</summary>
    internal static EdwardsPoint? Decode(ReadOnlySpan<byte> bytes)
    {
        var value = new BigInteger(bytes, isUnsigned: true);
        var sign = value >> 255;
        var y = Mod(value - (sign << 255));

        // x² = (y² - 1) / (d y² + 1); the candidate root is right up to a factor sqrt(-1) where the quotient is a square at all.
        var square = Mod((y * y - 1) * Inverse(Mod(D * y * y + 1)));
        var x = BigInteger.ModPow(square, (Prime + 3) / 8, Prime);
        if (x * x % Prime != square)
        {
            x = x * SquareRootOfMinusOne % Prime;
        }

        if (x * x % Prime != square)
        {
            return null;
        }

        if (x.IsEven != sign.IsZero)
        {
            x = Mod(-x);
        }

        return new EdwardsPoint(x, y, 1, x * y % Prime);
    }

    /// <summary>The sum; complete, so it also doubles and takes the identity.</summary>
    internal static EdwardsPoint Add(in EdwardsPoint p, in EdwardsPoint q)
    {
        var a = (p.Y - p.X) * (q.Y - q.X) % Prime;
        var b = (p.Y + p.X) * (q.Y + q.X) % Prime;
        var c = 2 * p.T * q.T % Prime * D % Prime;
        var d = 2 * p.Z * q.Z % Prime;
        BigInteger e = b - a, f = d - c, g = d + c, h = b + a;
        return new EdwardsPoint(Mod(e * f), Mod(g * h), Mod(f * g), Mod(e * h));
    }

    internal EdwardsPoint Multiply(BigInteger scalar)
    {
        var result = Identity;
        for (var i = (int)scalar.GetBitLength() - 1; i >= 0; i--)
        {
            result = Add(result, result);
            if (!((scalar >> i) & 1).IsZero)
            {
                result = Add(result, this);
            }
        }

        return result;
    }

    internal static BigInteger Inverse(BigInteger value) => BigInteger.ModPow(value, Prime - 2, Prime);

    internal static BigInteger Mod(BigInteger value)
    {
        var remainder = value % Prime;
        return remainder.Sign < 0 ? remainder + Prime : remainder;
    }
}
