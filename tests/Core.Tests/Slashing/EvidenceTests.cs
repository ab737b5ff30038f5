using LuxTensor.Core.Finality;
using LuxTensor.Core.Slashing;
using LuxTensor.Core.State;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;
using LuxTensor.Tests.Core.Validators;

namespace LuxTensor.Tests.Core.Slashing;

public sealed class EvidenceTests
{
    private static readonly Ballot Ballot = new(Given.ChainId, 0, 3, 1, Phase.Prepare, Sha256.Hash([1]));

    [Fact]
    public void EVI_1_the_layout_is_key_ballot_and_both_blocks_in_order()
    {
        var offence = Given.DoubleVote(2, Ballot, Hash256.Zero);
        Assert.Equal((Hash256.Zero, Ballot.BlockHash), (offence.First.Ballot.BlockHash, offence.Second.Ballot.BlockHash));
        var encoded = Transaction.Sign(7, Given.Key(1), 0, 0, new TransactionBody.Report(offence)).Encoded.ToArray();
        var body = new WireWriter().Key(offence.Key).UInt64(0).UInt64(3).UInt32(1).UInt8(1).Hash(Hash256.Zero).Signature(offence.First.Signature)
            .Hash(Ballot.BlockHash).Signature(offence.Second.Signature).ToArray();
        Assert.Equal(DoubleVote.Size, body.Length);
        Assert.Equal(body, encoded[66..^64]);
        Assert.True(Transaction.TryDecode(encoded, 1_000, out var read, out _));
        Assert.Equal(offence, ((TransactionBody.Report)read!.Body).Offence);
    }

    [Theory]
    [InlineData(52, 3, WireFault.UnknownTag)] // a phase that nobody signs
    [InlineData(52, 0, WireFault.UnknownTag)] // a proposal of nil
    [InlineData(53, 0xff, WireFault.NotCanonical)] // the higher hash first
    public void EVI_1_another_form_is_refused(int at, byte value, WireFault expected)
    {
        var encoded = Transaction.Sign(7, Given.Key(1), 0, 0, new TransactionBody.Report(Given.DoubleVote(2, Ballot, Hash256.Zero))).Encoded.ToArray();
        encoded[66 + at] = value;
        Assert.False(Transaction.TryDecode(encoded, 1_000, out _, out var fault));
        Assert.Equal(expected, fault);
    }

    [Fact]
    public void EVI_1_one_vote_given_twice_is_no_evidence()
    {
        var encoded = Transaction.Sign(7, Given.Key(1), 0, 0, new TransactionBody.Report(Given.DoubleVote(2, Ballot, Hash256.Zero))).Encoded.ToArray();
        var first = encoded.AsSpan(66 + 53, Hash256.Size + Signature.Size);
        first.CopyTo(encoded.AsSpan(66 + 149));
        Assert.False(Transaction.TryDecode(encoded, 1_000, out _, out var fault));
        Assert.Equal(WireFault.NotCanonical, fault);
    }

    [Fact]
    public void EVI_1_only_two_different_votes_of_one_validator_for_one_place_are_an_offence()
    {
        var first = Given.Sign(2, Ballot);
        var key = Given.Key(2).PublicKey;
        Assert.Null(DoubleVote.Of(new Evidence(first, first), key));
        Assert.Null(DoubleVote.Of(new Evidence(first, Given.Sign(2, Ballot with { BlockHash = Hash256.Zero, Round = 2 })), key));
        Assert.Null(DoubleVote.Of(new Evidence(first, Given.Sign(2, Ballot with { BlockHash = Hash256.Zero, Phase = Phase.Precommit })), key));
        Assert.Null(DoubleVote.Of(new Evidence(first, Given.Sign(2, Ballot with { BlockHash = Hash256.Zero, Height = 4 })), key));
        Assert.Null(DoubleVote.Of(new Evidence(first, Given.Sign(3, Ballot with { BlockHash = Hash256.Zero })), key));
        Assert.Null(DoubleVote.Of(new Evidence(first, Given.Sign(2, Ballot with { BlockHash = Hash256.Zero })), Given.Key(3).PublicKey));
        Assert.NotNull(DoubleVote.Of(new Evidence(first, Given.Sign(2, Ballot with { BlockHash = Hash256.Zero })), key));
    }

