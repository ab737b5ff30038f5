using System.Numerics;
using System.Security.Cryptography;

namespace LuxTensor.Crypto;

/// <summary>How a keystore turns a password into a key, and at what cost. One of the three cases; the bounds hold for reading and writing.</summary>
public abstract record KeystoreKdf
{
    /// <summary>The most memory that a derivation may take, in bytes.</summary>
    public const long MaxMemory = 1L << 30;

    internal const int DerivedKeySize = 32;
    internal const int MaxSaltSize = 128;

    private const int ArgonSaltSize = 16;

    private KeystoreKdf()
    {
    }

    /// <summary>What a new keystore gets here: Argon2id with libsodium, scrypt without it. Either takes 256 MiB and about a second.</summary>
    public static KeystoreKdf Default => Ed25519Provider.Current is SodiumProvider
        ? new Argon2id(OpsLimit: 3, MemLimit: 256 << 20)
        : new Scrypt(N: 1 << 18, R: 8, P: 1);

    internal virtual int SaltSize => 32;

    /// <summary>Refuses parameters before any work is done on them.</summary>
    /// <exception cref="KeystoreException">ParametersOutOfBounds, or UnsupportedKdf where the library is missing.</exception>
    internal abstract void Require(int saltLength);

    /// <summary>Fills <paramref name="key"/> (32 bytes). The parameters have passed <see cref="Require"/>.</summary>
    internal abstract void Derive(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, Span<byte> key);

    private static void Bound(bool holds, string rule)
    {
        if (!holds)
        {
            throw new KeystoreException(KeystoreFault.ParametersOutOfBounds, $"key derivation parameters out of bounds: {rule}");
        }
    }

    private static KeystoreException OutOfMemory(string message) => new(KeystoreFault.OutOfMemory, message);

    private static void RequireSalt(int length) =>
        Bound(length is >= 8 and <= MaxSaltSize, $"the salt must have 8 to {MaxSaltSize} bytes, not {length}");

    /// <summary>Argon2id version 1.3 with one lane, by libsodium.</summary>
    /// <param name="OpsLimit">Passes over the memory, 1 to 64.</param>
    /// <param name="MemLimit">Memory in bytes, 8 KiB to 1 GiB.</param>
    public sealed record Argon2id(long OpsLimit, long MemLimit) : KeystoreKdf
    {
        internal override int SaltSize => ArgonSaltSize;

        internal override void Require(int saltLength)
        {
            Bound(OpsLimit is >= 1 and <= 64, $"argon2id's opslimit must be 1 to 64, not {OpsLimit}");
            Bound(MemLimit is >= 8192 and <= MaxMemory, $"argon2id's memlimit must be 8192 to {MaxMemory} bytes, not {MemLimit}");
            Bound(saltLength == ArgonSaltSize, $"argon2id's salt must have {ArgonSaltSize} bytes, not {saltLength}");
            if (!SodiumProvider.IsAvailable)
            {
                throw new KeystoreException(
                    KeystoreFault.UnsupportedKdf,
                    "argon2id needs libsodium, which is not installed: install it (the package libsodium23 on Debian and Ubuntu)");
            }
        }

        internal override unsafe void Derive(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, Span<byte> key)
        {
            fixed (byte* pw = password, s = salt, k = key)
            {
                var result = Libsodium.crypto_pwhash(
                    k, (ulong)key.Length, pw, (ulong)password.Length, s, (ulong)OpsLimit, (nuint)MemLimit, Libsodium.Argon2Id13);
                if (result != 0)
                {
                    throw OutOfMemory($"argon2id could not get {MemLimit >> 20} MiB of memory; free some and try again");
                }
            }
        }
    }

    /// <summary>scrypt (RFC 7914), by libcrypto.</summary>
    /// <param name="N">Cost, a power of two above 1. 128·N·R is the memory in bytes, at most 1 GiB.</param>
    /// <param name="R">Block size, at least 1.</param>
    /// <param name="P">Parallelisation, at least 1; N·R·P is at most 2^26.</param>
    public sealed record Scrypt(long N, long R, long P) : KeystoreKdf
    {
        private const long MaxWork = 1L << 26;

        internal override void Require(int saltLength)
        {
            Bound(N is > 1 and <= MaxWork && BitOperations.IsPow2(N), $"scrypt's n must be a power of two from 2 to {MaxWork}, not {N}");
            Bound(R is >= 1 and <= 1 << 16, $"scrypt's r must be 1 to {1 << 16}, not {R}");
            Bound(P is >= 1 and <= 1 << 16, $"scrypt's p must be 1 to {1 << 16}, not {P}");
            Bound(128 * N * R <= MaxMemory, $"scrypt with n = {N} and r = {R} would take {128 * N * R} bytes; at most {MaxMemory} are allowed");
            Bound(N * R * P <= MaxWork, $"scrypt's n·r·p must be at most {MaxWork}, not {N * R * P}");
            RequireSalt(saltLength);
            if (!NativeLibraries.HasCrypto)
            {
                throw new KeystoreException(
                    KeystoreFault.UnsupportedKdf,
                    "scrypt needs OpenSSL's libcrypto, which is not installed: install it (the package libssl3 on Debian and Ubuntu)");
            }
        }

        internal override unsafe void Derive(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, Span<byte> key)
        {
            fixed (byte* pw = password, s = salt, k = key)
            {
                // libcrypto counts its whole working set against the limit, somewhat more than 128·N·R; Require has set ours.
                var result = Libcrypto.EVP_PBE_scrypt(
                    pw, (nuint)password.Length, s, (nuint)salt.Length, (ulong)N, (ulong)R, (ulong)P, 2 * MaxMemory, k, (nuint)key.Length);
                if (result != 1)
                {
                    Libcrypto.ERR_clear_error();
                    throw OutOfMemory($"scrypt could not get {(128 * N * R) >> 20} MiB of memory; free some and try again");
                }
            }
        }
    }

    /// <summary>PBKDF2 with HMAC-SHA-256 (RFC 8018). Read from others' keystores, not written: it costs an attacker too little.</summary>
    /// <param name="C">Iterations, 1 to 10,000,000.</param>
    public sealed record Pbkdf2(long C) : KeystoreKdf
    {
        internal override void Require(int saltLength)
        {
            Bound(C is >= 1 and <= 10_000_000, $"pbkdf2's c must be 1 to 10000000, not {C}");
            RequireSalt(saltLength);
        }

        internal override void Derive(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, Span<byte> key) =>
            Rfc2898DeriveBytes.Pbkdf2(password, salt, key, (int)C, HashAlgorithmName.SHA256);
    }
}
