using LuxTensor.Core.Blocks;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Storage;

/// <summary>What a journal keeps about validators beside the state: the sets of all epochs, evidence, and missed duties; and its pool.</summary>
public abstract class Journal_of_validators_contract
{
    private readonly TestChain chain = new();

    /// <summary>Opens the journal after the opening before was disposed.</summary>
    private protected abstract IJournal Open(TestChain chain);

    /// <summary>Checks all that is stored, where that can be done.</summary>
    private protected virtual void CheckAll(TestChain chain)
    {
    }

    [SkippableFact]
    public void Every_epoch_has_its_set_and_a_node_starts_with_those_it_needs()
    {
        using (var journal = Open(chain))
        {
            Assert.Equal([0UL, 1UL], journal.Load().Sets.Select(static set => set.Epoch));
            for (var i = 0; i < 70; i++) // epochs of 32 heights: 0 and 1 end
            {
                journal.Commit(new JournalBatch { Finalized = [chain.Next(0)] });
            }
        }

        using var again = Open(chain);
        var contents = again.Load();
        Assert.Equal([0UL, 1UL, 2UL, 3UL], contents.Sets.Select(static set => set.Epoch));
        Assert.Equal(chain.Tip.After.Epochs.Newest.Hash, again.SetOf(3)!.Hash);
        Assert.Equal(chain.Genesis.EpochZero.Hash, again.SetOf(0)!.Hash);
        Assert.Null(again.SetOf(4));
        Assert.Null(again.SetOf(ulong.MaxValue));
        Assert.Equal(chain.Tip.After.Root, contents.Ledger.Root);
        Assert.Equal(chain.Tip.After.Epochs.Newest.Epoch, contents.Ledger.Epochs.Newest.Epoch);

        // The ledger that came back goes on as the one that was there.
        var next = BlockValidity.Make(
            new LuxTensor.Core.ForkChoice.BlockNode(chain.Tip.Block, contents.Ledger, []), 0, 0, chain.Tip.Block.Header.Proposer, chain.TipCertificate, [], chain.Genesis.Rules);
        var expected = BlockValidity.Make(chain.Tip, 0, 0, chain.Tip.Block.Header.Proposer, chain.TipCertificate, [], chain.Genesis.Rules);
        Assert.Equal(expected.Hash, next.Hash);
    }

    [SkippableFact]
    public void A_missed_duty_has_one_reason_the_last_that_was_told()
    {
        var who = TestChain.Validators[1];
        var first = new MissedDuty(7, who, 8, MissReason.Offline, 0, Hash256.Zero);
        var last = first with { Reason = MissReason.OtherBlock, Detail = ulong.MaxValue, Voted = TestChain.HashOf(3) };
        using (var journal = Open(chain))
        {
            journal.Commit(new JournalBatch { Missed = [first, first with { Height = 9 }] });
            journal.Commit(new JournalBatch { Missed = [last] });
        }

        using var again = Open(chain);
        Assert.Equal(last, again.MissOf(who, 7));
        Assert.Equal(9UL, again.MissOf(who, 9)!.Height);
        Assert.Null(again.MissOf(who, 8));
        Assert.Null(again.MissOf(TestChain.Validators[0], 7));
    }

    [SkippableFact]
    public void Evidence_and_missed_duties_leave_when_they_are_too_old()
    {
        var who = TestChain.Validators[1];
        using (var journal = Open(chain))
        {
            journal.Commit(new JournalBatch
            {
                Evidence = [chain.DoubleVote(1, 5), chain.DoubleVote(2, 300)],
                Missed = [new MissedDuty(5, who, 6, MissReason.Offline, 0, Hash256.Zero), new MissedDuty(300, who, 301, MissReason.Offline, 0, Hash256.Zero)],
            });
            journal.Commit(new JournalBatch { Finalized = [chain.Next()], KeepFrom = 300 });
        }

        using (var again = Open(chain))
        {
            Assert.Equal(300UL, Assert.Single(again.Evidence(9)).First.Ballot.Height);
            Assert.Equal(300UL, Assert.Single(again.Load().Evidence).First.Ballot.Height);
            Assert.Null(again.MissOf(who, 5));
            Assert.NotNull(again.MissOf(who, 300));
        }

        CheckAll(chain);
    }

    [SkippableFact]
    public void A_transaction_that_leaves_and_comes_again_within_a_batch_is_kept_at_its_new_place()
    {
        var transaction = chain.Transfer();
        using (var journal = Open(chain))
        {
            journal.Commit(new JournalBatch { PoolAdded = [new PoolEntry(1, transaction)] });
            journal.Commit(new JournalBatch { PoolRemoved = [transaction.Id], PoolAdded = [new PoolEntry(2, transaction)] });
        }

        using var again = Open(chain);
        var entry = Assert.Single(again.Load().Pool);

        Assert.Equal((2UL, transaction.Id), (entry.Arrival, entry.Transaction.Id));
    }
}
