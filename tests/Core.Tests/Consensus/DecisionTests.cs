using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.ForkChoice;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Tests.Core.Voting;

namespace LuxTensor.Tests.Core.Consensus;

/// <summary>How a height ends, and how a node that is behind catches up.</summary>
public sealed class DecisionTests
{
    private readonly Arena arena = new();
    private readonly BlockNode red;
    private readonly ChainDriver node;

    public DecisionTests()
    {
        red = arena.Block(arena.Root);
        node = new ChainDriver(arena, null);
    }

    [Fact]
    public void FIN_9_a_quorum_of_precommits_makes_the_block_final_and_begins_the_next_height()
    {
        node.Propose(arena.Proposal(red));
        node.Votes(Phase.Precommit, red.Hash, 0, 0, 1, 2);
        Assert.Equal((2UL, 0U, red.Hash), (node.State.Height, node.State.Round, node.State.Tree.Root.Hash));
        Assert.Equal(red.Hash, node.State.FinalCertificate!.BlockHash);
        Assert.Contains(node.All, effect => effect is NodeEffect.Notify { Notice: Notice.Finalized { Sequence: 1 } });
        Assert.Contains(node.Said, said => said is Message.Certify { Certificate.Ballot.Phase: Phase.Precommit });
        Assert.DoesNotContain(1UL, node.Node.Heights.Keys);
        Assert.Equal((null, null), (node.State.Locked, node.State.Prepared));
    }

    [Fact]
    public void FIN_9_a_round_that_is_over_still_decides()
    {
        node.Propose(arena.Proposal(red));
        node.Votes(Phase.Precommit, red.Hash, 0, 0, 1).Vote(2, Phase.Precommit, Hash256.Zero);
        node.Fire(TimerKind.Precommit);
        Assert.Equal(1U, node.State.Round);
        Assert.Equal(red.Hash, node.Vote(3, Phase.Precommit, red.Hash).State.Tree.Root.Hash);
        Assert.Equal((2UL, 0U), (node.State.Height, node.State.Round)); // RND-1
    }

    [Fact]
    public void FIN_9_a_decided_block_that_is_not_here_is_fetched_until_it_comes()
    {
        node.Certify(arena.Final(red));
        Assert.Contains(new ChainEffect.FetchBlock(red.Hash, ChainDriver.Peer), node.Effects);
        Assert.Equal(1UL, node.State.Height);
        Assert.Contains(new ChainEffect.FetchBlock(red.Hash, PeerId.Self), node.Fire(TimerKind.Resend).Effects);
        Assert.Equal(red.Hash, node.Deliver(red.Block).State.Tree.Root.Hash);
        Assert.Equal(2UL, node.Certify(arena.Final(red)).State.Height); // late: harmless
    }

    [Fact]
    public void FIN_9_the_certificate_in_a_block_is_as_good_as_any()
    {
        node.Propose(arena.Proposal(red));
        node.Propose(arena.Proposal(arena.Block(red, 0, arena.Final(red))));
        Assert.Equal((red.Hash, 2UL), (node.State.Tree.Root.Hash, node.State.Height));
        Assert.Single(node.State.Proposals);
    }

    [Fact]
    public void FRK_3_a_decision_against_the_head_is_a_reorganisation()
    {
        var blue = arena.Block(arena.Root, 1);
        node.Propose(arena.Proposal(red)).Propose(arena.Proposal(arena.Block(red))).Propose(arena.Proposal(blue));
        Assert.Equal(2UL, node.State.Tree.Head.Height);
        node.Votes(Phase.Precommit, blue.Hash, 1, 0, 1, 2);
        var moved = node.All.OfType<NodeEffect.Notify>().Select(static effect => effect.Notice).OfType<Notice.HeadMoved>().Single();
        Assert.Equal((2, 1, arena.Root.Hash), (moved.Left.Length, moved.Joined.Length, moved.Ancestor));
    }

    [Fact]
    public void SYN_1_who_is_ahead_is_a_reason_to_ask_and_who_is_on_another_chain_is_not()
    {
        Assert.Empty(node.Status(5, genesis: Sha256.Hash([1])).Node.Sync.Peers);
        Assert.Empty(node.Status(0).Node.Sync.Peers);
        Assert.Equal(5UL, node.Status(5).Node.Sync.Peers[ChainDriver.Peer].Claimed);

        var other = new ChainDriver(arena, null);
        Assert.Equal(1UL, other.Certify(arena.Final(arena.Block(red))).Node.Sync.Peers[ChainDriver.Peer].Claimed); // whoever has only the certificate has the block below
        Assert.Equal(1UL, other.State.Height);
    }

    [Fact]
    public void SYN_2_final_blocks_are_taken_while_they_follow()
    {
        var chain = arena.FinalChain(4);
        node.Deliver(chain[..2]);
        Assert.Equal(3UL, node.State.Height);
        Assert.Equal(2, node.All.Count(static effect => effect is NodeEffect.Notify { Notice: Notice.Finalized }));
        node.Deliver([chain[1], chain[2], arena.FinalChain(4)[3]]); // known, next, and one of another chain
        Assert.Equal(4UL, node.State.Height);
        Assert.Single(node.Effects.OfType<ChainEffect.Refused>());
        Assert.Equal(5UL, node.Deliver(chain[3..]).State.Height);
    }

    [Fact]
    public void SYN_2_the_first_block_that_is_not_valid_ends_the_answer()
    {
        var bad = new Block(red.Block.Header with { StateRoot = Sha256.Hash([1]) }, null, []);
        node.Deliver([new CertifiedBlock(bad, arena.Certificate(Phase.Precommit, bad.Hash, 1, 0, 0, 1, 2)), new CertifiedBlock(red.Block, arena.Final(red))]);
        Assert.Equal(1UL, node.State.Height);
        Assert.IsType<BlockRejection.WrongStateRoot>(node.Effects.OfType<ChainEffect.Refused>().Single().Why);
    }

    [Fact]
    public void SYN_2_a_block_that_skips_a_height_is_refused_even_where_it_is_held()
    {
        var next = arena.Block(red);
        node.Propose(arena.Proposal(red)).Propose(arena.Proposal(next));
        node.Deliver([new CertifiedBlock(next.Block, arena.Final(next))]);
        Assert.Equal(1UL, node.State.Height);
        Assert.IsType<BlockRejection.WrongHeight>(node.Effects.OfType<ChainEffect.Refused>().Single().Why);
    }
}
