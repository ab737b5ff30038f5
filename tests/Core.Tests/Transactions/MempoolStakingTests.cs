using LuxTensor.Core.State;
using LuxTensor.Core.Transactions;
using LuxTensor.Tests.Core.Validators;

namespace LuxTensor.Tests.Core.Transactions;

public sealed class MempoolStakingTests
{
    private readonly StakeChain chain = new();
    private Mempool pool = Mempool.Empty(new());

    [Fact]
    public void MEM_11_one_piece_of_evidence_a_validator_waits_and_it_must_punish()
    {
        chain.Block();
        var first = chain.Sign(10, chain.Offence(1, 1), fee: 0); // TXN-5
        Assert.Null(Add(first));
        Assert.Equal(first, pool.EvidenceAgainst(Given.AddressOf(1)));
        Assert.Equal(new TransactionRejection.EvidenceKnown(Given.AddressOf(1), first.Id), Add(chain.Sign(11, chain.Offence(1, 1))));
        Assert.Null(Add(chain.Sign(11, chain.Offence(2, 1))));
        Assert.Equal(new TransactionRejection.ValidatorUnknown(Given.AddressOf(30)), Add(chain.Sign(12, chain.Offence(30, 1))));
    }

    [Fact]
    public void MEM_11_evidence_that_waits_for_another_of_its_sender_does_not_keep_other_evidence_out()
    {
        chain.Block();
        var behindAGap = Transaction.Sign(chain.Chosen.ChainId, Given.Key(69), 1, 0, chain.Offence(1, 1)); // anybody, for nothing
        Assert.Equal(new TransactionRejection.NonceGap(0, 1), Add(behindAGap));
        var evidence = chain.Sign(10, chain.Offence(1, 1), fee: 0);
        Assert.Null(Add(evidence));
        Assert.Equal(evidence, Assert.Single(pool.Select(chain.Ledger, chain.Chosen, 10_000)));
    }

    [Fact]
    public void MEM_11_evidence_that_is_too_old_leaves_and_makes_room()
    {
        chain.Block();
        var old = chain.Sign(10, chain.Offence(1, 1), fee: 0);
        Assert.Null(Add(old));
        chain.To(chain.Chosen.EvidenceMaxAge + 2);
        (pool, var removed) = pool.AfterFinal(chain.Ledger, chain.Chosen, []);
        Assert.Equal(old.Id, Assert.Single(removed));
        Assert.Null(Add(chain.Sign(10, chain.Offence(1, chain.Ledger.Height), fee: 0)));
    }

    [Fact]
    public void MEM_6_evidence_comes_before_every_fee()
    {
        chain.Block();
        Assert.Null(Add(Given.Transfer(12, 13, 1, fee: 5_000)));
        var evidence = chain.Sign(10, chain.Offence(1, 1), fee: 0);
        Assert.Null(Add(evidence));
        Assert.Equal(evidence, pool.Select(chain.Ledger, chain.Chosen, 10_000)[0]);
    }

    [Fact]
    public void MEM_12_what_the_final_state_refuses_does_not_enter_and_does_not_stay()
    {
        Assert.Equal(new TransactionRejection.ValidatorUnknown(Given.AddressOf(20)), Add(chain.Sign(20, new TransactionBody.Exit())));
        chain.Block();
        var exit = chain.Sign(1, new TransactionBody.Exit());
        var later = Transaction.Sign(chain.Chosen.ChainId, Given.Key(1), 1, 1, new TransactionBody.Transfer(Given.AddressOf(2), 1));
        Assert.Null(Add(exit));
        Assert.Null(Add(later));
        var report = chain.Sign(10, chain.Offence(1, 1), fee: 0);
        var rival = Transaction.Sign(chain.Chosen.ChainId, Given.Key(11), 0, 0, report.Body);
        Assert.Null(Add(rival));
        chain.Block((10, report.Body)); // the offender is removed: it can neither exit nor be punished again
        (pool, var removed) = pool.AfterFinal(chain.Ledger, chain.Chosen, [report]);
        Assert.Equal(new[] { exit.Id, later.Id, rival.Id }.Order(), removed.Order());
        Assert.Equal(0, pool.Count);
        Assert.Null(pool.EvidenceAgainst(Given.AddressOf(1)));
    }

    private TransactionRejection? Add(Transaction transaction)
    {
        (pool, var outcome) = pool.Add(Given.Verified(transaction), chain.Ledger, chain.Chosen);
        return (outcome as MempoolOutcome.Rejected)?.Why;
    }
}
