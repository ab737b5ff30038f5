using System.Security.Cryptography;

namespace LuxTensor.Crypto;

/// <summary>
/// Diffie-Hellman on Curve25519 (RFC 7748), for the keys of encrypted connections. By libsodium where it is installed, by libcrypto
/// otherwise, as <see cref="Ed25519"/>.
/// </summary>
public static unsafe class X25519
{
    /// <summary>Bytes of a secret, of a public key and of a shared secret.</summary>
    public const int Size = 32;

    private static bool UsesSodium => Ed25519Provider.Current is SodiumProvider || !NativeLibraries.HasCrypto;

    /// <summary>Fills a new secret from the system's random generator, and its public key. The caller erases the secret.</summary>
    /// <exception cref="ArgumentException">A span is not 32 bytes long.</exception>
    public static void Generate(Span<byte> secret32, Span<byte> publicKey32)
    {
        Require(secret32.Length, nameof(secret32));
        RandomNumberGenerator.Fill(secret32);
        DerivePublicKey(secret32, publicKey32);
    }

    /// <summary>The public key of a secret.</summary>
    /// <exception cref="ArgumentException">A span is not 32 bytes long.</exception>
    public static void DerivePublicKey(ReadOnlySpan<byte> secret32, Span<byte> publicKey32)
    {
        Require(secret32.Length, nameof(secret32));
        Require(publicKey32.Length, nameof(publicKey32));
        if (UsesSodium)
        {
            SodiumBase(secret32, publicKey32);
        }
        else
        {
            CryptoBase(secret32, publicKey32);
        }
    }

    /// <summary>
    /// What both sides can compute. False where it would be zero: the other's key is of small order, and the secret would be known to
    /// everybody (RFC 7748, section 6.1).
    /// </summary>
    /// <exception cref="ArgumentException">A span is not 32 bytes long.</exception>
    public static bool TryAgree(ReadOnlySpan<byte> secret32, ReadOnlySpan<byte> theirs32, Span<byte> shared32)
    {
        Require(secret32.Length, nameof(secret32));
        Require(theirs32.Length, nameof(theirs32));
        Require(shared32.Length, nameof(shared32));
        var agreed = UsesSodium ? SodiumAgree(secret32, theirs32, shared32) : CryptoAgree(secret32, theirs32, shared32);
        return agreed && shared32.ContainsAnyExcept((byte)0);
    }

    internal static void SodiumBase(ReadOnlySpan<byte> secret, Span<byte> publicKey)
    {
        fixed (byte* s = secret, p = publicKey)
        {
            if (Libsodium.crypto_scalarmult_curve25519_base(p, s) != 0)
            {
                throw new CryptographicException("libsodium's crypto_scalarmult_curve25519_base failed");
            }
        }
    }

    internal static bool SodiumAgree(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> theirs, Span<byte> shared)
    {
        fixed (byte* s = secret, t = theirs, q = shared)
        {
            return Libsodium.crypto_scalarmult_curve25519(q, s, t) == 0;
        }
    }

    internal static void CryptoBase(ReadOnlySpan<byte> secret, Span<byte> publicKey)
    {
        nint own = 0;
        try
        {
            fixed (byte* s = secret, p = publicKey)
            {
                nuint length = Size;
                own = Libcrypto.EVP_PKEY_new_raw_private_key(Libcrypto.X25519, 0, s, Size);
                if (own == 0 || Libcrypto.EVP_PKEY_get_raw_public_key(own, p, &length) != 1)
                {
                    throw new CryptographicException("libcrypto's X25519 key could not be made");
                }
            }
        }
        finally
        {
            Libcrypto.EVP_PKEY_free(own);
        }
    }

    internal static bool CryptoAgree(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> theirs, Span<byte> shared)
    {
        nint own = 0, other = 0, context = 0;
        try
        {
            fixed (byte* s = secret, t = theirs, q = shared)
            {
                nuint length = Size;
                own = Libcrypto.EVP_PKEY_new_raw_private_key(Libcrypto.X25519, 0, s, Size);
                other = Libcrypto.EVP_PKEY_new_raw_public_key(Libcrypto.X25519, 0, t, Size);
                context = own == 0 ? 0 : Libcrypto.EVP_PKEY_CTX_new(own, 0);
                if (other == 0 || context == 0)
                {
                    throw new CryptographicException("libcrypto's X25519 keys could not be made");
                }

                var agreed = Libcrypto.EVP_PKEY_derive_init(context) == 1
                    && Libcrypto.EVP_PKEY_derive_set_peer(context, other) == 1
                    && Libcrypto.EVP_PKEY_derive(context, q, &length) == 1;
                if (!agreed)
                {
                    Libcrypto.ERR_clear_error(); // the refusal of a small-order key must not be read as another call's failure
                }

                return agreed;
            }
        }
        finally
        {
            Libcrypto.EVP_PKEY_CTX_free(context);
            Libcrypto.EVP_PKEY_free(other);
            Libcrypto.EVP_PKEY_free(own);
        }
    }

    private static void Require(int length, string name)
    {
        if (length != Size)
        {
            throw new ArgumentException($"X25519 takes {Size} bytes, not {length}", name);
        }
    }
}
