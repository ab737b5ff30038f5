using LuxTensor.Core.State;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Wire;

namespace LuxTensor.Tests.Core.Validators;

public sealed class LifeCycleTests
{
    private static readonly TransactionBody Exit = new TransactionBody.Exit();
    private static readonly TransactionBody Withdraw = new TransactionBody.Withdraw();
    private static readonly TransactionBody Unjail = new TransactionBody.Unjail();

    [Fact]
    public void VAL_1_a_validator_has_one_encoding()
    {
        var validator = new Validator
        {
            Key = Given.Key(3).PublicKey,
            Stake = 7,
            Standing = Standing.Jailed,
            Sequence = 1,
            From = 2,
            Until = 3,
            Withdrawable = 4,
            IsSlashed = true,
            Missed = 5,
        };
        var bytes = validator.Encode();
        var expected = new WireWriter().Key(validator.Key).UInt128(7).UInt8(3).Flag(true).UInt64(1).UInt64(2).UInt64(3).UInt64(4).UInt64(5).ToArray();
        Assert.Equal(expected, bytes);
        Assert.Equal(validator, Validator.TryDecode(bytes, out _));
        bytes[48] = 0;
        Assert.Null(Validator.TryDecode(bytes, out var fault));
        Assert.Equal(WireFault.UnknownTag, fault);
        Assert.Null(Validator.TryDecode(expected.AsSpan(1), out _));
        Assert.Null(Validator.TryDecode([.. expected, 0], out _));
    }

    [Fact]
    public void VAL_2_stake_waits_and_becomes_power_two_epochs_later()
    {
        var chain = new StakeChain();
        chain.Block((10, new TransactionBody.Stake(500)));
        Assert.Equal((Standing.Waiting, (UInt128)500, 2UL), (chain[10].Standing, chain[10].Stake, chain[10].From));
        Assert.Equal(99_499u, chain.Ledger.GetAccount(Given.AddressOf(10)).Balance);
        chain.To(1);
        Assert.False(chain.IsIn(10, 1));
        Assert.True(chain.IsIn(10, 2)); // EPO-4: fixed with the last block of epoch 0
        Assert.Equal((Standing.Active, 2UL), (chain[10].Standing, chain[10].From));
        Assert.Equal(500u, chain.Ledger.Epochs.Of(2).Validators[^1].Stake);
    }

    [Fact]
    public void VAL_2_a_stake_is_refused_below_the_minimum_and_of_a_validator()
    {
        var chain = new StakeChain();
        Assert.Equal(new TransactionRejection.StakeBelowMinimum(100, 99), chain.Refusal(10, new TransactionBody.Stake(99)));
        Assert.Null(chain.Refusal(10, new TransactionBody.Stake(100)));
        Assert.Equal(new TransactionRejection.InsufficientBalance(100_001, 100_000), chain.Refusal(10, new TransactionBody.Stake(100_000)));
        Assert.Equal(new TransactionRejection.ValidatorExists(Given.AddressOf(0), Standing.Active), chain.Refusal(0, new TransactionBody.Stake(100)));
        chain.Block((10, new TransactionBody.Stake(100)));
        Assert.Equal(new TransactionRejection.ValidatorExists(Given.AddressOf(10), Standing.Waiting), chain.Refusal(10, new TransactionBody.Stake(100)));
    }

    [Fact]
    public void VAL_3_a_top_up_counts_in_the_first_set_that_is_not_fixed()
    {
        var chain = new StakeChain();
        Assert.Equal(new TransactionRejection.NothingToAdd(Given.AddressOf(1)), chain.Refusal(1, new TransactionBody.TopUp(0)));
        Assert.Equal(new TransactionRejection.ValidatorUnknown(Given.AddressOf(10)), chain.Refusal(10, new TransactionBody.TopUp(5)));
        chain.Block((1, new TransactionBody.TopUp(50))).To(1);
        Assert.Equal(1_050u, chain[1].Stake);
        Assert.Equal(
            [1_000u, 1_000u, 1_050u],
            new ulong[] { 0, 1, 2 }.Select(epoch => chain.Ledger.Epochs.Of(epoch).Validators[1].Stake));
        Assert.NotEqual(chain.Ledger.Epochs.Of(1).Hash, chain.Ledger.Epochs.Of(2).Hash);
    }

    [Fact]
    public void VAL_4_an_exit_takes_effect_after_its_delay()
    {
        var chain = new StakeChain();
        chain.To(1).Block((2, Exit));
        Assert.Equal((Standing.Leaving, 3UL, 8UL), (chain[2].Standing, chain[2].Until, chain[2].Withdrawable));
        Assert.Equal(new TransactionRejection.AlreadyLeaving(Given.AddressOf(2), 3), chain.Refusal(2, Exit));
        Assert.Equal(new TransactionRejection.AlreadyLeaving(Given.AddressOf(2), 3), chain.Refusal(2, new TransactionBody.TopUp(5)));
        Assert.Equal(new TransactionRejection.ValidatorUnknown(Given.AddressOf(10)), chain.Refusal(10, Exit));
        chain.To(2);
        Assert.Equal((true, false), (chain.IsIn(2, 2), chain.IsIn(2, 3)));
        Assert.Equal(3, chain.Ledger.Epochs.Of(3).Validators.Length);
    }

