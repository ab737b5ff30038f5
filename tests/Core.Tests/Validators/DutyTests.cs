using LuxTensor.Core.State;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Core.Validators;

public sealed class DutyTests
{
    [Fact]
    public void DUT_1_each_height_counts_once_by_the_newest_certificate()
    {
        var chain = new StakeChain();
        chain.Block();
        var first = chain.Certificate(2);
        chain.Block(first);
        Assert.Equal((1UL, 1U), (chain.Ledger.Duties!.Newest, chain.Ledger.Duties.Counted));
        Assert.Equal([0u, 0u, 1u, 0u], chain.Ledger.Duties.Missed.AsEnumerable());
        chain.Block(first); // known already
        Assert.Equal(1U, chain.Ledger.Duties!.Counted);
        Assert.Equal([0u, 0u, 1u, 0u], chain.Ledger.Duties.Missed.AsEnumerable());
        Assert.Equal(chain.Ledger.Duties.Encode(), Duties.TryDecode(chain.Ledger.Duties.Encode(), chain.Ledger.Epochs)!.Encode());
    }

    [Fact]
    public void EXE_8_duties_that_stay_as_they_are_are_not_written()
    {
        var chain = new StakeChain(StakeChain.Rules with { Subsidy = 0 });
        chain.Block();
        var certificate = chain.Certificate(2);
        Assert.Contains(Ledger.KeyOfDuties, Written()); // a height is counted
        Assert.DoesNotContain(Ledger.KeyOfDuties, Written()); // it was counted, and there is nothing to earn

        IEnumerable<Hash256> Written()
        {
            var run = Execution.Run(chain.Ledger, chain.Chosen, chain.Set.ProposerOf(chain.Ledger.Height + 1, 0).Address, certificate, []);
            var executed = Assert.IsType<ExecutionResult.Executed>(run);
            chain.Ledger = executed.After;
            return executed.Changes.Select(static change => change.Key);
        }
    }

    [Fact]
    public void DUT_2_the_first_certificate_of_a_later_epoch_closes_the_one_before()
    {
        var chain = new StakeChain();
        chain.To(1, missing: 3); // heights 1 to 3, with the certificates of 1 and 2
        chain.Block(chain.Certificate(3)); // height 4, with that of 3
        Assert.Equal((0UL, 3U), (chain.Ledger.Duties!.Set.Epoch, chain.Ledger.Duties.Counted));
        Assert.Equal(0UL, chain[3].Missed);
        var earned = chain.Ledger.Duties.Accrued[0];
        var before = chain.Ledger.GetAccount(Given.AddressOf(0)).Balance;
        Assert.True(earned > 0);
        chain.Block(); // height 5, with that of 4, of epoch 1
        Assert.Equal((1UL, 1U), (chain.Ledger.Duties!.Set.Epoch, chain.Ledger.Duties.Counted));
        Assert.Equal(3UL, chain[3].Missed);
        Assert.True(chain.Ledger.GetAccount(Given.AddressOf(0)).Balance >= before + earned);
        Assert.True(chain.Ledger.Duties.Accrued[0] < earned);
    }

    [Fact]
    public void DUT_2_the_misses_of_all_epochs_add_up()
    {
        var chain = new StakeChain();
        chain.Block().Block(chain.Certificate()).Block(chain.Certificate(2)); // the last says who signed height 2
        chain.Block().Block(chain.Certificate(2)).To(2); // and this one, height 4
        chain.Block().Block();
        Assert.Equal((2UL, 0UL), (chain[2].Missed, chain[1].Missed));
        Assert.Equal(2UL, chain.Ledger.Duties!.Set.Epoch);
    }

    [Theory]
    [InlineData(2, Standing.Active)] // half of four heights
    [InlineData(3, Standing.Jailed)]
    public void DUT_3_more_than_half_an_epoch_is_too_much(int misses, Standing expected)
    {
        var chain = new StakeChain();
        chain.To(1);
        for (var i = 0; i < 5; i++) // heights 4 to 8, with the certificates of 3 to 7
        {
            chain.Block(i >= 1 && i <= misses ? chain.Certificate(1) : chain.Certificate());
        }

        chain.Block(); // closes epoch 1
        Assert.Equal(expected, chain[1].Standing);
        Assert.Equal((ulong)misses, chain[1].Missed);
        Assert.Equal(Standing.Active, chain[0].Standing);
        chain.To(3);
        Assert.Equal(expected == Standing.Active, chain.IsIn(1, 4)); // VAL-7: closed in epoch 2, out of the set that epoch 2 fixes
    }

    [Fact]
    public void VAL_7_the_last_one_that_stays_is_not_jailed()
    {
        var chain = new StakeChain(validators: 2);
        chain.Block((0, new TransactionBody.Exit())).To(1, missing: 1);
        for (var i = 0; i < 9; i++)
        {
            chain.Block(chain.Certificate(1));
        }

        Assert.Equal(Standing.Active, chain[1].Standing);
        Assert.True(chain[1].Missed >= 4);
    }

    [Fact]
    public void Random_lives_are_those_of_a_model_that_looks_at_everybody() => Seeds.Each(60, static random =>
        RandomLife.Run(new StakeChain(validators: random.Next(1, 7)), random, blocks: 80)); // VAL-1 to VAL-10, DUT-1 to DUT-3, RWD-5
}
