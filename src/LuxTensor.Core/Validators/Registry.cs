using System.Collections.Immutable;

namespace LuxTensor.Core.Validators;

/// <summary>
/// What an epoch transition needs to find without looking at every validator (VAL-9). It follows from the registered
/// validators and the newest set, so it is no part of the state; <see cref="Of"/> makes it anew after a start.
/// </summary>
/// <param name="Epochs">The sets at hand.</param>
/// <param name="Waiting">The queue, in order of sequence.</param>
/// <param name="Leaving">Members of the newest set that leave: first epoch without each.</param>
/// <param name="Restaked">Members of the newest set whose stake is no longer what it says.</param>
internal sealed record Registry(
    EpochSchedule Epochs,
    ImmutableSortedSet<(ulong Sequence, Address Validator)> Waiting,
    ImmutableSortedSet<(ulong Until, Address Validator)> Leaving,
    ImmutableSortedSet<Address> Restaked)
{
    /// <summary>The registry of these validators, in any order. O(n log n).</summary>
    internal static Registry Of(EpochSchedule epochs, IEnumerable<Validator> validators)
    {
        var waiting = ImmutableSortedSet.CreateBuilder<(ulong, Address)>();
        var leaving = ImmutableSortedSet.CreateBuilder<(ulong, Address)>();
        var restaked = ImmutableSortedSet.CreateBuilder<Address>();
        foreach (var validator in validators)
        {
            if (validator.Standing == Standing.Waiting)
            {
                waiting.Add((validator.Sequence, validator.Address));
            }
            else if (epochs.Newest.IndexOf(validator.Address) is >= 0 and var index)
            {
                if (validator.Until != Validator.Never)
                {
                    leaving.Add((validator.Until, validator.Address));
                }

                if (epochs.Newest.Validators[index].Stake != validator.Stake)
                {
                    restaked.Add(validator.Address);
                }
            }
        }

        return new Registry(epochs, waiting.ToImmutable(), leaving.ToImmutable(), restaked.ToImmutable());
    }
}
