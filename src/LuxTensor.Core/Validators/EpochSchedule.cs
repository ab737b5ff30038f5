using System.Collections.Immutable;

namespace LuxTensor.Core.Validators;

/// <summary>
/// The sets of consecutive epochs that a state has at hand (EPO-4): as far back as a certificate in the next block may be,
/// the current one, and those that are fixed already. Immutable; a set that stays as it is shares everything.
/// </summary>
public sealed class EpochSchedule
{
    private readonly ImmutableArray<EpochSnapshot> sets; // consecutive epochs

    private EpochSchedule(ImmutableArray<EpochSnapshot> sets) => this.sets = sets;

    /// <summary>The schedule of a chain's beginning: its first set, for the first two epochs.</summary>
    public EpochSchedule(EpochSnapshot genesis)
        : this([genesis.For(0), genesis.For(1)])
    {
    }

    /// <summary>The oldest set at hand.</summary>
    public EpochSnapshot Oldest => sets[0];

    /// <summary>The set fixed last.</summary>
    public EpochSnapshot Newest => sets[^1];

    /// <summary>The sets at hand, oldest first.</summary>
    public ImmutableArray<EpochSnapshot> Sets => sets;

    /// <summary>A schedule of the sets of consecutive epochs, oldest first; null where they are none, or not consecutive.</summary>
    public static EpochSchedule? TryCreate(ImmutableArray<EpochSnapshot> sets)
    {
        for (var i = 1; i < sets.Length; i++)
        {
            if (sets[i].Epoch != sets[i - 1].Epoch + 1)
            {
                return null;
            }
        }

        return sets.IsEmpty ? null : new EpochSchedule(sets);
    }

    /// <summary>The set of an epoch, or null where it is not fixed yet or was forgotten.</summary>
    public EpochSnapshot? Find(ulong epoch) =>
        epoch >= Oldest.Epoch && epoch <= Newest.Epoch ? sets[(int)(epoch - Oldest.Epoch)] : null;

    /// <summary>The set of an epoch that is at hand.</summary>
    /// <exception cref="InvalidOperationException">It is not: whoever asks should have asked <see cref="Find"/>.</exception>
    public EpochSnapshot Of(ulong epoch) => Find(epoch)
        ?? throw new InvalidOperationException($"the set of epoch {epoch} is not at hand, only those of {Oldest.Epoch} to {Newest.Epoch}");

    /// <summary>Adds the set of the next epoch and forgets those before <paramref name="oldest"/>.</summary>
    internal EpochSchedule Add(EpochSnapshot next, ulong oldest) =>
        new([.. sets.Where(set => set.Epoch >= oldest), next]);
}
