namespace LuxTensor.Core.Voting;

/// <summary>The two thresholds of the chain, written once. Total stake is at most 2^120, so nothing overflows (QUO-3).</summary>
public static class Quorum
{
    /// <summary>Largest total stake of an epoch: leaves room for a factor of 256.</summary>
    public static readonly UInt128 MaxTotalStake = UInt128.One << 120;

    /// <summary>Strictly more than two thirds of the stake, and at least <paramref name="percent"/> of it (QUO-1).</summary>
    public static bool IsReached(UInt128 signed, UInt128 total, int percent) =>
        checked((signed * 3 > total * 2) && (signed * 100 >= total * (UInt128)percent));

    /// <summary>The least stake that <see cref="IsReached"/> holds for, found by asking it: for whoever would ask it for every vote.</summary>
    public static UInt128 Least(UInt128 total, int percent)
    {
        var (low, high) = (UInt128.Zero, total);
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            (low, high) = IsReached(middle, total, percent) ? (low, middle) : (middle + 1, high);
        }

        return low;
    }

    /// <summary>Strictly more than one third: at least one of the signers is correct (QUO-2).</summary>
    public static bool IsBlocking(UInt128 signed, UInt128 total) => checked(signed * 3 > total);
}
