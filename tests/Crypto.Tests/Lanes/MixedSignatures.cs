using System.Numerics;
using System.Security.Cryptography;
using LuxTensor.Crypto;
using LuxTensor.Crypto.Lanes;

namespace LuxTensor.Tests.Crypto.Lanes;

/// <summary>
/// Signatures for the engines to judge, good ones among all sorts of bad ones: what an honest signer made, what was changed on the way, and what
/// only somebody who knows the key and means ill can make. From one seed.
/// </summary>
internal sealed class MixedSignatures
{
    private const int Nonces = 64;

    private static readonly CurvePoint T8 =
        CurvePoint.Decode(Convert.FromHexString("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"))!.Value;

    private static readonly byte[][] SmallOrder =
    [
        .. from y in new[]
            {
                "0000000000000000000000000000000000000000000000000000000000000000", "0100000000000000000000000000000000000000000000000000000000000000",
                "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            }
            from sign in new[] { 0, 0x80 }
            select WithSign(Convert.FromHexString(y), sign),
    ];

    private static readonly byte[] Identity = [1, .. new byte[31]];

    private readonly Random random;
    private readonly (SigningKey Signer, PublicKey Key, BigInteger Secret)[] keys;
    private readonly (BigInteger Scalar, byte[] R, byte[] MixedR)[] nonces;
    private readonly PublicKey[] inadmissible;

    public MixedSignatures(int seed, int keyCount)
    {
        random = new Random(seed);
        keys = [.. Enumerable.Range(0, keyCount).Select(_ => MakeKey())];
        nonces = [.. Enumerable.Range(0, Nonces).Select(_ => MakeNonce())];
        inadmissible =
        [
            .. SmallOrder.Select(bytes => new PublicKey(bytes)),
            .. keys.Take(3).Select(key => new PublicKey(Encode(CurvePoint.Add(Multiply(CurvePoint.Base, key.Secret), T8)))),
            new PublicKey([2, .. new byte[31]]),
        ];
    }

    /// <summary>The keys that can have tables: every signer's and its opposite.</summary>
    public IEnumerable<PublicKey> Keys => keys.SelectMany(key => new[] { key.Key, Opposite(key.Key) });

    public SignedMessage[] Next(int count) => [.. Enumerable.Range(0, count).Select(_ => Next())];

    private SignedMessage Next()
    {
        var (signer, key, secret) = Pick(keys);
        var message = new byte[random.Next(3) == 0 ? random.Next(300) : 77];
        random.NextBytes(message);
        var nonce = Pick(nonces);
        byte[] signature = random.Next(4) == 0 ? signer.Sign(message).ToArray() : Sign(nonce.Scalar, nonce.R, key, message, secret);
        switch (random.Next(24))
        {
            case 0:
                signature[random.Next(64)] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when message.Length > 0:
                message[random.Next(message.Length)] ^= (byte)(1 << random.Next(8));
                break;
            case 2:
                message = [.. message, 0];
                break;
            case 3:
                SetS(signature, S(signature) + (EdwardsPoint.Order * random.Next(1, 15)));
                break;
            case 4:
                SetS(signature, (EdwardsPoint.Order - S(signature)) % EdwardsPoint.Order);
                break;
            case 5:
                signature[31] ^= 0x80; // -R
                break;
            case 6:
                key = Opposite(key);
                break;
            case 7:
                Pick(SmallOrder).CopyTo(signature, 0);
                break;
            case 8:
                SetR(signature, EdwardsPoint.Prime + random.Next(19) + (random.Next(2) * BigInteger.Pow(2, 255)));
                break;
            case 9:
                key = Pick(keys).Key;
                break;
            case 10:
                Pick(keys).Signer.Sign(message).ToArray().AsSpan(0, 32).CopyTo(signature);
                break;
            case 11:
                SetS(signature, Pick([BigInteger.Zero, BigInteger.One, EdwardsPoint.Order - 1, EdwardsPoint.Order, EdwardsPoint.Order + 1]));
                break;
            case 12:
                random.NextBytes(signature);
                signature[63] &= 0x1f;
                break;
            case 13:
                signature = Sign(0, Identity, key, message, secret); // the equation holds, the rule does not
                break;
            case 14:
                signature = Sign(nonce.Scalar, Pick(SmallOrder), key, message, secret);
                break;
            case 15:
                signature = Sign(nonce.Scalar, nonce.MixedR, key, message, secret); // only with the cofactor the equation holds
                break;
            case 16:
                key = Pick(inadmissible);
                signature = Sign(nonce.Scalar, nonce.R, key, message, secret);
                break;
            default:
                break;
        }

        return new SignedMessage(key, message, new Signature(signature));
    }

    /// <summary>S = nonce + k·a, for whatever R.</summary>
    private static byte[] Sign(BigInteger nonce, byte[] r, PublicKey key, byte[] message, BigInteger secret)
    {
        var k = new BigInteger(SHA512.HashData([.. r, .. key.ToArray(), .. message]), isUnsigned: true);
        var signature = new byte[64];
        r.CopyTo(signature, 0);
        SetS(signature, (nonce + (k * secret)) % EdwardsPoint.Order);
        return signature;
    }

    private (SigningKey Signer, PublicKey Key, BigInteger Secret) MakeKey()
    {
        var seed = Bytes(32);
        var expanded = SHA512.HashData(seed)[..32]; // RFC 8032, 5.1.5
        expanded[0] &= 0xf8;
        expanded[31] = (byte)((expanded[31] & 0x3f) | 0x40);
        var signer = SigningKey.FromSeed(seed);
        return (signer, signer.PublicKey, new BigInteger(expanded, isUnsigned: true) % EdwardsPoint.Order);
    }

    private (BigInteger Scalar, byte[] R, byte[] MixedR) MakeNonce()
    {
        var scalar = new BigInteger(Bytes(32), isUnsigned: true) % EdwardsPoint.Order;
        var point = Multiply(CurvePoint.Base, scalar);
        return (scalar, Encode(point), Encode(CurvePoint.Add(point, Multiply(T8, random.Next(1, 8)))));
    }

    private byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private T Pick<T>(T[] choices) => choices[random.Next(choices.Length)];

    private static PublicKey Opposite(PublicKey key) => new(WithSign(key.ToArray(), 0x80));

    private static byte[] WithSign(byte[] point, int sign)
    {
        point[31] ^= (byte)sign;
        return point;
    }

    private static BigInteger S(byte[] signature) => new(signature.AsSpan(32), isUnsigned: true);

    private static void SetS(byte[] signature, BigInteger s) => Write(s, signature.AsSpan(32));

    private static void SetR(byte[] signature, BigInteger r) => Write(r, signature.AsSpan(0, 32));

    private static void Write(BigInteger value, Span<byte> bytes)
    {
        bytes.Clear();
        (value & (BigInteger.Pow(2, 256) - 1)).TryWriteBytes(bytes, out _, isUnsigned: true);
    }

    // The quick arithmetic under test, not the plain one: were it wrong, no signature made with it would be good.
    private static CurvePoint Multiply(in CurvePoint point, BigInteger scalar)
    {
        var product = CurvePoint.Neutral;
        for (var bit = (int)scalar.GetBitLength() - 1; bit >= 0; bit--)
        {
            product = CurvePoint.Double(product);
            product = (scalar >> bit).IsEven ? product : CurvePoint.Add(product, point);
        }

        return product;
    }

    private static byte[] Encode(in CurvePoint point)
    {
        var inverse = point.Z.Inverse();
        var bytes = new byte[32];
        (point.Y * inverse).Canonical().CopyTo(bytes);
        return WithSign(bytes, (point.X * inverse).IsOdd ? 0x80 : 0);
    }
}
