using System.Collections.Immutable;
using LuxTensor.Core.State;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Transactions;

/// <summary>
/// The transactions that wait for a final block. Immutable: every change gives another pool that shares most of the
/// old one, so a reader holds a consistent view for as long as it likes.
/// </summary>
/// <remarks>
/// Everything is measured against the ledger of the last final block, and a transaction leaves only when a final block
/// has used its nonce: a reorganisation changes nothing here. What a branch above the final block holds already is told
/// apart by <see cref="Select"/>, from that branch's own ledger.
/// </remarks>
public sealed partial class Mempool
{
    /// <summary>Bytes that an entry is counted for beside its own: its objects and its places in the indexes.</summary>
    public const int EntryOverhead = 768;

    private readonly OrderedTrie<Pooled> byId;
    private readonly OrderedTrie<SenderQueue> bySender;
    private readonly OrderedTrie<Pooled> byPriority;
    private readonly ImmutableDictionary<Address, Pooled> reports; // evidence by offender
    private readonly ulong nextArrival;

    private Mempool(
        MempoolLimits limits,
        OrderedTrie<Pooled> byId,
        OrderedTrie<SenderQueue> bySender,
        OrderedTrie<Pooled> byPriority,
        ImmutableDictionary<Address, Pooled> reports,
        long bytes,
        ulong nextArrival)
    {
        Limits = limits;
        this.byId = byId;
        this.bySender = bySender;
        this.byPriority = byPriority;
        this.reports = reports;
        Bytes = bytes;
        this.nextArrival = nextArrival;
    }

    /// <summary>What it may hold.</summary>
    public MempoolLimits Limits { get; }

    /// <summary>Transactions in it.</summary>
    public int Count => byPriority.Count;

    /// <summary>The sum of <see cref="WeightOf"/>; at most <see cref="MempoolLimits.MaxBytes"/> (MEM-2).</summary>
    public long Bytes { get; }

    /// <summary>A pool with nothing in it.</summary>
    public static Mempool Empty(MempoolLimits limits) => new(
        limits, OrderedTrie<Pooled>.Empty, OrderedTrie<SenderQueue>.Empty, OrderedTrie<Pooled>.Empty, ImmutableDictionary<Address, Pooled>.Empty, 0, 0);

    /// <summary>The bytes of memory for which a transaction is counted: its encoding, the data decoded from it, and the overhead.</summary>
    public static long WeightOf(Transaction transaction) =>
        transaction.Encoded.Length + (transaction.Body is TransactionBody.Data data ? data.Bytes.Length : 0) + EntryOverhead;

    /// <summary>The transaction with that id, or null (MEM-1).</summary>
    public Transaction? Find(Hash256 id) => byId.Find(TrieKey.Of(id))?.Transaction;

    /// <summary>The evidence against a validator that waits, or null (MEM-11).</summary>
    public Transaction? EvidenceAgainst(Address offender) => reports.GetValueOrDefault(offender)?.Transaction;

    /// <summary>A sender's transactions in order of nonce.</summary>
    public ImmutableArray<Transaction> OfSender(Address sender) =>
        [.. QueueOf(sender).ByNonce.InOrder().Select(static pooled => pooled.Transaction)];

    /// <summary>Everything in order of arrival. O(n log n): for listings, not for each transaction.</summary>
    public IEnumerable<Transaction> InOrder() => byPriority.InOrder().OrderBy(static pooled => pooled.Arrival).Select(static pooled => pooled.Transaction);

    /// <summary>The first nonce that neither the ledger nor an unbroken run of pooled transactions above it has used (MEM-9).</summary>
    public ulong NextNonce(Address sender, Ledger ledger)
    {
        var nonce = ledger.GetAccount(sender).Nonce;
        var queue = QueueOf(sender);
        while (queue.Find(nonce) is not null)
        {
            nonce++;
        }

        return nonce;
    }

