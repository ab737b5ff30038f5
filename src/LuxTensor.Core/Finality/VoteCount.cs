using System.Collections.Immutable;
using System.Runtime.InteropServices;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Finality;

/// <summary>
/// A count under way: the votes of one call. What it changes it copies once, whatever the number of votes. Owned by that call;
/// the state that it began with stays as it is.
/// </summary>
internal sealed class VoteCount(FinalityState state)
{
    private readonly EpochSnapshot set = state.Set;
    private readonly List<(uint Round, Phase Phase, PhaseTally.Draft Tally)> tallies = [];
    private RoundCount rounds = new(state);
    private ImmutableSortedDictionary<Address, Evidence> conflicts = state.Conflicts;
    private ImmutableArray<FinalityFact>.Builder? facts;
    private Ballot ballot; // what the votes added now say
    private PhaseTally.Draft? tally; // theirs; null where votes of their round are not kept
    private int value; // their block's in it; 0 as long as nobody voted for that

    /// <summary>What was established since it was last asked.</summary>
    internal ImmutableArray<FinalityFact> Facts => facts?.ToImmutable() ?? [];

    /// <summary>The votes that are added next say this.</summary>
    internal void Begin(in Ballot said)
    {
        var isKept = said.Round <= state.Round + (ulong)FinalityState.Ahead && said.Round + (ulong)FinalityState.Behind >= state.Round;
        ballot = said;
        tally = isKept ? Open(said.Round, said.Phase) : null;
        value = tally?.ValueOf(said.BlockHash) ?? 0;
    }

    /// <summary>Counts a verified vote that says what was begun with (FIN-2).</summary>
    internal CountRefusal Add(Address validator, in Signature signature)
    {
        var index = set.IndexOf(validator);
        if (ballot.Height != state.Height || index < 0)
        {
            return ballot.Height != state.Height ? CountRefusal.WrongHeight : CountRefusal.UnknownValidator;
        }

        // A block may be proposed ahead, for a round in which its proposer is not yet: proposals skip no round.
        if (ballot.Phase != Phase.Propose && rounds.See(index, ballot.Round) is { } skip)
        {
            Tell(new FinalityFact.RoundSkip(skip));
        }

        if (tally is null)
        {
            return CountRefusal.OutsideWindow;
        }

        if (tally[index] is > 0 and var first)
        {
            return first == value ? CountRefusal.Duplicate : Contradict(tally, index, new Vote(ballot, validator, signature));
        }

        value = value > 0 ? value : tally.Begin(ballot);
        var stake = set.Validators[index].Stake;
        var (forBlock, total) = tally.Add(index, value, signature, stake);
        if (ballot.Phase == Phase.Propose)
        {
            return CountRefusal.None;
        }

        // Each threshold lies between two votes, so it is told by exactly one.
        if (BlockFinality.Crosses(state, total - stake, total))
        {
            Tell(new FinalityFact.AnyQuorum(ballot.Round, ballot.Phase));
        }

        if (BlockFinality.Crosses(state, forBlock - stake, forBlock))
        {
            Tell(BlockFinality.QuorumOf(tally.Freeze(), ballot));
        }

        return CountRefusal.None;
    }

    /// <summary>The state with all that was counted; the one it began with where that is nothing.</summary>
    internal FinalityState Finish()
    {
        var next = rounds.Finish(state);
        if (!ReferenceEquals(conflicts, state.Conflicts))
        {
            next = next with { Conflicts = conflicts };
        }

        var counted = state.Tallies;
        foreach (var (round, phase, draft) in tallies)
        {
            counted = draft.IsChanged ? counted.SetItem((round, phase), draft.Freeze()) : counted;
        }

        return ReferenceEquals(counted, state.Tallies) ? next : next with { Tallies = counted };
    }

    /// <summary>FIN-6: the first vote still counts, and the two are evidence, once a validator.</summary>
    private CountRefusal Contradict(PhaseTally.Draft counted, int index, Vote second)
    {
        if (!conflicts.ContainsKey(second.Validator))
        {
            var evidence = new Evidence(counted.Freeze()[index]!, second);
            conflicts = conflicts.Add(second.Validator, evidence);
            Tell(new FinalityFact.Conflict(evidence));
        }

        return CountRefusal.Conflicting;
    }

    private PhaseTally.Draft Open(uint round, Phase phase)
    {
        foreach (ref readonly var open in CollectionsMarshal.AsSpan(tallies))
        {
            if (open.Round == round && open.Phase == phase)
            {
                return open.Tally;
            }
        }

        var draft = new PhaseTally.Draft(state.Tallies.GetValueOrDefault((round, phase)) ?? PhaseTally.Empty(set));
        tallies.Add((round, phase, draft));
        return draft;
    }

    private void Tell(FinalityFact fact) => (facts ??= ImmutableArray.CreateBuilder<FinalityFact>()).Add(fact);
}

/// <summary>The rounds that validators were seen in, while votes are counted.</summary>
internal struct RoundCount(FinalityState state)
{
    private LatestRounds.Draft latest = new(state.LatestRounds);
    private List<(uint Round, UInt128 Stake)>? stakes; // null as long as it is the state's
    private uint? skip;

    /// <summary>Notes that a validator is in a round; gives the round to skip to where that changed (FIN-5).</summary>
    internal uint? See(int index, uint round)
    {
        if (round <= latest[index])
        {
            return null;
        }

        var before = stakes is null ? BlockFinality.SkipRound(state, state.StakeByRound.AsSpan()) : skip;
        Place(index, round);
        skip = BlockFinality.SkipRound(state, CollectionsMarshal.AsSpan(stakes));
        return round > state.Round && skip != before ? skip : null;
    }

    /// <summary>Notes that a validator is in a round, later than the one that it was in.</summary>
    internal void Place(int index, uint round)
    {
        stakes ??= [.. state.StakeByRound];
        var stake = state.Set.Validators[index].Stake;
        if (latest[index] is > 0 and var last)
        {
            var from = PlaceOf(last);
            stakes[from] = (last, stakes[from].Stake - stake);
            if (stakes[from].Stake == 0)
            {
                stakes.RemoveAt(from);
            }
        }

        var to = PlaceOf(round);
        if (to == stakes.Count || stakes[to].Round != round)
        {
            stakes.Insert(to, (round, 0));
        }

        stakes[to] = (round, stakes[to].Stake + stake);
        latest.Set(index, round);
    }

    internal readonly FinalityState Finish(FinalityState before) =>
        stakes is null ? before : before with { LatestRounds = latest.Freeze(), StakeByRound = [.. stakes] };

    /// <summary>The place of a round among the later-first entries, or where it belongs.</summary>
    private readonly int PlaceOf(uint round)
    {
        var (low, high) = (0, stakes!.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = stakes[middle].Round > round ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
