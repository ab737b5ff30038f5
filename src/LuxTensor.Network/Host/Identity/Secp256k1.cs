using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;

namespace LuxTensor.Network;

/// <summary>Public keys on secp256k1, in the compressed form (SEC 1, section 2.3.4) that libp2p sends; the base library reads only the long one.</summary>
internal static class Secp256k1
{
    private const int CompressedSize = 33;

    private static readonly BigInteger P = BigInteger.Parse(
        "0fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f", NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    /// <exception cref="WireException">No such point, or no such curve in this system's cryptographic library.</exception>
    internal static ECDsa Import(ReadOnlySpan<byte> compressed)
    {
        if (compressed.Length != CompressedSize || compressed[0] is not (2 or 3))
        {
            throw new WireException("a secp256k1 key that is not a compressed point");
        }

        var x = new BigInteger(compressed[1..], isUnsigned: true, isBigEndian: true);
        var square = (BigInteger.ModPow(x, 3, P) + 7) % P;
        var y = BigInteger.ModPow(square, (P + 1) / 4, P); // P is 3 mod 4
        if (x >= P || y * y % P != square)
        {
            throw new WireException("a secp256k1 key that is no point of the curve");
        }

        if (y.IsEven != (compressed[0] == 2))
        {
            y = P - y;
        }

        var bytes = new byte[32];
        y.TryWriteBytes(bytes.AsSpan(32 - y.GetByteCount(isUnsigned: true)), out _, isUnsigned: true, isBigEndian: true);
        try
        {
            return ECDsa.Create(new ECParameters
            {
                Curve = ECCurve.CreateFromValue("1.3.132.0.10"),
                Q = new ECPoint { X = compressed[1..].ToArray(), Y = bytes },
            });
        }
        catch (PlatformNotSupportedException e)
        {
            throw new WireException("a secp256k1 key, which this system's cryptographic library does not know", e);
        }
    }
}
