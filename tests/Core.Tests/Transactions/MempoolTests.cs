using System.Collections.Immutable;
using LuxTensor.Core.State;
using LuxTensor.Core.Transactions;

namespace LuxTensor.Tests.Core.Transactions;

public sealed class MempoolTests
{
    private static readonly Ledger Rich = Given.Ledger((1, 1_000_000), (2, 1_000_000), (3, 1_000_000));
    private static readonly long Weight = Mempool.WeightOf(Given.Transfer(1, 2, 1));

    [Fact]
    public void MEM_1_a_transaction_is_found_by_its_id_and_known_when_it_comes_again()
    {
        var transaction = Given.Transfer(1, 2, 5);
        var (pool, outcome) = Add(Mempool.Empty(new()), transaction);
        Assert.Equal(new MempoolOutcome.Added(0, []), outcome);
        Assert.Same(transaction, pool.Find(transaction.Id));
        Assert.Null(pool.Find(Given.Transfer(1, 2, 6).Id));
        var (again, known) = Add(pool, transaction);
        Assert.Same(pool, again);
        Assert.Equal(new MempoolOutcome.Known(), known);
        Assert.Equal((1, Weight), (pool.Count, pool.Bytes));
    }

    [Fact]
    public void A_pool_is_never_changed_by_what_comes_after_it()
    {
        var before = Fill(Mempool.Empty(new()), Given.Transfer(1, 2, 5));
        var after = Fill(before, Given.Transfer(2, 1, 5));
        _ = after.AfterFinal(Ledger.Empty, Given.Rules, [Given.Data(1, 0), Given.Data(2, 0)]);
        Assert.Equal((1, 2), (before.Count, after.Count));
        Assert.Single(before.InOrder());
    }

    [Fact]
    public void MEM_2_data_counts_for_what_is_decoded_from_it_too()
    {
        Assert.Equal(Mempool.EntryOverhead + 166, Weight);
        Assert.Equal(Mempool.EntryOverhead + 134 + 50 + 50, Mempool.WeightOf(Given.Data(1, 50)));
    }

    [Fact]
    public void MEM_3_later_nonces_wait_within_the_window_of_the_final_account()
    {
        var limits = new MempoolLimits(MaxPerSender: 3);
        var ledger = Ledger.Empty.Apply([Ledger.Put(Given.AddressOf(1), new Account(10, 1_000))]);
        var pool = Fill(Mempool.Empty(limits), ledger, Given.Transfer(1, 2, 1, nonce: 12));
        Assert.Equal(10ul, pool.NextNonce(Given.AddressOf(1), ledger)); // MEM-9: 12 does not join the run
        AssertRejected(new TransactionRejection.NonceTooFar(12, 13), pool, ledger, Given.Transfer(1, 2, 1, nonce: 13));
        AssertRejected(new TransactionRejection.NonceTooLow(10, 9), pool, ledger, Given.Transfer(1, 2, 1, nonce: 9));
        pool = Fill(pool, ledger, Given.Transfer(1, 2, 1, nonce: 10), Given.Transfer(1, 2, 1, nonce: 11));
        Assert.Equal([10ul, 11, 12], pool.OfSender(Given.AddressOf(1)).Select(static it => it.Nonce));
        Assert.Equal(13ul, pool.NextNonce(Given.AddressOf(1), ledger));
    }

    [Fact]
    public void MEM_3_the_last_nonce_of_all_is_never_taken()
    {
        var late = Ledger.Empty.Apply([Ledger.Put(Given.AddressOf(1), new Account(ulong.MaxValue - 1, 100)), Ledger.Put(Given.AddressOf(2), new Account(ulong.MaxValue, 100))]);
        var pool = Fill(Mempool.Empty(new()), late, Given.Transfer(1, 2, 1, nonce: ulong.MaxValue - 1));
        AssertRejected(new TransactionRejection.NonceTooFar(ulong.MaxValue - 1, ulong.MaxValue), pool, late, Given.Transfer(1, 2, 1, nonce: ulong.MaxValue));
        AssertRejected(new TransactionRejection.NonceExhausted(ulong.MaxValue), pool, late, Given.Transfer(2, 1, 1, nonce: ulong.MaxValue));
        Assert.Single(pool.Select(late, Given.Rules, 1000));
        Assert.Equal(ulong.MaxValue, pool.NextNonce(Given.AddressOf(1), late));
    }

