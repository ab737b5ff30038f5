namespace LuxTensor.Crypto;

/// <summary>A message with who is said to have signed it, for <see cref="SignatureEngine.Verify"/>.</summary>
/// <param name="Key">The key, which must be admissible for the verdict to mean anything.</param>
/// <param name="Message">The bytes that were signed.</param>
/// <param name="Signature">The signature.</param>
public readonly record struct SignedMessage(PublicKey Key, ReadOnlyMemory<byte> Message, Signature Signature);

/// <summary>What computes the verdicts of a <see cref="SignatureEngine"/>.</summary>
public enum SignatureEngineKind
{
    /// <summary>The native library, one signature after the other.</summary>
    Off,

    /// <summary>Tables of multiples, one signature after the other, on any processor.</summary>
    Scalar,

    /// <summary>Tables of multiples, four signatures at once: AVX2 and FMA.</summary>
    Avx2,

    /// <summary>Tables of multiples, eight signatures at once: AVX-512.</summary>
    Avx512,
}

/// <summary>What a <see cref="SignatureEngine"/> does, and has done since it was made.</summary>
/// <param name="Kind">What computes now.</param>
/// <param name="Why">Why it is that: a sentence for the log.</param>
/// <param name="Signatures">Signatures it was asked about.</param>
/// <param name="SingleSignatures">Of these, the ones that the native library verified, for want of a table or of an engine.</param>
/// <param name="ShadowChecks">Signatures that the native library verified again, as a sample.</param>
/// <param name="ShadowMismatches">Of these, the ones that it judged differently; the first turns the engine off.</param>
/// <param name="Tables">Keys with a table.</param>
/// <param name="TableBytes">Bytes of their tables.</param>
public sealed record SignatureEngineStatus(
    SignatureEngineKind Kind, string Why, long Signatures, long SingleSignatures, long ShadowChecks, long ShadowMismatches, int Tables, long TableBytes);
