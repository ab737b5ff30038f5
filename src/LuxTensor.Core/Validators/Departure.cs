using LuxTensor.Core.State;

namespace LuxTensor.Core.Validators;

/// <summary>The ways out of the set: an exit of its own will, the jail, and removal for good (VAL-4, VAL-7, EVI-5).</summary>
internal static class Departure
{
    /// <summary>VAL-4: the validator leaves after the exit delay, or later where more exits than the churn limit came first.</summary>
    internal static void Exit(LedgerDraft draft, Address address)
    {
        var validator = draft.GetValidator(address)!;
        var rules = draft.Rules;
        var earliest = draft.Epoch + rules.ExitDelay;
        if (validator.Standing != Standing.Active)
        {
            Leave(draft, validator, ulong.Min(validator.Until, earliest)); // in no set, or about to be: nobody waits for its turn
            return;
        }

        var totals = draft.Totals;
        var (epoch, exits) = totals.ExitEpoch < earliest ? (earliest, 0u) : (totals.ExitEpoch, totals.Exits);
        if (exits >= (uint)rules.ChurnLimit)
        {
            (epoch, exits) = (epoch + 1, 0);
        }

        draft.Totals = totals with { ExitEpoch = epoch, Exits = exits + 1 };
        Leave(draft, validator, epoch);
    }

    /// <summary>VAL-7: the validator is in no set that is not fixed yet, until it asks to return.</summary>
    internal static void Jail(LedgerDraft draft, Address address)
    {
        var validator = draft.GetValidator(address)!;
        Unlist(draft, validator);
        List(draft, validator with { Standing = Standing.Jailed, Until = draft.NextFree });
    }

    /// <summary>EVI-5: the validator is in no set that is not fixed yet, and its stake stays for the full delay from now.</summary>
    internal static void Remove(LedgerDraft draft, Address address)
    {
        var validator = draft.GetValidator(address)!;
        Leave(draft, validator, ulong.Min(validator.Until, draft.NextFree));
    }

    private static void Leave(LedgerDraft draft, Validator validator, ulong until)
    {
        Unlist(draft, validator);
        until = validator.Standing == Standing.Waiting ? validator.From : until; // it was never in a set
        var free = ulong.Max(until, draft.Epoch + draft.Rules.ExitDelay) + draft.Rules.WithdrawalDelay;
        var promised = validator.Withdrawable == Validator.Never ? 0 : validator.Withdrawable;
        List(draft, validator with { Standing = Standing.Leaving, Until = until, Withdrawable = ulong.Max(free, promised) });
    }

    /// <summary>Takes a validator out of what the next transition looks at.</summary>
    private static void Unlist(LedgerDraft draft, Validator validator)
    {
        var registry = draft.Registry!;
        switch (validator.Standing)
        {
            case Standing.Waiting:
                draft.Registry = registry with { Waiting = registry.Waiting.Remove((validator.Sequence, validator.Address)) };
                break;
            case Standing.Active:
                draft.Totals = draft.Totals with { Staying = draft.Totals.Staying - 1 };
                break;
            default:
                draft.Registry = registry with { Leaving = registry.Leaving.Remove((validator.Until, validator.Address)) };
                break;
        }
    }

    private static void List(LedgerDraft draft, Validator validator)
    {
        draft.Put(validator);
        var registry = draft.Registry!;
        if (draft.IsMember(validator.Address))
        {
            draft.Registry = registry with { Leaving = registry.Leaving.Add((validator.Until, validator.Address)) };
        }
    }
}
