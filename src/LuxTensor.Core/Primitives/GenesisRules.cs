using System.Numerics;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;

namespace LuxTensor.Core;

/// <summary>The ranges of a chain's rules, and their encoding.</summary>
internal static class GenesisRules
{
    private const ulong Hour = 3_600_000;
    private const ulong MaxDelay = 1_000_000;
    private const ulong MaxTime = 253_402_300_799_999; // the last millisecond of the year 9999, the last that calendars print

    /// <summary>The first value that is out of range, or null (GEN-3).</summary>
    internal static GenesisRejection.BadRule? Check(ChainRules rules, ulong time) =>
        // Clients of JavaScript hold the chain id in a double.
        InRange(nameof(ChainRules.ChainId), rules.ChainId, 1, (1UL << 53) - 1)
        ?? InRange(nameof(Genesis.Time), time, 1, MaxTime)
        ?? InRange(nameof(ChainRules.EpochLength), rules.EpochLength, 1, 1_000_000_000)
        ?? InRange(nameof(ChainRules.QuorumPercent), rules.QuorumPercent, 67, 100)
        ?? InRange(nameof(ChainRules.BlockInterval), rules.BlockInterval, 1, Hour)
        ?? InRange(nameof(ChainRules.RunAhead), rules.RunAhead, 1, 64)
        // Whatever may grow above the final block must be able to give way, or a node could be stuck on a losing branch.
        ?? InRange(nameof(ChainRules.MaxReorganisation), rules.MaxReorganisation, rules.RunAhead, 64)
        ?? InRange(nameof(ChainRules.SafeDepth), rules.SafeDepth, 1, 64)
        ?? InRange(nameof(ChainRules.RoundTimeout), rules.RoundTimeout, 1, Hour)
        // Timeouts that did not grow could stay below the network's delay for ever.
        ?? InRange(nameof(ChainRules.RoundTimeoutStep), rules.RoundTimeoutStep, 1, Hour)
        ?? InRange(nameof(ChainRules.ClockBound), rules.ClockBound, 1, Hour)
        ?? InRange(nameof(ChainRules.MinimumFee), rules.MinimumFee, 0, Quorum.MaxTotalStake)
        ?? InRange(nameof(ChainRules.MinimumStake), rules.MinimumStake, 1, Quorum.MaxTotalStake)
        ?? InRange(nameof(ChainRules.MaxActiveValidators), rules.MaxActiveValidators, 1, WireLimits.MaxValidators)
        // The set of an epoch is fixed one epoch ahead (EPO-4), so nothing can take effect in less than two.
        ?? InRange(nameof(ChainRules.ActivationDelay), rules.ActivationDelay, 2, MaxDelay)
        ?? InRange(nameof(ChainRules.ExitDelay), rules.ExitDelay, 2, MaxDelay)
        ?? InRange(nameof(ChainRules.WithdrawalDelay), rules.WithdrawalDelay, 1, MaxDelay)
        // Stake that could leave before the evidence against it is too old could not be punished (EVI-3).
        ?? InRange(nameof(ChainRules.EvidenceMaxAge), rules.EvidenceMaxAge, 0, rules.WithdrawalDelay - 1)
        ?? InRange(nameof(ChainRules.ChurnLimit), rules.ChurnLimit, 1, WireLimits.MaxValidators)
        ?? InRange(nameof(ChainRules.SlashPercent), rules.SlashPercent, 1, 100)
        ?? InRange(nameof(ChainRules.ReporterPercent), rules.ReporterPercent, 0, 100)
        ?? InRange(nameof(ChainRules.Subsidy), rules.Subsidy, 0, Quorum.MaxTotalStake)
        ?? InRange(nameof(ChainRules.MaxTransactionBytes), rules.MaxTransactionBytes, WireLimits.ReportBytes, WireLimits.MaxBlockBytes)
        ?? InRange(nameof(ChainRules.MaxBlockBytes), rules.MaxBlockBytes, LeastBlockBytes(rules), WireLimits.MaxBlockBytes);

    /// <summary>Writes every rule, in the order of <see cref="ChainRules"/>.</summary>
    internal static void Write(WireWriter writer, ChainRules rules) => writer
        .UInt64(rules.ChainId).UInt64(rules.EpochLength).UInt32((uint)rules.QuorumPercent).UInt64(rules.BlockInterval)
        .UInt64(rules.RunAhead).UInt64(rules.SafeDepth).UInt64(rules.MaxReorganisation)
        .UInt64(rules.RoundTimeout).UInt64(rules.RoundTimeoutStep).UInt64(rules.ClockBound)
        .UInt32((uint)rules.MaxBlockBytes).UInt32((uint)rules.MaxTransactionBytes)
        .UInt128(rules.MinimumFee).UInt128(rules.MinimumStake).UInt32((uint)rules.MaxActiveValidators)
        .UInt64(rules.ActivationDelay).UInt64(rules.ExitDelay).UInt64(rules.WithdrawalDelay).UInt64(rules.EvidenceMaxAge)
        .UInt32((uint)rules.ChurnLimit).UInt32((uint)rules.SlashPercent).UInt32((uint)rules.ReporterPercent).UInt128(rules.Subsidy);

    /// <summary>Reads the rules; their ranges are not checked here.</summary>
    internal static ChainRules Read(ref WireReader reader) => new()
    {
        ChainId = reader.UInt64(),
        EpochLength = reader.UInt64(),
        QuorumPercent = unchecked((int)reader.UInt32()),
        BlockInterval = reader.UInt64(),
        RunAhead = reader.UInt64(),
        SafeDepth = reader.UInt64(),
        MaxReorganisation = reader.UInt64(),
        RoundTimeout = reader.UInt64(),
        RoundTimeoutStep = reader.UInt64(),
        ClockBound = reader.UInt64(),
        MaxBlockBytes = unchecked((int)reader.UInt32()),
        MaxTransactionBytes = unchecked((int)reader.UInt32()),
        MinimumFee = reader.UInt128(),
        MinimumStake = reader.UInt128(),
        MaxActiveValidators = unchecked((int)reader.UInt32()),
        ActivationDelay = reader.UInt64(),
        ExitDelay = reader.UInt64(),
        WithdrawalDelay = reader.UInt64(),
        EvidenceMaxAge = reader.UInt64(),
        ChurnLimit = unchecked((int)reader.UInt32()),
        SlashPercent = unchecked((int)reader.UInt32()),
        ReporterPercent = unchecked((int)reader.UInt32()),
        Subsidy = reader.UInt128(),
    };

    // The largest transaction must fit a block beside a certificate that everybody signed; at least 1 KiB.
    private static int LeastBlockBytes(ChainRules rules) =>
        int.Max(1 << 10, Block.OverheadBytes(rules.MaxActiveValidators) + 4 + rules.MaxTransactionBytes);

    private static GenesisRejection.BadRule? InRange(string name, BigInteger value, BigInteger least, BigInteger most) =>
        value >= least && value <= most ? null : new GenesisRejection.BadRule(name, $"{value}", $"{least} to {most}");
}
