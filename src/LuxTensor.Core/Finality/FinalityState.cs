using System.Collections.Immutable;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Finality;

/// <summary>
/// The verified votes of one height: every round, phase and competing block (FIN-2). Immutable.
/// Memory is bounded: votes are kept for rounds from <see cref="Behind"/> below to <see cref="Ahead"/> above the current
/// one, one a (validator, round, phase), and beyond that one round number a validator.
/// </summary>
public sealed record FinalityState
{
    /// <summary>Rounds below the current one whose votes are kept.</summary>
    public const uint Behind = 32;

    /// <summary>Rounds above the current one whose votes are kept.</summary>
    public const uint Ahead = 8;

    /// <summary>The height.</summary>
    public required ulong Height { get; init; }

    /// <summary>The epoch's frozen set.</summary>
    public required EpochSnapshot Set { get; init; }

    /// <summary>The least stake that is a quorum (QUO-1).</summary>
    public required UInt128 QuorumStake { get; init; }

    /// <summary>The round that the chain is in.</summary>
    public uint Round { get; init; }

    /// <summary>Tallies by (round, phase).</summary>
    public ImmutableSortedDictionary<(uint Round, Phase Phase), PhaseTally> Tallies { get; init; } =
        ImmutableSortedDictionary<(uint, Phase), PhaseTally>.Empty;

    /// <summary>The latest round in which each validator was seen.</summary>
    public required LatestRounds LatestRounds { get; init; }

    /// <summary>What <see cref="LatestRounds"/> comes to: the stake in each round above 0, latest first.</summary>
    public ImmutableArray<(uint Round, UInt128 Stake)> StakeByRound { get; init; } = [];

    /// <summary>One conflict a validator.</summary>
    public ImmutableSortedDictionary<Address, Evidence> Conflicts { get; init; } = ImmutableSortedDictionary<Address, Evidence>.Empty;
}

/// <summary>How far a height is, at any time (FIN-8).</summary>
/// <param name="Height">The height.</param>
/// <param name="Round">The round the votes below are of.</param>
/// <param name="Prepared">Stake that prepared the leading block.</param>
/// <param name="Precommitted">Stake that precommitted the leading block.</param>
/// <param name="Total">The epoch's stake.</param>
/// <param name="Block">The leading block of the round: most precommits, then prepares; zero for none.</param>
/// <param name="Missing">Validators whose precommit for it is not counted.</param>
public sealed record FinalityProgress(
    ulong Height, uint Round, UInt128 Prepared, UInt128 Precommitted, UInt128 Total, Hash256 Block, ImmutableArray<Address> Missing)
{
    /// <summary>Whole percent of the stake that precommitted, rounded down.</summary>
    public int Percent => (int)(Precommitted * 100 / Total);
}
