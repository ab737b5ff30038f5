namespace LuxTensor.Core.Transactions;

/// <summary>A transaction in the pool. Ordered best first: evidence, then by fee, the higher the better, then by arrival (MEM-6).</summary>
internal sealed class Pooled(Transaction transaction, ulong arrival, UInt128 cost) : IComparable<Pooled>
{
    internal Transaction Transaction { get; } = transaction;

    internal ulong Arrival { get; } = arrival;

    internal UInt128 Cost { get; } = cost;

    /// <summary>Smaller is better: the complement of the fee, then the arrival.</summary>
    internal TrieKey Priority { get; } = transaction.Body is TransactionBody.Report
        ? new(0, 0, arrival, 0)
        : new(~(ulong)(transaction.Fee >> 64), ~(ulong)transaction.Fee, arrival, 0);

    public int CompareTo(Pooled? other) =>
        other is null ? -1
        : Priority.A != other.Priority.A ? Priority.A.CompareTo(other.Priority.A)
        : Priority.B != other.Priority.B ? Priority.B.CompareTo(other.Priority.B)
        : Priority.C.CompareTo(other.Priority.C);
}

/// <summary>The pooled transactions of one sender by nonce, and what they cost together.</summary>
internal sealed record SenderQueue(OrderedTrie<Pooled> ByNonce, UInt128 Cost)
{
    internal static SenderQueue Empty { get; } = new(OrderedTrie<Pooled>.Empty, 0);

    internal Pooled? Find(ulong nonce) => ByNonce.Find(TrieKey.Of(nonce));

    internal SenderQueue Add(Pooled pooled, object edit) =>
        new(ByNonce.Set(TrieKey.Of(pooled.Transaction.Nonce), pooled, edit), Cost + pooled.Cost);

    internal SenderQueue Remove(Pooled pooled, object edit) =>
        new(ByNonce.Remove(TrieKey.Of(pooled.Transaction.Nonce), edit), Cost - pooled.Cost);
}
