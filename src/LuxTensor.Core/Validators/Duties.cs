using System.Collections.Immutable;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;

namespace LuxTensor.Core.Validators;

/// <summary>
/// What the certificates in blocks tell of an epoch's validators: who was missing from how many (DUT-1), and what each has
/// earned since (RWD-4). One leaf of the state; closed and paid out when a certificate of a later epoch comes.
/// </summary>
/// <param name="Set">The epoch's set, which gives the indexes.</param>
/// <param name="Newest">Height of the newest certificate in the chain; 0 for none.</param>
/// <param name="Counted">Heights of the epoch that are counted.</param>
/// <param name="Accrued">Base units earned and not paid out yet, by index.</param>
/// <param name="Missed">Counted heights that each is missing from, by index.</param>
public sealed record Duties(EpochSnapshot Set, ulong Newest, uint Counted, ImmutableArray<UInt128> Accrued, ImmutableArray<uint> Missed)
{
    private const int EntrySize = 16 + 4;

    /// <summary>Nothing counted yet of an epoch.</summary>
    public static Duties Open(EpochSnapshot set, ulong newest) => new(
        set, newest, 0, [.. new UInt128[set.Validators.Length]], [.. new uint[set.Validators.Length]]);

    /// <summary>Counts a certificate of this epoch that is newer than the newest (DUT-1); an older one was counted or passed over.</summary>
    public Duties Count(Certificate certificate)
    {
        if (certificate.Height <= Newest)
        {
            return this;
        }

        var missed = Missed.ToBuilder();
        for (var index = 0; index < missed.Count; index++)
        {
            missed[index] += certificate.HasSigned(index) ? 0u : 1u;
        }

        return this with { Newest = certificate.Height, Counted = Counted + 1, Missed = missed.MoveToImmutable() };
    }

    /// <summary>Adds what validators earned, by index.</summary>
    public Duties Earn(ImmutableArray<(int Index, UInt128 Amount)> shares)
    {
        var accrued = Accrued.ToBuilder();
        foreach (var (index, amount) in shares)
        {
            accrued[index] += amount; // within the supply: at most 2^120
        }

        return this with { Accrued = accrued.MoveToImmutable() };
    }

    /// <summary>The canonical encoding, the value of the leaf.</summary>
    public byte[] Encode()
    {
        var writer = new WireWriter(24 + (Accrued.Length * EntrySize)).UInt64(Set.Epoch).UInt64(Newest).UInt32(Counted).UInt32((uint)Accrued.Length);
        for (var index = 0; index < Accrued.Length; index++)
        {
            writer.UInt128(Accrued[index]).UInt32(Missed[index]);
        }

        return writer.ToArray();
    }

    /// <summary>Reads exactly one; null where it does not fit the sets at hand.</summary>
    public static Duties? TryDecode(ReadOnlySpan<byte> bytes, EpochSchedule epochs)
    {
        var reader = new WireReader(bytes);
        var set = epochs.Find(reader.UInt64());
        var (newest, counted) = (reader.UInt64(), reader.UInt32());
        var count = reader.Count(WireLimits.MaxValidators, EntrySize);
        var accrued = ImmutableArray.CreateBuilder<UInt128>(count);
        var missed = ImmutableArray.CreateBuilder<uint>(count);
        for (var index = 0; index < count; index++)
        {
            accrued.Add(reader.UInt128());
            missed.Add(reader.UInt32());
        }

        return reader.End() && set is not null && set.Validators.Length == count
            ? new Duties(set, newest, counted, accrued.MoveToImmutable(), missed.MoveToImmutable())
            : null;
    }
}
