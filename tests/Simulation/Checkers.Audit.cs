using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.ForkChoice;
using LuxTensor.Core.Transactions;
using LuxTensor.Engine;
using static LuxTensor.Tests.Simulation.Demands;

namespace LuxTensor.Tests.Simulation;

/// <content>What is looked at when a run is over: the chains as they are stored.</content>
internal sealed partial class Checkers
{
    /// <summary>Looks at the end at all that was final.</summary>
    public void Audit()
    {
        var correct = world.Nodes.Where(node => !node.IsByzantine).ToArray();
        var longest = correct.MaxBy(node => node.Journal.FinalHeight)!;
        var ledgers = Replay(longest);
        Demand(
            Sync(longest).FinalLedger.Root == ledgers[^1].Root,
            Rule.StateRootsAgree,
            $"who fetches the chain of {longest.Name} has another state than who executes it");
        foreach (var node in correct)
        {
            var height = node.Journal.FinalHeight;
            Demand(
                node.Journal.Load().Ledger.Root == ledgers[(int)height].Root,
                Rule.StateRootsAgree,
                $"{node.Name} stores another state at {height} than its blocks give");
            var final = ledgers[(int)height];
            Demand(
                node.Recover().FinalLedger.Root == final.Root,
                Rule.StateRootsAgree,
                $"{node.Name} comes back at {height} with another state than its blocks give");
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

    /// <summary>Executes the chain of a node again, from the genesis.</summary>
    private List<Core.State.Ledger> Replay(SimulatedNode node)
    {
        var rules = world.Scenario.Rules;
        var parent = new BlockNode(world.Genesis.Block, world.Genesis.Ledger, []);
        var ledgers = new List<Core.State.Ledger> { parent.After };
        var model = new LedgerModel(world, IsMade);
        for (ulong height = 1; height <= node.Journal.FinalHeight; height++)
        {
            var block = node.Journal.BlockAt(height)!.Block;
            var why = BlockValidity.Check(parent, block, rules, out var next);
            Demand(why is null, Rule.StateRootsAgree, $"final block {height} does not execute on its parent: {why}");
            parent = next!;
            model.Take(block, parent.After);
            ledgers.Add(parent.After);
        }

        return ledgers;
    }

    /// <summary>A new node that takes a chain in answers of a few blocks.</summary>
    private NodeState Sync(SimulatedNode source)
    {
        const int BlocksAnAnswer = 3; // fewer than the epochs that are known ahead
        var root = new BlockNode(world.Genesis.Block, world.Genesis.Ledger, []);
        var turn = new NodeTurn(Routing.Begin(world.Genesis, root, null, [], new MempoolLimits()));
        var chain = Enumerable.Range(1, (int)source.Journal.FinalHeight).Select(height => source.Journal.BlockAt((ulong)height)!);
        foreach (var answer in chain.Chunk(BlocksAnAnswer))
        {
            var items = answer.Select(final => world.Verification.Of(new CertifiedBlock(final.Block, final.Certificate!), turn.State.Chain.Epochs.Find)!.Value);
            Routing.Step(turn, new NodeInput.Chain(new ChainInput.FinalBlocks([.. items], PeerId.Self)), world.Genesis.Time + world.Now);
        }

        return turn.State;
    }
}
