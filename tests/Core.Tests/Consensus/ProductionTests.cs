using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.ForkChoice;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Tests.Core.Voting;

namespace LuxTensor.Tests.Core.Consensus;

/// <summary>How own blocks are made and offered, and how blocks run ahead of finality.</summary>
public sealed class ProductionTests
{
    private static readonly UInt128[][] Stakes = [[26, 25, 25, 24], [25, 26, 25, 24], [25, 25, 26, 24], [24, 25, 25, 26], [25, 24, 25, 26], [26, 26, 24, 24]];

    // Different proposers where the tests tell them apart.
    private readonly Arena arena = Stakes.Select(static stakes => new Arena(null, stakes))
        .First(static it => it.Proposer(1, 0) != it.Proposer(1, 1) && it.Proposer(1, 0) != it.Proposer(2, 0));

    private readonly BlockNode red;

    public ProductionTests() => red = arena.Block(arena.Root);

    [Fact]
    public void PRO_1_the_proposer_builds_when_the_interval_is_over_and_offers_what_its_guard_released()
    {
        var node = Proposer(0);
        Assert.Empty(node.Said.OfType<Message.Propose>()); // too early: the clock says the genesis' time
        Assert.Contains(new ChainEffect.StartTimer(new TimerId(TimerKind.Build, 1, 0), 1_000), node.Effects);
        node.Now += 1_000;
        node.Fire(TimerKind.Build);
        var proposal = node.Said.OfType<Message.Propose>().Single().Proposal;
        Assert.Equal((1UL, 0U, arena.Root.Hash), (proposal.Block.Height, proposal.Round, proposal.Block.Header.Parent));
        Assert.Equal([arena.Ballot(Phase.Prepare, proposal.Block.Hash)], node.Voted);
        Assert.Empty(node.Fire(TimerKind.Build).Said);
    }

    [Fact]
    public void PRO_1_the_next_proposer_offers_the_prepared_block_with_its_certificate()
    {
        var node = Proposer(1);
        node.Propose(arena.Proposal(red)).Certify(arena.Certificate(Phase.Prepare, red.Hash, 1, 0, 0, 1, 2));
        node.Votes(Phase.Precommit, Hash256.Zero, 0, Others(node));
        var proposal = node.Said.OfType<Message.Propose>().Single().Proposal;
        Assert.Equal((red.Hash, 1U, red.Hash), (proposal.Block.Hash, proposal.Round, proposal.Prepared!.BlockHash));
    }

    [Fact]
    public void PRO_1_the_next_proposer_offers_the_chosen_branch_before_a_block_beside_it()
    {
        var node = Proposer(1);
        node.Propose(arena.Proposal(red)).Propose(arena.Proposal(arena.Block(red)));
        node.Votes(Phase.Precommit, Hash256.Zero, 0, Others(node));
        var proposal = node.Said.OfType<Message.Propose>().Single().Proposal;
        Assert.Equal((red.Hash, 1U, null), (proposal.Block.Hash, proposal.Round, proposal.Prepared));
        Assert.Equal(2UL, node.State.Tree.Head.Height);
    }

    [Fact]
    public void PRO_1_a_proposer_that_lacks_the_prepared_block_offers_it_when_it_comes()
    {
        var node = Proposer(1);
        node.Certify(arena.Certificate(Phase.Prepare, red.Hash, 1, 0, 0, 1, 2));
        node.Votes(Phase.Precommit, Hash256.Zero, 0, Others(node));
        Assert.Empty(node.Said.OfType<Message.Propose>());
        Assert.Equal(red.Hash, node.Deliver(red.Block).Said.OfType<Message.Propose>().Single().Proposal.Block.Hash);
    }

    [Fact]
    public void PRO_2_a_block_built_for_a_round_that_is_over_is_dropped()
    {
        var node = Proposer(0, signs: false);
        node.Votes(Phase.Precommit, Hash256.Zero, 0, Others(node));
        node.Step(new ChainInput.Built(red.Block));
        Assert.Empty(node.State.Building);
        Assert.DoesNotContain(node.State.Asked, asked => asked.Ballot.BlockHash == red.Hash);
    }

