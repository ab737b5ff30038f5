using System.Collections.Immutable;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.ForkChoice;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Tests.Core.Voting;

namespace LuxTensor.Tests.Core.Slashing;

/// <summary>DUT-4, DUT-5: what becomes of precommits that come after the quorum, and what is said about those that never do.</summary>
public sealed class DutyWatchTests
{
    private const ulong Start = 1_700_000_001_500; // before the second block may be built

    private readonly Arena arena = new();
    private readonly BlockNode first;
    private NodeState state;
    private ImmutableArray<MissedDuty> told = [];

    public DutyWatchTests()
    {
        first = arena.Block(arena.Root);
        state = Routing.Begin(arena.Genesis, arena.Root, null, [.. Enumerable.Range(0, 4).Select(Given.AddressOf)], new MempoolLimits());
        Assert.Null(Verifier.Check(arena.Proposal(first), arena.Rules, arena.Epochs.Of, static _ => false, out var proposal));
        Step(new NodeInput.Chain(new ChainInput.Propose(proposal, PeerId.Self)));
    }

    [Fact]
    public void DUT_4_the_next_block_carries_every_precommit_that_came_by_then()
    {
        Precommit(0, 1, 2);
        Assert.Equal(1UL, state.Final.Height);
        Assert.Equal(3, state.Chain.FinalCertificate!.Signatures.Length);
        Assert.True(Routing.IsUseful(state, arena.Vote(3, Phase.Precommit, first.Hash)));
        Precommit(3);
        Assert.False(Routing.IsUseful(state, arena.Vote(3, Phase.Precommit, first.Hash)));
        Step(new NodeInput.Chain(new ChainInput.Timer(new TimerId(TimerKind.Build, 2, 0))), Start + 10_000);
        var made = Assert.Single(state.Chain.Building);
        Assert.Equal(4, made.Certificate!.Signatures.Length);
        Assert.Null(Verifier.Check(made.Certificate, arena.Rules, arena.Set, out _));
        Assert.Null(BlockValidity.Check(first, made, arena.Rules, out _));
    }

    [Fact]
    public void DUT_5_each_reason_is_told_as_it_was_seen()
    {
        Step(new NodeInput.CastVote(arena.Verified(arena.Vote(3, Phase.Prepare, first.Hash)), PeerId.Self));
        Precommit(0, 1, 2);
        Assert.Equal(new DutyView(MissReason.NoPrecommit), state.Watched[1].Missing[3]);
        Count(new Certificate(arena.Final(first).Ballot, [0b0111], arena.Final(first).Signatures));
        Assert.Equal(new MissedDuty(1, Given.AddressOf(3), 2, MissReason.NoPrecommit, 0, Hash256.Zero), Assert.Single(told));

        // It comes after all: the last word replaces the one before.
        Step(new NodeInput.CastVote(arena.Verified(arena.Vote(3, Phase.Precommit, first.Hash)), PeerId.Self), Start + 700);
        Assert.Equal(new MissedDuty(1, Given.AddressOf(3), 2, MissReason.Late, 700, Hash256.Zero), told[^1]);
    }

    [Fact]
    public void DUT_5_who_signed_in_time_was_not_included()
    {
        Precommit(0, 1, 2, 3);
        Count(arena.Final(first)); // of 0, 1 and 2
        Assert.Equal(new MissedDuty(1, Given.AddressOf(3), 2, MissReason.Late, 0, Hash256.Zero), Assert.Single(told));
        told = [];
    }

    [Fact]
    public void DUT_5_another_round_block_or_guard_is_named()
    {
        var other = Sha256.Hash([9]);
        Step(new NodeInput.CastVote(arena.Verified(arena.Vote(3, Phase.Precommit, other)), PeerId.Self));
        Precommit(0, 1, 2);
        Assert.Equal(new DutyView(MissReason.OtherBlock, Voted: other), state.Watched[1].Missing[3]);
    }

