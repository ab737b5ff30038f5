namespace LuxTensor.Crypto;

/// <summary>What may be chosen about a new keystore.</summary>
public sealed record KeystoreOptions
{
    /// <summary>The derivation and its cost; null takes <see cref="KeystoreKdf.Default"/>.</summary>
    public KeystoreKdf? Kdf { get; init; }

    /// <summary>A line for the human, unencrypted; at most 1,000 characters.</summary>
    public string Description { get; init; } = "";
}
