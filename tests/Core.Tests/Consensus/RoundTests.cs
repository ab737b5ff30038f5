using LuxTensor.Core.Consensus;
using LuxTensor.Core.Finality;
using LuxTensor.Core.ForkChoice;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Tests.Core.Voting;

namespace LuxTensor.Tests.Core.Consensus;

/// <summary>The rules of a round, as the paper lists them; "line" is a line of its Algorithm 1.</summary>
public sealed class RoundTests
{
    private static readonly Hash256 Nil = Hash256.Zero;

    private readonly Arena arena = new();
    private readonly BlockNode red;
    private readonly int me;
    private readonly int[] others;
    private readonly ChainDriver node;

    public RoundTests()
    {
        red = arena.Block(arena.Root);
        me = arena.Bystander(0, 1, 2);
        others = [.. Enumerable.Range(0, 4).Where(i => i != me)];
        node = new ChainDriver(arena, me);
    }

    [Fact]
    public void RND_1_a_round_begins_with_a_timed_wait_for_its_proposal() // line 21
    {
        Assert.Equal((1UL, 0U, Phase.Propose), (node.State.Height, node.State.Round, node.State.Phase));
        Assert.Contains(new TimerId(TimerKind.Propose, 1, 0), node.Timed);
    }

    [Fact]
    public void RND_2_a_valid_proposal_is_prepared_once() // lines 22 to 24
    {
        Assert.Equal([arena.Ballot(Phase.Prepare, red.Hash)], node.Propose(arena.Proposal(red)).Voted);
        Assert.Contains(node.Said, said => said is Message.CastVote { Vote.Ballot.Phase: Phase.Prepare });
        Assert.Empty(node.Propose(arena.Proposal(red)).Voted);
        Assert.Empty(node.Fire(TimerKind.Propose).Voted);
    }

    [Fact]
    public void RND_2_without_a_proposal_in_time_nil_is_prepared_once() // lines 57 to 60
    {
        Assert.Equal([arena.Ballot(Phase.Prepare, Nil)], node.Fire(TimerKind.Propose).Voted);
        Assert.Empty(node.Fire(TimerKind.Propose).Voted);
        Assert.Empty(node.Propose(arena.Proposal(red)).Voted);
    }

    [Fact]
    public void RND_2_an_invalid_proposal_is_answered_with_nil_at_once() // line 26
    {
        var header = red.Block.Header with { StateRoot = Sha256.Hash([9]) };
        var bad = new BlockNode(new LuxTensor.Core.Blocks.Block(header, null, []), red.After, red.Changes);
        node.Propose(arena.Proposal(bad));
        Assert.Equal([arena.Ballot(Phase.Prepare, Nil)], node.Voted);
        Assert.IsType<LuxTensor.Core.Blocks.BlockRejection.WrongStateRoot>(Assert.Single(node.Effects.OfType<ChainEffect.Refused>()).Why);
    }

    [Fact]
    public void RND_4_a_quorum_of_prepares_locks_and_is_precommitted() // lines 36 to 43
    {
        node.Propose(arena.Proposal(red));
        Assert.Empty(node.Vote(others[0], Phase.Prepare, red.Hash).Voted);
        node.Vote(others[1], Phase.Prepare, red.Hash);
        Assert.Equal([arena.Ballot(Phase.Precommit, red.Hash)], node.Voted);
        Assert.Equal(new LockedBlock(0, red.Hash), node.State.Locked);
        Assert.Contains(node.Said, said => said is Message.Certify { Certificate.Ballot.Phase: Phase.Prepare });
    }

    [Fact]
    public void RND_4_a_lock_admits_no_other_block_until_a_later_quorum_does() // lines 23, 29
    {
        Lock(red);
        ToRound(1);
        var blue = arena.Block(arena.Root, 1);
        Assert.Equal([arena.Ballot(Phase.Prepare, Nil, 1, 1)], node.Propose(arena.Proposal(blue)).Voted);
        Assert.Equal(new LockedBlock(0, red.Hash), node.State.Locked);

        ToRound(2);
        var permit = arena.Certificate(Phase.Prepare, blue.Hash, 1, 1, others);
        Assert.Equal([arena.Ballot(Phase.Prepare, blue.Hash, 1, 2)], node.Propose(arena.Proposal(blue, 2, permit)).Voted);
        node.Votes(Phase.Prepare, blue.Hash, 2, others[..2]);
        Assert.Equal(new LockedBlock(2, blue.Hash), node.State.Locked);
    }

