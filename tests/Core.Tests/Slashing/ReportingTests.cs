using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Tests.Core.Voting;

namespace LuxTensor.Tests.Core.Slashing;

/// <summary>EVI-7: what a node does about a double vote, from the second vote until it is punished.</summary>
public sealed class ReportingTests
{
    private readonly Arena arena = new();
    private readonly NodeState begin;

    public ReportingTests() => begin = Routing.Begin(arena.Genesis, arena.Root, null, [Given.AddressOf(0)], new MempoolLimits());

    [Fact]
    public void EVI_7_a_double_vote_is_kept_and_a_report_is_asked_for_until_one_waits_or_punishes()
    {
        var turn = new NodeTurn(begin);
        Count(turn, 1, Sha256.Hash([1]));
        Assert.Empty(Reports(turn));
        Count(turn, 1, Sha256.Hash([2]));
        var report = Assert.Single(Reports(turn));
        Assert.Equal((Given.AddressOf(0), Given.AddressOf(1)), (report.Reporter, report.Offence.Offender));
        Assert.Single(turn.ToBatch().Evidence);
        Count(turn, 1, Sha256.Hash([3]));
        Assert.Single(Reports(turn)); // asked once

        var first = arena.Block(arena.Root);
        var next = new NodeTurn(turn.State);
        Finalize(next, first, null);
        Assert.Single(Reports(next)); // nobody reported it: asked again

        // It waits in the pool: nothing more to ask for.
        var transaction = Transaction.Sign(arena.Rules.ChainId, Given.Key(0), 0, 0, new TransactionBody.Report(report.Offence));
        Assert.Null(Verifier.Check(transaction, arena.Rules, out var verified));
        Routing.Step(next, new NodeInput.Submit(verified), 0);
        var second = arena.Block(first, certificate: arena.Final(first));
        var waiting = new NodeTurn(next.State);
        Finalize(waiting, second, first);
        Assert.Empty(Reports(waiting));

        // It is punished: forgotten.
        var third = BlockValidity.Make(
            second, 0, 0, arena.Set.ProposerOf(3, 0).Address, arena.Final(second), [transaction], arena.Rules);
        Assert.True(third.After.GetValidator(Given.AddressOf(1))!.IsSlashed);
        var punished = new NodeTurn(waiting.State);
        Finalize(punished, third, second);
        Assert.Empty(Reports(punished));
        Assert.Empty(punished.State.Offences);
        Assert.Equal(0, punished.State.Pool.Count);
    }

    [Fact]
    public void EVI_7_a_node_that_starts_again_knows_what_it_saw_and_who_can_be_punished()
    {
        var turn = new NodeTurn(begin);
        Count(turn, 1, Sha256.Hash([1]));
        Count(turn, 1, Sha256.Hash([2]));
        var batch = turn.ToBatch();
        var contents = new JournalContents(
            new FinalBlock(arena.Genesis.Block, null),
            arena.Genesis.Changes.Select(static change => KeyValuePair.Create(change.Key, change.Value)),
            arena.Genesis.Sets, batch.Inputs, [])
        {
            Evidence = [.. batch.Evidence, new Evidence(Given.Sign(40, Ballot(1)), Given.Sign(40, Ballot(2)))],
        };
        var back = Recovery.Replay(contents, arena.Genesis, [Given.AddressOf(0)], new MempoolLimits());
        Assert.Equal(turn.State.Offences, back.Turn.State.Offences); // account 40 is no validator

        // The votes of a height that is final are not replayed: what is stored of them is the evidence.
        var later = Recovery.Replay(contents with { Inputs = [] }, arena.Genesis, [Given.AddressOf(0)], new MempoolLimits());
        Assert.Equal(turn.State.Offences, later.Turn.State.Offences);
    }

    [Fact]
    public void EVI_7_a_certificate_can_be_the_second_vote()
    {
        var block = arena.Block(arena.Root);
        var turn = new NodeTurn(begin);
        Routing.Step(turn, new NodeInput.CastVote(arena.Verified(arena.Vote(2, Phase.Precommit, Sha256.Hash([7]))), PeerId.Self), 0);
        Finalize(turn, block, null); // FIN-10: validator 2 signed this certificate, too
        Assert.Equal([Given.AddressOf(2)], Reports(turn).Select(static report => report.Offence.Offender).Distinct());
        Assert.Equal(1UL, turn.State.Final.Height);
    }

