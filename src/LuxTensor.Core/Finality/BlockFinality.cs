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

    private static readonly ImmutableSortedDictionary<uint, UInt128> Nowhere =
        ImmutableSortedDictionary.Create<uint, UInt128>(Comparer<uint>.Create(static (x, y) => y.CompareTo(x)));

    /// <summary>The height.</summary>
    public required ulong Height { get; init; }

    /// <summary>The epoch's frozen set.</summary>
    public required EpochSnapshot Set { get; init; }

    /// <summary>Percent of the stake that a quorum needs, beside two thirds.</summary>
    public required int QuorumPercent { get; init; }

    /// <summary>The round that the chain is in.</summary>
    public uint Round { get; init; }

    /// <summary>Tallies by (round, phase).</summary>
    public ImmutableSortedDictionary<(uint Round, Phase Phase), PhaseTally> Tallies { get; init; } =
        ImmutableSortedDictionary<(uint, Phase), PhaseTally>.Empty;

    /// <summary>The latest round in which each validator was seen, by index; only those seen above round 0.</summary>
    public ImmutableDictionary<int, uint> LatestRounds { get; init; } = ImmutableDictionary<int, uint>.Empty;

    /// <summary>What <see cref="LatestRounds"/> comes to: the stake in each round above 0, latest first.</summary>
    public ImmutableSortedDictionary<uint, UInt128> StakeByRound { get; init; } = Nowhere;

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

/// <summary>The machine that counts votes. One a height and not one a block: a double vote shows only to whoever sees both.</summary>
public static class BlockFinality
{
    /// <summary>A height without votes.</summary>
    public static FinalityState Begin(ulong height, EpochSnapshot set, int quorumPercent) =>
        new() { Height = height, Set = set, QuorumPercent = quorumPercent };

    /// <summary>Counts a verified vote (FIN-2) and tells what it established.</summary>
    public static (FinalityState Next, CountRefusal Refusal, ImmutableArray<FinalityFact> Facts) Count(FinalityState state, Verified<Vote> verified)
    {
        var vote = verified.Value;
        var ballot = vote.Ballot;
        var index = state.Set.IndexOf(vote.Validator);
        if (ballot.Height != state.Height || index < 0)
        {
            return (state, ballot.Height != state.Height ? CountRefusal.WrongHeight : CountRefusal.UnknownValidator, []);
        }

        var facts = ImmutableArray.CreateBuilder<FinalityFact>();
        // A block may be proposed ahead, for a round in which its proposer is not yet: proposals skip no round.
        var next = ballot.Phase == Phase.Propose ? state : SeeRound(state, index, ballot.Round, facts);
        if (ballot.Round > state.Round + (ulong)FinalityState.Ahead || ballot.Round + (ulong)FinalityState.Behind < state.Round)
        {
            return (next, CountRefusal.OutsideWindow, facts.ToImmutable());
        }

        var slot = (ballot.Round, ballot.Phase);
        var tally = state.Tallies.TryGetValue(slot, out var held) ? held : PhaseTally.Empty(state.Set.Validators.Length);
        if (tally[index] is { } first)
        {
            if (first.Ballot == ballot)
            {
                return (next, CountRefusal.Duplicate, facts.ToImmutable());
            }

            if (!state.Conflicts.ContainsKey(vote.Validator))
            {
                var evidence = new Evidence(first, vote);
                next = next with { Conflicts = next.Conflicts.Add(vote.Validator, evidence) };
                facts.Add(new FinalityFact.Conflict(evidence));
            }

            return (next, CountRefusal.Conflicting, facts.ToImmutable());
        }

        var after = tally.Add(index, vote, state.Set.Validators[index].Stake);
        Establish(state, ballot, tally, after, facts);
        return (next with { Tallies = next.Tallies.SetItem(slot, after) }, CountRefusal.None, facts.ToImmutable());
    }

    /// <summary>FIN-10: a verified certificate's signatures are votes: tells which of them contradict votes that are counted.</summary>
    public static (FinalityState Next, ImmutableArray<FinalityFact.Conflict> Conflicts) Compare(FinalityState state, Certificate certificate)
    {
        if (certificate.Height != state.Height || !state.Tallies.TryGetValue((certificate.Ballot.Round, certificate.Ballot.Phase), out var tally)
            || tally.StakeFor(certificate.BlockHash) == tally.Total)
        {
            return (state, []);
        }

        var conflicts = ImmutableArray.CreateBuilder<FinalityFact.Conflict>();
        foreach (var (index, signature) in certificate.Signed)
        {
            var validator = state.Set.Validators[index].Address;
            if (tally[index] is { } counted && counted.Ballot != certificate.Ballot && !state.Conflicts.ContainsKey(validator))
            {
                var evidence = new Evidence(counted, new Vote(certificate.Ballot, validator, signature));
                state = state with { Conflicts = state.Conflicts.Add(validator, evidence) };
                conflicts.Add(new FinalityFact.Conflict(evidence));
            }
        }

        return (state, conflicts.ToImmutable());
    }

