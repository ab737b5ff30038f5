using LuxTensor.Core;
using LuxTensor.Core.Rewards;
using LuxTensor.Core.State;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Tests.Core.Validators;

namespace LuxTensor.Tests.Core.Rewards;

public sealed class RewardTests
{
    [Fact]
    public void RWD_2_a_block_mints_the_subsidy_of_its_height()
    {
        var chain = new StakeChain();
        UInt128 minted = 0;
        for (ulong height = 1; height <= 30; height++)
        {
            chain.Block((10, new TransactionBody.Transfer(Given.AddressOf(11), 1)));
            minted += Subsidy.Of(1_000, height);
            Assert.Equal(minted, chain.Ledger.Totals.Minted);
        }
    }

    [Fact]
    public void RWD_2_minting_ends_where_the_supply_would_be_too_large()
    {
        var rules = StakeChain.Rules with { Subsidy = UInt128.One << 118 };
        var chain = new StakeChain(rules, balance: 1);
        for (var i = 0; i < 4; i++)
        {
            chain.Block();
        }

        Assert.Equal(Genesis.MaxSupply, chain.Ledger.Totals.Supply);
        chain.Block();
        Assert.Equal(Genesis.MaxSupply, chain.Ledger.Totals.Supply);
    }

    [Fact]
    public void RWD_3_without_a_certificate_the_pot_is_the_proposers()
    {
        var chain = new StakeChain();
        var proposer = chain.Set.ProposerOf(1, 0).Address;
        chain.Block(null, (10, new TransactionBody.Transfer(Given.AddressOf(11), 1)));
        Assert.Equal(100_000u + 1_000 + 1, chain.Ledger.GetAccount(proposer).Balance);
    }

    [Fact]
    public void RWD_3_signers_share_by_stake_and_the_rest_is_the_proposers()
    {
        var set = new EpochSnapshot(0, [.. new[] { 5u, 7u, 11u, 100u }.Select(static (stake, i) => new EpochValidator(Given.AddressOf(i), Given.Key(i).PublicKey, stake))]);
        var certificate = new Certificate(new Ballot(7, 0, 1, 0, Phase.Precommit, Hash256.Zero), [0b0111], []);
        var (signers, rest) = Reward.Split(100, proposerStake: 7, set, certificate); // weight 5 + 7 + 11 + 7 = 30
        Assert.Equal([(0, (UInt128)16), (1, (UInt128)23), (2, (UInt128)36)], signers.AsEnumerable());
        Assert.Equal(25u, rest); // floor(700 / 30) = 23 and a remainder of 2
    }

    [Theory]
    [InlineData(100, 25, 20)] // 100 × 25 / 125
    [InlineData(3, 7, 0)] // 21 / 35
    [InlineData(5, 7, 1)]
    [InlineData(9, 7, 1)] // 63 / 35
    [InlineData(10, 7, 2)]
    [InlineData(35, 1, 7)]
    public void RWD_3_a_share_that_is_whole_is_not_one_short(int pot, int stake, int share)
    {
        var set = new EpochSnapshot(0, [.. Enumerable.Range(0, 4).Select(i => new EpochValidator(Given.AddressOf(i), Given.Key(i).PublicKey, (UInt128)stake))]);
        var certificate = new Certificate(new Ballot(7, 0, 1, 0, Phase.Precommit, Hash256.Zero), [0b1111], []);
        var (signers, rest) = Reward.Split((UInt128)pot, (UInt128)stake, set, certificate);
        Assert.All(signers, it => Assert.Equal((UInt128)share, it.Amount));
        Assert.Equal((UInt128)(pot - (4 * share)), rest);
    }

    [Fact]
    public void RWD_3_a_pot_is_shared_out_to_the_last_unit() => Seeds.Each(200, static random =>
    {
        var stakes = Enumerable.Range(0, random.Next(1, 12)).Select(_ => (UInt128)random.NextInt64(1, long.MaxValue) << random.Next(50)).ToArray();
        var set = new EpochSnapshot(0, [.. stakes.Select(static (stake, i) => new EpochValidator(Given.AddressOf(i), Given.Key(i).PublicKey, stake))]);
        var bits = random.Next(1, 1 << stakes.Length);
        var certificate = new Certificate(new Ballot(7, 0, 1, 0, Phase.Precommit, Hash256.Zero), [(byte)bits, (byte)(bits >> 8)], []);
        var pot = new UInt128((ulong)random.NextInt64() >> 8, (ulong)random.NextInt64());
        var own = stakes[random.Next(stakes.Length)];
        var (signers, rest) = Reward.Split(pot, own, set, certificate);
        Assert.Equal(pot, signers.Aggregate(rest, static (sum, share) => sum + share.Amount));
        Assert.All(signers, share => Assert.True(certificate.HasSigned(share.Index)));
        var weight = signers.Aggregate((System.Numerics.BigInteger)own, (sum, share) => sum + stakes[share.Index]);
        Assert.All(signers, share =>
        {
            var exact = (System.Numerics.BigInteger)pot * stakes[share.Index];
            Assert.True(share.Amount * weight <= exact && exact < (share.Amount + 1) * weight);
        });
        Assert.True(rest >= (UInt128)((System.Numerics.BigInteger)pot * own / weight));
    });

    [Fact]
    public void RWD_4_the_proposer_is_paid_at_once_and_signers_when_their_epoch_is_closed()
    {
        var chain = new StakeChain();
        chain.Block();
        var proposer = chain.Set.ProposerOf(2, 0).Address;
        var others = Enumerable.Range(0, 4).Select(Given.AddressOf).Where(it => it != proposer).ToArray();
        var before = chain.Ledger;
        chain.Block();
        var pot = Subsidy.Of(1_000, 2);
        var share = pot * 1_000 / 5_000;
        Assert.Equal(before.GetAccount(proposer).Balance + pot - (4 * share), chain.Ledger.GetAccount(proposer).Balance);
        Assert.All(others, it => Assert.Equal(before.GetAccount(it), chain.Ledger.GetAccount(it)));
        Assert.Equal(4 * share, chain.Ledger.Totals.Accrued);
    }

    [Fact]
    public void RWD_5_a_state_that_lost_units_stops_the_node()
    {
        var chain = new StakeChain();
        chain.Block().Block();
        var totals = chain.Ledger.Totals;
        Assert.Equal(totals.Genesis + totals.Minted, totals.Spendable + totals.Staked + totals.Accrued + totals.Burned);
        Assert.Equal(totals, Totals.TryDecode(totals.Encode()));
        var draft = new LedgerDraft(chain.Ledger, chain.Chosen);
        draft.Credit(Given.AddressOf(10), 1);
        Assert.Contains("mints 0", Assert.Throws<InvalidOperationException>(draft.Finish).Message, StringComparison.Ordinal);
    }
}