    [Fact]
    public void VAL_4_exits_beyond_the_churn_limit_take_effect_later_and_the_last_stays()
    {
        var chain = new StakeChain();
        chain.Block((0, Exit), (1, Exit), (2, Exit));
        Assert.Equal([2UL, 2UL, 3UL], new[] { 0, 1, 2 }.Select(i => chain[i].Until));
        Assert.Equal(new TransactionRejection.LastValidator(Given.AddressOf(3)), chain.Refusal(3, Exit));
        Assert.Equal(1, chain.Ledger.Totals.Staying);
        chain.To(2);
        Assert.Equal([4, 2, 1], new ulong[] { 1, 2, 3 }.Select(epoch => chain.Ledger.Epochs.Of(epoch).Validators.Length));
    }

    [Fact]
    public void VAL_4_whoever_waits_leaves_at_once_and_is_never_in_a_set()
    {
        var chain = new StakeChain();
        chain.Block((10, new TransactionBody.Stake(500))).Block((10, Exit));
        Assert.Equal((Standing.Leaving, 2UL, 2UL, 7UL), (chain[10].Standing, chain[10].From, chain[10].Until, chain[10].Withdrawable));
        Assert.Equal(0, chain.Ledger.Waiting);
        chain.To(3);
        Assert.False(chain.IsIn(10, 2));
    }

    [Fact]
    public void VAL_5_stake_is_paid_out_after_the_withdrawal_delay_and_not_before()
    {
        var chain = new StakeChain();
        Assert.Equal(new TransactionRejection.NotWithdrawable(Given.AddressOf(2), Validator.Never, 0), chain.Refusal(2, Withdraw));
        Assert.Equal(new TransactionRejection.ValidatorUnknown(Given.AddressOf(10)), chain.Refusal(10, Withdraw));
        chain.Block((2, Exit)).To(6);
        chain.Block().Block().Block();
        Assert.Equal(new TransactionRejection.NotWithdrawable(Given.AddressOf(2), 7, 6), chain.Refusal(2, Withdraw));
        chain.To(7);
        var before = chain.Ledger.GetAccount(Given.AddressOf(2)).Balance;
        chain.Block((2, Withdraw));
        Assert.Equal(before + 1_000 - 1, chain.Ledger.GetAccount(Given.AddressOf(2)).Balance);
        Assert.Equal((Standing.Withdrawn, (UInt128)0), (chain[2].Standing, chain[2].Stake));
        Assert.Equal(new TransactionRejection.ValidatorUnknown(Given.AddressOf(2)), chain.Refusal(2, Withdraw));
        chain.Block((2, new TransactionBody.Stake(700))).To(8); // VAL-2: it may come back
        Assert.True(chain.IsIn(2, 9));
    }

    [Fact]
    public void VAL_6_a_jailed_validator_returns_through_the_queue_once_it_is_out()
    {
        var chain = new StakeChain();
        Assert.Equal(new TransactionRejection.NotJailed(Given.AddressOf(1), Standing.Active), chain.Refusal(1, Unjail));
        chain.To(2, missing: 1).Block().Block();
        Assert.Equal((Standing.Jailed, 3UL), (chain[1].Standing, chain[1].Until));
        Assert.Equal(new TransactionRejection.StillInSet(Given.AddressOf(1), 3, 2), chain.Refusal(1, Unjail));
        chain.To(3);
        Assert.False(chain.IsIn(1, 3));
        chain.Block((1, Unjail));
        Assert.Equal((Standing.Waiting, 5UL, 4UL), (chain[1].Standing, chain[1].From, chain[1].Sequence));
        chain.To(4);
        Assert.Equal((false, true), (chain.IsIn(1, 4), chain.IsIn(1, 5)));
        Assert.Equal(Given.AddressOf(1), chain.Ledger.Epochs.Of(5).Validators[^1].Address); // in order of sequence
    }

