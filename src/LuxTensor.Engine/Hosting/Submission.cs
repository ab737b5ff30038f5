using LuxTensor.Core.State;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;

namespace LuxTensor.Engine;

/// <summary>What can be said of a submitted transaction before the pool is asked.</summary>
public static class Submission
{
    /// <summary>The outcome where it is malformed, known or not signed as it must be; null where the pool is to be asked. May read the store.</summary>
    public static SubmitOutcome? Check(INode node, ReadOnlySpan<byte> encoded, out Verified<Transaction> verified)
    {
        verified = default;
        var rules = node.Genesis.Rules;
        if (!Transaction.TryDecode(encoded, rules.MaxTransactionBytes, out var transaction, out var fault))
        {
            return new SubmitOutcome.Malformed(fault);
        }

        if (node.View.Pool.Find(transaction!.Id) is not null || node.Chain.Locate(transaction.Id) is not null)
        {
            return new SubmitOutcome.Accepted(transaction.Id, Known: true);
        }

        return Verifier.Check(transaction, rules, out verified) is { } why
            ? new SubmitOutcome.Rejected(transaction.Id, why is VoteRejection.WrongChain wrong
                ? new TransactionRejection.WrongChain(wrong.Expected, wrong.Actual)
                : new TransactionRejection.BadSignature(transaction.Sender))
            : null;
    }
}
