using System.Collections.Immutable;
using LuxTensor.Core;
using LuxTensor.Core.Finality;
using LuxTensor.Core.ForkChoice;
using LuxTensor.Core.Voting;

namespace LuxTensor.Engine;

/// <summary>Follows the duties of heights that are final: late precommits, and why somebody is missing (DUT-4, DUT-5).</summary>
internal static class DutyWatch
{
    /// <summary>Whether a precommit for a height that is final is worth verifying.</summary>
    internal static bool IsNews(NodeState state, Vote vote) =>
        state.Watched.TryGetValue(vote.Ballot.Height, out var watch) && watch.IsNews(vote);

    /// <summary>Takes a precommit for a height that is final: it may complete the certificate, explain a miss, or contradict.</summary>
    internal static void TakeLate(NodeTurn turn, Vote vote, ulong now)
    {
        var state = turn.State;
        if (!state.Watched.TryGetValue(vote.Ballot.Height, out var watch))
        {
            return;
        }

        if (watch.Contradiction(vote) is { } evidence)
        {
            if (!state.Offences.ContainsKey(vote.Validator))
            {
                Reporting.Take(turn, watch.Set, [new FinalityFact.Conflict(evidence)]);
            }

            return;
        }

        var next = watch.Take(vote, now);
        if (ReferenceEquals(next, watch))
        {
            return;
        }

        turn.State = state with { Watched = state.Watched.SetItem(vote.Ballot.Height, next) };
        if (next.CountedBy > 0)
        {
            Tell(turn, next, next.Set.IndexOf(vote.Validator)); // what was told before was not all
        }
    }

    /// <summary>Notes why no precommit of a validator can be counted: its guard refused it, or what came did not verify.</summary>
    internal static void Note(NodeTurn turn, ulong height, Address validator, DutyView why)
    {
        var state = turn.State;
        if (height >= state.Chain.Height && !state.RefusedVotes.ContainsKey((height, validator)))
        {
            turn.State = state with { RefusedVotes = state.RefusedVotes.Add((height, validator), why) };
        }
    }

    /// <summary>
    /// A block is final: begins to watch its height, and tells whose duty its certificate counts as missed. A node that catches
    /// up counted no votes and has nothing to tell.
    /// </summary>
    internal static void AfterFinal(NodeTurn turn, BlockNode node, Certificate certificate, FinalityState? votes, ulong now)
    {
        var state = turn.State;
        if (votes is not null && (!votes.Tallies.IsEmpty || !state.CountsVotes))
        {
            var refused = state.RefusedVotes.Where(entry => entry.Key.Height == node.Height).ToDictionary(entry => entry.Key.Validator, entry => entry.Value);
            state = state with { Watched = state.Watched.SetItem(node.Height, HeightWatch.Of(votes, certificate, now, refused)) };
        }

        turn.State = state with
        {
            Watched = state.Watched.RemoveRange(state.Watched.Keys.Where(height => height + HeightWatch.Heights <= node.Height)),
            RefusedVotes = state.RefusedVotes.RemoveRange(state.RefusedVotes.Keys.Where(entry => entry.Height <= node.Height)),
        };
        if (node.Block.Certificate is not { } counted || !turn.State.Watched.TryGetValue(counted.Height, out var watch) || watch.CountedBy > 0)
        {
            return;
        }

        watch = watch with { CountedBy = node.Height };
        turn.State = turn.State with { Watched = turn.State.Watched.SetItem(counted.Height, watch) };
        for (var index = 0; index < watch.Set.Validators.Length; index++)
        {
            if (!counted.HasSigned(index))
            {
                Tell(turn, watch, index);
            }
        }
    }

    /// <summary>DUT-4: the last final block's certificate, with every precommit for it that has come since.</summary>
    internal static Certificate? WholeCertificate(NodeState state) =>
        state.Watched.TryGetValue(state.Chain.Tree.Root.Height, out var watch) ? watch.Whole() : state.Chain.FinalCertificate;

    private static void Tell(NodeTurn turn, HeightWatch watch, int index)
    {
        var view = watch.Missing.GetValueOrDefault(index) ?? new DutyView(MissReason.NotIncluded); // this node's certificate has it
        turn.Store(new MissedDuty(watch.Certificate.Height, watch.Set.Validators[index].Address, watch.CountedBy, view.Reason, view.Detail, view.Voted));
    }
}