    [Fact]
    public void VAL_8_the_queue_is_in_order_with_room_and_churn()
    {
        var chain = new StakeChain();
        chain.Block((13, new TransactionBody.Stake(900))).Block((12, new TransactionBody.Stake(200)), (11, new TransactionBody.Stake(100)), (10, new TransactionBody.Stake(500)));
        Assert.Equal(
            new[] { 13, 12, 11, 10 }.Select(Given.AddressOf), chain.Ledger.Queue(0, 9).Select(static validator => validator.Address));
        Assert.Equal([5UL, 6UL], chain.Ledger.Queue(5, 2).Select(static validator => validator.Sequence)); // by page
        Assert.Equal([4UL], chain.Ledger.Queue(0, 1).Select(static validator => validator.Sequence));
        Assert.Empty(chain.Ledger.Queue(8, 2));
        chain.To(1);
        Assert.Equal([6UL, 7UL], chain.Ledger.Queue(5, 9).Select(static validator => validator.Sequence)); // 5 has joined
        Assert.Equal(new[] { 0, 1, 2, 3, 13, 12 }.Select(Given.AddressOf), chain.Ledger.Epochs.Of(2).Validators.Select(static it => it.Address));
        chain.To(3);
        Assert.Equal(6, chain.Ledger.Epochs.Of(4).Validators.Length); // full
        chain.Block((0, Exit)).To(5);
        Assert.Equal(new[] { 1, 2, 3, 13, 12, 11 }.Select(Given.AddressOf), chain.Ledger.Epochs.Of(5).Validators.Select(static it => it.Address));
    }

    [Fact]
    public void VAL_8_nobody_joins_before_its_epoch_and_only_so_many_with_one()
    {
        var slow = new StakeChain(StakeChain.Rules with { ActivationDelay = 4 });
        slow.Block((10, new TransactionBody.Stake(500))).To(3);
        Assert.Equal((false, true), (slow.IsIn(10, 3), slow.IsIn(10, 4)));

        var roomy = new StakeChain(StakeChain.Rules with { MaxActiveValidators = 20 });
        roomy.Block([.. Enumerable.Range(10, 5).Select(static who => (who, (TransactionBody)new TransactionBody.Stake(500)))]).To(4);
        Assert.Equal([4, 6, 8, 9, 9], new ulong[] { 1, 2, 3, 4, 5 }.Select(epoch => roomy.Ledger.Epochs.Of(epoch).Validators.Length));
    }

    [Fact]
    public void VAL_9_a_set_that_stays_as_it_is_shares_everything_and_keeps_its_hash()
    {
        var chain = new StakeChain();
        chain.To(4);
        Assert.Equal(chain.Genesis.EpochZero.Hash, chain.Ledger.Epochs.Of(5).Hash);
        Assert.Equal(chain.Genesis.EpochZero.Validators, chain.Ledger.Epochs.Of(5).Validators); // the same array
        Assert.Equal(5UL, chain.Ledger.Epochs.Of(5).Epoch);
    }

    [Fact]
    public void VAL_10_a_set_is_never_empty()
    {
        var chain = new StakeChain(validators: 2);
        chain.Block((10, chain.Offence(0, 1)), (11, chain.Offence(1, 1))).To(4);
        Assert.Equal(2, chain.Ledger.Epochs.Of(5).Validators.Length);
        Assert.All(chain.Ledger.Epochs.Of(5).Validators, static it => Assert.Equal(1_000u, it.Stake));
        chain.Block((12, new TransactionBody.Stake(100))).To(6);
        Assert.Equal(Given.AddressOf(12), Assert.Single(chain.Ledger.Epochs.Of(6).Validators).Address);
    }

    [Fact]
    public void EPO_4_what_waits_for_the_next_set_comes_back_with_the_state()
    {
        var chain = new StakeChain();
        chain.Block((1, new TransactionBody.TopUp(50)), (2, Exit), (10, new TransactionBody.Stake(500)), (11, chain.Offence(3, 1)));
        var again = new StakeChain { Ledger = Ledger.From(RandomLife.LeavesOf(chain), chain.Ledger.Epochs.Sets) };
        again.To(1);
        Assert.Equal(
            [(0, 1_000u), (1, 1_050u), (10, 500u)],
            new[] { 0, 1, 2, 3, 10 }.Where(who => again.IsIn(who, 2)).Select(who => (who, again.Ledger.Epochs.Of(2).Validators[again.Ledger.Epochs.Of(2).IndexOf(Given.AddressOf(who))].Stake)));
    }

    [Fact]
    public void EPO_4_a_state_comes_back_from_its_leaves_and_sets() => Seeds.Each(20, static random =>
    {
        var chain = new StakeChain();
        RandomLife.Run(chain, random, blocks: 60);
        var kept = chain.Ledger.Epochs.Sets;
        var leaves = RandomLife.LeavesOf(chain);
        var back = Ledger.From(leaves.OrderBy(_ => random.Next()), kept);
        Assert.Equal(chain.Ledger.Root, back.Root);
        var again = new StakeChain { Ledger = back };
        for (var i = 0; i < 12; i++)
        {
            chain.Block();
            again.Block();
            Assert.Equal(chain.Ledger.Root, again.Ledger.Root);
            Assert.Equal(chain.Ledger.Epochs.Newest.Hash, again.Ledger.Epochs.Newest.Hash);
        }

        Assert.Throws<ArgumentException>(() => Ledger.From(leaves, [.. kept.Skip(kept.Length - 1).Select(static set => set.For(set.Epoch + 1))]));
        Assert.Throws<ArgumentException>(() => Ledger.From(leaves, []));
    });
}
