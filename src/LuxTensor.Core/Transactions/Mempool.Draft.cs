using System.Collections.Immutable;
using LuxTensor.Core.State;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Transactions;

/// <content>The next pool while one call makes it.</content>
public sealed partial class Mempool
{
    private sealed class Draft(Mempool from)
    {
        private ImmutableDictionary<Hash256, Pooled> byId = from.byId;
        private ImmutableSortedSet<Pooled> byPriority = from.byPriority;
        private long bytes = from.Bytes;

        internal ImmutableDictionary<Address, SenderQueue> BySender { get; private set; } = from.bySender;

        internal void Insert(Pooled pooled)
        {
            byId = byId.Add(pooled.Transaction.Id, pooled);
            byPriority = byPriority.Add(pooled);
            BySender = BySender.SetItem(
                pooled.Transaction.Sender, BySender.GetValueOrDefault(pooled.Transaction.Sender, SenderQueue.Empty).Add(pooled));
            bytes += WeightOf(pooled.Transaction);
        }

        internal void Remove(Pooled pooled)
        {
            byId = byId.Remove(pooled.Transaction.Id);
            byPriority = byPriority.Remove(pooled);
            var queue = BySender[pooled.Transaction.Sender].Remove(pooled);
            BySender = queue.ByNonce.IsEmpty
                ? BySender.Remove(pooled.Transaction.Sender)
                : BySender.SetItem(pooled.Transaction.Sender, queue);
            bytes -= WeightOf(pooled.Transaction);
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
                if (byPriority.IsEmpty)
                {
                    return new TransactionRejection.TooLarge(
                        (int)long.Clamp(from.Limits.MaxBytes - EntryOverhead, 0, int.MaxValue), newcomer.Transaction.Encoded.Length);
                }

                var worst = byPriority.Max!;
                var waitsBehind = worst.Transaction.Sender == newcomer.Transaction.Sender && worst.Transaction.Nonce < newcomer.Transaction.Nonce;
                if (waitsBehind || newcomer.CompareTo(worst) > 0)
                {
                    return new TransactionRejection.PoolFull(worst.Transaction.Fee + 1);
                }

                foreach (var pooled in BySender[worst.Transaction.Sender].ByNonce.Values.SkipWhile(pooled => pooled.Transaction.Nonce < worst.Transaction.Nonce))
                {
                    Remove(pooled);
                    left.Add(pooled.Transaction);
                }
            }

            return null;
        }

        internal Mempool ToMempool(ulong next) => new(from.Limits, byId, BySender, byPriority, bytes, next);
    }
}
