namespace LuxTensor.Crypto.Lanes;

/// <summary>A signature that is well-formed (see <see cref="Ed25519Rule"/>), with the table of an admissible key.</summary>
internal readonly record struct Claim(CombTable Table, SignedMessage Signed);

/// <summary>Decides R = encode(S·B - k·A) for many signatures, each by itself.</summary>
internal abstract class EquationEngine
{
    /// <summary>Longer messages are left to the single verification: a vote has 77 bytes.</summary>
    internal const int LongestMessage = 1024;

    internal abstract SignatureEngineKind Kind { get; }

    /// <summary>Whether this processor has the instructions, so that the engine is worth using.</summary>
    internal abstract bool IsHardware { get; }

    /// <summary>What keeps it from being right on this thread now; null where nothing does.</summary>
    internal virtual string? Objection => null;

    /// <summary>Writes a verdict for each claim.</summary>
    internal abstract void Check(ReadOnlySpan<Claim> claims, Span<bool> holds);

    /// <summary>The engine of a kind; null of the kind that is none.</summary>
    internal static EquationEngine? Of(SignatureEngineKind kind) => kind switch
    {
        SignatureEngineKind.Avx512 => new LaneEngine<Lanes8>(kind),
        SignatureEngineKind.Avx2 => new LaneEngine<Lanes4>(kind),
        SignatureEngineKind.Scalar => new ScalarEngine(),
        _ => null,
    };
}