    [Fact]
    public void EVI_8_a_double_vote_is_told_to_all_and_whoever_hears_of_it_keeps_and_reports_it()
    {
        var witness = new NodeTurn(begin);
        Count(witness, 1, Sha256.Hash([1]));
        Count(witness, 1, Sha256.Hash([2]));
        var told = Assert.Single(Accusations(witness));

        var other = new NodeTurn(begin);
        Routing.Step(other, new NodeInput.Accuse(told.Offence), 0);
        Assert.Equal(told, Assert.Single(Accusations(other))); // and tells on
        Assert.Equal(told.Offence, Assert.Single(Reports(other)).Offence);
        Assert.Single(other.ToBatch().Evidence);
        Assert.Equal(witness.State.Offences, other.State.Offences);

        Routing.Step(other, new NodeInput.Accuse(told.Offence), 0);
        Assert.Single(Accusations(other)); // once
        Routing.Step(other, new NodeInput.Accuse(Given.DoubleVote(40, Ballot(1), Sha256.Hash([2]))), 0);
        Assert.Single(other.State.Offences); // account 40 is no validator
        Routing.Step(other, new NodeInput.Accuse(Given.DoubleVote(2, Ballot(1) with { Epoch = 1_000 }, Sha256.Hash([2]))), 0);
        Assert.Single(other.State.Offences); // of an epoch that nobody can have voted in yet
    }

    [Theory]
    [InlineData(1, 1)] // of an epoch that is not its height's
    [InlineData(0, 1_000_000)]
    [InlineData(1_000, 1_000)]
    public void EVI_8_an_accusation_that_no_block_can_punish_does_not_stand_before_one_that_can(ulong epoch, ulong height)
    {
        var turn = new NodeTurn(begin);
        var bogus = Given.DoubleVote(1, Ballot(1) with { Epoch = epoch, Height = height }, Sha256.Hash([2])); // the offender's own
        Assert.True(bogus.Verify());
        Routing.Step(turn, new NodeInput.Accuse(bogus), 0);
        Assert.Empty(turn.State.Offences);

        Count(turn, 1, Sha256.Hash([1]));
        Count(turn, 1, Sha256.Hash([2]));
        Assert.Equal(1UL, Assert.Single(Reports(turn)).Offence.Ballot.Height);
    }

    [Fact]
    public void A_node_reports_nobody_with_the_offenders_own_key()
    {
        var turn = new NodeTurn(Routing.Begin(arena.Genesis, arena.Root, null, [Given.AddressOf(1)], new MempoolLimits()));
        Count(turn, 1, Sha256.Hash([1]));
        Count(turn, 1, Sha256.Hash([2]));
        Assert.Empty(Reports(turn));
        Assert.Single(turn.State.Offences);
    }

    private Ballot Ballot(byte block) => arena.Ballot(Phase.Prepare, Sha256.Hash([block]));

    private void Count(NodeTurn turn, int who, Hash256 block) =>
        Routing.Step(turn, new NodeInput.CastVote(arena.Verified(arena.Vote(who, Phase.Prepare, block)), PeerId.Self), 0);

    private void Finalize(NodeTurn turn, LuxTensor.Core.ForkChoice.BlockNode node, LuxTensor.Core.ForkChoice.BlockNode? parent)
    {
        Assert.Equal(parent?.Hash ?? arena.Root.Hash, node.Parent);
        var item = new CertifiedBlock(node.Block, arena.Final(node));
        Assert.Null(Verifier.Check(item, arena.Rules, arena.Epochs.Of, static _ => false, out var verified));
        Routing.Step(turn, new NodeInput.Chain(new ChainInput.FinalBlocks([verified], new PeerId("peer"))), 0);
    }

    private static Message.Accuse[] Accusations(NodeTurn turn) =>
        [.. turn.Effects.OfType<NodeEffect.Chain>().Select(static effect => effect.Effect).OfType<ChainEffect.Broadcast>().Select(static said => said.Message).OfType<Message.Accuse>()];

    private static NodeEffect.Report[] Reports(NodeTurn turn) => [.. turn.Effects.OfType<NodeEffect.Report>()];
}
