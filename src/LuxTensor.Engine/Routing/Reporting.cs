using System.Collections.Immutable;
using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Slashing;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;

namespace LuxTensor.Engine;

/// <summary>
/// What a node does about double votes (EVI-7): keeps them, and asks for a transaction against each offender that the last
/// final state has not punished and that none waits against in the pool.
/// </summary>
internal static class Reporting
{
    private const int MaxAtOnce = 4; // asked for again after the next final block

    /// <summary>The offences of a journal that can still be punished.</summary>
    internal static NodeState Restore(NodeState state, IReadOnlyList<Evidence> stored)
    {
        var offences = state.Offences;
        foreach (var evidence in stored)
        {
            if (state.FinalLedger.GetValidator(evidence.First.Validator) is { } validator && DoubleVote.Of(evidence, validator.Key) is { } offence)
            {
                var isUseful = IsPossible(state, offence) && IsPunishable(state, offence.Offender) && !offences.ContainsKey(offence.Offender);
                offences = isUseful ? offences.Add(offence.Offender, offence) : offences;
            }
        }

        return state with { Offences = offences };
    }

    /// <summary>Takes a double vote that another node found and whose signatures were verified, where it can still be punished here.</summary>
    internal static void Take(NodeTurn turn, DoubleVote offence)
    {
        var state = turn.State;
        if (!IsNews(state, offence))
        {
            return;
        }

        var evidence = new Evidence(offence.First, offence.Second);
        turn.Store(evidence);
        turn.State = state with { Offences = state.Offences.Add(offence.Offender, offence) };
        turn.Emit(new NodeEffect.Notify(new Notice.Conflict(evidence)));
        turn.Emit(new NodeEffect.Chain(new ChainEffect.Broadcast(new Message.Accuse(offence))));
        Ask(turn, offence);
    }

    /// <summary>Whether a double vote is one that this node does not know of and that the next block may punish.</summary>
    internal static bool IsNews(NodeState state, DoubleVote offence) =>
        !state.Offences.ContainsKey(offence.Offender) && IsPossible(state, offence)
            && IsPunishable(state, offence.Offender) && state.FinalLedger.GetValidator(offence.Offender)?.Key == offence.Key;

    /// <summary>Stores new conflicts, tells of them and asks for reports.</summary>
    internal static void Take(NodeTurn turn, EpochSnapshot set, IEnumerable<FinalityFact.Conflict> conflicts)
    {
        foreach (var conflict in conflicts)
        {
            turn.Store(conflict.Evidence);
            turn.Emit(new NodeEffect.Notify(new Notice.Conflict(conflict.Evidence)));
            var offender = conflict.Evidence.First.Validator;
            if (!turn.State.Offences.ContainsKey(offender) && IsPunishable(turn.State, offender)
                && DoubleVote.Of(conflict.Evidence, set.Validators[set.IndexOf(offender)].Key) is { } offence)
            {
                turn.State = turn.State with { Offences = turn.State.Offences.Add(offender, offence) };
                turn.Emit(new NodeEffect.Chain(new ChainEffect.Broadcast(new Message.Accuse(offence)))); // only who saw both votes knows
                Ask(turn, offence);
            }
        }
    }

    /// <summary>Compares the certificates that an input brings with the votes counted: a certificate is votes, too (FIN-10).</summary>
    internal static void Compare(NodeTurn turn, NodeInput input)
    {
        foreach (var certificate in CertificatesIn(input))
        {
            if (turn.State.Heights.TryGetValue(certificate.Height, out var height))
            {
                var (next, conflicts) = BlockFinality.Compare(height, certificate);
                if (!conflicts.IsEmpty)
                {
                    turn.State = turn.State with { Heights = turn.State.Heights.SetItem(certificate.Height, next) };
                    Take(turn, height.Set, conflicts);
                }
            }
        }
    }

    /// <summary>Forgets who was punished or can be no more, deletes what is too old, and asks again for what nobody reports.</summary>
    internal static void AfterFinal(NodeTurn turn)
    {
        var state = turn.State;
        var rules = state.Chain.Rules;
        var oldest = rules.OldestPunishable(state.Chain.Height);
        if (rules.EndsEpoch(state.Chain.Tree.Root.Height))
        {
            turn.KeepFrom = oldest * rules.EpochLength;
        }

        if (state.Offences.IsEmpty)
        {
            return;
        }

        var kept = state.Offences.Where(entry => entry.Value.Ballot.Epoch >= oldest && IsPunishable(state, entry.Key)).ToImmutableSortedDictionary();
        turn.State = state with { Offences = kept };
        foreach (var offence in kept.Values.Where(offence => state.Pool.EvidenceAgainst(offence.Offender) is null).Take(MaxAtOnce))
        {
            Ask(turn, offence);
        }
    }

    /// <summary>
    /// Whether the next block could punish it. Anybody can sign two votes that none could, and accuse himself of them: kept, they
    /// would stand before those that count.
    /// </summary>
    private static bool IsPossible(NodeState state, DoubleVote offence) =>
        offence.CheckPlace(state.Chain.Height, state.Chain.Rules) is null;

    private static bool IsPunishable(NodeState state, Address offender) =>
        state.FinalLedger.GetValidator(offender) is { IsSlashed: false, Standing: not Standing.Withdrawn };

    private static void Ask(NodeTurn turn, DoubleVote offence)
    {
        foreach (var reporter in turn.State.Chain.Local.Where(local => local != offence.Offender).Take(1))
        {
            turn.Emit(new NodeEffect.Report(reporter, offence));
        }
    }

    private static IEnumerable<Certificate> CertificatesIn(NodeInput input) => input switch
    {
        NodeInput.Chain { Input: ChainInput.Certify certify } => [certify.Certificate.Value],
        NodeInput.Chain { Input: ChainInput.FinalBlocks blocks } => blocks.Items.Select(item => item.Value.Certificate),
        NodeInput.Chain { Input: ChainInput.Propose { Proposal.Value: { Prepared: { } prepared } } } => [prepared],
        _ => [],
    };
}
