using System.Collections.Immutable;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;

namespace LuxTensor.Core.State;

/// <summary>
/// The next block's state in the making, on top of its parent's: each account and validator is read once and written
/// once, however often it takes part (EXE-8). Lives inside one call; the ledger below never changes.
/// </summary>
internal sealed class LedgerDraft(Ledger below, ChainRules rules)
{
    private readonly Dictionary<Address, (Account Was, Account Now)> accounts = [];
    private readonly Dictionary<Address, (Validator? Was, Validator? Now)> validators = [];

    /// <summary>The height of the block in the making.</summary>
    internal ulong Height { get; } = below.Height + 1;

    internal ChainRules Rules => rules;

    /// <summary>The epoch of the block in the making.</summary>
    internal ulong Epoch => rules.EpochOf(Height);

    internal Totals Totals { get; set; } = below.Totals;

    internal Duties? Duties { get; set; } = below.Duties;

    /// <summary>Null where there are no validators, and nobody can become one.</summary>
    internal Registry? Registry { get; set; } = below.HasValidators ? below.Registry : null;

    /// <summary>The first epoch whose set is not fixed yet: nothing can change an earlier one.</summary>
    internal ulong NextFree => Registry!.Epochs.Newest.Epoch + 1;

    internal Account Get(Address address)
    {
        if (!accounts.TryGetValue(address, out var entry))
        {
            var was = below.GetAccount(address);
            accounts[address] = entry = (was, was);
        }

        return entry.Now;
    }

    internal Validator? GetValidator(Address address)
    {
        if (!validators.TryGetValue(address, out var entry))
        {
            var was = below.GetValidator(address);
            validators[address] = entry = (was, was);
        }

        return entry.Now;
    }

    internal void Put(Validator validator)
    {
        var address = validator.Address;
        _ = GetValidator(address);
        validators[address] = (validators[address].Was, validator);
    }

    /// <summary>Whether the validator is in the newest set that is fixed.</summary>
    internal bool IsMember(Address address) => Registry!.Epochs.Newest.IndexOf(address) >= 0;

    /// <summary>Writes a validator with another stake, which the first set that is not fixed yet will have (VAL-3).</summary>
    internal void Restake(Validator validator)
    {
        Put(validator);
        if (IsMember(validator.Address))
        {
            Registry = Registry! with { Restaked = Registry.Restaked.Add(validator.Address) };
        }
    }

    /// <summary>Carries a transaction of good form out, or says why it cannot be the sender's next one and changes nothing.</summary>
    internal TransactionRejection? Apply(Transaction transaction)
    {
        var sender = Get(transaction.Sender);
        if ((Execution.CheckNext(sender, transaction, out var cost) ?? Staking.Check(this, transaction)) is { } why)
        {
            return why;
        }

        accounts[transaction.Sender] = (accounts[transaction.Sender].Was, new Account(sender.Nonce + 1, sender.Balance - cost)); // both checked
        if (transaction.Body is TransactionBody.Transfer transfer)
        {
            Credit(transfer.To, transfer.Value); // read after the debit: right for a transfer to oneself (EXE-5)
        }
        else
        {
            Staking.Apply(this, transaction);
        }

        return null;
    }

    /// <summary>Adds to a balance.</summary>
    /// <exception cref="OverflowException">The ledger holds more than a genesis allows (GEN-6): it is damaged.</exception>
    internal void Credit(Address address, UInt128 amount)
    {
        if (amount != 0)
        {
            var now = Get(address);
            accounts[address] = (accounts[address].Was, now with { Balance = checked(now.Balance + amount) });
        }
    }

    /// <summary>The ledger after the block, and its writes in order of key.</summary>
    /// <exception cref="InvalidOperationException">Base units came from nowhere or went nowhere (RWD-5): a defect, so nothing may follow.</exception>
    internal ExecutionResult.Executed Finish()
    {
        var changes = ImmutableArray.CreateBuilder<StateChange>(accounts.Count + validators.Count + 2);
        var (spendable, staked) = (below.Totals.Spendable, below.Totals.Staked);
        foreach (var (address, (was, now)) in accounts)
        {
            if (was != now)
            {
                spendable = unchecked(spendable + now.Balance - was.Balance);
                changes.Add(Ledger.Put(address, now));
            }
        }

        foreach (var (_, (was, now)) in validators)
        {
            if (was != now)
            {
                staked = unchecked(staked + now!.Stake - (was?.Stake ?? 0));
                changes.Add(Ledger.Put(now));
            }
        }

        Totals = Totals with { Height = Height, Spendable = spendable, Staked = staked };
        var made = unchecked(Totals.Minted - below.Totals.Minted);
        var kept = unchecked(Totals.Supply + Totals.Burned - below.Totals.Supply - below.Totals.Burned);
        if (made != kept)
        {
            throw new InvalidOperationException($"block {Height} mints {made} base units, but the state changes by {kept}");
        }

        changes.Add(new StateChange(Ledger.KeyOfTotals, Totals.Encode()));
        if (Duties is { } duties && !ReferenceEquals(duties, below.Duties)) // encoded only then: of 10,000 validators they are 200 kB
        {
            var leaf = new StateChange(Ledger.KeyOfDuties, duties.Encode());
            if (!below.Holds(leaf))
            {
                changes.Add(leaf);
            }
        }

        changes.Sort(static (x, y) => x.Key.CompareTo(y.Key));
        var writes = changes.ToImmutable();
        return new ExecutionResult.Executed(below.With(writes, Registry, Totals, Duties), writes);
    }
}
