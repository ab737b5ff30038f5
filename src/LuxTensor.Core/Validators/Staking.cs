using LuxTensor.Core.Slashing;
using LuxTensor.Core.State;
using LuxTensor.Core.Transactions;

namespace LuxTensor.Core.Validators;

/// <summary>What transactions do to validators (VAL-2 to VAL-6). A sender speaks for the validator of its own key.</summary>
internal static class Staking
{
    /// <summary>Why a transaction cannot be carried out on the validators as they are, or null. Nonce and balance are checked elsewhere.</summary>
    internal static TransactionRejection? Check(LedgerDraft draft, Transaction transaction)
    {
        var sender = transaction.Sender;
        return transaction.Body switch
        {
            TransactionBody.Transfer or TransactionBody.Data => null,
            TransactionBody.Report report => Penalty.Check(draft, report.Offence),
            TransactionBody.Stake stake => CheckStake(draft, sender, stake.Amount),
            var body => draft.GetValidator(sender) is { Standing: not Standing.Withdrawn } validator
                ? CheckChange(draft, validator, body)
                : new TransactionRejection.ValidatorUnknown(sender),
        };
    }

    /// <summary>The same for the next block after a state; what changes no validator costs nothing.</summary>
    internal static TransactionRejection? Check(Ledger ledger, ChainRules rules, Transaction transaction) =>
        transaction.Body is TransactionBody.Transfer or TransactionBody.Data ? null : Check(new LedgerDraft(ledger, rules), transaction);

    /// <summary>Carries out a transaction that <see cref="Check(LedgerDraft, Transaction)"/> found nothing against; its cost is paid.</summary>
    internal static void Apply(LedgerDraft draft, Transaction transaction)
    {
        var sender = transaction.Sender;
        switch (transaction.Body)
        {
            case TransactionBody.Stake stake:
                Enter(draft, new Validator { Key = transaction.SenderKey, Stake = stake.Amount, Standing = Standing.Waiting, Sequence = 0, From = 0 });
                break;
            case TransactionBody.TopUp more:
                var grown = draft.GetValidator(sender)!;
                draft.Restake(grown with { Stake = grown.Stake + more.Amount }); // within the supply
                break;
            case TransactionBody.Exit:
                Departure.Exit(draft, sender);
                break;
            case TransactionBody.Withdraw:
                var leaver = draft.GetValidator(sender)!;
                draft.Put(leaver with { Stake = 0, Standing = Standing.Withdrawn });
                draft.Credit(sender, leaver.Stake);
                break;
            case TransactionBody.Unjail:
                Enter(draft, draft.GetValidator(sender)! with { Until = Validator.Never });
                break;
            case TransactionBody.Report report:
                Penalty.Apply(draft, report.Offence, sender);
                break;
            default:
                break; // data
        }
    }

    private static TransactionRejection? CheckStake(LedgerDraft draft, Address sender, UInt128 amount)
    {
        if (draft.Registry is null)
        {
            return new TransactionRejection.ValidatorUnknown(sender);
        }

        return draft.GetValidator(sender) switch
        {
            { IsSlashed: true } => new TransactionRejection.RemovedForGood(sender),
            { } known when known.Standing != Standing.Withdrawn || draft.IsMember(sender) => new TransactionRejection.ValidatorExists(sender, known.Standing),
            _ when amount < draft.Rules.MinimumStake => new TransactionRejection.StakeBelowMinimum(draft.Rules.MinimumStake, amount),
            _ => null,
        };
    }

    private static TransactionRejection? CheckChange(LedgerDraft draft, Validator validator, TransactionBody body)
    {
        var address = validator.Address;
        return body switch
        {
            TransactionBody.TopUp more when more.Amount == 0 => new TransactionRejection.NothingToAdd(address),
            TransactionBody.TopUp or TransactionBody.Unjail when validator.IsSlashed => new TransactionRejection.RemovedForGood(address),
            TransactionBody.TopUp or TransactionBody.Exit when validator.Standing == Standing.Leaving =>
                new TransactionRejection.AlreadyLeaving(address, validator.Until),
            TransactionBody.Exit when validator.Standing == Standing.Active && draft.Totals.Staying <= 1 =>
                new TransactionRejection.LastValidator(address),
            TransactionBody.Withdraw when draft.Epoch < validator.Withdrawable =>
                new TransactionRejection.NotWithdrawable(address, validator.Withdrawable, draft.Epoch),
            TransactionBody.Unjail when validator.Standing != Standing.Jailed => new TransactionRejection.NotJailed(address, validator.Standing),
            TransactionBody.Unjail when draft.Epoch < validator.Until || draft.IsMember(address) => new TransactionRejection.StillInSet(address, validator.Until, draft.Epoch),
            TransactionBody.Unjail when validator.Stake < draft.Rules.MinimumStake =>
                new TransactionRejection.StakeBelowMinimum(draft.Rules.MinimumStake, validator.Stake),
            _ => null,
        };
    }

    /// <summary>VAL-2, VAL-6: at the end of the queue, eligible after the activation delay.</summary>
    private static void Enter(LedgerDraft draft, Validator validator)
    {
        var sequence = draft.Totals.NextSequence;
        draft.Totals = draft.Totals with { NextSequence = sequence + 1 };
        draft.Put(validator with { Standing = Standing.Waiting, Sequence = sequence, From = draft.Epoch + draft.Rules.ActivationDelay });
        draft.Registry = draft.Registry! with { Waiting = draft.Registry.Waiting.Add((sequence, validator.Address)) };
    }
}
