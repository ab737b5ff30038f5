using LuxTensor.Crypto;

namespace LuxTensor.Tests.Node;

/// <summary>Keys from numbers, and keystores whose password costs next to nothing.</summary>
internal static class Keys
{
    internal static SigningKey Of(int number)
    {
        var seed = new byte[32];
        BitConverter.TryWriteBytes(seed, number);
        return SigningKey.FromSeed(Sha256.Hash(seed).ToArray());
    }

    internal static string Text(int number)
    {
        using var key = Of(number);
        return key.PublicKey.ToString();
    }

    internal static string Keystore(int number, string password)
    {
        using var key = Of(number);
        KeystoreKdf light = KeystoreKdf.Default is KeystoreKdf.Argon2id
            ? new KeystoreKdf.Argon2id(OpsLimit: 1, MemLimit: 64 << 10)
            : new KeystoreKdf.Scrypt(N: 1 << 10, R: 8, P: 1);
        return Crypto.Keystore.Encrypt(key, password, new KeystoreOptions { Kdf = light });
    }
}