    [Fact]
    public void EVI_1_both_signatures_are_the_keys()
    {
        var good = Given.DoubleVote(2, Ballot, Hash256.Zero);
        Assert.True(good.Verify());
        Assert.Null(Check(Of(good.First, good.Second)));
        Assert.Equal(new VoteRejection.BadSignature(Given.AddressOf(2)), Check(Of(good.First with { Signature = good.Second.Signature }, good.Second)));
        Assert.Equal(new VoteRejection.BadSignature(Given.AddressOf(2)), Check(Of(good.First, good.Second with { Signature = default })));
        var elsewhere = Ballot with { ChainId = 8 }; // signed for another chain: the transaction says this one
        Assert.NotNull(Check(Of(
            good.First with { Signature = Given.Sign(2, elsewhere with { BlockHash = Hash256.Zero }).Signature },
            good.Second with { Signature = Given.Sign(2, elsewhere).Signature })));

        static DoubleVote Of(Vote first, Vote second) => DoubleVote.Of(new Evidence(first, second), Given.Key(2).PublicKey)!;
        static VoteRejection? Check(DoubleVote offence) => Verifier.Check(
            Transaction.Sign(7, Given.Key(1), 0, 0, new TransactionBody.Report(offence)), Given.Rules, out _);
    }

    [Fact]
    public void EVI_2_the_epoch_is_the_heights_and_the_offender_a_validator()
    {
        var chain = new StakeChain();
        chain.To(2);
        Assert.Equal(new TransactionRejection.WrongEvidenceEpoch(6, 1, 2), chain.Refusal(10, chain.Offence(2, 6, epoch: 2)));
        Assert.Equal(new TransactionRejection.ValidatorUnknown(Given.AddressOf(20)), chain.Refusal(10, chain.Offence(20, 6)));
        Assert.Null(chain.Refusal(10, chain.Offence(2, 6)));
        chain.Block((3, new TransactionBody.Exit())).To(9).Block((3, new TransactionBody.Withdraw()));
        Assert.Equal(new TransactionRejection.ValidatorUnknown(Given.AddressOf(3)), chain.Refusal(10, chain.Offence(3, chain.Ledger.Height)));
    }

    [Fact]
    public void EVI_3_evidence_has_an_age_and_comes_from_no_future()
    {
        var chain = new StakeChain();
        chain.To(6); // the next block is in epoch 6; four epochs back is epoch 2, heights 8 to 11
        Assert.Null(chain.Refusal(10, chain.Offence(2, 8)));
        Assert.Equal(new TransactionRejection.EvidenceTooOld(2, 1), chain.Refusal(10, chain.Offence(2, 7)));
        var limit = chain.Ledger.Height + 1 + 4;
        Assert.Null(chain.Refusal(10, chain.Offence(2, limit)));
        Assert.Equal(new TransactionRejection.EvidenceTooEarly(limit, limit + 1), chain.Refusal(10, chain.Offence(2, limit + 1)));
    }

    [Fact]
    public void EVI_4_a_double_vote_costs_once_and_the_reporter_is_paid()
    {
        var chain = new StakeChain();
        chain.Block((1, new TransactionBody.TopUp(33))).Block();
        var before = chain.Ledger;
        chain.Block((10, chain.Offence(1, 2)));
        Assert.Equal(1_033u - 51, chain[1].Stake); // floor(5 % of 1,033)
        Assert.True(chain[1].IsSlashed);
        Assert.Equal(before.GetAccount(Given.AddressOf(10)).Balance - 1 + 5, chain.Ledger.GetAccount(Given.AddressOf(10)).Balance);
        Assert.Equal(46u, chain.Ledger.Totals.Burned);
        Assert.Equal(new TransactionRejection.AlreadyPunished(Given.AddressOf(1)), chain.Refusal(11, chain.Offence(1, 2)));
        Assert.Equal(new TransactionRejection.AlreadyPunished(Given.AddressOf(1)), chain.Refusal(11, chain.Offence(1, 3, phase: Phase.Propose)));
        var twice = Execution.Run(
            before, chain.Chosen, Given.AddressOf(0), null, [Report(chain, before, 10), Report(chain, before, 11)]);
        Assert.Equal(new ExecutionResult.Rejected(1, new TransactionRejection.AlreadyPunished(Given.AddressOf(1))), twice);
    }

    [Fact]
    public void EVI_4_a_penalty_is_never_more_than_the_stake()
    {
        var chain = new StakeChain(StakeChain.Rules with { SlashPercent = 100 });
        chain.Block((10, chain.Offence(1, 1)));
        Assert.Equal((UInt128)0, chain[1].Stake);
        chain.To(4);
        Assert.False(chain.IsIn(1, 2));
        Assert.Equal(3_000u, chain.Ledger.Totals.Staked);
    }

