using System.Security.Cryptography;

namespace LuxTensor.Crypto;

/// <summary>
/// Encrypted keys in the layout of EIP-2335, version 4: the password is stretched (argon2id, scrypt, or PBKDF2 when reading), its first 16
/// bytes key AES-128-CTR, its second 16 a SHA-256 checksum. Keystores of other tools that hold a 32-byte Ed25519 seed can be read.
/// </summary>
public static class Keystore
{
    /// <summary>The most bytes of a keystore that are looked at.</summary>
    public const int MaxSize = 64 * 1024;

    private const int SeedSize = Ed25519Provider.SeedSize;
    private const int BlockSize = 16;

    /// <summary>A new keystore with the key's seed. Takes about a second, by intent.</summary>
    /// <exception cref="KeystoreException">UnusablePassword, ParametersOutOfBounds, OutOfMemory, or UnsupportedKdf (PBKDF2 is not written).</exception>
    public static string Encrypt(SigningKey key, ReadOnlySpan<char> password, KeystoreOptions? options = null)
    {
        var kdf = options?.Kdf ?? KeystoreKdf.Default;
        var description = options?.Description ?? "";
        if (kdf is KeystoreKdf.Pbkdf2)
        {
            throw new KeystoreException(KeystoreFault.UnsupportedKdf, "pbkdf2 is read but not written; choose argon2id or scrypt");
        }

        if (description.Length > 1000)
        {
            throw new KeystoreException(
                KeystoreFault.TooLarge, $"the description has {description.Length} characters; at most 1000 are allowed");
        }

        var salt = RandomNumberGenerator.GetBytes(kdf.SaltSize);
        kdf.Require(salt.Length);
        var iv = RandomNumberGenerator.GetBytes(BlockSize);
        var secret = GC.AllocateArray<byte>(SeedSize, pinned: true);
        Span<byte> derived = stackalloc byte[KeystoreKdf.DerivedKeySize];
        var encoded = KeystorePassword.Encode(password);
        try
        {
            if (encoded.Length == 0)
            {
                throw new KeystoreException(
                    KeystoreFault.UnusablePassword, "the password is empty (control characters do not count); choose one");
            }

            kdf.Derive(encoded, salt, derived);
            key.ExportSeed(secret);
            ApplyCounterMode(derived[..BlockSize], iv, secret); // encrypts in place: from here on it is no secret
            return KeystoreJson.Write(new KeystoreContent(
                kdf, salt, Checksum(derived, secret).ToArray(), iv, secret, key.PublicKey.ToArray(), description));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(encoded);
            CryptographicOperations.ZeroMemory(derived);
        }
    }

    /// <summary>The key inside. The public key that it states is checked against the secret.</summary>
    /// <exception cref="KeystoreException">Any fault but those of files.</exception>
    public static SigningKey Decrypt(string json, ReadOnlySpan<char> password)
    {
        var content = KeystoreJson.Read(json);
        var stated = StatedKey(content);
        Span<byte> seed = stackalloc byte[SeedSize];
        try
        {
            DecryptSecret(content, password, seed);
            var key = SigningKey.FromSeed(seed);
            if (key.PublicKey == stated)
            {
                return key;
            }

            var actual = key.PublicKey;
            key.Dispose();
            throw new KeystoreException(
                KeystoreFault.KeyMismatch,
                $"the keystore states public key {stated}, but holds the secret of {actual}: it was altered or is of another signature scheme");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    /// <summary>The public key that a keystore states; without the password, and so unproven.</summary>
    /// <exception cref="KeystoreException">Malformed, UnsupportedVersion, UnsupportedKdf, UnsupportedCipher, ParametersOutOfBounds or TooLarge.</exception>
    public static PublicKey StatedPublicKey(string json) => StatedKey(KeystoreJson.Read(json));

    /// <summary>Decrypts the 32 bytes, whatever they are.</summary>
    internal static void DecryptSecret(KeystoreContent content, ReadOnlySpan<char> password, Span<byte> secret)
    {
        content.Kdf.Require(content.Salt.Length);
        Span<byte> derived = stackalloc byte[KeystoreKdf.DerivedKeySize];
        var encoded = KeystorePassword.Encode(password);
        try
        {
            content.Kdf.Derive(encoded, content.Salt, derived);
            if (!CryptographicOperations.FixedTimeEquals(Checksum(derived, content.CipherText).ToArray(), content.Checksum))
            {
                throw new KeystoreException(
                    KeystoreFault.WrongPassword,
                    "wrong password, or the keystore's bytes were altered: try again, or restore the file from a backup");
            }

            content.CipherText.CopyTo(secret);
            ApplyCounterMode(derived[..BlockSize], content.Iv, secret);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(encoded);
            CryptographicOperations.ZeroMemory(derived);
        }
    }

    private static PublicKey StatedKey(KeystoreContent content) => content.PublicKey.Length == PublicKey.Size
        ? new PublicKey(content.PublicKey)
        : throw new KeystoreException(
            KeystoreFault.KeyMismatch,
            $"the keystore's pubkey has {content.PublicKey.Length} bytes; an Ed25519 key has {PublicKey.Size} "
            + "(48 would be a BLS key of Ethereum)");

    private static Hash256 Checksum(ReadOnlySpan<byte> derived, ReadOnlySpan<byte> cipherText)
    {
        Span<byte> input = stackalloc byte[BlockSize + SeedSize];
        derived[BlockSize..].CopyTo(input);
        cipherText.CopyTo(input[BlockSize..]);
        try
        {
            return Sha256.Hash(input);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(input);
        }
    }

    // AES-128-CTR over whole blocks; the counter is the 128-bit big-endian number that starts at the iv.
    private static void ApplyCounterMode(ReadOnlySpan<byte> key, ReadOnlySpan<byte> iv, Span<byte> data)
    {
        using var aes = Aes.Create();
        aes.SetKey(key);
        Span<byte> counter = stackalloc byte[BlockSize];
        Span<byte> stream = stackalloc byte[BlockSize];
        iv.CopyTo(counter);
        for (var offset = 0; offset < data.Length; offset += BlockSize)
        {
            aes.EncryptEcb(counter, stream, PaddingMode.None);
            for (var i = 0; i < BlockSize; i++)
            {
                data[offset + i] ^= stream[i];
            }

            for (var i = BlockSize - 1; i >= 0 && ++counter[i] == 0; i--)
            {
            }
        }

        CryptographicOperations.ZeroMemory(stream);
    }
}