    /// <summary>
    /// Takes a transaction in, or says why not. <paramref name="final"/> is the ledger of the last final block.
    /// </summary>
    public (Mempool Next, MempoolOutcome Outcome) Add(Verified<Transaction> transaction, Ledger final, ChainRules rules) =>
        Add(transaction, final, rules, isStored: false);

    /// <summary>
    /// Why a transaction would be refused however much room there is, or null. Its signature is not looked at, which costs far
    /// more: a node need neither verify nor pass on what it would not keep.
    /// </summary>
    public TransactionRejection? Check(Transaction offered, Ledger final, ChainRules rules) =>
        Check(offered, final, rules, isStored: false, out _);

    /// <summary>Takes a transaction back from storage at its arrival: what was good enough to enter then stays (MEM-12).</summary>
    public Mempool AddStored(Verified<Transaction> transaction, ulong arrival, Ledger final, ChainRules rules) =>
        new Mempool(Limits, byId, bySender, byPriority, reports, Bytes, arrival).Add(transaction, final, rules, isStored: true).Next;

    /// <summary>The pool without a transaction that another copy of it pushed out; the same where it has none of that id.</summary>
    public Mempool Without(Hash256 id)
    {
        if (byId.Find(TrieKey.Of(id)) is not { } pooled)
        {
            return this;
        }

        var draft = new Draft(this);
        draft.Remove(pooled);
        return draft.ToMempool(nextArrival);
    }

    private (Mempool Next, MempoolOutcome Outcome) Add(Verified<Transaction> transaction, Ledger final, ChainRules rules, bool isStored)
    {
        var offered = transaction.Value;
        if (byId.Find(TrieKey.Of(offered.Id)) is not null)
        {
            return (this, new MempoolOutcome.Known());
        }

        if (Check(offered, final, rules, isStored, out var replaced) is { } why)
        {
            return (this, new MempoolOutcome.Rejected(why));
        }

        _ = offered.TryGetCost(out var cost);
        var pooled = new Pooled(offered, nextArrival, cost);
        var draft = new Draft(this);
        var left = ImmutableArray.CreateBuilder<Transaction>();
        if (replaced is not null)
        {
            draft.Remove(replaced);
            left.Add(replaced.Transaction);
        }

        if (draft.MakeRoomFor(pooled, left) is { } full)
        {
            return (this, new MempoolOutcome.Rejected(full));
        }

        draft.Insert(pooled);
        return (draft.ToMempool(nextArrival + 1), new MempoolOutcome.Added(nextArrival, left.ToImmutable()));
    }

    /// <summary>
    /// Drops what a final block has used: every nonce of its senders below the account's. Where the balance no longer
    /// covers what is left, the latest nonces go too, until it does (MEM-7); and where the next one can never be carried
    /// out on the sender's validator as it is now, all of them (MEM-12).
    /// </summary>
    public (Mempool Next, ImmutableArray<Hash256> Removed) AfterFinal(Ledger final, ChainRules rules, ImmutableArray<Transaction> block)
    {
        var draft = new Draft(this);
        var removed = ImmutableArray.CreateBuilder<Hash256>();
        var offenders = block.Select(static it => it.Body).OfType<TransactionBody.Report>().Select(static it => it.Offence.Offender).ToHashSet();
        var reporters = reports.Values.Select(static report => report.Transaction.Sender).Order(); // what they report may be punished or too old now
        foreach (var sender in block.Select(static it => it.Sender).Concat(offenders).Concat(reporters).Distinct())
        {
            if (draft.QueueOf(sender) is not { } queue)
            {
                continue;
            }

            var account = final.GetAccount(sender);
            Pooled[] all = [.. queue.ByNonce.InOrder()];
            var (first, last, cost) = (0, all.Length, queue.Cost);
            for (; first < last && all[first].Transaction.Nonce < account.Nonce; first++)
            {
                Drop(all[first]);
            }

            while (last > first && cost > account.Balance)
            {
                Drop(all[--last]);
            }

            if (first < last && all[first].Transaction.Nonce == account.Nonce && Staking.Check(final, rules, all[first].Transaction) is not null)
            {
                for (; first < last; first++)
                {
                    Drop(all[first]);
                }
            }

            void Drop(Pooled pooled)
            {
                cost -= pooled.Cost;
                draft.Remove(pooled);
                removed.Add(pooled.Transaction.Id);
            }
        }

        return removed.Count == 0 ? (this, []) : (draft.ToMempool(nextArrival), removed.ToImmutable());
    }

