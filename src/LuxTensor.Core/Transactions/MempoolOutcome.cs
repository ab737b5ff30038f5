using System.Collections.Immutable;
using LuxTensor.Core.State;

namespace LuxTensor.Core.Transactions;

/// <summary>What one node's pool may hold.</summary>
/// <param name="MaxBytes">Bytes of memory, counted as <see cref="Mempool.WeightOf"/> does.</param>
/// <param name="MaxPerSender">Nonces from the account's own on that wait for one sender; so also its most transactions.</param>
public sealed record MempoolLimits(long MaxBytes = 64L << 20, int MaxPerSender = 256);

/// <summary>What came of offering a transaction to the pool. A closed set.</summary>
public abstract record MempoolOutcome
{
    private MempoolOutcome()
    {
    }

    /// <summary>It is in the pool.</summary>
    /// <param name="Arrival">Its place in the order of arrival; grows with each transaction added.</param>
    /// <param name="Evicted">What left the pool for it: first the one it replaces, if any, then those it pushed out.</param>
    public sealed record Added(ulong Arrival, ImmutableArray<Transaction> Evicted) : MempoolOutcome;

    /// <summary>It was in the pool already; nothing changed.</summary>
    public sealed record Known : MempoolOutcome;

    /// <summary>It is refused; nothing changed.</summary>
    public sealed record Rejected(TransactionRejection Why) : MempoolOutcome;
}
