using System.Collections.Immutable;
using LuxTensor.Core.Rewards;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;

namespace LuxTensor.Core.State;

/// <summary>What came of executing a block's transactions. A closed set.</summary>
public abstract record ExecutionResult
{
    private ExecutionResult()
    {
    }

    /// <summary>All went through.</summary>
    /// <param name="After">The ledger after the block.</param>
    /// <param name="Changes">The leaves that differ from the parent's ledger, in order of key, each once.</param>
    public sealed record Executed(Ledger After, ImmutableArray<StateChange> Changes) : ExecutionResult;

    /// <summary>The block is invalid.</summary>
    /// <param name="Index">Place of the first transaction that cannot be executed.</param>
    /// <param name="Why">What is wrong with it.</param>
    public sealed record Rejected(int Index, TransactionRejection Why) : ExecutionResult;
}

/// <summary>
/// The effect of transactions on the ledger. A block's transactions are executed in order, all or none; a transaction
/// that could not be executed makes the whole block invalid (EXE-7), so no block pays for nothing. Base units change hands, and nothing else makes or takes any than subsidies and penalties (EXE-9).
/// </summary>
public static class Execution
{
    /// <summary>
    /// Executes the block after <paramref name="parent"/>: its transactions, then what is earned for it and what its
    /// certificate tells (RWD-2, DUT-1), then, at the end of an epoch, the next set (VAL-9). Signatures are not looked at.
    /// </summary>
    public static ExecutionResult Run(
        Ledger parent, ChainRules rules, Address proposer, Certificate? certificate, ImmutableArray<Transaction> transactions)
    {
        var draft = new LedgerDraft(parent, rules);
        UInt128 fees = 0;
        for (var i = 0; i < transactions.Length; i++)
        {
            if ((CheckForm(rules, transactions[i]) ?? draft.Apply(transactions[i])) is { } why)
            {
                return new ExecutionResult.Rejected(i, why);
            }

            fees = checked(fees + transactions[i].Fee);
        }

        Reward.Pay(draft, proposer, certificate, fees); // after the last one: nobody spends the fees of the block that brings them (EXE-6)
        if (draft.Registry is not null && rules.EndsEpoch(draft.Height))
        {
            EpochTransition.Run(draft);
        }

        return draft.Finish();
    }

    /// <summary>Why a transaction could not be executed next on this ledger, or null. Its signature is not looked at.</summary>
    public static TransactionRejection? Check(Ledger ledger, ChainRules rules, Transaction transaction) =>
        CheckForm(rules, transaction) ?? CheckNext(ledger.GetAccount(transaction.Sender), transaction, out _)
        ?? Staking.Check(ledger, rules, transaction);

    /// <summary>What a transaction must be whatever the state (TXN-3 to TXN-6).</summary>
    internal static TransactionRejection? CheckForm(ChainRules rules, Transaction transaction)
    {
        if (transaction.ChainId != rules.ChainId)
        {
            return new TransactionRejection.WrongChain(rules.ChainId, transaction.ChainId);
        }

        if (transaction.Encoded.Length > rules.MaxTransactionBytes)
        {
            return new TransactionRejection.TooLarge(rules.MaxTransactionBytes, transaction.Encoded.Length);
        }

        if (transaction.Fee < rules.MinimumFee && transaction.Body is not TransactionBody.Report)
        {
            return new TransactionRejection.FeeTooLow(rules.MinimumFee, transaction.Fee);
        }

        return transaction.TryGetCost(out _) ? null : new TransactionRejection.AmountOverflow(transaction.Fee, transaction.Value);
    }

    /// <summary>
    /// Whether a transaction of good form is the account's next one and covered (EXE-3, EXE-4); the cost is fee and value.
    /// </summary>
    internal static TransactionRejection? CheckNext(Account account, Transaction transaction, out UInt128 cost)
    {
        _ = transaction.TryGetCost(out cost); // no overflow: CheckForm came before
        if (transaction.Nonce != account.Nonce)
        {
            return transaction.Nonce < account.Nonce
                ? new TransactionRejection.NonceTooLow(account.Nonce, transaction.Nonce)
                : new TransactionRejection.NonceGap(account.Nonce, transaction.Nonce);
        }

        if (account.Nonce == ulong.MaxValue)
        {
            return new TransactionRejection.NonceExhausted(account.Nonce);
        }

        return cost <= account.Balance ? null : new TransactionRejection.InsufficientBalance(cost, account.Balance);
    }
}
