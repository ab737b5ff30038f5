using LuxTensor.Crypto;

namespace LuxTensor.Tests.Crypto;

/// <summary>Both providers in one process, whatever the environment chose for the public API.</summary>
internal static class Providers
{
    internal const string Sodium = "libsodium";
    internal const string Libcrypto = "libcrypto";

    private static readonly Dictionary<string, Ed25519Provider> ByName = new(StringComparer.Ordinal)
    {
        [Sodium] = Ed25519Provider.Choose(Sodium),
        [Libcrypto] = Ed25519Provider.Choose(Libcrypto),
    };

    internal static IReadOnlyCollection<Ed25519Provider> All => ByName.Values;

    internal static Ed25519Provider Get(string name) => ByName[name];

    /// <summary>The providers' common answer; fails where they differ.</summary>
    internal static bool Verify(PublicKey key, ReadOnlySpan<byte> message, Signature signature)
    {
        var sodium = Get(Sodium).Verify(key, message, signature);
        Assert.Equal(sodium, Get(Libcrypto).Verify(key, message, signature));
        return sodium;
    }

    /// <summary>The providers' common answer; fails where they differ.</summary>
    internal static bool IsAdmissible(PublicKey key)
    {
        var sodium = Get(Sodium).IsAdmissible(key);
        Assert.Equal(sodium, Get(Libcrypto).IsAdmissible(key));
        return sodium;
    }
}
