using System.Collections.Immutable;
using LuxTensor.Core.State;
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

    private readonly ImmutableDictionary<Hash256, Pooled> byId;
    private readonly ImmutableDictionary<Address, SenderQueue> bySender;
    private readonly ImmutableSortedSet<Pooled> byPriority;
    private readonly ulong nextArrival;

    private Mempool(
        MempoolLimits limits,
        ImmutableDictionary<Hash256, Pooled> byId,
        ImmutableDictionary<Address, SenderQueue> bySender,
        ImmutableSortedSet<Pooled> byPriority,
        long bytes,
        ulong nextArrival)
    {
        Limits = limits;
        this.byId = byId;
        this.bySender = bySender;
        this.byPriority = byPriority;
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
        limits, ImmutableDictionary<Hash256, Pooled>.Empty, ImmutableDictionary<Address, SenderQueue>.Empty, [], 0, 0);

    /// <summary>The same pool, which gives its next arrival this number: for refilling it from storage.</summary>
    public Mempool NextArrivalAt(ulong arrival) => new(Limits, byId, bySender, byPriority, Bytes, arrival);

    /// <summary>The bytes of memory for which a transaction is counted: its encoding, the data decoded from it, and the overhead.</summary>
    public static long WeightOf(Transaction transaction) =>
        transaction.Encoded.Length + (transaction.Body is TransactionBody.Data data ? data.Bytes.Length : 0) + EntryOverhead;

    /// <summary>The transaction with that id, or null (MEM-1).</summary>
    public Transaction? Find(Hash256 id) => byId.TryGetValue(id, out var pooled) ? pooled.Transaction : null;

    /// <summary>A sender's transactions in order of nonce.</summary>
    public ImmutableArray<Transaction> OfSender(Address sender) =>
        bySender.TryGetValue(sender, out var queue) ? [.. queue.ByNonce.Values.Select(static pooled => pooled.Transaction)] : [];

    /// <summary>Everything in order of arrival. O(n log n): for listings, not for each transaction.</summary>
    public IEnumerable<Transaction> InOrder() => byPriority.OrderBy(static pooled => pooled.Arrival).Select(static pooled => pooled.Transaction);

    /// <summary>The first nonce that neither the ledger nor an unbroken run of pooled transactions above it has used (MEM-9).</summary>
    public ulong NextNonce(Address sender, Ledger ledger)
    {
        var nonce = ledger.GetAccount(sender).Nonce;
        if (bySender.TryGetValue(sender, out var queue))
        {
            while (queue.ByNonce.ContainsKey(nonce))
            {
                nonce++;
            }
        }

        return nonce;
    }

    /// <summary>
    /// Takes a transaction in, or says why not. <paramref name="final"/> is the ledger of the last final block.
    /// </summary>
    public (Mempool Next, MempoolOutcome Outcome) Add(Verified<Transaction> transaction, Ledger final, ChainRules rules)
    {
        var offered = transaction.Value;
        if (byId.ContainsKey(offered.Id))
        {
            return (this, new MempoolOutcome.Known());
        }

        var queue = bySender.GetValueOrDefault(offered.Sender, SenderQueue.Empty);
        var replaced = queue.ByNonce.GetValueOrDefault(offered.Nonce);
        if ((Execution.CheckForm(rules, offered) ?? CheckAdmission(offered, queue, replaced, final.GetAccount(offered.Sender))) is { } why)
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
    /// Drops what a final block has used: every nonce of these senders below the account's. Where the balance no longer
    /// covers what is left, the latest nonces go too, until it does (MEM-7).
    /// </summary>
    public (Mempool Next, ImmutableArray<Hash256> Removed) AfterFinal(Ledger final, IEnumerable<Address> senders)
    {
        var draft = new Draft(this);
        var removed = ImmutableArray.CreateBuilder<Hash256>();
        foreach (var sender in senders)
        {
            if (!draft.BySender.TryGetValue(sender, out var queue))
            {
                continue;
            }

            var account = final.GetAccount(sender);
            var used = queue.ByNonce.Values.TakeWhile(pooled => pooled.Transaction.Nonce < account.Nonce).ToArray();
            var cost = used.Aggregate(queue.Cost, static (sum, pooled) => sum - pooled.Cost);
            foreach (var pooled in used)
            {
                draft.Remove(pooled);
                removed.Add(pooled.Transaction.Id);
            }

            foreach (var pooled in queue.ByNonce.Values.Skip(used.Length).Reverse())
            {
                if (cost <= account.Balance)
                {
                    break;
                }

                cost -= pooled.Cost;
                draft.Remove(pooled);
                removed.Add(pooled.Transaction.Id);
            }
        }

        return removed.Count == 0 ? (this, []) : (draft.ToMempool(nextArrival), removed.ToImmutable());
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