    [Fact]
    public void DUT_5_a_precommit_of_another_round_a_refusal_and_a_forgery_are_told_apart()
    {
        Step(new NodeInput.CastVote(arena.Verified(arena.Vote(3, Phase.Precommit, first.Hash, round: 1)), PeerId.Self));
        Precommit(0, 1, 2);
        Assert.Equal(new DutyView(MissReason.OtherRound, 1), state.Watched[1].Missing[3]);

        var second = new DutyWatchTests();
        second.Step(new NodeInput.Chain(new ChainInput.SigningRefused(
            Given.AddressOf(3), arena.Ballot(Phase.Precommit, first.Hash), SigningRefusal.DoubleSign)));
        second.Step(new NodeInput.BadVote(Given.AddressOf(3), 1)); // the first word stays
        second.Precommit(0, 1, 2);
        Assert.Equal(new DutyView(MissReason.Refused, (ulong)SigningRefusal.DoubleSign), second.state.Watched[1].Missing[3]);
        Assert.Empty(second.state.RefusedVotes);

        var third = new DutyWatchTests();
        third.Step(new NodeInput.BadVote(Given.AddressOf(3), 1));
        third.Precommit(0, 1, 2);
        Assert.Equal(new DutyView(MissReason.BadVote), third.state.Watched[1].Missing[3]);

        var fourth = new DutyWatchTests();
        fourth.Precommit(0, 1, 2);
        Assert.Equal(new DutyView(MissReason.Offline), fourth.state.Watched[1].Missing[3]);
    }

    [Fact]
    public void EVI_7_a_vote_that_contradicts_a_final_certificate_is_evidence()
    {
        Precommit(0, 1, 2);
        var late = arena.Vote(1, Phase.Precommit, Hash256.Zero);
        Assert.True(Routing.IsUseful(state, late));
        Assert.False(Routing.IsUseful(state, arena.Vote(1, Phase.Precommit, Hash256.Zero, round: 1)));
        var turn = new NodeTurn(state);
        Routing.Step(turn, new NodeInput.CastVote(arena.Verified(late), PeerId.Self), Start);
        Assert.Equal(Given.AddressOf(1), Assert.Single(turn.Effects.OfType<NodeEffect.Report>()).Offence.Offender);
        Assert.True(Assert.Single(turn.State.Offences).Value.Verify());
    }

    [Fact]
    public void A_node_that_catches_up_has_nothing_to_tell()
    {
        var fresh = Routing.Begin(arena.Genesis, arena.Root, null, [], new MempoolLimits());
        var turn = new NodeTurn(fresh);
        ImmutableArray<CertifiedBlock> chain = arena.FinalChain(3);
        Routing.Step(turn, new NodeInput.Chain(new ChainInput.FinalBlocks([.. chain.Select(Verified)], PeerId.Self)), Start);
        Assert.Equal(3UL, turn.State.Final.Height);
        Assert.Empty(turn.ToBatch().Missed);
        Assert.Empty(turn.State.Watched);
    }

    private Verified<CertifiedBlock> Verified(CertifiedBlock item) =>
        Verifier.Check(item, arena.Rules, arena.Epochs.Of, static _ => false, out var verified) is null ? verified : throw new InvalidOperationException();

    private void Precommit(params int[] who)
    {
        foreach (var index in who)
        {
            Step(new NodeInput.CastVote(arena.Verified(arena.Vote(index, Phase.Precommit, first.Hash)), PeerId.Self));
        }
    }

    // A final block at height 2 whose certificate counts the duties of height 1.
    private void Count(Certificate certificate)
    {
        var second = arena.Block(first, certificate: certificate);
        Step(new NodeInput.Chain(new ChainInput.FinalBlocks([Verified(new CertifiedBlock(second.Block, arena.Final(second)))], PeerId.Self)));
    }

    private void Step(NodeInput input, ulong now = Start)
    {
        var turn = new NodeTurn(state);
        Routing.Step(turn, input, now);
        state = turn.State;
        told = told.AddRange(turn.ToBatch().Missed);
    }
}
