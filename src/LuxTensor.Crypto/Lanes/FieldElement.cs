using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace LuxTensor.Crypto.Lanes;

/// <summary>
/// One element of the field modulo p = 2^255 - 19 in five 64-bit limbs of radix 2^51, for processors without the lanes' instructions and for
/// building tables. Not constant in time: public values only.
/// </summary>
/// <remarks>
/// A "reduced" element has limbs below 2^51 + 2^17, as every product and difference here; a sum of three has limbs below 2^53.
/// A product takes limbs below 2^53.
/// </remarks>
internal readonly struct FieldElement(ulong l0, ulong l1, ulong l2, ulong l3, ulong l4)
{
    private const ulong Mask = (1UL << 51) - 1;

    // 4p: more than any subtrahend, limb by limb.
    private const ulong FourP0 = (1UL << 53) - 76;
    private const ulong FourP = (1UL << 53) - 4;

    internal static readonly FieldElement One = new(1, 0, 0, 0, 0);

    internal readonly ulong L0 = l0, L1 = l1, L2 = l2, L3 = l3, L4 = l4;

    /// <summary>Reads y of an encoded point: 255 bits, the last is left out.</summary>
    internal static FieldElement Read(ReadOnlySpan<byte> bytes)
    {
        var w = Scalar.Read(bytes);
        return new(w.Bits(0, 51), w.Bits(51, 51), w.Bits(102, 51), w.Bits(153, 51), w.Bits(204, 51));
    }

    /// <summary>From five signed limbs below 2^52 in absolute value.</summary>
    internal static FieldElement OfSigned(double l0, double l1, double l2, double l3, double l4) =>
        Carried((ulong)((long)FourP0 + (long)l0), (ulong)((long)FourP + (long)l1), (ulong)((long)FourP + (long)l2),
            (ulong)((long)FourP + (long)l3), (ulong)((long)FourP + (long)l4));

    /// <summary>Five limbs of at most 2^50 + 19 in absolute value, as the lanes' tables hold them.</summary>
    internal void WriteSigned(Span<double> limbs)
    {
        var (c0, c1, c2, c3, c4) = CanonicalLimbs();
        Span<long> signed = [(long)c0, (long)c1, (long)c2, (long)c3, (long)c4];
        for (var i = 0; i < 5; i++)
        {
            var carry = (signed[i] + (1L << 50)) >> 51;
            signed[i] -= carry << 51;
            signed[(i + 1) % 5] += i < 4 ? carry : 19 * carry;
        }

        for (var i = 0; i < 5; i++)
        {
            limbs[i] = signed[i];
        }
    }

    /// <summary>The one encoding of the value: 32 bytes, little-endian, below p.</summary>
    internal Scalar Canonical()
    {
        var (c0, c1, c2, c3, c4) = CanonicalLimbs();
        return new(c0 | (c1 << 51), (c1 >> 13) | (c2 << 38), (c2 >> 26) | (c3 << 25), (c3 >> 39) | (c4 << 12));
    }

    internal bool IsOdd => (CanonicalLimbs().L0 & 1) != 0;

    internal bool IsZero => CanonicalLimbs() is (0, 0, 0, 0, 0);

    public static FieldElement operator +(in FieldElement a, in FieldElement b) =>
        new(a.L0 + b.L0, a.L1 + b.L1, a.L2 + b.L2, a.L3 + b.L3, a.L4 + b.L4);

    /// <summary>The difference, reduced; the subtrahend's limbs are below 2^53 - 76.</summary>
    public static FieldElement operator -(in FieldElement a, in FieldElement b) =>
        Carried(a.L0 + FourP0 - b.L0, a.L1 + FourP - b.L1, a.L2 + FourP - b.L2, a.L3 + FourP - b.L3, a.L4 + FourP - b.L4);

    /// <summary>The product, reduced. It is exact: a column has at most five lows below 2^53 and, four times, five highs below 2^53, and 19 times another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static FieldElement operator *(in FieldElement a, in FieldElement b)
    {
        ulong a0 = a.L0, a1 = a.L1, a2 = a.L2, a3 = a.L3, a4 = a.L4;
        ulong b0 = b.L0, b1 = b.L1, b2 = b.L2, b3 = b.L3, b4 = b.L4;
        ulong low = 0, high = 0;
        Product(a0, b0, ref low, ref high);
        var c0 = Next(ref low, ref high);
        Product(a0, b1, ref low, ref high);
        Product(a1, b0, ref low, ref high);
        var c1 = Next(ref low, ref high);
        Product(a0, b2, ref low, ref high);
        Product(a1, b1, ref low, ref high);
        Product(a2, b0, ref low, ref high);
        var c2 = Next(ref low, ref high);
        Product(a0, b3, ref low, ref high);
        Product(a1, b2, ref low, ref high);
        Product(a2, b1, ref low, ref high);
        Product(a3, b0, ref low, ref high);
        var c3 = Next(ref low, ref high);
        Product(a0, b4, ref low, ref high);
        Product(a1, b3, ref low, ref high);
        Product(a2, b2, ref low, ref high);
        Product(a3, b1, ref low, ref high);
        Product(a4, b0, ref low, ref high);
        var c4 = Next(ref low, ref high);
        Product(a1, b4, ref low, ref high);
        Product(a2, b3, ref low, ref high);
        Product(a3, b2, ref low, ref high);
        Product(a4, b1, ref low, ref high);
        c0 += 19 * Next(ref low, ref high);
        Product(a2, b4, ref low, ref high);
        Product(a3, b3, ref low, ref high);
        Product(a4, b2, ref low, ref high);
        c1 += 19 * Next(ref low, ref high);
        Product(a3, b4, ref low, ref high);
        Product(a4, b3, ref low, ref high);
        c2 += 19 * Next(ref low, ref high);
        Product(a4, b4, ref low, ref high);
        c3 += 19 * Next(ref low, ref high);
        c4 += 19 * low;
        return Carried(c0, c1, c2, c3, c4);
    }

    /// <summary>Adds a·b cut in two: what is below 2^53, and the rest. No sum overflows, so there are no carries between words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Product(ulong a, ulong b, ref ulong low, ref ulong high)
    {
        // Math.BigMul would pass one half through memory.
        high += Bmi2.X64.IsSupported ? Bmi2.X64.MultiplyNoFlags(a, b << 11) : Math.BigMul(a, b << 11, out _);
        low += unchecked(a * b) & ((1UL << 53) - 1);
    }

    /// <summary>Gives a column that is complete, and begins the next with what was above it: 2^53 is four times a limb.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Next(ref ulong low, ref ulong high)
    {
        var column = low;
        low = high << 2;
        high = 0;
        return column;
    }

    /// <summary>1/a, and zero of zero: a to the power of p - 2.</summary>
    internal FieldElement Inverse()
    {
        var high = PowerOfAllOnes(250);
        return SquareTimes(high, 5) * Power11(); // 2^255 - 21 = (2^250 - 1)·2^5 + 11
    }

    /// <summary>a to the power of (p - 5) / 8 = 2^252 - 3, for square roots.</summary>
    internal FieldElement PowerForRoot() => SquareTimes(PowerOfAllOnes(250), 2) * this;

    private FieldElement Power11() => SquareTimes(SquareTimes(this, 2) * this, 1) * this;

    // a to the power of 2^bits - 1, from the top of the bits on: ones(2n) = ones(n)·2^n + ones(n).
    private FieldElement PowerOfAllOnes(int bits)
    {
        if (bits == 1)
        {
            return this;
        }

        var half = PowerOfAllOnes(bits / 2);
        var doubled = SquareTimes(half, bits / 2) * half;
        return (bits & 1) == 0 ? doubled : SquareTimes(doubled, 1) * this;
    }

    private static FieldElement SquareTimes(FieldElement a, int times)
    {
        for (var i = 0; i < times; i++)
        {
            a *= a;
        }

        return a;
    }

    private static FieldElement Carried(ulong l0, ulong l1, ulong l2, ulong l3, ulong l4) => new(
        (l0 & Mask) + (19 * (l4 >> 51)), (l1 & Mask) + (l0 >> 51), (l2 & Mask) + (l1 >> 51), (l3 & Mask) + (l2 >> 51), (l4 & Mask) + (l3 >> 51));

    private (ulong L0, ulong L1, ulong L2, ulong L3, ulong L4) CanonicalLimbs()
    {
        var (a0, a1, a2, a3, a4) = Carry(L0, L1, L2, L3, L4);
        (a0, a1, a2, a3, a4) = Carry(a0, a1, a2, a3, a4); // below 2^255 now
        var isPrimeOrMore = (a0 + 19) >> 51;
        isPrimeOrMore = (a1 + isPrimeOrMore) >> 51;
        isPrimeOrMore = (a2 + isPrimeOrMore) >> 51;
        isPrimeOrMore = (a3 + isPrimeOrMore) >> 51;
        isPrimeOrMore = (a4 + isPrimeOrMore) >> 51;
        a0 += 19 * isPrimeOrMore;
        a1 += a0 >> 51;
        a2 += a1 >> 51;
        a3 += a2 >> 51;
        a4 += a3 >> 51;
        return (a0 & Mask, a1 & Mask, a2 & Mask, a3 & Mask, a4 & Mask);
    }

    private static (ulong L0, ulong L1, ulong L2, ulong L3, ulong L4) Carry(ulong a0, ulong a1, ulong a2, ulong a3, ulong a4)
    {
        a1 += a0 >> 51;
        a2 += a1 >> 51;
        a3 += a2 >> 51;
        a4 += a3 >> 51;
        a0 = (a0 & Mask) + (19 * (a4 >> 51));
        return (a0, a1 & Mask, a2 & Mask, a3 & Mask, a4 & Mask);
    }
}
