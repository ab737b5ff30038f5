using System.Security.Cryptography;
using LuxTensor.Crypto;

namespace LuxTensor.Network;

/// <summary>
/// One side of Noise_XX_25519_ChaChaPoly_SHA256 (noiseprotocol.org, revision 34, sections 5 and 7.5): three messages, then a key each way.
/// Without I/O; whose turn it is, is the caller's to keep.
/// </summary>
internal sealed class NoiseHandshake : IDisposable
{
    private const int KeySize = X25519.Size;

    private readonly bool initiator;
    private readonly byte[] staticSecret;
    private readonly byte[] staticKey;
    private readonly byte[] ephemeralSecret = new byte[KeySize];
    private readonly byte[] ephemeralKey = new byte[KeySize];
    private readonly byte[] theirEphemeral = new byte[KeySize];
    private readonly byte[] hash = new byte[32];
    private readonly byte[] chain = new byte[32];
    private NoiseCipher? cipher;
    private int step;

    /// <param name="initiator">Whether this side dialled.</param>
    /// <param name="staticSecret">This side's long-lived X25519 secret.</param>
    /// <param name="staticKey">Its public key.</param>
    /// <param name="prologue">What both sides must have seen before; empty in libp2p.</param>
    /// <param name="ephemeral">The secret to use once; null draws one. Given only to repeat test vectors.</param>
    internal NoiseHandshake(bool initiator, byte[] staticSecret, byte[] staticKey, ReadOnlySpan<byte> prologue = default, byte[]? ephemeral = null)
    {
        this.initiator = initiator;
        this.staticSecret = staticSecret;
        this.staticKey = staticKey;
        "Noise_XX_25519_ChaChaPoly_SHA256"u8.CopyTo(hash);
        hash.CopyTo(chain, 0);
        Mix(prologue);
        if (ephemeral is null)
        {
            X25519.Generate(ephemeralSecret, ephemeralKey);
        }
        else
        {
            ephemeral.CopyTo(ephemeralSecret, 0);
            X25519.DerivePublicKey(ephemeralSecret, ephemeralKey);
        }
    }

    /// <summary>The other side's long-lived key, once a message brought it.</summary>
    internal byte[] TheirStatic { get; } = new byte[KeySize];

    /// <summary>The hash of all that was said; the same on both sides.</summary>
    internal ReadOnlySpan<byte> Hash => hash;

    /// <summary>The next message of this side.</summary>
    internal byte[] Write(ReadOnlySpan<byte> payload)
    {
        var message = new List<byte>(payload.Length + 96);
        switch (step++)
        {
            case 0:
                message.AddRange(ephemeralKey);
                Mix(ephemeralKey);
                break;
            case 1:
                message.AddRange(ephemeralKey);
                Mix(ephemeralKey);
                MixAgreed(ephemeralSecret, theirEphemeral); // ee
                message.AddRange(Seal(staticKey));
                MixAgreed(staticSecret, theirEphemeral); // es
                break;
            default:
                message.AddRange(Seal(staticKey));
                MixAgreed(staticSecret, theirEphemeral); // se
                break;
        }

        message.AddRange(Seal(payload));
        return [.. message];
    }

    /// <summary>The payload of the other side's next message.</summary>
    /// <exception cref="WireException">The message is too short, was altered, or brings a key that nobody may use.</exception>
    internal byte[] Read(ReadOnlySpan<byte> message)
    {
        switch (step++)
        {
            case 0:
                Take(ref message, KeySize).CopyTo(theirEphemeral);
                Mix(theirEphemeral);
                break;
            case 1:
                Take(ref message, KeySize).CopyTo(theirEphemeral);
                Mix(theirEphemeral);
                MixAgreed(ephemeralSecret, theirEphemeral); // ee
                Open(Take(ref message, KeySize + NoiseCipher.TagSize)).CopyTo(TheirStatic, 0);
                MixAgreed(ephemeralSecret, TheirStatic); // es
                break;
            default:
                Open(Take(ref message, KeySize + NoiseCipher.TagSize)).CopyTo(TheirStatic, 0);
                MixAgreed(ephemeralSecret, TheirStatic); // se
                break;
        }

        return Open(message);
    }

    /// <summary>The keys of the transport, after the third message.</summary>
    internal (NoiseCipher Send, NoiseCipher Receive) Split()
    {
        Span<byte> keys = stackalloc byte[64];
        Derive([], keys);
        var first = new NoiseCipher(keys[..32]);
        var second = new NoiseCipher(keys[32..]);
        CryptographicOperations.ZeroMemory(keys);
        return initiator ? (first, second) : (second, first);
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(ephemeralSecret);
        CryptographicOperations.ZeroMemory(chain);
        cipher?.Dispose();
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> message, int count)
    {
        if (message.Length < count)
        {
            throw new WireException("noise: a handshake message that is too short");
        }

        var taken = message[..count];
        message = message[count..];
        return taken;
    }

    private void Mix(ReadOnlySpan<byte> data)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha.AppendData(hash);
        sha.AppendData(data);
        sha.GetHashAndReset(hash);
    }

    private void MixAgreed(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> theirs)
    {
        Span<byte> shared = stackalloc byte[KeySize];
        Span<byte> keys = stackalloc byte[64];
        if (!X25519.TryAgree(secret, theirs, shared))
        {
            throw new WireException("noise: a key of small order");
        }

        Derive(shared, keys);
        keys[..32].CopyTo(chain);
        cipher?.Dispose();
        cipher = new NoiseCipher(keys[32..]);
        CryptographicOperations.ZeroMemory(shared);
        CryptographicOperations.ZeroMemory(keys);
    }

    // HKDF of section 4.3, with two outputs.
    private void Derive(ReadOnlySpan<byte> input, Span<byte> keys)
    {
        Span<byte> temporary = stackalloc byte[32];
        Span<byte> second = stackalloc byte[33];
        HMACSHA256.HashData(chain, input, temporary);
        HMACSHA256.HashData(temporary, [1], keys[..32]);
        keys[..32].CopyTo(second);
        second[32] = 2;
        HMACSHA256.HashData(temporary, second, keys[32..]);
        CryptographicOperations.ZeroMemory(temporary);
        CryptographicOperations.ZeroMemory(second);
    }

    private byte[] Seal(ReadOnlySpan<byte> plain)
    {
        var output = new byte[plain.Length + (cipher is null ? 0 : NoiseCipher.TagSize)];
        if (cipher is null)
        {
            plain.CopyTo(output);
        }
        else
        {
            cipher.Encrypt(plain, output, hash);
        }

        Mix(output);
        return output;
    }

    private byte[] Open(ReadOnlySpan<byte> bytes)
    {
        if (cipher is null)
        {
            Mix(bytes);
            return bytes.ToArray();
        }

        var plain = new byte[int.Max(bytes.Length - NoiseCipher.TagSize, 0)];
        cipher.Decrypt(bytes, plain, hash);
        Mix(bytes);
        return plain;
    }
}
