namespace LuxTensor.Core.Wire;

/// <summary>Upper bounds that hold on every chain; a chain's own rules may be tighter (WIR-2).</summary>
public static class WireLimits
{
    /// <summary>Most validators in an epoch.</summary>
    public const int MaxValidators = 10_000;

    /// <summary>Most bytes in one message of the network.</summary>
    public const int MaxMessageBytes = 18 << 20;

    /// <summary>Most bytes in one block; a message has room for it and two certificates of the largest set.</summary>
    public const int MaxBlockBytes = 16 << 20;

    /// <summary>Most blocks in one answer.</summary>
    public const int MaxBlocksPerMessage = 128;

    /// <summary>Least bytes of an encoded transaction: an exit, which has no body.</summary>
    public const int MinTransactionBytes = 1 + 8 + 32 + 8 + 16 + 1 + 64;

    /// <summary>Bytes of the largest transaction of fixed size, evidence; every chain's limit allows one.</summary>
    public const int ReportBytes = MinTransactionBytes + Slashing.DoubleVote.Size;
}
