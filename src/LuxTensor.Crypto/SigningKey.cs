using System.Security.Cryptography;

namespace LuxTensor.Crypto;

/// <summary>An Ed25519 private key. The seed lies in memory that is locked, never moved, and zeroed on disposal; it is never printed.</summary>
public sealed class SigningKey : IDisposable
{
    private readonly Ed25519Provider provider;
    private readonly SecretMemory secret;

    private SigningKey(Ed25519Provider provider, SecretMemory secret, PublicKey publicKey)
    {
        this.provider = provider;
        this.secret = secret;
        PublicKey = publicKey;
    }

    /// <summary>The public half; admissible by construction.</summary>
    public PublicKey PublicKey { get; }

    /// <summary>A new key from the system's random generator.</summary>
    public static SigningKey Generate() => Generate(Ed25519Provider.Current);

    /// <summary>The key of RFC 8032's 32-byte private key. The caller's copy stays the caller's to erase.</summary>
    /// <exception cref="ArgumentException">The seed is not 32 bytes long.</exception>
    public static SigningKey FromSeed(ReadOnlySpan<byte> seed32) => FromSeed(Ed25519Provider.Current, seed32);

    /// <summary>The deterministic signature of RFC 8032. Safe to call from many threads.</summary>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public Signature Sign(ReadOnlySpan<byte> message)
    {
        Span<byte> signature = stackalloc byte[Signature.Size];
        using var lease = secret.Lease();
        provider.Sign(lease.Bytes, message, signature);
        return new Signature(signature);
    }

    /// <summary>Copies the 32-byte seed out, for a keystore; whoever asks erases it.</summary>
    /// <exception cref="ArgumentException">The destination is not 32 bytes long.</exception>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public void ExportSeed(Span<byte> destination32)
    {
        RequireSeedSize(destination32.Length, nameof(destination32));
        using var lease = secret.Lease();
        lease.Bytes[..Ed25519Provider.SeedSize].CopyTo(destination32);
    }

    /// <summary>Erases the key.</summary>
    public void Dispose() => secret.Dispose();

    /// <summary>The public key; the seed is never text.</summary>
    public override string ToString() => $"signing key of {PublicKey}";

    internal static SigningKey Generate(Ed25519Provider provider)
    {
        Span<byte> seed = stackalloc byte[Ed25519Provider.SeedSize];
        try
        {
            RandomNumberGenerator.Fill(seed);
            return FromSeed(provider, seed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    internal static SigningKey FromSeed(Ed25519Provider provider, ReadOnlySpan<byte> seed)
    {
        RequireSeedSize(seed.Length, nameof(seed));
        var memory = new SecretMemory(Ed25519Provider.SecretSize, provider is SodiumProvider);
        try
        {
            using var lease = memory.Lease();
            provider.Expand(seed, lease.Bytes);
            memory.Seal();
            return new SigningKey(provider, memory, new PublicKey(lease.Bytes[Ed25519Provider.SeedSize..]));
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    private static void RequireSeedSize(int length, string name)
    {
        if (length != Ed25519Provider.SeedSize)
        {
            throw new ArgumentException($"a seed is {Ed25519Provider.SeedSize} bytes, not {length}", name);
        }
    }
}