    /// <summary>Notes that a validator was seen in a round, unless it was in a later one; tells nothing of what follows (FIN-5).</summary>
    public static FinalityState Place(FinalityState state, int index, uint round)
    {
        var last = state.LatestRounds.GetValueOrDefault(index);
        if (round <= last)
        {
            return state;
        }

        var stake = state.Set.Validators[index].Stake;
        var byRound = state.StakeByRound.SetItem(round, state.StakeByRound.GetValueOrDefault(round) + stake);
        if (last > 0)
        {
            byRound = byRound[last] == stake ? byRound.Remove(last) : byRound.SetItem(last, byRound[last] - stake);
        }

        return state with { LatestRounds = state.LatestRounds.SetItem(index, round), StakeByRound = byRound };
    }

    /// <summary>The chain moved to a later round: forgets rounds that are too old to matter (FIN-7).</summary>
    public static FinalityState Advance(FinalityState state, uint round)
    {
        if (round <= state.Round)
        {
            return state;
        }

        var old = state.Tallies.Keys.Where(slot => slot.Round + (ulong)FinalityState.Behind < round);
        return state with { Round = round, Tallies = state.Tallies.RemoveRange(old) };
    }

    /// <summary>Everything that the counted votes establish, again: for a chain that reaches this height after its votes did.</summary>
    public static ImmutableArray<FinalityFact> Facts(FinalityState state)
    {
        var facts = ImmutableArray.CreateBuilder<FinalityFact>();
        foreach (var ((round, phase), tally) in state.Tallies)
        {
            foreach (var (block, _) in tally.Stakes)
            {
                var ballot = BallotOf(state, round, phase, block);
                Establish(state, ballot, PhaseTally.Empty(state.Set.Validators.Length), tally, facts);
            }
        }

        if (SkipRound(state) is { } skip)
        {
            facts.Add(new FinalityFact.RoundSkip(skip));
        }

        return [.. facts.Distinct()];
    }

    /// <summary>Where the height is now.</summary>
    public static FinalityProgress Progress(FinalityState state)
    {
        var round = state.Round; // not the highest voted in: one voter could choose that
        var prepares = state.Tallies.GetValueOrDefault((round, Phase.Prepare));
        var precommits = state.Tallies.GetValueOrDefault((round, Phase.Precommit));
        var leading = Leading(precommits) ?? Leading(prepares) ?? Leading(state.Tallies.GetValueOrDefault((round, Phase.Propose))) ?? Hash256.Zero;
        var missing = state.Set.Validators.Where((_, index) => precommits?[index]?.Ballot.BlockHash != leading || leading.IsZero)
            .Select(validator => validator.Address);
        return new FinalityProgress(
            state.Height,
            round,
            leading.IsZero ? 0 : prepares?.StakeFor(leading) ?? 0,
            leading.IsZero ? 0 : precommits?.StakeFor(leading) ?? 0,
            state.Set.TotalStake,
            leading,
            [.. missing]);
    }

    private static Hash256? Leading(PhaseTally? tally) =>
        tally is null ? null : tally.Stakes.Where(entry => !entry.Block.IsZero).OrderByDescending(entry => entry.Stake).ThenBy(entry => entry.Block)
            .Select(entry => (Hash256?)entry.Block).FirstOrDefault();

    private static Ballot BallotOf(FinalityState state, uint round, Phase phase, Hash256 block)
    {
        var any = state.Tallies[(round, phase)];
        for (var index = 0; ; index++)
        {
            if (any[index] is { } vote && vote.Ballot.BlockHash == block)
            {
                return vote.Ballot;
            }
        }
    }

    /// <summary>Tells the thresholds that lie between two tallies, so each is told by exactly one vote.</summary>
    private static void Establish(
        FinalityState state, Ballot ballot, PhaseTally before, PhaseTally after, ImmutableArray<FinalityFact>.Builder facts)
    {
        if (ballot.Phase == Phase.Propose)
        {
            return;
        }

        var total = state.Set.TotalStake;
        bool Crossed(UInt128 was, UInt128 now) =>
            !Quorum.IsReached(was, total, state.QuorumPercent) && Quorum.IsReached(now, total, state.QuorumPercent);
        if (Crossed(before.Total, after.Total))
        {
            facts.Add(new FinalityFact.AnyQuorum(ballot.Round, ballot.Phase));
        }

        if (Crossed(before.StakeFor(ballot.BlockHash), after.StakeFor(ballot.BlockHash)))
        {
            facts.Add(ballot.IsNil
                ? new FinalityFact.NilQuorum(ballot.Round, ballot.Phase)
                : new FinalityFact.BlockQuorum(after.CertificateFor(ballot, state.Set)));
        }
    }

    private static FinalityState SeeRound(FinalityState state, int index, uint round, ImmutableArray<FinalityFact>.Builder facts)
    {
        if (round <= state.LatestRounds.GetValueOrDefault(index))
        {
            return state;
        }

        var next = Place(state, index, round);
        if (round > state.Round && SkipRound(next) is { } skip && skip != SkipRound(state))
        {
            facts.Add(new FinalityFact.RoundSkip(skip));
        }

        return next;
    }

    /// <summary>FIN-5: the highest round above the current one that more than a third of the stake has reached, or null.</summary>
    private static uint? SkipRound(FinalityState state)
    {
        UInt128 stake = 0;
        foreach (var (round, there) in state.StakeByRound.TakeWhile(entry => entry.Key > state.Round))
        {
            stake += there;
            if (Quorum.IsBlocking(stake, state.Set.TotalStake))
            {
                return round;
            }
        }

        return null;
    }
}
