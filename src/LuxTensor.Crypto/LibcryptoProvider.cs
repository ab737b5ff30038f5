using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace LuxTensor.Crypto;

/// <summary>Ed25519 by OpenSSL's libcrypto, with the subgroup check in managed code (about a millisecond a key).</summary>
internal sealed unsafe class LibcryptoProvider : Ed25519Provider
{
    private LibcryptoProvider()
    {
        // "OpenSSL 3.0.19 27 Jan 2026"
        var words = (Marshal.PtrToStringUTF8(Libcrypto.OpenSSL_version(0)) ?? "").Split(' ');
        Name = "libcrypto " + (words.Length > 1 ? words[1] : "of unknown version");
    }

    internal override string Name { get; }

    internal static LibcryptoProvider? TryCreate() => NativeLibraries.HasCrypto ? new LibcryptoProvider() : null;

    internal override bool IsInPrimeOrderSubgroup(ReadOnlySpan<byte> key) => EdwardsPoint.Decode(key) is { IsInPrimeOrderSubgroup: true };

    internal override bool EquationHolds(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        nint handle = 0, digest = 0;
        try
        {
            fixed (byte* k = key, m = message, s = signature)
            {
                handle = NotNull(Libcrypto.EVP_PKEY_new_raw_public_key(Libcrypto.Ed25519, 0, k, PublicKey.Size), "EVP_PKEY_new_raw_public_key");
                digest = NotNull(Libcrypto.EVP_MD_CTX_new(), "EVP_MD_CTX_new");
                ExpectOne(Libcrypto.EVP_DigestVerifyInit(digest, null, 0, 0, handle), "EVP_DigestVerifyInit");
                var result = Libcrypto.EVP_DigestVerify(digest, s, Signature.Size, m, (nuint)message.Length);
                if (result != 1)
                {
                    Libcrypto.ERR_clear_error(); // a refusal may leave an entry on this thread's queue, which others would read as theirs
                }

                return result == 1;
            }
        }
        finally
        {
            Libcrypto.EVP_MD_CTX_free(digest);
            Libcrypto.EVP_PKEY_free(handle);
        }
    }

    internal override void Expand(ReadOnlySpan<byte> seed, Span<byte> secret)
    {
        seed.CopyTo(secret);
        nuint length = PublicKey.Size;
        nint handle = 0;
        try
        {
            fixed (byte* sk = secret, pk = secret[SeedSize..])
            {
                handle = NotNull(Libcrypto.EVP_PKEY_new_raw_private_key(Libcrypto.Ed25519, 0, sk, SeedSize), "EVP_PKEY_new_raw_private_key");
                ExpectOne(Libcrypto.EVP_PKEY_get_raw_public_key(handle, pk, &length), "EVP_PKEY_get_raw_public_key");
            }
        }
        finally
        {
            Libcrypto.EVP_PKEY_free(handle);
        }
    }

    internal override void Sign(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> message, Span<byte> signature)
    {
        nuint length = Signature.Size;
        nint handle = 0, digest = 0;
        try
        {
            fixed (byte* sk = secret, m = message, s = signature)
            {
                handle = NotNull(Libcrypto.EVP_PKEY_new_raw_private_key(Libcrypto.Ed25519, 0, sk, SeedSize), "EVP_PKEY_new_raw_private_key");
                digest = NotNull(Libcrypto.EVP_MD_CTX_new(), "EVP_MD_CTX_new");
                ExpectOne(Libcrypto.EVP_DigestSignInit(digest, null, 0, 0, handle), "EVP_DigestSignInit");
                ExpectOne(Libcrypto.EVP_DigestSign(digest, s, &length, m, (nuint)message.Length), "EVP_DigestSign");
            }
        }
        finally
        {
            Libcrypto.EVP_MD_CTX_free(digest);
            Libcrypto.EVP_PKEY_free(handle);
        }
    }

    private static nint NotNull(nint handle, string function) =>
        handle != 0 ? handle : throw new CryptographicException($"libcrypto's {function} failed");

    private static void ExpectOne(int result, string function)
    {
        if (result != 1)
        {
            throw new CryptographicException($"libcrypto's {function} failed with {result}");
        }
    }
}
