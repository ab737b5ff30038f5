using LuxTensor.Core;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using static LuxTensor.Tests.Simulation.Demands;

namespace LuxTensor.Tests.Simulation;

/// <content>
/// What votes may follow which. Counts by itself every vote that any key made, so that it finds a quorum without asking
/// the code under test what one is.
/// </content>
internal sealed partial class Checkers
{
    private readonly Dictionary<(Address, ulong, uint, Phase), (Hash256 Block, string Node)> said = [];
    private readonly Dictionary<(int Node, Address Validator), SigningPosition> saidLast = [];
    private readonly Dictionary<(ulong Height, uint Round, Phase Phase, Hash256 Block), HashSet<Address>> made = [];
    private readonly Dictionary<(ulong Height, Hash256 Block), SortedSet<uint>> prepared = [];
    private readonly Dictionary<Address, (ulong Height, uint Round, Hash256 Block)> locks = [];
    private readonly Dictionary<Address, ulong> forgotten = [];

    /// <summary>A key of the run signed something, whoever holds it and whether or not anybody hears of it.</summary>
    public void Made(Vote vote)
    {
        var ballot = vote.Ballot;
        var place = (ballot.Height, ballot.Round, ballot.Phase, ballot.BlockHash);
        if (!made.TryGetValue(place, out var signers))
        {
            made.Add(place, signers = []);
        }

        if (signers.Add(vote.Validator) && ballot.Phase == Phase.Prepare && IsQuorum(ballot.Height, signers))
        {
            var key = (ballot.Height, ballot.BlockHash);
            prepared.TryAdd(key, []);
            prepared[key].Add(ballot.Round);
        }
    }

    /// <summary>A correct node stepped through a vote: a second one at a place where it counts a first is evidence (FIN-6).</summary>
    public void Counted(SimulatedNode node, NodeState before, NodeState after, Vote vote)
    {
        var (height, ballot) = (vote.Ballot.Height, vote.Ballot);
        if (after.Chain.Height > height || !before.Heights.TryGetValue(height, out var votes)
            || !votes.Tallies.TryGetValue((ballot.Round, ballot.Phase), out var tally)
            || votes.Set.IndexOf(vote.Validator) is not (>= 0 and var index) || tally[index] is not { } first || first.Ballot == ballot)
        {
            return;
        }

        Demand(
            after.Heights[height].Conflicts.ContainsKey(vote.Validator),
            Rule.EvidenceIsFound,
            $"{node.Name} has {Wording.Of(first)}, is told {Wording.Of(vote)}, and sees nothing in it");
    }

    private bool IsMade(Vote vote)
    {
        var ballot = vote.Ballot;
        return made.TryGetValue((ballot.Height, ballot.Round, ballot.Phase, ballot.BlockHash), out var signers) && signers.Contains(vote.Validator);
    }

    /// <summary>A node's signer keeps quiet because its journal seems older than the guard: never so for the only user of a key.</summary>
    public void Silenced(SimulatedNode node, Address validator, SigningPosition last) =>
        Demand(
            node.HasLostData || world.Defect != Defect.None || world.IsShared(validator) || world.MayEquivocate(validator),
            Rule.RestartBringsTheStateBack,
            $"{node.Name} lost no data, but its guard knows of a signature at {last} that its journal does not, so it is silent for that height");

    /// <summary>A journal holds a signature that its guard does not know.</summary>
    public void GuardIsOlder(SimulatedNode node, SigningPosition lacked) =>
        Demand(
            node.HasOlderGuard || node.HasLostData || world.Defect != Defect.None,
            Rule.NoDoubleSigning,
            $"{node.Name} signed without its guard, which lacks {lacked}");

    /// <summary>More than two thirds of the stake, and the percentage of the chain: SPEC QUO-1, in other words than the code's.</summary>
    private bool IsQuorum(ulong height, IEnumerable<Address> signers)
    {
        var set = world.SetAt(height);
        UInt128 stake = 0;
        foreach (var signer in signers.Distinct())
        {
            stake += set.Where(validator => validator.Address == signer).Select(validator => validator.Stake).FirstOrDefault();
        }

        UInt128 total = 0;
        foreach (var validator in set)
        {
            total += validator.Stake;
        }

        return stake > total - stake + (total - stake) && stake * 100 >= total * (UInt128)world.Scenario.Rules.QuorumPercent;
    }