    [Fact]
    public void MEM_4_the_balance_covers_all_that_a_sender_has_in_the_pool()
    {
        var ledger = Given.Ledger((1, 100));
        var pool = Fill(Mempool.Empty(new()), ledger, Given.Transfer(1, 2, 49, nonce: 0), Given.Transfer(1, 2, 49, nonce: 1, fee: 1));
        AssertRejected(new TransactionRejection.InsufficientBalance(102, 100), pool, ledger, Given.Transfer(1, 2, 1, nonce: 2, fee: 1));
        AssertRejected(new TransactionRejection.InsufficientBalance(101, 100), pool, ledger, Given.Transfer(1, 2, 49, nonce: 1, fee: 2)); // a replacement counts once
        AssertRejected(new TransactionRejection.InsufficientBalance(UInt128.MaxValue, 100), pool, ledger, Given.Transfer(1, 2, UInt128.MaxValue - 1, nonce: 2, fee: 1));
        Fill(pool, ledger, Given.Transfer(1, 2, 48, nonce: 1, fee: 2));
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(9, 10)]
    [InlineData(10, 11)]
    [InlineData(11, 13)]
    [InlineData(100, 110)]
    [InlineData(101, 112)]
    public void MEM_5_a_replacement_pays_a_tenth_more_rounded_up(int fee, int needed)
    {
        var original = Given.Transfer(1, 2, 5, fee: (UInt128)fee);
        var pool = Fill(Mempool.Empty(new()), original, Given.Transfer(1, 2, 5, nonce: 1));
        AssertRejected(
            new TransactionRejection.ReplacementUnderpriced((UInt128)needed, (UInt128)needed - 1), pool, Rich, Given.Transfer(1, 2, 6, fee: (UInt128)needed - 1));
        var better = Given.Transfer(1, 2, 6, fee: (UInt128)needed);
        var (next, outcome) = Add(pool, better);
        var added = Assert.IsType<MempoolOutcome.Added>(outcome);
        Assert.Equal((2ul, original), (added.Arrival, Assert.Single(added.Evicted)));
        Assert.Null(next.Find(original.Id));
        Assert.Equal((2, pool.Bytes), (next.Count, next.Bytes));
        Assert.Equal([better.Id, pool.OfSender(Given.AddressOf(1))[1].Id], next.OfSender(Given.AddressOf(1)).Select(static it => it.Id));
    }

    [Fact]
    public void MEM_5_a_free_transaction_is_replaced_for_a_base_unit()
    {
        var rules = Given.Rules with { MinimumFee = 0 };
        var pool = Mempool.Empty(new()).Add(Given.Verified(Given.Transfer(1, 2, 5, fee: 0)), Rich, rules).Next;
        Assert.Equal(
            new MempoolOutcome.Rejected(new TransactionRejection.ReplacementUnderpriced(1, 0)), pool.Add(Given.Verified(Given.Transfer(1, 2, 6, fee: 0)), Rich, rules).Outcome);
        Assert.IsType<MempoolOutcome.Added>(pool.Add(Given.Verified(Given.Transfer(1, 2, 6, fee: 1)), Rich, rules).Outcome);
    }

    [Fact]
    public void MEM_6_over_its_bytes_the_worst_leaves_with_its_senders_later_nonces()
    {
        Transaction[] first = [Given.Transfer(1, 3, 1, nonce: 0, fee: 9), Given.Transfer(1, 3, 1, nonce: 1, fee: 2), Given.Transfer(1, 3, 1, nonce: 2, fee: 9), Given.Transfer(2, 3, 1, fee: 5)];
        var pool = Fill(Mempool.Empty(new(MaxBytes: 4 * Weight)), first);
        var (next, outcome) = Add(pool, Given.Transfer(3, 1, 1, fee: 3));
        Assert.Equal([first[1], first[2]], Assert.IsType<MempoolOutcome.Added>(outcome).Evicted.ToArray());
        Assert.Equal((3, 3 * Weight), (next.Count, next.Bytes));
    }

    [Fact]
    public void MEM_6_of_equal_fees_the_last_to_come_is_the_worst()
    {
        Transaction[] first = [Given.Transfer(1, 3, 1, fee: 5), Given.Transfer(2, 3, 1, fee: 5)];
        var pool = Fill(Mempool.Empty(new(MaxBytes: 2 * Weight)), first);
        AssertRejected(new TransactionRejection.PoolFull(6), pool, Rich, Given.Transfer(3, 1, 1, fee: 5));
        var added = Assert.IsType<MempoolOutcome.Added>(Add(pool, Given.Transfer(3, 1, 1, fee: 6)).Outcome);
        Assert.Equal(first[1], Assert.Single(added.Evicted));
    }

