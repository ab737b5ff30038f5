using System.Numerics;
using System.Security.Cryptography;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Crypto;

/// <summary>edwards25519 as the definitions have it, to build signatures that no honest signer makes.</summary>
internal static class Curve
{
    internal static readonly BigInteger L = EdwardsPoint.Order;
    internal static readonly EdwardsPoint B = EdwardsPoint.Decode(Convert.FromHexString("58" + string.Concat(Enumerable.Repeat("66", 31))))!.Value;

    /// <summary>A point of order 8; its multiples are all points of small order.</summary>
    internal static readonly EdwardsPoint T8 =
        EdwardsPoint.Decode(Convert.FromHexString("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"))!.Value;

    /// <summary>Every 32-byte string that decodes to a point of small order, canonical or not.</summary>
    internal static IReadOnlyList<byte[]> SmallOrderEncodings { get; } = [.. FindSmallOrderEncodings()];

    private static IEnumerable<byte[]> FindSmallOrderEncodings()
    {
        foreach (var point in Enumerable.Range(0, 8).Select(i => T8.Multiply(i)))
        {
            var (x, y) = Affine(point);
            foreach (var encodedY in new[] { y, y + EdwardsPoint.Prime }.Where(v => v < BigInteger.Pow(2, 255)))
            {
                yield return Bytes(encodedY + (x.IsEven ? 0 : BigInteger.Pow(2, 255)));
                if (x.IsZero)
                {
                    yield return Bytes(encodedY + BigInteger.Pow(2, 255)); // "minus zero"
                }
            }
        }
    }

    internal static byte[] Encode(EdwardsPoint point)
    {
        var (x, y) = Affine(point);
        return Bytes(y + (x.IsEven ? 0 : BigInteger.Pow(2, 255)));
    }

    internal static byte[] Bytes(BigInteger value)
    {
        var bytes = new byte[32];
        Assert.True(value.TryWriteBytes(bytes, out _, isUnsigned: true));
        return bytes;
    }

    internal static EdwardsPoint Negate(EdwardsPoint p) => p with { X = EdwardsPoint.Mod(-p.X), T = EdwardsPoint.Mod(-p.T) };

    internal static BigInteger Scalar(Random random) => new BigInteger(random.Bytes(32), isUnsigned: true) % L;

    /// <summary>k = SHA-512(R ‖ A ‖ message) mod L.</summary>
    internal static BigInteger Challenge(byte[] r, byte[] key, byte[] message) =>
        new BigInteger(SHA512.HashData([.. r, .. key, .. message]), isUnsigned: true) % L;

    internal static Signature Signature(byte[] r, BigInteger s) => new([.. r, .. Bytes(s)]);

    private static (BigInteger X, BigInteger Y) Affine(EdwardsPoint p)
    {
        var inverse = EdwardsPoint.Inverse(p.Z);
        return (EdwardsPoint.Mod(p.X * inverse), EdwardsPoint.Mod(p.Y * inverse));
    }
}