    /// <summary>A certificate holds votes that were made, of a quorum, in the epoch of its height.</summary>
    private void CheckSigners(SimulatedNode node, Certificate certificate)
    {
        var ballot = certificate.Ballot;
        var set = world.SetAt(ballot.Height);
        var signers = Enumerable.Range(0, certificate.Signers.Length * 8).Where(certificate.HasSigned).ToArray();
        Demand(
            signers.All(index => index < set.Count) && ballot.Epoch == ballot.Height / world.Scenario.Rules.EpochLength,
            Rule.CertificatesVerify,
            $"{node.Name} holds {Wording.Of(certificate)} of epoch {ballot.Epoch} with signers that are not in its set");
        var addresses = signers.Select(index => set[index].Address).ToArray();
        var known = made.GetValueOrDefault((ballot.Height, ballot.Round, ballot.Phase, ballot.BlockHash)) ?? [];
        Demand(
            addresses.All(known.Contains) && IsQuorum(ballot.Height, addresses),
            Rule.CertificatesVerify,
            $"{node.Name} holds {Wording.Of(certificate)} of {addresses.Length} signers, {addresses.Count(known.Contains)} of whom voted so: no quorum");
    }

    private void CheckEvidence(SimulatedNode node, Evidence evidence)
    {
        var (first, second) = evidence;
        var isSound = first.Validator == second.Validator && first.Ballot.BlockHash != second.Ballot.BlockHash
            && first.Ballot with { BlockHash = default } == second.Ballot with { BlockHash = default };
        Demand(
            isSound && world.MayEquivocate(first.Validator),
            Rule.NoDoubleSigning,
            $"{node.Name} has evidence against a correct validator, or none: {Wording.Of(evidence)}");
    }

    private void CheckSaid(SimulatedNode node, Vote vote)
    {
        if (world.MayEquivocate(vote.Validator))
        {
            return; // passed on, or not meant to be safe
        }

        var ballot = vote.Ballot;
        var place = (vote.Validator, ballot.Height, ballot.Round, ballot.Phase);
        Demand(
            !said.TryGetValue(place, out var known) || known.Block == ballot.BlockHash,
            Rule.NoDoubleSigning,
            $"{node.Name} says {Wording.Of(vote)} after {known.Node} said {Wording.Short(known.Block)} there");
        if (said.TryAdd(place, (ballot.BlockHash, node.Name)) && !world.IsShared(vote.Validator))
        {
            CheckNew(node, vote);
        }

        var position = SimulatedGuard.PositionOf(vote);
        // Nodes repeat the votes of others, and an own one that they forgot and heard again.
        var isOwn = node.Validators.Contains(vote.Validator) && !world.IsShared(vote.Validator) && !node.HasLostData;
        if (isOwn && position.CompareTo(saidLast.GetValueOrDefault((node.Index, vote.Validator))) > 0)
        {
            saidLast[(node.Index, vote.Validator)] = position;
        }
    }

    /// <summary>A correct validator, the only user of its key, says a vote for the first time.</summary>
    private void CheckNew(SimulatedNode node, Vote vote)
    {
        var (validator, ballot) = (vote.Validator, vote.Ballot);
        Demand(
            !forgotten.TryGetValue(validator, out var height) || ballot.Height > height,
            Rule.ForgottenLocksStaySilent,
            $"{node.Name} says {Wording.Of(vote)}, although it has forgotten what it voted at heights up to {height}");
        if (ballot.Phase == Phase.Propose)
        {
            return;
        }

        Demand(
            ballot.Height == 1 || finals.ContainsKey(ballot.Height - 1),
            Rule.VotesAreJustified,
            $"{node.Name} says {Wording.Of(vote)}, and nobody has a final block below");
        if (ballot.IsNil)
        {
            return;
        }

        Demand(
            world.Scenario.Jump > 0 || node.View.BlockBy(ballot.BlockHash) is not { } block || block.Header.Time <= node.Clock + world.Scenario.Rules.ClockBound,
            Rule.VotesAreJustified,
            $"{node.Name} says {Wording.Of(vote)} for a block that is further ahead of its clock than it may be");
        var rounds = prepared.GetValueOrDefault((ballot.Height, ballot.BlockHash)) ?? [];
        if (ballot.Phase == Phase.Precommit)
        {
            Demand(
                rounds.Contains(ballot.Round),
                Rule.VotesAreJustified,
                $"{node.Name} says {Wording.Of(vote)}, which no quorum prepared in that round");
            locks[validator] = (ballot.Height, ballot.Round, ballot.BlockHash);
            return;
        }

        Demand(
            !locks.TryGetValue(validator, out var locked) || locked.Height != ballot.Height || locked.Block == ballot.BlockHash
                || locked.Round >= ballot.Round || rounds.Any(round => round > locked.Round),
            Rule.LocksAreKept,
            $"{node.Name} says {Wording.Of(vote)}, although it precommitted {Wording.Short(locked.Block)} in round {locked.Round}, and no quorum prepared the other since");
    }
}
