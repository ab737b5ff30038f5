using System.Collections.Immutable;
using LuxTensor.Core.State;

namespace LuxTensor.Core.Validators;

/// <summary>
/// Fixes the set of the epoch after the next, at the last block of an epoch (VAL-9). Looks only at those who leave, join or
/// changed their stake since the last time, never at everybody who is registered.
/// </summary>
internal static class EpochTransition
{
    internal static void Run(LedgerDraft draft)
    {
        var registry = draft.Registry!;
        var newest = registry.Epochs.Newest;
        var epoch = newest.Epoch + 1;
        var gone = registry.Leaving.TakeWhile(entry => entry.Until <= epoch).ToImmutableArray();
        var joining = Choose(draft, newest.Validators.Length - gone.Length, epoch);
        var set = Build(draft, newest, epoch, [.. gone.Select(entry => entry.Validator)], joining);
        var isEmpty = set is null;
        foreach (var validator in joining)
        {
            draft.Put(validator with { Standing = Standing.Active, From = epoch });
        }

        set ??= newest.For(epoch); // VAL-10: better those who should have left than nobody
        var oldest = draft.Epoch + 1 - ulong.Min(draft.Epoch + 1, draft.Rules.EpochsBehind);
        draft.Totals = draft.Totals with { Staying = draft.Totals.Staying + joining.Length, NewestSet = set.Hash };
        draft.Registry = registry with
        {
            Epochs = registry.Epochs.Add(set, ulong.Min(oldest, draft.Duties!.Set.Epoch)),
            Waiting = registry.Waiting.Except(joining.Select(validator => (validator.Sequence, validator.Address))),
            Leaving = isEmpty ? registry.Leaving : registry.Leaving.Except(gone),
            Restaked = isEmpty ? registry.Restaked : [],
        };
    }

    /// <summary>VAL-8: the first of the queue that are eligible, as many as there is room and churn for.</summary>
    private static ImmutableArray<Validator> Choose(LedgerDraft draft, int staying, ulong epoch)
    {
        var room = int.Min(draft.Rules.MaxActiveValidators - staying, draft.Rules.ChurnLimit);
        return
        [
            .. draft.Registry!.Waiting.Take(int.Max(room, 0)).Select(entry => draft.GetValidator(entry.Validator)!)
                .TakeWhile(validator => validator.From <= epoch), // eligible in the order in which they entered
        ];
    }

    /// <summary>The new set in order of sequence; the newest itself where nothing changed, null where it would be empty.</summary>
    private static EpochSnapshot? Build(
        LedgerDraft draft, EpochSnapshot newest, ulong epoch, ImmutableHashSet<Address> gone, ImmutableArray<Validator> joining)
    {
        var restaked = draft.Registry!.Restaked;
        if (gone.IsEmpty && joining.IsEmpty && restaked.IsEmpty)
        {
            return newest.For(epoch);
        }

        var members = ImmutableArray.CreateBuilder<EpochValidator>(newest.Validators.Length + joining.Length);
        foreach (var member in newest.Validators)
        {
            if (!gone.Contains(member.Address))
            {
                members.Add(restaked.Contains(member.Address) ? member with { Stake = draft.GetValidator(member.Address)!.Stake } : member);
            }
        }

        members.AddRange(joining.Select(validator => new EpochValidator(validator.Address, validator.Key, validator.Stake)));
        return members.Count == 0 ? null : new EpochSnapshot(epoch, members.ToImmutable());
    }
}