    [Fact]
    public void RND_3_a_certificate_no_later_than_the_lock_permits_nothing_and_the_locked_block_is_always_acceptable()
    {
        Lock(red);
        var blue = arena.Block(arena.Root);
        ToRound(1);
        node.Propose(arena.Proposal(blue, 1, arena.Certificate(Phase.Prepare, blue.Hash, 1, 0, others)));
        Assert.Equal([arena.Ballot(Phase.Prepare, Nil, 1, 1)], node.Voted);
        Assert.Equal(red.Hash, node.State.Prepared!.BlockHash);
        ToRound(2);
        Assert.Equal([arena.Ballot(Phase.Prepare, red.Hash, 1, 2)], node.Propose(arena.Proposal(red, 2)).Voted);
    }

    [Fact]
    public void RND_3_a_prepared_block_that_is_not_here_is_fetched_and_locked_on_when_it_comes()
    {
        node.Certify(arena.Certificate(Phase.Prepare, red.Hash, 1, 0, others));
        Assert.Equal([new ChainEffect.FetchBlock(red.Hash, ChainDriver.Peer)], node.Effects.OfType<ChainEffect.FetchBlock>());
        Assert.Empty(node.Voted);
        Assert.Contains(new ChainEffect.FetchBlock(red.Hash, PeerId.Self), node.Fire(TimerKind.Resend).Effects);
        Assert.Equal([arena.Ballot(Phase.Precommit, red.Hash)], node.Deliver(red.Block).Voted);
        Assert.Equal(new LockedBlock(0, red.Hash), node.State.Locked);
    }

    [Fact]
    public void RND_4_a_released_precommit_locks_whatever_led_to_it()
    {
        var vote = arena.Verified(arena.Vote(me, Phase.Precommit, red.Hash));
        node.Step(new ChainInput.Signed(vote));
        Assert.Equal(new LockedBlock(0, red.Hash), node.State.Locked);
    }

    [Fact]
    public void RND_4_a_certificate_of_the_locks_own_round_unlocks_nothing()
    {
        node.Step(new ChainInput.Signed(arena.Verified(arena.Vote(me, Phase.Precommit, red.Hash))));
        ToRound(1);
        var blue = arena.Block(arena.Root);
        node.Propose(arena.Proposal(blue, 1, arena.Certificate(Phase.Prepare, blue.Hash, 1, 0, others)));
        Assert.Equal([arena.Ballot(Phase.Prepare, Nil, 1, 1)], node.Voted);
    }

    [Fact]
    public void RND_5_prepares_without_agreement_are_timed_once_then_nil_is_precommitted() // lines 34, 61 to 64
    {
        node.Propose(arena.Proposal(red));
        node.Votes(Phase.Prepare, Nil, 0, others[..2]);
        Assert.Equal([new TimerId(TimerKind.Prepare, 1, 0)], node.Timed);
        Assert.Empty(node.Vote(others[2], Phase.Prepare, Sha256.Hash([7])).Timed);
        Assert.Empty(node.Voted);
        Assert.Equal([arena.Ballot(Phase.Precommit, Nil)], node.Fire(TimerKind.Prepare).Voted);
        Assert.Empty(node.Fire(TimerKind.Prepare).Voted);
    }

    [Fact]
    public void RND_5_a_quorum_of_nil_prepares_is_precommitted_nil_at_once() // lines 44 to 46
    {
        node.Fire(TimerKind.Propose);
        Assert.Equal([arena.Ballot(Phase.Precommit, Nil)], node.Votes(Phase.Prepare, Nil, 0, others[..2]).Voted);
    }

    [Fact]
    public void RND_5_prepares_that_came_before_the_own_one_count_when_it_is_cast()
    {
        node.Votes(Phase.Prepare, Nil, 0, others);
        Assert.Empty(node.Voted); // step 44 waits for the own prepare
        Assert.Equal([arena.Ballot(Phase.Prepare, Nil), arena.Ballot(Phase.Precommit, Nil)], node.Fire(TimerKind.Propose).Voted);
    }

