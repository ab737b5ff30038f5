using LuxTensor.Core.Consensus;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Tests.Core.Voting;

namespace LuxTensor.Tests.Core.Consensus;

/// <summary>A node that stops after any input comes back as it was.</summary>
public sealed class ReplayTests
{
    private readonly Arena arena = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)] // the guard never answers: everything stays asked for
    public void RND_10_the_inputs_that_are_kept_lead_to_the_same_state_after_every_step(bool signs)
    {
        var me = arena.Proposer(1, 1);
        int[] others = [.. Enumerable.Range(0, 4).Where(i => i != me)];
        var node = new ChainDriver(arena, me, signs);
        var red = arena.Block(arena.Root);
        var blue = arena.Block(arena.Root, 2);
        Action[] steps =
        [
            () => node.Propose(arena.Proposal(red)),
            () => node.Propose(arena.Proposal(arena.Block(red))),
            () => node.Vote(others[0], Phase.Prepare, red.Hash),
            () => node.Vote(others[1], Phase.Prepare, Hash256.Zero),
            () => node.Fire(TimerKind.Prepare),
            () => node.Vote(others[0], Phase.Precommit, Hash256.Zero),
            () => node.Vote(others[1], Phase.Precommit, red.Hash),
            () => node.Vote(others[2], Phase.Precommit, Sha256.Hash([1])),
            () => node.Fire(TimerKind.Precommit), // round 1, which is ours
            () => node.Certify(arena.Certificate(Phase.Prepare, red.Hash, 1, 1, others)),
            () => node.Vote(others[0], Phase.Prepare, blue.Hash, 1, 900), // too far to be kept
            () => node.Vote(others[1], Phase.Prepare, blue.Hash, 1, 2),
            () => node.Certify(arena.Certificate(Phase.Prepare, blue.Hash, 1, 2, others)),
            () => node.Deliver(blue.Block),
        ];
        foreach (var (step, i) in steps.Select(static (step, i) => (step, i)))
        {
            step();
            var back = Recovery.Replay(
                new JournalContents(
                    new FinalBlock(arena.Genesis.Block, null), arena.Genesis.Changes.Select(static change => KeyValuePair.Create(change.Key, change.Value)), arena.Genesis.Sets, node.Journal, []),
                arena.Genesis,
                [Given.AddressOf(me)],
                new MempoolLimits());
            Assert.True(Hard(node.State) == Hard(back.Turn.State.Chain), $"after step {i}:\n{Hard(node.State)}\n{Hard(back.Turn.State.Chain)}");
        }

        Assert.Equal(2U, node.State.Round);
        Assert.Equal(new LockedBlock(2, blue.Hash), node.State.Locked);
    }

    [Fact]
    public void RND_10_what_is_known_of_the_next_height_comes_back_with_the_final_block()
    {
        var node = new ChainDriver(arena, null);
        var red = arena.Block(arena.Root);
        node.Propose(arena.Proposal(red)).Vote(3, Phase.Prepare, Sha256.Hash([1]), 2).Vote(3, Phase.Prepare, Sha256.Hash([2]), 2);
        node.Votes(Phase.Precommit, red.Hash, 0, 0, 1, 2);
        var leaves = arena.Genesis.Changes.Concat(red.Changes).GroupBy(static change => change.Key).Select(static writes => KeyValuePair.Create(writes.Key, writes.Last().Value));
        var contents = new JournalContents(
            new FinalBlock(red.Block, node.State.FinalCertificate), leaves, red.After.Epochs.Sets, [.. node.Journal.Where(static input => input.Height > 1)], []);
        var back = Recovery.Replay(contents, arena.Genesis, [], new MempoolLimits()).Turn.State;
        Assert.Equal(Hard(node.State), Hard(back.Chain));
        Assert.Equal(node.Node.Heights[2].Conflicts, back.Heights[2].Conflicts);
        Assert.Single(back.Heights[2].Conflicts);
    }

    [Fact]
    public void EXE_2_a_stored_state_without_the_final_blocks_root_is_damaged()
    {
        var leaves = arena.Genesis.Changes.Append(LuxTensor.Core.State.Ledger.Put(Given.AddressOf(60), new LuxTensor.Core.State.Account(0, 5)))
            .Select(static change => KeyValuePair.Create(change.Key, change.Value));
        var contents = new JournalContents(new FinalBlock(arena.Genesis.Block, null), leaves, arena.Genesis.Sets, [], []);
        Assert.Contains("root", Assert.Throws<JournalException>(() => Recovery.Replay(contents, arena.Genesis, [], new MempoolLimits())).Message, StringComparison.Ordinal);
    }

    // All that decides what is signed next.
    private static string Hard(ChainState state) => string.Join(
        '\n',
        $"{state.Height}/{state.Round}/{state.Phase} {state.Facts} {state.PrepareTimed} {state.PrecommitTimed} {state.Locked} {state.Prepared?.Hash} {state.Awaited?.Hash}",
        $"proposals {string.Join(", ", state.Proposals.Values)}; ahead {string.Join(", ", state.AheadProposals.Values)}",
        $"asked {string.Join(", ", state.Asked)}; standing {string.Join(", ", state.Standing)}; building {string.Join(", ", state.Building.Select(static block => block.Hash))}",
        $"tree {state.Tree.Head.Hash} of {string.Join(", ", state.Tree.Blocks.Select(static node => node.Hash))}");
}
