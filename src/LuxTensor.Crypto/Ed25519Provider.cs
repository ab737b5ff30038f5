namespace LuxTensor.Crypto;

/// <summary>The curve arithmetic of one native library. Callers go through <see cref="Ed25519Rule"/> first; see the reasoning there.</summary>
internal abstract class Ed25519Provider
{
    internal const int SeedSize = 32;

    /// <summary>Bytes of a secret key as it is kept in memory: seed ‖ public key.</summary>
    internal const int SecretSize = 64;

    /// <summary>Names the provider that is used, whatever is installed: "libsodium" or "libcrypto".</summary>
    internal const string Variable = "LUXTENSOR_CRYPTO";

    private static readonly Lazy<Ed25519Provider> Chosen = new(() => Choose(Environment.GetEnvironmentVariable(Variable)));

    private static Ed25519Provider? simulated;

    /// <summary>The provider of this process.</summary>
    internal static Ed25519Provider Current => simulated ?? Chosen.Value;

    /// <summary>Whether the simulator's provider is in front of the chosen one: then a signature is whatever that says.</summary>
    internal static bool IsSimulated => simulated is not null;

    internal abstract string Name { get; }

    /// <summary>Whether a canonical point, not of small order, exists and is of the prime-order subgroup.</summary>
    internal abstract bool IsInPrimeOrderSubgroup(ReadOnlySpan<byte> key);

    /// <summary>Whether R's bytes are encode(S·B − k·A), for well-formed input.</summary>
    internal abstract bool EquationHolds(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature);

    /// <summary>Writes seed ‖ public key to the 64 bytes of <paramref name="secret"/>.</summary>
    internal abstract void Expand(ReadOnlySpan<byte> seed, Span<byte> secret);

    /// <summary>Writes the 64 bytes of RFC 8032's deterministic signature.</summary>
    internal abstract void Sign(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> message, Span<byte> signature);

    /// <summary>Puts the simulator's provider in front of the chosen one. Out of reach of settings and of public code.</summary>
    internal static void Simulate(Ed25519Provider provider) => simulated = provider;

    internal virtual bool IsAdmissible(PublicKey key)
    {
        Span<byte> bytes = stackalloc byte[PublicKey.Size];
        key.CopyTo(bytes);
        return Ed25519Rule.IsCanonicalAndNotSmall(bytes) && IsInPrimeOrderSubgroup(bytes);
    }

    internal virtual bool Verify(PublicKey key, ReadOnlySpan<byte> message, Signature signature)
    {
        Span<byte> bytes = stackalloc byte[PublicKey.Size + Signature.Size];
        key.CopyTo(bytes);
        signature.CopyTo(bytes[PublicKey.Size..]);
        return Ed25519Rule.IsWellFormed(bytes[..PublicKey.Size], bytes[PublicKey.Size..])
            && EquationHolds(bytes[..PublicKey.Size], message, bytes[PublicKey.Size..]);
    }

    /// <summary>The provider that the setting asks for, or libsodium, or else libcrypto.</summary>
    /// <exception cref="PlatformNotSupportedException">The library is not installed, or the setting names none.</exception>
    internal static Ed25519Provider Choose(string? setting) => setting switch
    {
        null or "" => (Ed25519Provider?)SodiumProvider.TryCreate() ?? LibcryptoProvider.TryCreate() ?? throw new PlatformNotSupportedException(
            "no Ed25519 library is installed: install libsodium (the package libsodium23 on Debian and Ubuntu) or OpenSSL 3 (libssl3)"),
        NativeLibraries.SodiumName => SodiumProvider.TryCreate() ?? throw new PlatformNotSupportedException(
            $"{Variable}=libsodium, but libsodium is not installed: install it (the package libsodium23 on Debian and Ubuntu), or unset {Variable}"),
        NativeLibraries.CryptoName => LibcryptoProvider.TryCreate() ?? throw new PlatformNotSupportedException(
            $"{Variable}=libcrypto, but libcrypto is not installed: install OpenSSL 3 (libssl3 on Debian and Ubuntu), or unset {Variable}"),
        _ => throw new PlatformNotSupportedException($"{Variable} is \"{setting}\"; it may be \"libsodium\", \"libcrypto\" or unset"),
    };
}