    [Fact]
    public void MEM_6_none_enters_behind_the_worst_of_its_own_sender()
    {
        var pool = Fill(Mempool.Empty(new(MaxBytes: 2 * Weight)), Given.Transfer(1, 3, 1, nonce: 0, fee: 2), Given.Transfer(2, 3, 1, fee: 5));
        AssertRejected(new TransactionRejection.PoolFull(3), pool, Rich, Given.Transfer(1, 3, 1, nonce: 1, fee: 100));
        var (next, _) = Add(pool, Given.Transfer(1, 3, 1, nonce: 0, fee: 6)); // but it may replace it
        Assert.Equal(2, next.Count);
    }

    [Fact]
    public void MEM_6_what_is_larger_than_the_pool_is_too_large()
    {
        var pool = Mempool.Empty(new(MaxBytes: Weight - 1));
        AssertRejected(new TransactionRejection.TooLarge(165, 166), pool, Rich, Given.Transfer(1, 2, 1));
    }

    [Fact]
    public void MEM_7_a_final_block_takes_the_nonces_that_it_used_and_no_other()
    {
        var pool = Fill(Mempool.Empty(new()), Given.Transfer(1, 2, 1, nonce: 0), Given.Transfer(1, 2, 1, nonce: 1), Given.Transfer(1, 2, 1, nonce: 2), Given.Transfer(2, 1, 1));
        var gone = pool.OfSender(Given.AddressOf(1)).Take(2).Select(static it => it.Id);
        var final = Rich.Apply([Ledger.Put(Given.AddressOf(1), new Account(2, 500)), Ledger.Put(Given.AddressOf(2), new Account(1, 500))]);
        var (next, removed) = pool.AfterFinal(final, Given.Rules, [Given.Data(1, 0), Given.Data(9, 0), Given.Data(1, 0)]);
        Assert.Equal(gone, removed);
        Assert.Equal((2, 2 * Weight), (next.Count, next.Bytes)); // account 2 was not among the senders
        var (same, nothing) = next.AfterFinal(final, Given.Rules, [Given.Data(1, 0)]);
        Assert.Same(next, same);
        Assert.Empty(nothing);
    }

    [Fact]
    public void MEM_7_what_the_balance_no_longer_covers_leaves_from_the_end()
    {
        Transaction[] all = [.. Enumerable.Range(0, 4).Select(static i => Given.Transfer(1, 2, 9, nonce: (ulong)i))];
        var pool = Fill(Mempool.Empty(new()), Given.Ledger((1, 40)), all);
        var final = Ledger.Empty.Apply([Ledger.Put(Given.AddressOf(1), new Account(1, 15))]);
        var (next, removed) = pool.AfterFinal(final, Given.Rules, [Given.Data(1, 0)]);
        Assert.Equal([all[0].Id, all[3].Id, all[2].Id], removed.ToArray());
        Assert.Equal(all[1], Assert.Single(next.OfSender(Given.AddressOf(1))));
    }

    [Fact]
    public void MEM_8_a_block_takes_the_best_fees_as_far_as_nonces_allow()
    {
        var pool = Fill(
            Mempool.Empty(new()),
            Given.Transfer(1, 3, 1, nonce: 1, fee: 100), // waits for the next, which brings it up again
            Given.Transfer(1, 3, 1, nonce: 0, fee: 3),
            Given.Transfer(2, 3, 1, nonce: 0, fee: 5),
            Given.Transfer(2, 3, 1, nonce: 1, fee: 2),
            Given.Transfer(3, 1, 1, nonce: 0, fee: 5), // as good as account 2's, but later
            Given.Transfer(3, 1, 1, nonce: 2, fee: 90)); // nonce 1 is missing
        Assert.Equal([5, 5, 3, 100, 2], Fees(pool.Select(Rich, Given.Rules, 10_000)));
    }

    [Fact]
    public void MEM_8_what_the_branch_holds_already_is_not_taken_again()
    {
        var pool = Fill(Mempool.Empty(new()), Given.Transfer(1, 3, 1, nonce: 0, fee: 9), Given.Transfer(1, 3, 1, nonce: 1, fee: 4), Given.Transfer(2, 3, 1, fee: 2));
        var block = pool.Select(Rich, Given.Rules, 170);
        Assert.Equal([9], Fees(block));
        var parent = ((ExecutionResult.Executed)Execution.Run(Rich, Given.Rules, Given.AddressOf(9), null, block)).After;
        Assert.Equal([4, 2], Fees(pool.Select(parent, Given.Rules, 10_000)));
        Assert.Equal([9, 4, 2], Fees(pool.Select(Rich, Given.Rules, 10_000))); // on another branch it still is
    }