    /// <summary>
    /// MEM-11, MEM-12: evidence enters where it would punish somebody and no other against the same waits; what changes the
    /// sender's validator, where it could be carried out as the sender's next transaction, or waits behind others.
    /// </summary>
    private TransactionRejection? CheckEffect(Transaction offered, Pooled? replaced, Ledger final, ChainRules rules)
    {
        if (offered.Body is TransactionBody.Report { Offence.Offender: var offender } && reports.TryGetValue(offender, out var known) && known != replaced)
        {
            return new TransactionRejection.EvidenceKnown(offender, known.Transaction.Id);
        }

        // Evidence is free and keeps other evidence out: behind a gap it would do so for good, and punish nobody.
        var next = final.GetAccount(offered.Sender).Nonce;
        return offered.Nonce == next ? Staking.Check(final, rules, offered)
            : offered.Body is TransactionBody.Report ? new TransactionRejection.NonceGap(next, offered.Nonce)
            : null;
    }

    private SenderQueue QueueOf(Address sender) => bySender.Find(TrieKey.Of(sender)) ?? SenderQueue.Empty;

    private TransactionRejection? Check(Transaction offered, Ledger final, ChainRules rules, bool isStored, out Pooled? replaced)
    {
        var queue = QueueOf(offered.Sender);
        replaced = queue.Find(offered.Nonce);
        return Execution.CheckForm(rules, offered)
            ?? CheckAdmission(offered, queue, replaced, final.GetAccount(offered.Sender))
            ?? (isStored ? null : CheckEffect(offered, replaced, final, rules));
    }

    private TransactionRejection? CheckAdmission(Transaction offered, SenderQueue queue, Pooled? replaced, Account account)
    {
        if (offered.Nonce < account.Nonce)
        {
            return new TransactionRejection.NonceTooLow(account.Nonce, offered.Nonce);
        }

        if (account.Nonce == ulong.MaxValue)
        {
            return new TransactionRejection.NonceExhausted(account.Nonce);
        }

        // The last nonce of all can never be used: the account would have no next one.
        var last = UInt128.Min((UInt128)account.Nonce + (uint)Limits.MaxPerSender - 1, ulong.MaxValue - 1);
        if (offered.Nonce > last)
        {
            return new TransactionRejection.NonceTooFar((ulong)last, offered.Nonce);
        }

        if (replaced is not null && offered.Fee < FeeToReplace(replaced.Transaction))
        {
            return new TransactionRejection.ReplacementUnderpriced(FeeToReplace(replaced.Transaction), offered.Fee);
        }

        _ = offered.TryGetCost(out var cost);
        var others = queue.Cost - (replaced?.Cost ?? 0); // at most a balance, which is at most 2^120
        var needed = UInt128.MaxValue - others < cost ? UInt128.MaxValue : others + cost;
        return needed <= account.Balance ? null : new TransactionRejection.InsufficientBalance(needed, account.Balance);
    }

    /// <summary>A tenth more, rounded up, and at least one more (MEM-5).</summary>
    private static UInt128 FeeToReplace(Transaction pooled) =>
        pooled.Fee + UInt128.Max((pooled.Fee / 10) + (pooled.Fee % 10 == 0 ? 0u : 1u), 1); // fees are covered by balances: no overflow
}
