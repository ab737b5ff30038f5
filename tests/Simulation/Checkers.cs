using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using static LuxTensor.Tests.Simulation.Demands;

namespace LuxTensor.Tests.Simulation;

/// <summary>Watches every event of the correct nodes. Knows nothing of how they work, only what they store, say and tell.</summary>
internal sealed partial class Checkers(World world)
{
    private readonly Dictionary<ulong, (Hash256 Block, Hash256 Root, string Node)> finals = [];
    private readonly Dictionary<int, ulong> toldFinal = [];
    private readonly Dictionary<int, Hash256> toldHead = [];
    private readonly Dictionary<int, HashSet<(Address Sender, ulong Nonce)>> accepted = [];

    public ulong Highest { get; private set; }

    /// <summary>A batch is durable at a node.</summary>
    public void Stored(SimulatedNode node, JournalBatch batch)
    {
        if (node.IsByzantine)
        {
            return;
        }

        foreach (var (block, certificate, _, made) in batch.Finalized)
        {
            CheckFinal(node, block, certificate);
            Demand(made is null || world.Note(made), Rule.RotationIsTheSame, $"{node.Name} has another validator set for epoch {made?.Epoch} than others");
        }

        world.Coverage.Add(Seen.Evidence, batch.Evidence.Length);
        world.Coverage.Reach(Seen.MostJournalInputs, node.Journal.InputCount);
        foreach (var evidence in batch.Evidence)
        {
            CheckEvidence(node, evidence);
        }
    }

    /// <summary>A node's state after a turn is visible.</summary>
    public void Published(SimulatedNode node, NodeState before)
    {
        var chain = node.View.Chain;
        world.Trace.Add(world.Now, 'v', node.Index, (chain.Tree.Head.Height << 24) ^ (chain.Height << 8) ^ chain.Round ^ ((ulong)chain.Phase << 60));
        if (node.IsByzantine)
        {
            return;
        }

        if (chain.Tree.Root.Height < before.Chain.Tree.Root.Height)
        {
            throw new ViolationException(Rule.FinalIsNeverReverted, $"{node.Name} went from {before.Chain.Tree.Root.Height} back to {chain.Tree.Root.Height}");
        }

        Observation.Note(world.Coverage, before.Chain, chain);
        Bounds.Check(node);
    }

    /// <summary>A correct node sends a message to all.</summary>
    public void Said(SimulatedNode node, Message message)
    {
        switch (message)
        {
            case Message.CastVote { Vote: var vote }:
                CheckSaid(node, vote);
                break;
            case Message.Propose { Proposal.Vote: var vote }:
                CheckSaid(node, vote);
                break;
            case Message.Certify { Certificate: var certificate }:
                Demand(world.Verification.Of(certificate, node.View.Chain.Epochs.Find) is not null, Rule.CertificatesVerify, $"{node.Name} says {Wording.Of(certificate)}, which does not verify");
                CheckSigners(node, certificate);
                break;
            default:
                break;
        }
    }

    /// <summary>A node tells its applications something.</summary>
    public void Told(SimulatedNode node, Notice notice)
    {
        if (node.IsByzantine)
        {
            return;
        }

        switch (notice)
        {
            case Notice.Finalized final:
                var told = toldFinal.GetValueOrDefault(node.Index);
                Demand(
                    world.Defect != Defect.None || final.Sequence > told,
                    Rule.NoticesAreComplete,
                    $"{node.Name} tells finality event {final.Sequence} after {told}");
                toldFinal[node.Index] = ulong.Max(told, final.Sequence);
                break;
            case Notice.HeadMoved moved:
                CheckMove(node, moved);
                break;
            default:
                break;
        }
    }

