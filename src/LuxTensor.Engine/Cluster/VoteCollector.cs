using System.Collections.Immutable;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;

namespace LuxTensor.Engine.Cluster;

/// <summary>The votes of one height, collected outside the chain's process: immutable.</summary>
/// <param name="Votes">The counted votes.</param>
/// <param name="Decided">The certificate that made the height final; null as long as it is not.</param>
public sealed record CollectorState(FinalityState Votes, Certificate? Decided);

/// <summary>
/// Counts a height's votes for a chain in another process. It tells what they establish, and, once the height is final, whose
/// vote is not in the certificate: the next block counts that as a duty missed.
/// </summary>
public static class VoteCollector
{
    /// <summary>A height without votes.</summary>
    public static CollectorState Begin(ulong height, EpochSnapshot set, int quorumPercent) => new(BlockFinality.Begin(height, set, quorumPercent), null);

    /// <summary>
    /// Counts votes that came while the chain was in <paramref name="round"/>. Gives what to tell the chain, and the votes that
    /// are new, for the store; none once the height is final.
    /// </summary>
    public static (CollectorState Next, ImmutableArray<NodeInput> Told, ImmutableArray<VoteRun> Kept) Take(
        CollectorState state, ReadOnlySpan<Verified<VoteRun>> votes, uint round)
    {
        var (counted, refusals, facts) = BlockFinality.Count(BlockFinality.Advance(state.Votes, round), votes);
        if (state.Decided is not { } certificate)
        {
            return (state with { Votes = counted }, [.. facts.Select(fact => new NodeInput.Told(counted.Height, fact))], Kept(votes, refusals.AsSpan()));
        }

        var (compared, conflicts) = BlockFinality.Compare(counted, certificate);
        var told = ImmutableArray.CreateBuilder<NodeInput>();
        told.AddRange(facts.OfType<FinalityFact.Conflict>().Concat(conflicts).Select(conflict => new NodeInput.Told(counted.Height, conflict)));
        var at = 0;
        foreach (var vote in votes.ToArray().SelectMany(static run => run.Value.Votes))
        {
            if (refusals[at++] == CountRefusal.None && IsMissing(state, certificate, vote))
            {
                told.Add(new NodeInput.CastVote(Verifier.Attested(vote), PeerId.Self));
            }
        }

        return (state with { Votes = compared }, told.ToImmutable(), []);
    }

    /// <summary>The chain decides this height and is in a round: everything that the votes establish, again.</summary>
    public static (CollectorState Next, ImmutableArray<NodeInput> Told) Enter(CollectorState state, uint round)
    {
        var counted = BlockFinality.Advance(state.Votes, round);
        var facts = BlockFinality.Facts(counted).Concat(counted.Conflicts.Values.Select(evidence => new FinalityFact.Conflict(evidence)));
        return (state with { Votes = counted }, [.. facts.Select(fact => new NodeInput.Told(counted.Height, fact))]);
    }

    /// <summary>The height is final: the votes of those who are missing from its certificate, and the double votes that it shows (FIN-10).</summary>
    public static (CollectorState Next, ImmutableArray<NodeInput> Told) Decide(CollectorState state, Certificate certificate)
    {
        if (state.Decided is not null)
        {
            return (state, []);
        }

        int[] missing = [.. Enumerable.Range(0, state.Votes.Set.Validators.Length).Where(index => !certificate.HasSigned(index))];
        var votes = state.Votes.Tallies.Where(static tally => tally.Key.Phase != Phase.Propose).SelectMany(tally => missing.Select(index => tally.Value[index])).OfType<Vote>();
        var (compared, conflicts) = BlockFinality.Compare(state.Votes, certificate);
        return (new CollectorState(compared, certificate), [
            .. conflicts.Select(conflict => new NodeInput.Told(compared.Height, conflict)),
            .. votes.Select(static vote => new NodeInput.CastVote(Verifier.Attested(vote), PeerId.Self)),
        ]);
    }

    /// <summary>The counted votes of a round and phase.</summary>
    public static IEnumerable<Vote> VotesOf(CollectorState state, uint round, Phase phase) =>
        state.Votes.Tallies.TryGetValue((round, phase), out var tally) ? tally.Votes : [];

    private static ImmutableArray<VoteRun> Kept(ReadOnlySpan<Verified<VoteRun>> votes, ReadOnlySpan<CountRefusal> refusals)
    {
        var kept = ImmutableArray.CreateBuilder<VoteRun>(votes.Length);
        foreach (var verified in votes)
        {
            var run = verified.Value;
            var mine = refusals[..run.Count];
            refusals = refusals[run.Count..];
            for (var from = 0; from < mine.Length;)
            {
                var unwanted = mine[from..].IndexOfAnyExcept(CountRefusal.None, CountRefusal.Conflicting);
                var to = unwanted < 0 ? mine.Length : from + unwanted;
                if (to > from)
                {
                    kept.Add(run.Slice(from, to));
                }

                from = to + 1;
            }
        }

        return kept.ToImmutable();
    }

    private static bool IsMissing(CollectorState state, Certificate certificate, Vote vote) =>
        vote.Ballot.Phase != Phase.Propose && !certificate.HasSigned(state.Votes.Set.IndexOf(vote.Validator));
}
