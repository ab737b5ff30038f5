namespace LuxTensor.Core;

/// <summary>
/// The numbers on which all nodes of a chain agree. They come from the genesis and never change (GEN-1).
/// Durations are milliseconds, sizes bytes, amounts base units.
/// </summary>
public sealed record ChainRules
{
    /// <summary>Base units in one token: 10^18 (PRM-3).</summary>
    public static readonly UInt128 Token = 1_000_000_000_000_000_000;

    /// <summary>Keeps signatures of one chain from meaning anything on another.</summary>
    public required ulong ChainId { get; init; }

    /// <summary>Heights in an epoch.</summary>
    public ulong EpochLength { get; init; } = 32;

    /// <summary>Percent of the stake that must sign, beside the fixed "more than two thirds"; 67 to 100.</summary>
    public int QuorumPercent { get; init; } = 67;

    /// <summary>Least time between a block and its parent.</summary>
    public ulong BlockInterval { get; init; } = 1_000;

    /// <summary>How far the newest block may be ahead of the last final one; 1 waits for finality.</summary>
    public ulong RunAhead { get; init; } = 64;

    /// <summary>Depth without a certificate at which a block is called safe.</summary>
    public ulong SafeDepth { get; init; } = 32;

    /// <summary>The deepest reorganisation that a node carries out.</summary>
    public ulong MaxReorganisation { get; init; } = 64;

    /// <summary>Time that round 0 waits in each phase.</summary>
    public ulong RoundTimeout { get; init; } = 30_000;

    /// <summary>What each later round waits more.</summary>
    public ulong RoundTimeoutStep { get; init; } = 15_000;

    /// <summary>How far ahead of a node's clock a header's time may be when the node votes for it.</summary>
    public ulong ClockBound { get; init; } = 10_000;

    /// <summary>Largest encoded block.</summary>
    public int MaxBlockBytes { get; init; } = 1 << 20;

    /// <summary>Largest encoded transaction.</summary>
    public int MaxTransactionBytes { get; init; } = 64 << 10;

    /// <summary>Least fee of a transaction.</summary>
    public UInt128 MinimumFee { get; init; } = 1;

    /// <summary>Least stake of a validator.</summary>
    public UInt128 MinimumStake { get; init; } = 32 * Token;

    /// <summary>Most validators that are active in an epoch.</summary>
    public int MaxActiveValidators { get; init; } = 100;

    /// <summary>Epochs from the block that takes a validator in to the first epoch that it may be active in.</summary>
    public ulong ActivationDelay { get; init; } = 2;

    /// <summary>Epochs from the block with an exit to the first epoch without the validator.</summary>
    public ulong ExitDelay { get; init; } = 2;

    /// <summary>Epochs from the first one without a validator until its stake may be withdrawn.</summary>
    public ulong WithdrawalDelay { get; init; } = 256;

    /// <summary>Epochs for which a double vote can be punished; less than <see cref="WithdrawalDelay"/>.</summary>
    public ulong EvidenceMaxAge { get; init; } = 224;

    /// <summary>Most validators that join in one epoch, and most that leave it of their own will.</summary>
    public int ChurnLimit { get; init; } = 4;

    /// <summary>Percent of the stake that a double vote costs.</summary>
    public int SlashPercent { get; init; } = 5;

    /// <summary>Percent of what a double vote costs that goes to the reporter; the rest is burned.</summary>
    public int ReporterPercent { get; init; } = 10;

    /// <summary>What is minted at height h is this × (1 + ln h), base units (RWD-1).</summary>
    public UInt128 Subsidy { get; init; } = Token;

    /// <summary>The epoch of a height (EPO-1).</summary>
    public ulong EpochOf(ulong height) => height / EpochLength;

    /// <summary>The oldest epoch whose double votes a block of a height may punish (EVI-3).</summary>
    public ulong OldestPunishable(ulong height) => EpochOf(height) - ulong.Min(EpochOf(height), EvidenceMaxAge);

    /// <summary>Whether a height is the last of its epoch.</summary>
    public bool EndsEpoch(ulong height) => height % EpochLength == EpochLength - 1;

    /// <summary>Past epochs whose sets a node needs at hand: a block may carry a certificate that is so much older (BLK-7).</summary>
    public ulong EpochsBehind => (RunAhead / EpochLength) + 2;

    /// <summary>How long a phase of <paramref name="round"/> waits (RND-7). Grows without bound, saturating.</summary>
    public ulong TimeoutOf(uint round)
    {
        var timeout = RoundTimeout + ((UInt128)RoundTimeoutStep * round);
        return timeout > long.MaxValue ? long.MaxValue : (ulong)timeout;
    }
}