    /// <summary>A node came back from its journal, and has not gone on yet.</summary>
    public void Restarted(SimulatedNode node, IReadOnlyCollection<(Address Validator, SigningPosition Position)> signed)
    {
        toldHead.Remove(node.Index);
        if (node.IsByzantine)
        {
            return;
        }

        Demand(
            node.View.Final.Height >= toldFinal.GetValueOrDefault(node.Index),
            Rule.FinalIsNeverReverted,
            $"{node.Name} told that {toldFinal.GetValueOrDefault(node.Index)} is final and came back at {node.View.Final.Height}");
        foreach (var validator in node.Validators)
        {
            Demand(
                !saidLast.TryGetValue((node.Index, validator), out var last) || last.Height <= node.View.Final.Height
                    || signed.Any(known => known.Validator == validator && known.Position.CompareTo(last) >= 0),
                Rule.RestartBringsTheStateBack,
                $"{node.Name} said a vote at {last} and came back without it");
        }

        var expected = StateDigest.Of(node.Durable);
        var actual = StateDigest.Of(node.View);
        Demand(expected == actual, Rule.RestartBringsTheStateBack, $"{node.Name} {StateDigest.Difference(expected, actual)}");
    }

    /// <summary>A node answered that it has a transaction.</summary>
    public void Accepted(SimulatedNode node, Transaction transaction)
    {
        if (!node.IsByzantine && transaction.Body is TransactionBody.Transfer or TransactionBody.Data) // others may become impossible (MEM-11, MEM-12)
        {
            accepted.TryAdd(node.Index, []);
            accepted[node.Index].Add((transaction.Sender, transaction.Nonce));
        }
    }

    /// <summary>A node's data was replaced by older ones: what it said and told since is forgotten there, and there alone.</summary>
    /// <param name="node">The node.</param>
    /// <param name="votes">The prepares and precommits that its guard knows of, and its journal does not.</param>
    public void LostData(SimulatedNode node, IEnumerable<Vote> votes)
    {
        toldFinal.Remove(node.Index);
        toldHead.Remove(node.Index);
        accepted.Remove(node.Index);
        foreach (var validator in node.Validators)
        {
            saidLast.Remove((node.Index, validator));
        }

        foreach (var vote in votes.Where(vote => node.Validators.Contains(vote.Validator)))
        {
            forgotten[vote.Validator] = ulong.Max(vote.Ballot.Height, forgotten.GetValueOrDefault(vote.Validator));
        }
    }

    private void CheckFinal(SimulatedNode node, Block block, Certificate certificate)
    {
        var height = block.Height;
        world.Trace.Say(world.Now, node.Name, $"stores {Wording.Short(block.Hash)} as final block {height}");
        if (finals.TryGetValue(height, out var known))
        {
            Demand(
                known.Block == block.Hash,
                Rule.OneFinalBlockAHeight,
                $"{known.Node} has {Wording.Short(known.Block)} and {node.Name} has {Wording.Short(block.Hash)} at height {height}");
            Demand(known.Root == block.Header.StateRoot, Rule.StateRootsAgree, $"{known.Node} and {node.Name} differ in the state of height {height}");
        }
        else
        {
            finals.Add(height, (block.Hash, block.Header.StateRoot, node.Name));
            world.Coverage.Add(Seen.Heights);
            Highest = ulong.Max(Highest, height);
        }

        CheckSigners(node, certificate);
        Demand(
            certificate.BlockHash == block.Hash && certificate.Height == height && certificate.Ballot.Phase == Phase.Precommit,
            Rule.CertificatesVerify,
            $"{node.Name} stores block {height} with {Wording.Of(certificate)}");
        Demand(
            world.Verification.Of(new CertifiedBlock(block, certificate), node.Journal.SetOf) is not null,
            Rule.CertificatesVerify,
            $"{node.Name} stores block {height} with a certificate that does not verify for it");
    }

    private void CheckMove(SimulatedNode node, Notice.HeadMoved moved)
    {
        if (moved.Left.Length > 0)
        {
            world.Coverage.Add(Seen.Reorganisations);
        }

        var from = moved.Left.Length > 0 ? moved.Left[^1].Hash : moved.Ancestor;
        var to = moved.Joined.Length > 0 ? moved.Joined[^1].Hash : moved.Ancestor;
        if (toldHead.TryGetValue(node.Index, out var known))
        {
            Demand(
                known == from,
                Rule.NoticesAreComplete,
                $"{node.Name} told its applications that {Wording.Short(known)} is the head, and now moves from {Wording.Short(from)} to {Wording.Short(to)} at {moved.AncestorHeight + (ulong)moved.Joined.Length}");
        }

        toldHead[node.Index] = to;
    }
}