    [Fact]
    public void PRO_2_a_block_that_waits_for_its_signature_is_kept_beside_another()
    {
        var node = Proposer(0, signs: false);
        var ahead = arena.Block(red);
        node.Step(new ChainInput.Built(red.Block)).Step(new ChainInput.Built(ahead.Block));
        Assert.Equal([red.Block, ahead.Block], node.State.Building.AsEnumerable());
        Assert.Equal([red.Hash, ahead.Hash], node.State.Asked.Select(static asked => asked.Ballot.BlockHash));
    }

    [Fact]
    public void PRO_3_an_own_vote_is_said_to_all_and_stands_until_the_round_is_over()
    {
        var node = Proposer(0);
        node.Fire(TimerKind.Propose);
        var vote = node.Said.OfType<Message.CastVote>().Single().Vote;
        Assert.Equal(vote, Assert.Single(node.State.Standing));
        Assert.Empty(node.State.Asked);
        node.Votes(Phase.Precommit, Hash256.Zero, 0, Others(node));
        Assert.Empty(node.State.Standing);
    }

    [Fact]
    public void PRO_4_a_refused_vote_leaves_the_round_going_on_without_it()
    {
        var node = Proposer(0, signs: false);
        node.Now += 1_000;
        node.Fire(TimerKind.Build);
        var asked = node.Effects.OfType<ChainEffect.Sign>().Single();
        node.Step(new ChainInput.SigningRefused(asked.Validator, asked.Ballot, SigningRefusal.DoubleSign));
        Assert.Empty(node.State.Asked);
        Assert.Empty(node.State.Building);
        node.Fire(TimerKind.Propose);
        Assert.Equal(Phase.Prepare, node.State.Phase);
        Assert.Equal(1U, node.Votes(Phase.Precommit, Hash256.Zero, 0, Others(node)).State.Round);
    }

    [Theory]
    [InlineData(1UL, 2UL)] // one more than may be built, so that a node one certificate behind loses no proposal
    [InlineData(2UL, 2UL)]
    [InlineData(4UL, 4UL)]
    public void FRK_6_blocks_are_looked_at_up_to_the_horizon(ulong runAhead, ulong horizon)
    {
        var chain = new Arena(Given.Rules with { RunAhead = runAhead });
        var node = new ChainDriver(chain, null, now: chain.Genesis.Time + 100_000);
        Assert.Equal(horizon, Admission.Horizon(node.State));
        var parent = chain.Root;
        for (ulong height = 1; height <= horizon + 1; height++)
        {
            parent = chain.Block(parent);
            node.Propose(chain.Proposal(parent));
            Assert.Equal(ulong.Min(height, runAhead), node.State.Tree.Head.Height);
        }

        Assert.Empty(node.Effects); // the last one was not even judged
    }

    [Fact]
    public void FRK_6_a_block_ahead_leaves_earlier_rounds_their_time()
    {
        var node = new ChainDriver(arena, null) { Now = arena.Genesis.Time + 200_000 };
        node.Propose(arena.Proposal(red));
        var due = red.Block.Header.Time + 1_000 + 30_000 + 45_000; // the interval and the timeouts of rounds 0 and 1
        node.Propose(arena.Proposal(arena.Block(red, 2, null, due - 1)));
        Assert.Equal(1, node.State.Tree.Count);
        node.Propose(arena.Proposal(arena.Block(red, 2, null, due)));
        Assert.Equal((2, 1), (node.State.Tree.Count, node.State.AheadProposals.Count));
        node.Propose(arena.Proposal(arena.Block(red, 2, null, due + 1))); // the second of its height and round
        Assert.Equal(2, node.State.Tree.Count);
    }

    [Fact]
    public void FRK_6_a_block_made_ahead_is_voted_on_when_its_height_comes()
    {
        var me = arena.Bystander(0);
        var node = new ChainDriver(arena, me) { Now = arena.Genesis.Time + 100_000 };
        var next = arena.Block(red);
        node.Propose(arena.Proposal(red)).Propose(arena.Proposal(next));
        node.Votes(Phase.Precommit, red.Hash, 0, Others(me));
        Assert.Equal([arena.Ballot(Phase.Prepare, next.Hash, 2)], node.Voted);
        Assert.Empty(node.State.AheadProposals);
    }

