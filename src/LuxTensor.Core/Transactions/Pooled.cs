using System.Collections.Immutable;

namespace LuxTensor.Core.Transactions;

/// <summary>A transaction in the pool. Ordered best first: by fee, the higher the better, then by arrival.</summary>
internal sealed class Pooled(Transaction transaction, ulong arrival, UInt128 cost) : IComparable<Pooled>
{
    internal Transaction Transaction { get; } = transaction;

    internal ulong Arrival { get; } = arrival;

    internal UInt128 Cost { get; } = cost;

    public int CompareTo(Pooled? other)
    {
        if (other is null)
        {
            return -1;
        }

        var byFee = other.Transaction.Fee.CompareTo(Transaction.Fee);
        return byFee != 0 ? byFee : Arrival.CompareTo(other.Arrival);
    }
}

/// <summary>The pooled transactions of one sender by nonce, and what they cost together.</summary>
internal sealed record SenderQueue(ImmutableSortedDictionary<ulong, Pooled> ByNonce, UInt128 Cost)
{
    internal static SenderQueue Empty { get; } = new(ImmutableSortedDictionary<ulong, Pooled>.Empty, 0);

    internal SenderQueue Add(Pooled pooled) => new(ByNonce.Add(pooled.Transaction.Nonce, pooled), Cost + pooled.Cost);

    internal SenderQueue Remove(Pooled pooled) => new(ByNonce.Remove(pooled.Transaction.Nonce), Cost - pooled.Cost);
}
