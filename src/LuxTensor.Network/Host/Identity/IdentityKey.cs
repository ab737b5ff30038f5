using System.Security.Cryptography;
using LuxTensor.Core.Consensus;
using LuxTensor.Crypto;

namespace LuxTensor.Network;

/// <summary>
/// A peer's public key, as it proves itself with. Ed25519 is what libp2p nodes have; RSA (2048 to 8192 bits), ECDSA and
/// secp256k1 are verified too.
/// </summary>
internal sealed class IdentityKey
{
    /// <summary>The most bytes of an encoded key that are looked at; an RSA key of 8192 bits has about 1,060.</summary>
    internal const int MaxSize = 2048;

    private readonly Func<byte[], byte[], bool> verify;

    private IdentityKey(byte[] encoded, Func<byte[], byte[], bool> verify)
    {
        Encoded = encoded;
        Id = PeerIds.OfKey(encoded);
        this.verify = verify;
    }

    /// <summary>The protocol-buffers form, which the id is made of.</summary>
    internal byte[] Encoded { get; }

    internal PeerId Id { get; }

    internal static byte[] Encode(PublicKey key) => [0x08, 0x01, 0x12, PublicKey.Size, .. key.ToArray()];

    internal static IdentityKey Of(PublicKey key) =>
        new(Encode(key), (message, signature) => signature.Length == Signature.Size && Ed25519.Verify(key, message, new Signature(signature)));

    /// <summary>Reads the protocol-buffers form.</summary>
    /// <exception cref="WireException">Malformed, inadmissible, or of a kind that is not verified here.</exception>
    internal static IdentityKey Decode(ReadOnlySpan<byte> encoded)
    {
        if (encoded.Length > MaxSize)
        {
            throw new WireException($"an identity key of {encoded.Length} bytes; at most {MaxSize} are read");
        }

        ulong? kind = null;
        ReadOnlySpan<byte> data = [];
        var reader = new ProtoReader(encoded);
        while (reader.Next())
        {
            if (reader is { Field: 1, Wire: Proto.WireVarint })
            {
                kind = reader.Number;
            }
            else if (reader.IsBytes(2))
            {
                data = encoded.Slice(reader.Start, reader.Length);
            }
        }

        if (reader.IsBroken)
        {
            throw new WireException("an identity key that is not protocol buffers");
        }

        try
        {
            return kind switch
            {
                0 => Rsa(encoded, data),
                1 => Edwards(encoded, data),
                3 => Ecdsa(encoded, data),
                2 => Koblitz(encoded, data),
                _ => throw new WireException($"an identity key of the unknown kind {kind}"),
            };
        }
        catch (Exception e) when (e is CryptographicException or PlatformNotSupportedException) // the latter for a curve that is none
        {
            throw new WireException("a malformed identity key", e);
        }
    }

    internal bool Verify(byte[] message, byte[] signature) => verify(message, signature);

    private static IdentityKey Edwards(ReadOnlySpan<byte> encoded, ReadOnlySpan<byte> data)
    {
        if (data.Length != PublicKey.Size)
        {
            throw new WireException($"an Ed25519 identity key of {data.Length} bytes");
        }

        var key = new PublicKey(data);
        if (!Ed25519.IsAdmissible(key))
        {
            throw new WireException("an Ed25519 identity key that is no admissible point");
        }

        // One spelling a key: the id is a hash of the bytes, and a second spelling would be a second id of one peer.
        return encoded.SequenceEqual(Encode(key)) ? Of(key) : throw new WireException("an Ed25519 identity key in an unusual encoding");
    }

    private static IdentityKey Rsa(ReadOnlySpan<byte> encoded, ReadOnlySpan<byte> data)
    {
        var rsa = RSA.Create();
        rsa.ImportSubjectPublicKeyInfo(data, out _);
        return rsa.KeySize is >= 2048 and <= 8192
            ? new(encoded.ToArray(), (message, signature) =>
                rsa.VerifyData(message, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))
            : throw new WireException($"an RSA identity key of {rsa.KeySize} bits; 2048 to 8192 are taken");
    }

    private static IdentityKey Koblitz(ReadOnlySpan<byte> encoded, ReadOnlySpan<byte> data)
    {
        var key = Secp256k1.Import(data);
        return new(encoded.ToArray(), (message, signature) =>
            key.VerifyData(message, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
    }

    private static IdentityKey Ecdsa(ReadOnlySpan<byte> encoded, ReadOnlySpan<byte> data)
    {
        var ecdsa = ECDsa.Create();
        ecdsa.ImportSubjectPublicKeyInfo(data, out _);
        return new(encoded.ToArray(), (message, signature) =>
            ecdsa.VerifyData(message, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
    }
}
