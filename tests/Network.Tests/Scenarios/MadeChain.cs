using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Storage;
using LuxTensor.Tests.Engine;

namespace LuxTensor.Tests.Network;

/// <summary>A final chain that was made ahead, signed by all of its validators, with a transfer in every tenth block.</summary>
internal sealed class MadeChain
{
    private const int Batch = 128;

    private readonly Ballots ballots;

    internal MadeChain(int heights)
    {
        Test = new TestChain(4, interval: 1, runAhead: 1);
        ballots = new Ballots(Test);
        var rules = Test.Genesis.Rules;
        var tip = ballots.Begin([]).Chain.Tree.Root;
        Certificate? certificate = null;
        var blocks = new List<CertifiedBlock>(heights);
        for (var height = 1; height <= heights; height++)
        {
            var proposer = ballots.Epochs.Of(rules.EpochOf((ulong)height)).ProposerOf((ulong)height, 0).Address;
            tip = BlockValidity.Make(tip, 0, 0, proposer, certificate, height % 10 == 0 ? [Test.Transfer((ulong)(height / 10) - 1, 1)] : [], rules);
            certificate = ballots.Certify(tip, Phase.Precommit);
            blocks.Add(new CertifiedBlock(tip.Block, certificate));
        }

        Blocks = blocks;
    }

    internal TestChain Test { get; }

    internal Genesis Genesis => Test.Genesis;

    /// <summary>Block 1 first.</summary>
    internal IReadOnlyList<CertifiedBlock> Blocks { get; }

    internal ulong Height => (ulong)Blocks.Count;

    internal CertifiedBlock this[ulong height] => Blocks[(int)height - 1];

    internal Hash256 StateRoot => Blocks[^1].Block.Header.StateRoot;

    /// <summary>Writes the journal of a node that has the chain up to a height into its folder.</summary>
    internal string Write(string folder, int upTo)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, "journal.db");
        using var journal = SqliteJournal.Open(path, Genesis);
        Store(journal, Blocks.Take(upTo).Select(Verifier.Attested));
        return path;
    }

    /// <summary>Executes blocks from the first on, and stores them.</summary>
    internal void Store(SqliteJournal journal, IEnumerable<Verified<CertifiedBlock>> blocks)
    {
        var state = ballots.Begin([]);
        foreach (var part in blocks.Chunk(Batch))
        {
            var turn = new NodeTurn(state);
            Routing.Step(turn, new NodeInput.Chain(new ChainInput.FinalBlocks([.. part], PeerId.Self)), 0);
            journal.Commit(turn.ToBatch());
            state = turn.State;
        }
    }
}