    [Fact]
    public void MEM_8_what_the_parents_state_does_not_cover_is_passed_over_with_what_follows_it()
    {
        var pool = Fill(Mempool.Empty(new()), Given.Transfer(1, 3, 500, nonce: 0, fee: 9), Given.Transfer(1, 3, 1, nonce: 1, fee: 9), Given.Transfer(2, 3, 1, fee: 2));
        var parent = Given.Ledger((1, 100), (2, 100));
        Assert.Equal([2], Fees(pool.Select(parent, Given.Rules, 10_000)));
    }

    [Fact]
    public void MEM_10_a_block_is_filled_to_its_last_byte_and_not_beyond()
    {
        var pool = Fill(Mempool.Empty(new()), Given.Data(1, 300, fee: 9), Given.Transfer(2, 3, 1, fee: 5), Given.Data(3, 0, fee: 2));
        Assert.Equal([9, 5, 2], Fees(pool.Select(Rich, Given.Rules, 438 + 170 + 138)));
        Assert.Equal([9, 5], Fees(pool.Select(Rich, Given.Rules, 438 + 170 + 137)));
        Assert.Equal([5, 2], Fees(pool.Select(Rich, Given.Rules, 437))); // a smaller one takes the room
        Assert.Empty(pool.Select(Rich, Given.Rules, 137));
        Assert.Empty(pool.Select(Rich, Given.Rules, 0));
    }

    [Fact]
    public void MEM_10_filling_ends_when_64_did_not_fit()
    {
        var ledger = Ledger.Empty.Apply([.. Enumerable.Range(0, 65).Select(static i => Ledger.Put(Given.AddressOf(i), new Account(0, 1_000)))]);
        Assert.Single(With(63).Select(ledger, Given.Rules, 400));
        Assert.Empty(With(64).Select(ledger, Given.Rules, 400));
        Assert.Equal(65, With(64).Select(ledger, Given.Rules, 100_000).Length);

        Mempool With(int misfits) => Fill(
            Mempool.Empty(new()), ledger, [.. Enumerable.Range(0, misfits).Select(static i => Given.Data(i, 300, fee: 50)), Given.Transfer(misfits, 1, 1, fee: 2)]);
    }

    [Fact]
    public void Listings_are_by_arrival_and_by_nonce()
    {
        Transaction[] all = [Given.Transfer(1, 2, 1, nonce: 1, fee: 2), Given.Transfer(2, 1, 1, fee: 9), Given.Transfer(1, 2, 1, nonce: 0, fee: 5)];
        var pool = Fill(Mempool.Empty(new()), all);
        Assert.Equal(all, pool.InOrder());
        Assert.Equal([all[2], all[0]], pool.OfSender(Given.AddressOf(1)).ToArray());
        Assert.Empty(pool.OfSender(Given.AddressOf(3)));
    }

    [Fact]
    public void What_execution_would_refuse_for_its_form_does_not_enter()
    {
        var pool = Mempool.Empty(new());
        AssertRejected(new TransactionRejection.WrongChain(7, 8), pool, Rich, Given.Transfer(1, 2, 1, chainId: 8));
        AssertRejected(new TransactionRejection.AmountOverflow(1, UInt128.MaxValue), pool, Rich, Given.Transfer(1, 2, UInt128.MaxValue));
    }

    private static int[] Fees(ImmutableArray<Transaction> transactions) => [.. transactions.Select(static it => (int)it.Fee)];

    private static (Mempool Next, MempoolOutcome Outcome) Add(Mempool pool, Transaction transaction) =>
        pool.Add(Given.Verified(transaction), Rich, Given.Rules);

    private static Mempool Fill(Mempool pool, params Transaction[] transactions) => Fill(pool, Rich, transactions);

    private static Mempool Fill(Mempool pool, Ledger ledger, params Transaction[] transactions)
    {
        foreach (var transaction in transactions)
        {
            (pool, var outcome) = pool.Add(Given.Verified(transaction), ledger, Given.Rules);
            Assert.IsType<MempoolOutcome.Added>(outcome);
        }

        return pool;
    }

    private static void AssertRejected(TransactionRejection why, Mempool pool, Ledger ledger, Transaction transaction)
    {
        var (next, outcome) = pool.Add(Given.Verified(transaction), ledger, Given.Rules);
        Assert.Equal(new MempoolOutcome.Rejected(why), outcome);
        Assert.Same(pool, next);
    }
}