    [Fact]
    public void FRK_6_who_proposed_ahead_says_it_again_when_its_height_comes()
    {
        var me = arena.Proposer(2, 0);
        var node = new ChainDriver(arena, me) { Now = arena.Genesis.Time + 100_000 };
        var next = arena.Block(red);
        node.Propose(arena.Proposal(red)).Propose(arena.Proposal(next));
        node.Votes(Phase.Precommit, red.Hash, 0, Others(me));
        Assert.Equal(next.Hash, node.Said.OfType<Message.Propose>().Single().Proposal.Block.Hash);
    }

    [Fact]
    public void FRK_6_the_proposer_of_the_next_height_builds_ahead_in_time()
    {
        var me = arena.Proposer(2, 0);
        var node = new ChainDriver(arena, me);
        node.Now = red.Block.Header.Time;
        node.Propose(arena.Proposal(red));
        var timer = node.Effects.OfType<ChainEffect.StartTimer>().Single(static timer => timer.Id.Kind == TimerKind.Ahead);
        Assert.Equal((new TimerId(TimerKind.Ahead, 2, 0), 1_000UL), (timer.Id, timer.Delay));
        node.Now += 1_000;
        node.Fire(TimerKind.Ahead, 0, 2);
        Assert.Equal((2UL, red.Hash), (node.State.Tree.Head.Height, node.State.Tree.Head.Parent));
        Assert.Empty(node.Fire(TimerKind.Ahead, 0, 2).Said); // late: harmless
    }

    [Theory]
    [InlineData(1UL, false)]
    [InlineData(2UL, true)]
    public void FRK_6_nothing_is_built_more_than_RunAhead_above_the_last_final_block(ulong runAhead, bool builds)
    {
        var chain = new Arena(Given.Rules with { RunAhead = runAhead });
        var node = new ChainDriver(chain, chain.Proposer(2, 0)) { Now = chain.Genesis.Time + 100_000 };
        var first = chain.Block(chain.Root);
        Assert.Equal(builds, node.Propose(chain.Proposal(first)).Timed.Contains(new TimerId(TimerKind.Ahead, 2, 0)));
        node.Fire(TimerKind.Ahead, 0, 2);
        Assert.Equal(builds ? 2UL : 1UL, node.State.Tree.Head.Height);
    }

    [Fact]
    public void FRK_6_a_block_ahead_is_kept_in_its_own_round_only()
    {
        var node = new ChainDriver(arena, null) { Now = arena.Genesis.Time + 100_000 };
        var next = arena.Block(red);
        node.Propose(arena.Proposal(red)).Propose(arena.Proposal(next, 1));
        Assert.Equal((1, 0), (node.State.Tree.Count, node.State.AheadProposals.Count));
    }

    [Fact]
    public void FIN_7_proposals_are_kept_for_the_rounds_whose_votes_are()
    {
        var node = new ChainDriver(arena, null) { Now = arena.Genesis.Time + 100_000 };
        Assert.Empty(node.Propose(arena.Proposal(red, 9)).State.Proposals);
        Assert.Equal(8U, Assert.Single(node.Propose(arena.Proposal(red, 8)).State.Proposals).Key);
    }

    [Fact]
    public void FRK_7_a_block_without_its_parent_waits_for_it_and_only_so_many_do()
    {
        var node = new ChainDriver(arena, null) { Now = arena.Genesis.Time + 100_000 };
        var next = arena.Block(red);
        node.Propose(arena.Proposal(next));
        Assert.Contains(new ChainEffect.FetchBlock(red.Hash, ChainDriver.Peer), node.Effects);
        Assert.Equal(0, node.State.Tree.Count);
        node.Propose(arena.Proposal(red));
        Assert.Equal((2, 0, 1), (node.State.Tree.Count, node.State.Orphans.Count, node.State.AheadProposals.Count));

        for (var i = 0; i < ChainState.MaxOrphans + 10; i++)
        {
            node.Propose(arena.Proposal(arena.Block(arena.Block(red), (uint)i)));
        }

        Assert.Equal(ChainState.MaxOrphans, node.State.Orphans.Count);
    }

