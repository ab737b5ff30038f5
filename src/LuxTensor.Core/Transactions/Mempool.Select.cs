using System.Collections.Immutable;
using LuxTensor.Core.State;
using LuxTensor.Core.Wire;

namespace LuxTensor.Core.Transactions;

/// <content>Filling a block.</content>
public sealed partial class Mempool
{
    private const int LengthPrefix = 4;
    private const int MaxMisfits = 64;

    /// <summary>
    /// The transactions of the next block on <paramref name="parent"/>: executable in this order, best fee first, then
    /// first come, as far as each sender's nonces allow (MEM-8). Each takes its encoding and a length of four bytes of
    /// <paramref name="maxBytes"/>; header, certificate and count are the caller's. One that cannot be executed is left
    /// out, and with it the later ones of its sender. Ends when the block is full, or has been too full for 64 (MEM-10).
    /// </summary>
    public ImmutableArray<Transaction> Select(Ledger parent, ChainRules rules, int maxBytes)
    {
        var selected = ImmutableArray.CreateBuilder<Transaction>();
        var draft = new LedgerDraft(parent, rules);
        using var candidates = new Candidates(byPriority);
        var misfits = 0;
        while (maxBytes >= LengthPrefix + WireLimits.MinTransactionBytes && misfits < MaxMisfits && candidates.Next() is { } transaction)
        {
            if (transaction.Nonce != draft.Get(transaction.Sender).Nonce)
            {
                continue; // in the branch already, or behind one that will bring it up again
            }

            var size = LengthPrefix + transaction.Encoded.Length;
            if (size > maxBytes)
            {
                misfits++;
                continue;
            }

            if ((Execution.CheckForm(rules, transaction) ?? draft.Apply(transaction)) is not null)
            {
                continue;
            }

            selected.Add(transaction);
            maxBytes -= size;
            candidates.Reconsider(QueueOf(transaction.Sender).Find(transaction.Nonce + 1));
        }

        return selected.ToImmutable();
    }

    /// <summary>All transactions, best first, and among them again those whose predecessor was selected after they had passed.</summary>
    private sealed class Candidates : IDisposable
    {
        private readonly PriorityQueue<Pooled, Pooled> again = new();
        private readonly IEnumerator<Pooled> cursor;
        private Pooled? ahead;

        internal Candidates(OrderedTrie<Pooled> byPriority)
        {
            cursor = byPriority.InOrder().GetEnumerator();
            Advance();
        }

        internal Transaction? Next()
        {
            if (again.TryPeek(out var best, out _) && (ahead is null || best.CompareTo(ahead) < 0))
            {
                return again.Dequeue().Transaction;
            }

            var next = ahead;
            Advance();
            return next?.Transaction;
        }

        internal void Reconsider(Pooled? pooled)
        {
            if (pooled is not null && (ahead is null || pooled.CompareTo(ahead) < 0))
            {
                again.Enqueue(pooled, pooled); // otherwise the cursor still comes to it
            }
        }

        public void Dispose() => cursor.Dispose();

        private void Advance() => ahead = cursor.MoveNext() ? cursor.Current : null;
    }
}
