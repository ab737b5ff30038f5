namespace LuxTensor.Crypto;

/// <summary>
/// Ed25519 (RFC 8032) under one acceptance rule, whichever native library does the arithmetic: validators must never disagree about a
/// signature. libsodium is used where it is installed, libcrypto otherwise; the environment variable LUXTENSOR_CRYPTO names one of them.
/// </summary>
public static class Ed25519
{
    private static readonly AdmissionMemo Admitted = new();

    /// <summary>The library in use and its version: "libsodium 1.0.18" or "libcrypto 3.0.19".</summary>
    /// <exception cref="PlatformNotSupportedException">Neither library is installed, or not the one that LUXTENSOR_CRYPTO names.</exception>
    public static string Provider => Ed25519Provider.Current.Name;

    /// <summary>
    /// Whether a key may be let in: canonical encoding of a point of the prime-order subgroup that is not the identity. Checked once, where
    /// a key enters (genesis, a stake, the first transaction of a sender); costs two to three verifications, and next to nothing for a key
    /// seen lately.
    /// </summary>
    public static bool IsAdmissible(PublicKey key) => Admitted.IsAdmissible(key, static asked => Ed25519Provider.Current.IsAdmissible(asked));

    /// <summary>
    /// Whether the signature is the key's on the message: S &lt; L, R not the identity in any encoding, and R's bytes equal
    /// encode(S·B − k·A). The key must be admissible for the answer to mean anything; the answer is the same with every provider regardless.
    /// </summary>
    public static bool Verify(PublicKey key, ReadOnlySpan<byte> message, Signature signature) =>
        Ed25519Provider.Current.Verify(key, message, signature);

    /// <summary>
    /// Runs the provider against known answers, and has the <see cref="SignatureEngine"/> chosen and tested; for start-up, before any key is used.
    /// Takes some tenths of a second, once a process.
    /// </summary>
    /// <exception cref="CryptoSelfTestException">A check of the provider failed; the message names it. An engine that fails is not used, and says so.</exception>
    public static void SelfTest()
    {
        Ed25519SelfTest.Run(Ed25519Provider.Current);
        _ = SignatureEngine.Shared;
    }
}
