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
    /// are new, for the store.
    /// </summary>
    public static (CollectorState Next, ImmutableArray<NodeInput> Told, ImmutableArray<Vote> Kept) Take(
        CollectorState state, IEnumerable<Verified<Vote>> votes, uint round)
    {
        var told = ImmutableArray.CreateBuilder<NodeInput>();
        var kept = ImmutableArray.CreateBuilder<Vote>();
        var counted = BlockFinality.Advance(state.Votes, round);
        foreach (var vote in votes)
        {
            var (next, refusal, facts) = BlockFinality.Count(counted, vote);
            counted = next;
            if (refusal is CountRefusal.None or CountRefusal.Conflicting)
            {
                kept.Add(vote.Value);
            }

            if (state.Decided is { } certificate)
            {
                told.AddRange(facts.OfType<FinalityFact.Conflict>().Select(conflict => new NodeInput.Told(counted.Height, conflict)));
                if (refusal == CountRefusal.None && IsMissing(state, certificate, vote.Value))
                {
                    told.Add(new NodeInput.CastVote(vote, PeerId.Self));
                }
            }
            else
            {
                told.AddRange(facts.Select(fact => new NodeInput.Told(counted.Height, fact)));
            }
        }

        return (state with { Votes = counted }, told.ToImmutable(), kept.ToImmutable());
    }

    /// <summary>The chain decides this height and is in a round: everything that the votes establish, again.</summary>
    public static (CollectorState Next, ImmutableArray<NodeInput> Told) Enter(CollectorState state, uint round)
    {
        var counted = BlockFinality.Advance(state.Votes, round);
        var facts = BlockFinality.Facts(counted).Concat(counted.Conflicts.Values.Select(evidence => new FinalityFact.Conflict(evidence)));
        return (state with { Votes = counted }, [.. facts.Select(fact => new NodeInput.Told(counted.Height, fact))]);
    }

    /// <summary>The height is final: the votes of those who are missing from its certificate.</summary>
    public static (CollectorState Next, ImmutableArray<NodeInput> Told) Decide(CollectorState state, Certificate certificate)
    {
        if (state.Decided is not null)
        {
            return (state, []);
        }

        var votes = state.Votes.Tallies.Where(tally => tally.Key.Phase != Phase.Propose).SelectMany(tally => tally.Value.Votes)
            .Where(vote => IsMissing(state, certificate, vote));
        return (state with { Decided = certificate }, [.. votes.Select(vote => new NodeInput.CastVote(Verifier.Attested(vote), PeerId.Self))]);
    }

    /// <summary>The counted votes of a round and phase.</summary>
    public static IEnumerable<Vote> VotesOf(CollectorState state, uint round, Phase phase) =>
        state.Votes.Tallies.TryGetValue((round, phase), out var tally) ? tally.Votes : [];

    private static bool IsMissing(CollectorState state, Certificate certificate, Vote vote) =>
        vote.Ballot.Phase != Phase.Propose && !certificate.HasSigned(state.Votes.Set.IndexOf(vote.Validator));
}
