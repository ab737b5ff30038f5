using System.Collections.Immutable;
using System.Runtime.InteropServices;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Finality;

/// <summary>What became of votes that were counted together.</summary>
/// <param name="Next">The state after them; the one before where nothing changed.</param>
/// <param name="Refusals">One for each vote, in their order.</param>
/// <param name="Facts">What they established, in the order in which they did.</param>
public readonly record struct CountedVotes(FinalityState Next, ImmutableArray<CountRefusal> Refusals, ImmutableArray<FinalityFact> Facts);

/// <summary>The machine that counts votes. One a height and not one a block: a double vote shows only to whoever sees both.</summary>
public static class BlockFinality
{
    /// <summary>A height without votes.</summary>
    public static FinalityState Begin(ulong height, EpochSnapshot set, int quorumPercent) => new()
    {
        Height = height,
        Set = set,
        QuorumStake = Quorum.Least(set.TotalStake, quorumPercent),
        LatestRounds = LatestRounds.None(set.Validators.Length),
    };

    /// <summary>Counts a verified vote (FIN-2) and tells what it established.</summary>
    public static (FinalityState Next, CountRefusal Refusal, ImmutableArray<FinalityFact> Facts) Count(FinalityState state, Verified<Vote> verified)
    {
        var vote = verified.Value;
        var count = new VoteCount(state);
        count.Begin(vote.Ballot);
        var refusal = count.Add(vote.Validator, vote.Signature);
        return (count.Finish(), refusal, count.Facts);
    }

    /// <summary>Counts verified votes as if one by one, at the cost of one copy of what they change (FIN-2).</summary>
    public static CountedVotes Count(FinalityState state, ReadOnlySpan<Verified<VoteRun>> runs)
    {
        var total = 0;
        foreach (var run in runs)
        {
            total += run.Value.Count;
        }

        var refusals = new CountRefusal[total];
        var rest = refusals.AsSpan();
        var count = new VoteCount(state);
        foreach (var verified in runs)
        {
            var run = verified.Value;
            count.Begin(run.Ballot);
            for (var i = 0; i < run.Count; i++)
            {
                rest[i] = count.Add(run.ValidatorAt(i), run.SignatureAt(i));
            }

            rest = rest[run.Count..];
        }

        return new CountedVotes(count.Finish(), ImmutableCollectionsMarshal.AsImmutableArray(refusals), count.Facts);
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
            if (tally.BallotOf(index) is { } counted && counted != certificate.Ballot && !state.Conflicts.ContainsKey(validator))
            {
                var evidence = new Evidence(tally[index]!, new Vote(certificate.Ballot, validator, signature));
                state = state with { Conflicts = state.Conflicts.Add(validator, evidence) };
                conflicts.Add(new FinalityFact.Conflict(evidence));
            }
        }

        return (state, conflicts.ToImmutable());
    }

    /// <summary>Notes that a validator was seen in a round, unless it was in a later one; tells nothing of what follows (FIN-5).</summary>
    public static FinalityState Place(FinalityState state, int index, uint round)
    {
        var rounds = new RoundCount(state);
        rounds.See(index, round);
        return rounds.Finish(state);
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
        foreach (var ((round, phase), tally) in state.Tallies.Where(static entry => entry.Key.Phase != Phase.Propose))
        {
            if (Crosses(state, 0, tally.Total))
            {
                facts.Add(new FinalityFact.AnyQuorum(round, phase));
            }

            facts.AddRange(tally.Stakes.Where(entry => Crosses(state, 0, entry.Stake)).Select(entry => QuorumOf(tally, tally.BallotFor(entry.Block))));
        }

        if (SkipRound(state, state.StakeByRound.AsSpan()) is { } skip)
        {
            facts.Add(new FinalityFact.RoundSkip(skip));
        }

        return facts.ToImmutable();
    }

    /// <summary>Where the height is now.</summary>
    public static FinalityProgress Progress(FinalityState state)
    {
        var round = state.Round; // not the highest voted in: one voter could choose that
        var prepares = state.Tallies.GetValueOrDefault((round, Phase.Prepare));
        var precommits = state.Tallies.GetValueOrDefault((round, Phase.Precommit));
        var leading = Leading(precommits) ?? Leading(prepares) ?? Leading(state.Tallies.GetValueOrDefault((round, Phase.Propose))) ?? Hash256.Zero;
        var missing = state.Set.Validators.Where((_, index) => precommits?.BallotOf(index)?.BlockHash != leading || leading.IsZero)
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

    /// <summary>Whether a stake became a quorum.</summary>
    internal static bool Crosses(FinalityState state, UInt128 was, UInt128 now) => was < state.QuorumStake && now >= state.QuorumStake;

    /// <summary>FIN-3: a quorum for a block, with its certificate, or for nil.</summary>
    internal static FinalityFact QuorumOf(PhaseTally tally, Ballot ballot) => ballot.IsNil
        ? new FinalityFact.NilQuorum(ballot.Round, ballot.Phase)
        : new FinalityFact.BlockQuorum(tally.CertificateFor(ballot.BlockHash));

    /// <summary>FIN-5: the highest round above the current one that more than a third of the stake has reached, or null.</summary>
    internal static uint? SkipRound(FinalityState state, ReadOnlySpan<(uint Round, UInt128 Stake)> latestFirst)
    {
        UInt128 stake = 0;
        foreach (var (round, there) in latestFirst)
        {
            if (round <= state.Round)
            {
                break;
            }

            stake += there;
            if (Quorum.IsBlocking(stake, state.Set.TotalStake))
            {
                return round;
            }
        }

        return null;
    }
}