    [Fact]
    public void FRK_7_blocks_missing_on_several_levels_are_asked_for_one_below_the_other()
    {
        var node = new ChainDriver(arena, null) { Now = arena.Genesis.Time + 100_000 };
        var next = arena.Block(red);
        var third = arena.Block(next);
        node.Propose(arena.Proposal(third));
        Assert.Contains(new ChainEffect.FetchBlock(next.Hash, ChainDriver.Peer), node.Effects);
        Assert.Contains(new ChainEffect.FetchBlock(next.Hash, PeerId.Self), node.Fire(TimerKind.Resend).Effects);

        node.Propose(arena.Proposal(next));
        Assert.Equal([new ChainEffect.FetchBlock(red.Hash, ChainDriver.Peer)], node.Effects.OfType<ChainEffect.FetchBlock>());
        Assert.Equal((0, 2), (node.State.Tree.Count, node.State.Orphans.Count));
        Assert.Contains(new ChainEffect.FetchBlock(red.Hash, PeerId.Self), node.Fire(TimerKind.Resend).Effects);

        node.Propose(arena.Proposal(red));
        Assert.Equal((3, 0, 2), (node.State.Tree.Count, node.State.Orphans.Count, node.State.AheadProposals.Count));
    }

    [Fact]
    public void FRK_8_a_block_that_nothing_here_asks_for_is_not_taken()
    {
        var node = new ChainDriver(arena, null);
        var before = node.State;
        Assert.Same(before, node.Deliver(red.Block).State);
    }

    [Fact]
    public void FRK_8_a_parent_that_nobody_proposed_is_not_taken_so_nobody_can_be_made_to_offer_it()
    {
        var me = arena.Proposer(1, 0);
        var node = new ChainDriver(arena, me, true, arena.Genesis.Time); // before the interval is over, so that it builds nothing yet
        var forged = arena.Block(arena.Root, 0, null, arena.Genesis.Time + (365UL * 86_400_000)); // in this node's name, a year ahead
        var round = Enumerable.Range(0, 1_000).Select(static round => (uint)round).First(round => arena.Proposer(2, round) != me);
        var bait = arena.Block(forged, round).Block.Header with { Time = arena.Genesis.Time + 2_000 };
        var child = new Block(bait, null, []);

        node.Propose(new Proposal(child, arena.Vote(arena.Proposer(2, round), Phase.Propose, child.Hash, 2, round), null));
        Assert.Contains(new ChainEffect.FetchBlock(forged.Hash, ChainDriver.Peer), node.Effects);
        node.Deliver(forged.Block);

        Assert.Equal(0, node.State.Tree.Count);
        Assert.DoesNotContain(node.Effects.OfType<ChainEffect.Sign>(), static sign => sign.Ballot.Phase == Phase.Propose);
        Assert.Single(node.State.Orphans);
    }

    [Fact]
    public void FRK_8_a_certified_block_is_taken_as_a_proposal_whatever_its_time_and_round_are()
    {
        var node = new ChainDriver(arena, arena.Bystander(0));
        var late = arena.Block(arena.Root, 0, null, node.Now + arena.Rules.ClockBound + 1);
        node.Certify(arena.Certificate(Phase.Precommit, late.Hash, 1, 40, 0, 1, 2));
        Assert.Contains(new ChainEffect.FetchBlock(late.Hash, ChainDriver.Peer), node.Effects);
        node.Propose(arena.Proposal(late, 40));
        Assert.Equal(late.Hash, node.State.Tree.Root.Hash);
    }

    [Fact]
    public void BLK_5_a_proposal_from_the_future_is_not_taken()
    {
        var node = new ChainDriver(arena, arena.Bystander(0));
        node.Propose(arena.Proposal(arena.Block(arena.Root, 0, null, node.Now + arena.Rules.ClockBound + 1)));
        Assert.Empty(node.Voted);
        Assert.Equal(0, node.State.Tree.Count);
    }

    private static int[] Others(int me) => [.. Enumerable.Range(0, 4).Where(i => i != me)];

    private static int[] Others(ChainDriver node) => Others(Enumerable.Range(0, 4).First(i => node.State.IsLocal(Given.AddressOf(i))));

    // Before the interval is over, so that it builds nothing yet.
    private ChainDriver Proposer(uint round, bool signs = true) => new(arena, arena.Proposer(1, round), signs, arena.Genesis.Time);
}
