using System.Runtime.CompilerServices;

namespace LuxTensor.Crypto.Lanes;

/// <summary>The rounding that the exactness of <see cref="Element{V}"/> rests on; it is a mode of the thread.</summary>
internal static unsafe class LaneRounding<V>
    where V : unmanaged, ILanes<V>
{
    /// <summary>
    /// Whether every lane rounds to the nearest, ties to even, and rounds a fused operation once: 2^53 + 1 and 2^53 + 3 lie halfway between
    /// doubles, each other mode moves one of them or its opposite elsewhere; and (1 + 2^-30)² - (1 + 2^-29) is 2^-60, which a product rounded by itself loses.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    internal static bool IsToNearest()
    {
        const double Large = 9007199254740992; // 2^53
        const double Small = 1.0 / (1 << 30);
        var one = V.Of(Volatile.Read(ref One[0]));
        var odd = V.FusedMultiplyAdd(one, V.Of(Large), one);
        var even = V.FusedMultiplyAdd(one, V.Of(Large + 2), one);
        var minus = V.FusedMultiplySubtract(one, V.Of(-Large - 2), one);
        var near = one + V.Of(Small);
        var fused = V.FusedMultiplySubtract(near, near, one + V.Of(2 * Small));
        var wrong = (odd ^ V.Of(Large)) | (even ^ V.Of(Large + 4)) | (minus ^ V.Of(-Large - 4)) | (fused ^ V.Of(Small * Small));
        var bits = stackalloc ulong[V.Count];
        V.Store(bits, wrong);
        return new Span<ulong>(bits, V.Count).IndexOfAnyExcept(0UL) < 0;
    }

    // Not a constant, or the compiler would do the sums, in its own mode.
    private static readonly double[] One = [1];
}
