namespace LuxTensor.Crypto.Lanes;

/// <summary>
/// A vector register of 64-bit lanes, read as doubles or as integers. The code of a lane width is written once, over this; the runtime
/// compiles it anew for each width, and every member becomes one instruction (two where eight lanes are two halves).
/// </summary>
internal interface ILanes<TSelf>
    where TSelf : unmanaged, ILanes<TSelf>
{
    /// <summary>Lanes in the register.</summary>
    static abstract int Count { get; }

    /// <summary>Whether this processor computes it in hardware, with a fused multiplication and addition that rounds once.</summary>
    static abstract bool IsHardware { get; }

    static abstract TSelf Of(double value);

    static abstract TSelf OfBits(ulong value);

    /// <summary>Reads <see cref="Count"/> consecutive doubles or integers.</summary>
    static abstract unsafe TSelf Load(void* source);

    static abstract unsafe void Store(void* destination, TSelf value);

    /// <summary>Reads four consecutive doubles a lane from the lanes' own addresses (in doubles from there), and gives the four as a register each.</summary>
    static abstract unsafe void LoadTransposed(double** sources, int offset, out TSelf first, out TSelf second, out TSelf third, out TSelf fourth);

    /// <summary>a·b + c in doubles, rounded once.</summary>
    static abstract TSelf FusedMultiplyAdd(TSelf a, TSelf b, TSelf c);

    /// <summary>a·b - c in doubles, rounded once.</summary>
    static abstract TSelf FusedMultiplySubtract(TSelf a, TSelf b, TSelf c);

    /// <summary>Sum in doubles.</summary>
    static abstract TSelf operator +(TSelf left, TSelf right);

    /// <summary>Difference in doubles.</summary>
    static abstract TSelf operator -(TSelf left, TSelf right);

    /// <summary>Sum in 64-bit integers, modulo 2^64.</summary>
    static abstract TSelf Plus(TSelf left, TSelf right);

    static abstract TSelf operator &(TSelf left, TSelf right);

    static abstract TSelf operator |(TSelf left, TSelf right);

    static abstract TSelf operator ^(TSelf left, TSelf right);

    static abstract TSelf operator <<(TSelf value, int bits);

    /// <summary>Shift without sign.</summary>
    static abstract TSelf operator >>>(TSelf value, int bits);

    static abstract TSelf RotateRight(TSelf value, int bits);

    /// <summary>The bytes of every 64-bit integer in the opposite order.</summary>
    static abstract TSelf ReverseBytes(TSelf value);

    /// <summary>The lanes of <paramref name="ones"/> where the mask is all ones, and of <paramref name="zeros"/> where it is zero.</summary>
    static abstract TSelf Select(TSelf mask, TSelf ones, TSelf zeros);
}