    [Theory]
    [InlineData("waiting")]
    [InlineData("jailed")]
    [InlineData("leaving")]
    public void EVI_4_stake_is_taken_wherever_the_validator_is(string where)
    {
        var chain = new StakeChain();
        var who = string.Equals(where, "waiting", StringComparison.Ordinal) ? 10 : 1;
        switch (where)
        {
            case "waiting":
                chain.Block((10, new TransactionBody.Stake(1_000)));
                break;
            case "jailed":
                chain.To(2, missing: 1).Block().Block();
                Assert.Equal(Standing.Jailed, chain[1].Standing);
                break;
            default:
                chain.Block((1, new TransactionBody.Exit())).To(4); // out of every set, and not withdrawable yet
                break;
        }

        var promised = chain[who].Withdrawable;
        chain.Block((20, chain.Offence(who, chain.Ledger.Height)));
        Assert.Equal((950u, Standing.Leaving, true), (chain[who].Stake, chain[who].Standing, chain[who].IsSlashed));
        Assert.Equal(chain.Epoch + 2 + 5, chain[who].Withdrawable); // EVI-5: as after an exit
        Assert.True(promised == Validator.Never || promised <= chain[who].Withdrawable);
        Assert.Equal(0, chain.Ledger.Waiting);
        chain.To(chain.Epoch + 3);
        Assert.False(chain.IsIn(who, chain.Epoch));
    }

    [Fact]
    public void EVI_5_the_offender_leaves_with_the_first_free_set_and_never_returns()
    {
        var chain = new StakeChain();
        chain.Block((10, chain.Offence(1, 1)));
        Assert.Equal((2UL, Standing.Leaving), (chain[1].Until, chain[1].Standing));
        Assert.Equal(new TransactionRejection.RemovedForGood(Given.AddressOf(1)), chain.Refusal(1, new TransactionBody.TopUp(5)));
        Assert.Equal(new TransactionRejection.RemovedForGood(Given.AddressOf(1)), chain.Refusal(1, new TransactionBody.Unjail()));
        Assert.Equal(new TransactionRejection.RemovedForGood(Given.AddressOf(1)), chain.Refusal(1, new TransactionBody.Stake(500)));
        Assert.Equal(new TransactionRejection.AlreadyLeaving(Given.AddressOf(1), 2), chain.Refusal(1, new TransactionBody.Exit()));
        chain.To(2);
        Assert.Equal((true, false), (chain.IsIn(1, 1), chain.IsIn(1, 2)));
        chain.To(7).Block((1, new TransactionBody.Withdraw()));
        Assert.Equal(new TransactionRejection.RemovedForGood(Given.AddressOf(1)), chain.Refusal(1, new TransactionBody.Stake(500)));
        Assert.Equal(new TransactionRejection.AlreadyPunished(Given.AddressOf(1)), chain.Refusal(10, chain.Offence(1, chain.Ledger.Height)));
    }

    [Fact]
    public void EVI_6_evidence_that_is_refused_changes_nothing()
    {
        var chain = new StakeChain();
        chain.To(2);
        TransactionBody[] bad = [chain.Offence(2, 6, epoch: 2), chain.Offence(20, 6), chain.Offence(2, 50)];
        foreach (var body in bad)
        {
            var rejected = Assert.IsType<ExecutionResult.Rejected>(Execution.Run(chain.Ledger, chain.Chosen, Given.AddressOf(0), null, [chain.Sign(10, body)]));
            Assert.Equal(0, rejected.Index);
        }

        Assert.Equal(1_000u, chain[2].Stake);
        Assert.Equal((UInt128)0, chain.Ledger.Totals.Burned);
    }

    [Fact]
    public void FIN_10_a_certificates_signatures_are_votes()
    {
        var set = new StakeChain().Genesis.EpochZero;
        var state = BlockFinality.Begin(3, set, 67);
        var red = Ballot with { Phase = Phase.Precommit };
        var blue = red with { BlockHash = Sha256.Hash([9]) };
        foreach (var who in new[] { 0, 3 })
        {
            state = BlockFinality.Count(state, new Verified<Vote>(Given.Sign(who, who == 0 ? red : blue))).Next;
        }

        var certificate = new Certificate(blue, [0b1111], [.. Enumerable.Range(0, 4).Select(i => Given.Sign(i, blue).Signature)]);
        var (next, conflicts) = BlockFinality.Compare(state, certificate);
        Assert.Equal(new Evidence(Given.Sign(0, red), Given.Sign(0, blue)), Assert.Single(conflicts).Evidence);
        Assert.Empty(BlockFinality.Compare(next, certificate).Conflicts); // told once
        Assert.Empty(BlockFinality.Compare(state, new Certificate(blue with { Round = 2 }, [0b1], [Given.Sign(0, blue with { Round = 2 }).Signature])).Conflicts);
        Assert.Empty(BlockFinality.Compare(state, new Certificate(red with { Height = 4 }, [0b1], [default])).Conflicts);
    }

    private static Transaction Report(StakeChain chain, Ledger ledger, int who) => Transaction.Sign(
        chain.Chosen.ChainId, Given.Key(who), ledger.GetAccount(Given.AddressOf(who)).Nonce, 0, chain.Offence(1, 2));
}
