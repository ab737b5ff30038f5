using System.Collections.Immutable;
using LuxTensor.Core.Transactions;
using LuxTensor.Crypto;

namespace LuxTensor.Core.State;

/// <summary>
/// The accounts that a run of transactions touched, on top of a ledger: each is read once and written once, however
/// often it takes part (EXE-8). Lives inside one call; the ledger below never changes.
/// </summary>
internal sealed class TouchedAccounts(Ledger below)
{
    private readonly Dictionary<Address, Entry> entries = [];

    internal Account Get(Address address) => Find(address).Now;

    /// <summary>
    /// Carries a transaction of good form out, or says why it cannot be the sender's next one; after that only reading is
    /// sensible, for the sender counts as touched.
    /// </summary>
    internal TransactionRejection? Apply(Transaction transaction)
    {
        var sender = Find(transaction.Sender);
        if (Execution.CheckNext(sender.Now, transaction, out var cost) is { } why)
        {
            return why;
        }

        sender.Now = new Account(sender.Now.Nonce + 1, sender.Now.Balance - cost); // both checked by CheckNext
        if (transaction.Body is TransactionBody.Transfer transfer)
        {
            Credit(transfer.To, transfer.Value); // read after the debit: right for a transfer to oneself (EXE-5)
        }

        return null;
    }

    /// <summary>Adds to a balance.</summary>
    /// <exception cref="OverflowException">The ledger holds more than a genesis allows (GEN-6): it is damaged.</exception>
    internal void Credit(Address address, UInt128 amount)
    {
        if (amount != 0)
        {
            var entry = Find(address);
            entry.Now = entry.Now with { Balance = checked(entry.Now.Balance + amount) };
        }
    }

    /// <summary>
    /// The writes, in order of key. Whatever was applied or credited has another nonce or a higher balance than before, and
    /// nothing takes a balance down without moving the nonce: every account here differs from the one below.
    /// </summary>
    internal ImmutableArray<StateChange> Changes()
    {
        var changes = ImmutableArray.CreateBuilder<StateChange>(entries.Count);
        foreach (var entry in entries.Values)
        {
            changes.Add(new StateChange(entry.Key, entry.Now.Encode()));
        }

        changes.Sort(static (x, y) => x.Key.CompareTo(y.Key));
        return changes.ToImmutable();
    }

    private Entry Find(Address address)
    {
        if (!entries.TryGetValue(address, out var entry))
        {
            var key = Ledger.KeyOfAccount(address);
            entries[address] = entry = new Entry(key) { Now = below.GetAccount(key) };
        }

        return entry;
    }

    private sealed class Entry(Hash256 key)
    {
        internal Hash256 Key { get; } = key;

        internal required Account Now { get; set; }
    }
}
