namespace LuxTensor.Tests.SeededFaults;

/// <content>The state, its transactions, and the pool.</content>
internal static partial class Faults
{
    private const string Executing = "src/LuxTensor.Core/State/Execution.cs";
    private const string Transaction = "src/LuxTensor.Core/Transactions/Transaction.cs";
    private const string Pool = "src/LuxTensor.Core/Transactions/Mempool.cs";
    private const string PoolSelect = "src/LuxTensor.Core/Transactions/Mempool.Select.cs";

    private static Fault[] Execution =>
    [
        new("nonce may leave a gap", "EXE-3", Executing, "if (transaction.Nonce != account.Nonce)", "if (transaction.Nonce < account.Nonce)"),
        new("nonce used twice", "EXE-3", Executing, "if (transaction.Nonce != account.Nonce)", "if (transaction.Nonce > account.Nonce)"),
        new("balance unchecked", "EXE-4", Executing, "return cost <= account.Balance ?", "return cost <= UInt128.MaxValue ?"),
        new("value not taken from the sender", "EXE-9", Draft, "sender.Balance - cost)", "sender.Balance - transaction.Fee)"),
        new("fee not taken from the sender", "EXE-9", Draft, "sender.Balance - cost)", "sender.Balance - (cost - transaction.Fee))"),
        new("value lost on the way", "EXE-5", Draft, "Credit(transfer.To, transfer.Value);", "Credit(transfer.To, transfer.Value / 2);"),
        new("last fee only", "EXE-6", Executing, "fees = checked(fees + transactions[i].Fee);", "fees = transactions[i].Fee;"),
        new("cost wraps around", "TXN-6", Transaction, "return cost >= Fee;", "return cost >= 0;"),
        new("fee below the least", "TXN-5", Executing, "if (transaction.Fee < rules.MinimumFee && transaction.Body is not TransactionBody.Report)", "if (transaction.Fee < 0)"),
        new("transaction signs all but its chain", "TXN-2", Transaction, "return [.. Domain, .. unsigned];", "return [.. Domain, .. unsigned[..1], .. new byte[8], .. unsigned[9..]];"),
        new("leaves written in another order", "EXE-8", Draft, "x.Key.CompareTo(y.Key));", "y.Key.CompareTo(x.Key));"),
        new("transaction after a bad one executed", "EXE-7", Executing, "return new ExecutionResult.Rejected(i, why);", "{ _ = why; continue; }"),
        new("pool drops the next nonce", "MEM-7", Pool, "all[first].Transaction.Nonce < account.Nonce; first++)", "all[first].Transaction.Nonce <= account.Nonce; first++)"),
        new("pool keeps what is final", "MEM-7", Pool, "all[first].Transaction.Nonce < account.Nonce; first++)", "all[first].Transaction.Nonce + 1 < account.Nonce; first++)"),
        new("replacement for the same fee", "MEM-5", Pool, "if (replaced is not null && offered.Fee < FeeToReplace(replaced.Transaction))", "if (replaced is not null && offered.Fee < replaced.Transaction.Fee)"),
        new("pooled transactions may overdraw together", "MEM-4", Pool, "return needed <= account.Balance ?", "return cost <= account.Balance ?"),
        new("block filled past a gap", "MEM-8", PoolSelect, "if ((Execution.CheckForm(rules, transaction) ?? draft.Apply(transaction)) is not null)", "if (Execution.CheckForm(rules, transaction) is not null)"),
    ];
}
