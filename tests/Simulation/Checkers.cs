using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Finality;
using LuxTensor.Core.ForkChoice;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Simulation;

/// <summary>What must never happen.</summary>
internal enum Rule
{
    OneFinalBlockAHeight,
    FinalIsNeverReverted,
    NoDoubleSigning,
    CertificatesVerify,
    StateRootsAgree,
    MemoryIsBounded,
    RestartBringsTheStateBack,
    AcceptedTransactionsSurvive,
    FinalityResumesAfterHealing,
    NoticesAreComplete,
    NothingThrows,
}

/// <summary>A rule was broken.</summary>
internal sealed class ViolationException(Rule rule, string what) : Exception($"{rule}: {what}")
{
    public Rule Rule { get; } = rule;
}

/// <summary>Watches every event of the correct nodes. Knows nothing of how they work, only what they store, say and tell.</summary>
internal sealed class Checkers(World world)
{
    private readonly Dictionary<ulong, (Hash256 Block, Hash256 Root, string Node)> finals = [];
    private readonly Dictionary<(Address, ulong, uint, Phase), (Hash256 Block, string Node)> said = [];
    private readonly Dictionary<(int Node, Address Validator), SigningPosition> saidLast = [];
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

        foreach (var (block, certificate, _) in batch.Finalized)
        {
            CheckFinal(node, block, certificate);
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
                Demand(world.Verification.Of(certificate) is not null, Rule.CertificatesVerify, $"{node.Name} says {Wording.Of(certificate)}, which does not verify");
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
        if (!node.IsByzantine)
        {
            accepted.TryAdd(node.Index, []);
            accepted[node.Index].Add((transaction.Sender, transaction.Nonce));
        }
    }

    /// <summary>A node's signer keeps quiet because its journal seems older than the guard: never so for the only user of a key.</summary>
    public void Silenced(SimulatedNode node, Address validator, SigningPosition last) =>
        Demand(
            node.IsByzantine || world.Defect != Defect.None || world.IsShared(validator),
            Rule.RestartBringsTheStateBack,
            $"{node.Name} lost no data, but its guard knows of a signature at {last} that its journal does not, so it is silent for that height");

    /// <summary>A journal holds a signature that its guard does not know.</summary>
    public void GuardIsOlder(SimulatedNode node, GuardDecision.Blocked why) =>
        Demand(world.Defect != Defect.None, Rule.NoDoubleSigning, $"{node.Name} signed without its guard: {why.Reason}");

    /// <summary>Looks at the end at all that was final.</summary>
    public void Audit()
    {
        var correct = world.Nodes.Where(node => !node.IsByzantine).ToArray();
        var longest = correct.MaxBy(node => node.Journal.FinalHeight)!;
        var ledgers = Replay(longest);
        foreach (var node in correct)
        {
            var height = node.Journal.FinalHeight;
            Demand(
                Core.State.Ledger.From(node.Journal.State).Root == ledgers[(int)height].Root,
                Rule.StateRootsAgree,
                $"{node.Name} stores another state at {height} than its blocks give");
            var final = ledgers[(int)height];
            foreach (var (sender, nonce) in accepted.GetValueOrDefault(node.Index) ?? [])
            {
                Demand(
                    final.GetAccount(sender).Nonce > nonce || node.View.Pool.OfSender(sender).Any(pooled => pooled.Nonce == nonce),
                    Rule.AcceptedTransactionsSurvive,
                    $"{node.Name} accepted nonce {nonce} of {sender}, which is neither final nor in its pool");
            }
        }

        for (ulong height = 1; height <= longest.Journal.FinalHeight; height++)
        {
            world.Coverage.Add(Seen.TransactionsFinal, longest.Journal.BlockAt(height)!.Block.Transactions.Length);
        }
    }

    private static void Demand(bool holds, Rule rule, string otherwise)
    {
        if (!holds)
        {
            throw new ViolationException(rule, otherwise);
        }
    }

    /// <summary>Executes the chain of a node again, from the genesis.</summary>
    private List<Core.State.Ledger> Replay(SimulatedNode node)
    {
        var rules = world.Scenario.Rules;
        var epochs = new EpochSchedule(world.Genesis.EpochZero);
        var parent = new BlockNode(world.Genesis.Block, world.Genesis.Ledger, []);
        var ledgers = new List<Core.State.Ledger> { parent.After };
        for (ulong height = 1; height <= node.Journal.FinalHeight; height++)
        {
            var block = node.Journal.BlockAt(height)!.Block;
            var why = BlockValidity.Check(parent, block, rules, epochs, out var next);
            Demand(why is null, Rule.StateRootsAgree, $"final block {height} does not execute on its parent: {why}");
            parent = next!;
            ledgers.Add(parent.After);
        }

        return ledgers;
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

        Demand(
            world.Verification.Of(new CertifiedBlock(block, certificate)) is not null,
            Rule.CertificatesVerify,
            $"{node.Name} stores block {height} with a certificate that does not verify for it");
    }

    private void CheckEvidence(SimulatedNode node, Evidence evidence)
    {
        var (first, second) = evidence;
        var isSound = first.Validator == second.Validator && first.Ballot.BlockHash != second.Ballot.BlockHash
            && first.Ballot with { BlockHash = default } == second.Ballot with { BlockHash = default };
        Demand(
            isSound && world.IsByzantine(first.Validator),
            Rule.NoDoubleSigning,
            $"{node.Name} has evidence against a correct validator, or none: {Wording.Of(evidence)}");
    }

    private void CheckSaid(SimulatedNode node, Vote vote)
    {
        if (world.IsByzantine(vote.Validator))
        {
            return; // passed on, not signed here
        }

        var ballot = vote.Ballot;
        var place = (vote.Validator, ballot.Height, ballot.Round, ballot.Phase);
        Demand(
            !said.TryGetValue(place, out var known) || known.Block == ballot.BlockHash,
            Rule.NoDoubleSigning,
            $"{node.Name} says {Wording.Of(vote)} after {known.Node} said {Wording.Short(known.Block)} there");
        said.TryAdd(place, (ballot.BlockHash, node.Name));
        var position = new SigningPosition(ballot.Height, ballot.Round, ballot.Phase);
        var isOwn = node.Validators.Contains(vote.Validator) && !world.IsShared(vote.Validator); // nodes repeat the votes of others
        if (isOwn && position.CompareTo(saidLast.GetValueOrDefault((node.Index, vote.Validator))) > 0)
        {
            saidLast[(node.Index, vote.Validator)] = position;
        }
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
