namespace LuxTensor.Core.Voting;

/// <summary>The two thresholds of the chain, written once. Total stake is at most 2^120, so nothing overflows (QUO-3).</summary>
public static class Quorum
{
    /// <summary>Largest total stake of an epoch: leaves room for a factor of 256.</summary>
    public static readonly UInt128 MaxTotalStake = UInt128.One << 120;

    /// <summary>Strictly more than two thirds of the stake, and at least <paramref name="percent"/> of it (QUO-1).</summary>
    public static bool IsReached(UInt128 signed, UInt128 total, int percent) =>
        checked((signed * 3 > total * 2) && (signed * 100 >= total * (UInt128)percent));

    /// <summary>Strictly more than one third: at least one of the signers is correct (QUO-2).</summary>
    public static bool IsBlocking(UInt128 signed, UInt128 total) => checked(signed * 3 > total);
}
