using System.Collections.Immutable;
using LuxTensor.Core.State;

namespace LuxTensor.Core.Transactions;

/// <content>The next pool while one call makes it.</content>
public sealed partial class Mempool
{
    private sealed class Draft(Mempool from)
    {
        private readonly object edit = new();
        private OrderedTrie<Pooled> byId = from.byId;
        private OrderedTrie<SenderQueue> bySender = from.bySender;
        private OrderedTrie<Pooled> byPriority = from.byPriority;
        private ImmutableDictionary<Address, Pooled> reports = from.reports;
        private long bytes = from.Bytes;

        internal SenderQueue? QueueOf(Address sender) => bySender.Find(TrieKey.Of(sender));

        internal void Insert(Pooled pooled)
        {
            var sender = TrieKey.Of(pooled.Transaction.Sender);
            byId = byId.Set(TrieKey.Of(pooled.Transaction.Id), pooled, edit);
            byPriority = byPriority.Set(pooled.Priority, pooled, edit);
            bySender = bySender.Set(sender, (bySender.Find(sender) ?? SenderQueue.Empty).Add(pooled, edit), edit);
            bytes += WeightOf(pooled.Transaction);
            if (pooled.Transaction.Body is TransactionBody.Report report)
            {
                reports = reports.Add(report.Offence.Offender, pooled);
            }
        }

        internal void Remove(Pooled pooled)
        {
            var sender = TrieKey.Of(pooled.Transaction.Sender);
            byId = byId.Remove(TrieKey.Of(pooled.Transaction.Id), edit);
            byPriority = byPriority.Remove(pooled.Priority, edit);
            var queue = bySender.Find(sender)!.Remove(pooled, edit);
            bySender = queue.ByNonce.Count == 0 ? bySender.Remove(sender, edit) : bySender.Set(sender, queue, edit);
            bytes -= WeightOf(pooled.Transaction);
            if (pooled.Transaction.Body is TransactionBody.Report report)
            {
                reports = reports.Remove(report.Offence.Offender);
            }
        }

        /// <summary>
        /// Pushes out the worst, each with the later nonces of its sender, until the newcomer fits; refuses where the
        /// newcomer is itself the worst, or would be pushed out behind it (MEM-6).
        /// </summary>
        internal TransactionRejection? MakeRoomFor(Pooled newcomer, ImmutableArray<Transaction>.Builder left)
        {
            var weight = WeightOf(newcomer.Transaction);
            while (bytes + weight > from.Limits.MaxBytes)
            {
                if (byPriority.Last is not { } worst)
                {
                    return new TransactionRejection.TooLarge(
                        (int)long.Clamp(from.Limits.MaxBytes - EntryOverhead, 0, int.MaxValue), newcomer.Transaction.Encoded.Length);
                }

                var waitsBehind = worst.Transaction.Sender == newcomer.Transaction.Sender && worst.Transaction.Nonce < newcomer.Transaction.Nonce;
                if (waitsBehind || newcomer.CompareTo(worst) > 0)
                {
                    return new TransactionRejection.PoolFull(worst.Transaction.Fee + 1);
                }

                foreach (var pooled in QueueOf(worst.Transaction.Sender)!.ByNonce.InOrder().ToArray()) // the removals change what is listed
                {
                    if (pooled.Transaction.Nonce >= worst.Transaction.Nonce)
                    {
                        Remove(pooled);
                        left.Add(pooled.Transaction);
                    }
                }
            }

            return null;
        }

        internal Mempool ToMempool(ulong next) => new(from.Limits, byId, bySender, byPriority, reports, bytes, next);
    }
}