    [Fact]
    public void RND_6_precommits_without_agreement_are_timed_once_then_the_next_round_begins() // lines 47, 65 to 67
    {
        node.Propose(arena.Proposal(red));
        node.Votes(Phase.Precommit, Nil, 0, others[..2]);
        Assert.Equal([new TimerId(TimerKind.Precommit, 1, 0)], node.Vote(others[2], Phase.Precommit, red.Hash).Timed);
        node.Fire(TimerKind.Precommit);
        Assert.Equal((1U, Phase.Propose), (node.State.Round, node.State.Phase));
        Assert.Equal(1U, node.Fire(TimerKind.Precommit, 0).State.Round); // late: harmless
    }

    [Fact]
    public void RND_6_a_quorum_of_nil_precommits_begins_the_next_round_at_once()
    {
        node.Votes(Phase.Precommit, Nil, 0, others);
        Assert.Equal((1U, Phase.Propose, RoundFacts.None), (node.State.Round, node.State.Phase, node.State.Facts));
    }

    [Fact]
    public void RND_7_a_clock_that_is_set_back_silences_nobody_for_as_long()
    {
        var proposer = arena.Proposer(1, 0);
        var wait = arena.Rules.BlockInterval + arena.Rules.ClockBound;
        foreach (var (me, kind, delay) in new[]
        {
            (proposer, TimerKind.Build, wait), (arena.Bystander(0), TimerKind.Propose, wait + arena.Rules.RoundTimeout),
        })
        {
            var node = new ChainDriver(arena, me, now: arena.Genesis.Time - 600_000);
            Assert.Equal(delay, node.Effects.OfType<ChainEffect.StartTimer>().Single(timer => timer.Id.Kind == kind).Delay);
        }
    }

    [Fact]
    public void RND_7_timeouts_grow_by_the_step_and_saturate()
    {
        for (uint round = 0; round < 4; round++)
        {
            if (round > 0)
            {
                ToRound(round);
                var timer = node.Effects.OfType<ChainEffect.StartTimer>().Single(timer => timer.Id.Kind == TimerKind.Propose);
                Assert.Equal(30_000UL + (round * 15_000), timer.Delay);
            }

            Assert.Equal(30_000UL + (round * 15_000), arena.Rules.TimeoutOf(round));
        }

        Assert.Equal((ulong)long.MaxValue, (arena.Rules with { RoundTimeoutStep = ulong.MaxValue }).TimeoutOf(uint.MaxValue));
    }

    [Fact]
    public void RND_8_more_than_a_third_in_a_later_round_leads_there() // lines 55 and 56
    {
        Assert.Equal(0U, node.Vote(others[0], Phase.Prepare, Nil, 1, 5).State.Round);
        Assert.Equal(3U, node.Vote(others[1], Phase.Precommit, Nil, 1, 3).State.Round);
        Assert.Equal(5U, node.Vote(others[1], Phase.Prepare, Nil, 1, 6).State.Round);

        var (next, effects) = Chain.Step(node.State, new ChainInput.Fact(1, new FinalityFact.RoundSkip(4)), node.Now); // told late: never back
        Assert.Same(node.State, next);
        Assert.Empty(effects);
    }

    [Fact]
    public void RND_8_a_certificate_of_a_later_round_leads_there_and_is_used_there()
    {
        node.Propose(arena.Proposal(red));
        node.Certify(arena.Certificate(Phase.Prepare, red.Hash, 1, 4, others));
        Assert.Equal((4U, Phase.Precommit, new LockedBlock(4, red.Hash)), (node.State.Round, node.State.Phase, node.State.Locked));
    }

    [Fact]
    public void RND_8_facts_that_came_before_their_round_are_told_when_it_begins()
    {
        var blue = arena.Block(arena.Root, 1);
        node.Propose(arena.Proposal(blue));
        node.Vote(others[0], Phase.Prepare, Nil, 1, 1);
        node.Votes(Phase.Precommit, Nil, 0, others);
        Assert.Equal((1U, Phase.Prepare), (node.State.Round, node.State.Phase)); // its proposal was here already
        Assert.Equal([new TimerId(TimerKind.Prepare, 1, 1)], node.Vote(others[1], Phase.Prepare, Nil, 1, 1).Timed);
    }

