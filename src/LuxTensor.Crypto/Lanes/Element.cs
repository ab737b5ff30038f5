using System.Runtime.CompilerServices;

namespace LuxTensor.Crypto.Lanes;

/// <summary>
/// One element of the field modulo p = 2^255 - 19 a lane: five limbs of radix 2^51, signed integers held in doubles.
/// Its value is limb0 + 2^51·limb1 + 2^102·limb2 + 2^153·limb3 + 2^204·limb4.
/// </summary>
/// <remarks>
/// Bounds, of the absolute value of every limb. A "reduced" element: 2^50 + 2^13, which is what every product is. A "settled" one:
/// 2^50 + 2^6. A "sum", of two reduced ones: 2^51 + 2^14. <see cref="Multiply"/> takes whatever makes every |aᵢ·bⱼ| at most 2^102: one
/// reduced or settled and the other up to 1.9·2^51, but not a sum by a sum.
/// </remarks>
internal struct Element<V>
    where V : unmanaged, ILanes<V>
{
    internal const int Radix = 51;

    // A product of limbs, |a·b| <= 2^102, is split in two: h = round(a·b / 2^51), and l = a·b - h·2^51 with |l| <= 2^50. Both are exact:
    // fma(a, b, High) lies from 2^103 to 2^104, where a double's last place is 2^51; its one rounding makes h, and its bits, as an integer,
    // are those of High plus h. High + Low - that is exact, for it is a multiple of 2^51 below 2^103. A second fma gives Low + l, from 2^52
    // to 2^53, where the last place is 1, so nothing is rounded. Integer additions of the bits then add up h and l.
    private const double High = 3.0 * (1UL << 51) * (1UL << 51); // 1.5·2^103
    private const double Low = 3.0 * (1UL << 51);                // 1.5·2^52
    private const ulong HighBits = (((1023UL + 103) << 1) | 1) << 51;
    private const ulong LowBits = (((1023UL + 52) << 1) | 1) << 51;

    private const ulong Mask = (1UL << Radix) - 1;
    private const ulong ExponentOf52 = (1023UL + 52) << 52;

    // A column below 2^60 in absolute value is made positive by 2^60, and rounded to the nearest by 2^50, before it is cut: what is carried
    // is 2^9 too large then, and what stays 2^50.
    private const ulong Bias = (1UL << 60) + (1UL << 50);
    private const double Offset = (double)((1UL << 52) + (1UL << 50) + (1UL << 9));
    private const double OffsetOfFirst = (double)((1UL << 52) + (1UL << 50) + (19UL << 9));

    internal V L0, L1, L2, L3, L4;

    /// <summary>result = a·b, reduced; every |aᵢ·bⱼ| at most 2^102. The result may be one of the operands.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static unsafe void Multiply(Element<V>* result, Element<V>* a, Element<V>* b)
    {
        V a0 = a->L0, a1 = a->L1, a2 = a->L2, a3 = a->L3, a4 = a->L4;
        V b0 = b->L0, b1 = b->L1, b2 = b->L2, b3 = b->L3, b4 = b->L4;
        V c0 = Start(0), c1 = Start(1), c2 = Start(2), c3 = Start(3), c4 = Start(4);
        V c5 = Start(5), c6 = Start(6), c7 = Start(7), c8 = Start(8), c9 = Start(9);
        Product(a0, b0, ref c0, ref c1);
        Product(a0, b1, ref c1, ref c2);
        Product(a1, b0, ref c1, ref c2);
        Product(a0, b2, ref c2, ref c3);
        Product(a1, b1, ref c2, ref c3);
        Product(a2, b0, ref c2, ref c3);
        Product(a0, b3, ref c3, ref c4);
        Product(a1, b2, ref c3, ref c4);
        Product(a2, b1, ref c3, ref c4);
        Product(a3, b0, ref c3, ref c4);
        Product(a0, b4, ref c4, ref c5);
        Product(a1, b3, ref c4, ref c5);
        Product(a2, b2, ref c4, ref c5);
        Product(a3, b1, ref c4, ref c5);
        Product(a4, b0, ref c4, ref c5);
        Product(a1, b4, ref c5, ref c6);
        Product(a2, b3, ref c5, ref c6);
        Product(a3, b2, ref c5, ref c6);
        Product(a4, b1, ref c5, ref c6);
        Product(a2, b4, ref c6, ref c7);
        Product(a3, b3, ref c6, ref c7);
        Product(a4, b2, ref c6, ref c7);
        Product(a3, b4, ref c7, ref c8);
        Product(a4, b3, ref c7, ref c8);
        Product(a4, b4, ref c8, ref c9);
        Carry(result, Fold(c0, c5), Fold(c1, c6), Fold(c2, c7), Fold(c3, c8), Fold(c4, c9));
    }

    /// <summary>result = a², reduced; a at most 1.4·2^50, so that twice a product is at most 2^102. The result may be the operand.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static unsafe void Square(Element<V>* result, Element<V>* a)
    {
        V a0 = a->L0, a1 = a->L1, a2 = a->L2, a3 = a->L3, a4 = a->L4;
        V d0 = a0 + a0, d1 = a1 + a1, d2 = a2 + a2, d3 = a3 + a3;
        V c0 = StartOfSquare(0), c1 = StartOfSquare(1), c2 = StartOfSquare(2), c3 = StartOfSquare(3), c4 = StartOfSquare(4);
        V c5 = StartOfSquare(5), c6 = StartOfSquare(6), c7 = StartOfSquare(7), c8 = StartOfSquare(8), c9 = StartOfSquare(9);
        Product(a0, a0, ref c0, ref c1);
        Product(d0, a1, ref c1, ref c2);
        Product(d0, a2, ref c2, ref c3);
        Product(a1, a1, ref c2, ref c3);
        Product(d0, a3, ref c3, ref c4);
        Product(d1, a2, ref c3, ref c4);
        Product(d0, a4, ref c4, ref c5);
        Product(d1, a3, ref c4, ref c5);
        Product(a2, a2, ref c4, ref c5);
        Product(d1, a4, ref c5, ref c6);
        Product(d2, a3, ref c5, ref c6);
        Product(d2, a4, ref c6, ref c7);
        Product(a3, a3, ref c6, ref c7);
        Product(d3, a4, ref c7, ref c8);
        Product(a4, a4, ref c8, ref c9);
        Carry(result, Fold(c0, c5), Fold(c1, c6), Fold(c2, c7), Fold(c3, c8), Fold(c4, c9));
    }

    /// <summary>What column k of a product begins with: the bias of its carry, less the bits that its High and Low will leave in it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Start(int k) => Start(k, Products(k), Products(k - 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V StartOfSquare(int k) => Start(k, (Products(k) + 1) / 2, (Products(k - 1) + 1) / 2);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Start(int k, int lows, int highs) =>
        V.OfBits(unchecked((k < 5 ? Bias : 0) - ((ulong)lows * LowBits) - ((ulong)highs * HighBits)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Products(int column) => column < 5 ? column + 1 : 9 - column;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Product(V a, V b, ref V column, ref V next)
    {
        var high = V.FusedMultiplyAdd(a, b, V.Of(High));
        var rest = high - V.Of(High + Low);
        var low = V.FusedMultiplySubtract(a, b, rest);
        next = V.Plus(next, high);
        column = V.Plus(column, low);
    }

    /// <summary>Columns 5 to 9 come back to 0 to 4 times 19, since 2^255 = 19 modulo p.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Fold(V column, V above) => V.Plus(column, TimesNineteen(above));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V TimesNineteen(V value) => V.Plus(value, V.Plus(value << 1, value << 4));

    /// <summary>
    /// One round of carries, all at once: biased columns to a reduced element. A column has at most 5 l and 5 h, below 2^54; with 19 times
    /// another, below 2^58.4; so at most 2^7.4 is carried, and 19 times that into the first limb.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Carry(Element<V>* result, V c0, V c1, V c2, V c3, V c4)
    {
        result->L0 = V.Plus((c0 & V.OfBits(Mask)) | V.OfBits(ExponentOf52), TimesNineteen(c4 >>> Radix)) - V.Of(OffsetOfFirst);
        result->L1 = V.Plus((c1 & V.OfBits(Mask)) | V.OfBits(ExponentOf52), c0 >>> Radix) - V.Of(Offset);
        result->L2 = V.Plus((c2 & V.OfBits(Mask)) | V.OfBits(ExponentOf52), c1 >>> Radix) - V.Of(Offset);
        result->L3 = V.Plus((c3 & V.OfBits(Mask)) | V.OfBits(ExponentOf52), c2 >>> Radix) - V.Of(Offset);
        result->L4 = V.Plus((c4 & V.OfBits(Mask)) | V.OfBits(ExponentOf52), c3 >>> Radix) - V.Of(Offset);
    }

    /// <summary>result = a + b, limb by limb.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static unsafe void Add(Element<V>* result, Element<V>* a, Element<V>* b)
    {
        result->L0 = a->L0 + b->L0;
        result->L1 = a->L1 + b->L1;
        result->L2 = a->L2 + b->L2;
        result->L3 = a->L3 + b->L3;
        result->L4 = a->L4 + b->L4;
    }

    /// <summary>result = a - b, limb by limb.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static unsafe void Subtract(Element<V>* result, Element<V>* a, Element<V>* b)
    {
        result->L0 = a->L0 - b->L0;
        result->L1 = a->L1 - b->L1;
        result->L2 = a->L2 - b->L2;
        result->L3 = a->L3 - b->L3;
        result->L4 = a->L4 - b->L4;
    }

    /// <summary>
    /// The same element, settled, of limbs below 2^53: each keeps what is nearest to zero modulo 2^51, at most 2^50, and passes on at most 2,
    /// the last one 19 times that to the first. All of it is exact.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static unsafe void Settle(Element<V>* element)
    {
        const double One = 1.0 / (1UL << Radix);
        V a0 = element->L0, a1 = element->L1, a2 = element->L2, a3 = element->L3, a4 = element->L4;
        V t0 = Multiple(a0), t1 = Multiple(a1), t2 = Multiple(a2), t3 = Multiple(a3), t4 = Multiple(a4);
        element->L0 = V.FusedMultiplyAdd(t4, V.Of(19 * One), a0 - t0);
        element->L1 = V.FusedMultiplyAdd(t0, V.Of(One), a1 - t1);
        element->L2 = V.FusedMultiplyAdd(t1, V.Of(One), a2 - t2);
        element->L3 = V.FusedMultiplyAdd(t2, V.Of(One), a3 - t3);
        element->L4 = V.FusedMultiplyAdd(t3, V.Of(One), a4 - t4);
    }

    /// <summary>The multiple of 2^51 nearest to a limb: near 1.5·2^103 a double has no finer place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Multiple(V limb) => (limb + V.Of(High)) - V.Of(High);

    /// <summary>Elements of scratch memory that <see cref="Invert"/> takes; aligned, which the stack is not.</summary>
    internal const int InvertScratch = 5;

    /// <summary>result = 1/a of a reduced a, and zero of zero: a to the power of p - 2 = 2^255 - 21. Apart from the operand.</summary>
    internal static unsafe void Invert(Element<V>* result, Element<V>* a, Element<V>* scratch)
    {
        Element<V>* nine = scratch, eleven = scratch + 1, x5 = scratch + 2, x50 = scratch + 3, step = scratch + 4;
        SquareTimes(nine, a, 1);
        SquareTimes(step, nine, 2);
        Multiply(nine, step, a);                 // 9
        SquareTimes(eleven, a, 1);
        Multiply(eleven, eleven, nine);          // 11
        SquareTimes(step, eleven, 1);
        Multiply(x5, step, nine);                // 2^5 - 1
        SquareTimes(step, x5, 5);
        Multiply(nine, step, x5);                // 2^10 - 1
        SquareTimes(step, nine, 10);
        Multiply(x5, step, nine);                // 2^20 - 1
        SquareTimes(step, x5, 20);
        Multiply(x5, step, x5);                  // 2^40 - 1
        SquareTimes(step, x5, 10);
        Multiply(x50, step, nine);               // 2^50 - 1
        SquareTimes(step, x50, 50);
        Multiply(x5, step, x50);                 // 2^100 - 1
        SquareTimes(step, x5, 100);
        Multiply(x5, step, x5);                  // 2^200 - 1
        SquareTimes(step, x5, 50);
        Multiply(x5, step, x50);                 // 2^250 - 1
        SquareTimes(step, x5, 5);
        Multiply(result, step, eleven);          // 2^255 - 21
    }

    private static unsafe void SquareTimes(Element<V>* result, Element<V>* a, int times)
    {
        Square(result, a);
        for (var i = 1; i < times; i++)
        {
            Square(result, result);
        }
    }
}
