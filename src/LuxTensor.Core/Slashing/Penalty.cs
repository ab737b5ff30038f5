using LuxTensor.Core.State;
using LuxTensor.Core.Validators;

namespace LuxTensor.Core.Slashing;

/// <summary>What a double vote costs, and whom (EVI-2 to EVI-6).</summary>
internal static class Penalty
{
    /// <summary>Why evidence punishes nobody in the block in the making, or null. Its signatures were verified before.</summary>
    internal static TransactionRejection? Check(LedgerDraft draft, DoubleVote offence)
    {
        if (offence.CheckPlace(draft.Height, draft.Rules) is { } why)
        {
            return why;
        }

        return draft.GetValidator(offence.Offender) switch
        {
            { IsSlashed: true } => new TransactionRejection.AlreadyPunished(offence.Offender), // first: also when it has withdrawn the rest
            null or { Standing: Standing.Withdrawn } => new TransactionRejection.ValidatorUnknown(offence.Offender),
            _ => null,
        };
    }

    /// <summary>
    /// EVI-4, EVI-5: takes the penalty from the stake, whatever the validator is on its way to, pays the reporter, burns the
    /// rest, and takes the validator out for good with the first set that is not fixed.
    /// </summary>
    internal static void Apply(LedgerDraft draft, DoubleVote offence, Address reporter)
    {
        var validator = draft.GetValidator(offence.Offender)!;
        var penalty = UInt128.Min(validator.Stake * (uint)draft.Rules.SlashPercent / 100, validator.Stake); // a stake is at most 2^120
        var reward = penalty * (uint)draft.Rules.ReporterPercent / 100;
        draft.Totals = draft.Totals with { Burned = draft.Totals.Burned + penalty - reward };
        draft.Credit(reporter, reward);
        draft.Restake(validator with { Stake = validator.Stake - penalty, IsSlashed = true });
        Departure.Remove(draft, offence.Offender);
    }
}