    [Fact]
    public void RND_8_a_fact_of_a_decided_height_says_nothing_about_the_next()
    {
        FinalityFact[] facts =
        [
            new FinalityFact.RoundSkip(3), new FinalityFact.NilQuorum(0, Phase.Precommit), new FinalityFact.AnyQuorum(0, Phase.Precommit), new FinalityFact.NilQuorum(0, Phase.Prepare),
        ];
        foreach (var fact in facts)
        {
            var (next, effects) = Chain.Step(node.State, new ChainInput.Fact(node.State.Height - 1, fact), node.Now);
            Assert.Same(node.State, next);
            Assert.Empty(effects);
        }
    }

    [Fact]
    public void FIN_7_votes_are_kept_for_two_heights_above_the_one_being_decided()
    {
        for (ulong height = 2; height < 6; height++)
        {
            node.Vote(others[0], Phase.Prepare, red.Hash, height);
        }

        Assert.Equal([2UL, 3UL], node.Node.Heights.Keys.Where(static height => height > 1));
    }

    [Fact]
    public void RND_9_who_waits_says_again_all_that_others_may_have_missed()
    {
        Lock(red);
        Assert.Equal(
            [typeof(Message.Status), typeof(Message.Propose), typeof(Message.Certify), typeof(Message.CastVote), typeof(Message.CastVote)],
            node.Fire(TimerKind.Resend).Said.Select(static said => said.GetType()));
        Assert.Contains(new TimerId(TimerKind.Resend, 1, 0), node.Timed);
    }

    [Fact]
    public void RND_9_the_precommits_that_ended_a_round_are_said_again_by_who_left_it()
    {
        // Without them a node that missed one could neither follow nor be followed: fewer than a quorum here, fewer than a third there.
        node.Votes(Phase.Precommit, Nil, 0, others);
        Assert.Equal(1U, node.State.Round);
        var again = node.Fire(TimerKind.Resend).Said.OfType<Message.CastVote>().Select(static said => said.Vote).ToArray();
        Assert.Equal(others.Select(who => arena.Vote(who, Phase.Precommit, Nil)), again);

        var behind = new ChainDriver(arena, others[0]);
        foreach (var vote in again)
        {
            behind.Step(new LuxTensor.Engine.NodeInput.CastVote(arena.Verified(vote), ChainDriver.Peer));
        }

        Assert.Equal(1U, behind.State.Round);
    }

    [Fact]
    public void RND_10_a_restart_asks_again_for_every_open_signature_and_times_again()
    {
        var silent = new ChainDriver(arena, me, signs: false);
        silent.Propose(arena.Proposal(red));
        var asked = silent.Effects.OfType<ChainEffect.Sign>().ToArray();
        Assert.Single(asked);
        silent.Votes(Phase.Prepare, Nil, 0, others);
        silent.Votes(Phase.Precommit, Nil, 0, others[..2]).Vote(others[2], Phase.Precommit, red.Hash);
        var hard = silent.State;

        silent.Step(new ChainInput.Resume());
        Assert.Equal(hard.Asked, silent.Effects.OfType<ChainEffect.Sign>());
        Assert.Contains(new TimerId(TimerKind.Precommit, 1, 0), silent.Timed);
        Assert.Contains(new TimerId(TimerKind.Resend, 1, 0), silent.Timed);
        Assert.Equal(hard.Asked.AsEnumerable(), silent.State.Asked);
        Assert.Equal((hard.Round, hard.Phase, hard.Locked), (silent.State.Round, silent.State.Phase, silent.State.Locked));
    }

    [Fact]
    public void RND_10_stale_timers_change_nothing()
    {
        Lock(red);
        ToRound(1);
        var before = node.State;
        foreach (var kind in new[] { TimerKind.Propose, TimerKind.Prepare, TimerKind.Precommit, TimerKind.Build })
        {
            Assert.Same(before, node.Fire(kind, 0).State);
            Assert.Same(before, node.Fire(kind, 1, 2).State);
        }

        Assert.Same(before, node.Fire(TimerKind.Ahead, 7, 9).State);
    }

    private void Lock(BlockNode block)
    {
        node.Propose(arena.Proposal(block));
        node.Votes(Phase.Prepare, block.Hash, node.State.Round, others[..2]);
        Assert.Equal(block.Hash, node.State.Locked?.Block);
    }

    private void ToRound(uint round)
    {
        node.Votes(Phase.Precommit, Nil, round - 1, others);
        Assert.Equal(round, node.State.Round);
    }
}
