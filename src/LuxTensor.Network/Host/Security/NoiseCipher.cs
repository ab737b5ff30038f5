using System.Buffers.Binary;
using System.Security.Cryptography;

namespace LuxTensor.Network;

/// <summary>A key and its counter (Noise, section 5.1), with ChaCha20-Poly1305.</summary>
internal sealed class NoiseCipher(ReadOnlySpan<byte> key) : IDisposable
{
    internal const int TagSize = 16;

    private readonly ChaCha20Poly1305 cipher = new(key);
    private ulong counter;

    /// <summary>Writes ciphertext and tag to <paramref name="output"/>, 16 bytes more than <paramref name="plain"/>.</summary>
    internal void Encrypt(ReadOnlySpan<byte> plain, Span<byte> output, ReadOnlySpan<byte> associated)
    {
        Span<byte> nonce = stackalloc byte[12];
        Next(nonce);
        cipher.Encrypt(nonce, plain, output[..plain.Length], output.Slice(plain.Length, TagSize), associated);
    }

    /// <summary>Writes the plaintext to <paramref name="output"/>, which may begin where <paramref name="sealedBytes"/> does.</summary>
    /// <exception cref="WireException">The bytes were altered, or are under another key.</exception>
    internal void Decrypt(ReadOnlySpan<byte> sealedBytes, Span<byte> output, ReadOnlySpan<byte> associated)
    {
        if (sealedBytes.Length < TagSize)
        {
            throw new WireException("noise: a message too short to be sealed");
        }

        Span<byte> nonce = stackalloc byte[12];
        Next(nonce);
        var length = sealedBytes.Length - TagSize;
        try
        {
            cipher.Decrypt(nonce, sealedBytes[..length], sealedBytes[length..], output[..length], associated);
        }
        catch (AuthenticationTagMismatchException e)
        {
            throw new WireException("noise: a message that was not sealed with the agreed key", e);
        }
    }

    public void Dispose() => cipher.Dispose();

    private void Next(Span<byte> nonce)
    {
        if (counter == ulong.MaxValue)
        {
            throw new WireException("noise: the key is used up");
        }

        nonce[..4].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(nonce[4..], counter++);
    }
}
