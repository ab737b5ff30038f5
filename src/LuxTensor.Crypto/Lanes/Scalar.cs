using System.Buffers.Binary;
using System.Numerics;

namespace LuxTensor.Crypto.Lanes;

/// <summary>An integer of 256 bits, least significant word first: a scalar modulo the order L of the prime-order subgroup. Public values only.</summary>
internal readonly record struct Scalar(ulong W0, ulong W1, ulong W2, ulong W3)
{
    // L = 2^252 + C, C below 2^125.
    private const ulong C0 = 0x5812631a5cf5d3ed;
    private const ulong C1 = 0x14def9dea2f79cd6;
    private const ulong Top = 1UL << 60; // of 2^252
    private const ulong TopMask = Top - 1;

    private static readonly Scalar Order = new(C0, C1, 0, Top);
    private static readonly Scalar TwiceOrder = Sum(Order, Order);

    internal static Scalar Read(ReadOnlySpan<byte> littleEndian) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(littleEndian),
        BinaryPrimitives.ReadUInt64LittleEndian(littleEndian[8..]),
        BinaryPrimitives.ReadUInt64LittleEndian(littleEndian[16..]),
        BinaryPrimitives.ReadUInt64LittleEndian(littleEndian[24..]));

    internal void CopyTo(Span<byte> littleEndian)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(littleEndian, W0);
        BinaryPrimitives.WriteUInt64LittleEndian(littleEndian[8..], W1);
        BinaryPrimitives.WriteUInt64LittleEndian(littleEndian[16..], W2);
        BinaryPrimitives.WriteUInt64LittleEndian(littleEndian[24..], W3);
    }

    /// <summary>A value below 2^256.</summary>
    internal static Scalar Of(BigInteger value)
    {
        Span<byte> bytes = stackalloc byte[32];
        bytes.Clear();
        return value.TryWriteBytes(bytes, out _, isUnsigned: true) ? Read(bytes) : throw new OverflowException();
    }

    /// <summary>Eight words, least significant first, modulo L: 2^252 is -C, so what lies above goes back down three times.</summary>
    internal static Scalar Reduce(ReadOnlySpan<ulong> wide)
    {
        Span<ulong> first = stackalloc ulong[7], second = stackalloc ulong[5], third = stackalloc ulong[4];
        Span<ulong> high = stackalloc ulong[5];
        Above(wide, high);                  // below 2^260
        TimesC(high, first);                // below 2^385
        Above(first, high[..3]);            // below 2^133
        TimesC(high[..3], second);          // below 2^258
        Above(second, high[..1]);
        third.Clear();
        TimesC(high[..1], third[..3]);      // below 2^131
        var value = Sum(Sum(Below(wide), TwiceOrder), Below(second)); // below 2^254 + 2^126, so that nothing overflows or goes below zero
        value = Difference(Difference(value, Below(first)), new Scalar(third[0], third[1], third[2], third[3]));
        while (value.IsAtLeastOrder)
        {
            value = Difference(value, Order);
        }

        return value;
    }

    /// <summary>(this + offset) / 2 modulo L, both below L.</summary>
    internal Scalar HalfOfSumWith(in Scalar offset)
    {
        var sum = Sum(this, offset);
        sum = sum.IsAtLeastOrder ? Difference(sum, Order) : sum;
        sum = (sum.W0 & 1) == 0 ? sum : Sum(sum, Order);
        return new((sum.W0 >> 1) | (sum.W1 << 63), (sum.W1 >> 1) | (sum.W2 << 63), (sum.W2 >> 1) | (sum.W3 << 63), sum.W3 >> 1);
    }

    /// <summary>The <paramref name="count"/> bits, below 64, from bit <paramref name="from"/> on; zeros above bit 255.</summary>
    internal ulong Bits(int from, int count)
    {
        var (word, shift) = (from >> 6, from & 63);
        var bits = Word(word) >> shift;
        if (shift != 0)
        {
            bits |= Word(word + 1) << (64 - shift);
        }

        return bits & ((1UL << count) - 1);
    }

    private ulong Word(int index) => index switch { 0 => W0, 1 => W1, 2 => W2, 3 => W3, _ => 0 };

    private bool IsAtLeastOrder => W3 > Top || (W3 == Top && (W2 > 0 || W1 > C1 || (W1 == C1 && W0 >= C0)));

    private static Scalar Below(ReadOnlySpan<ulong> words) => new(words[0], words[1], words[2], words[3] & TopMask);

    private static void Above(ReadOnlySpan<ulong> words, Span<ulong> above)
    {
        for (var i = 0; i < above.Length; i++)
        {
            above[i] = (words[3 + i] >> 60) | (4 + i < words.Length ? words[4 + i] << 4 : 0);
        }
    }

    private static void TimesC(ReadOnlySpan<ulong> words, Span<ulong> product)
    {
        UInt128 carry = 0;
        ulong before = 0;
        for (var i = 0; i < words.Length; i++)
        {
            var low = Math.BigMul(words[i], C0);
            var high = Math.BigMul(before, C1);
            var sum = carry + (ulong)low + (ulong)high;
            product[i] = (ulong)sum;
            carry = (sum >> 64) + (low >> 64) + (high >> 64);
            before = words[i];
        }

        carry += Math.BigMul(before, C1);
        product[words.Length] = (ulong)carry;
        product[words.Length + 1] = (ulong)(carry >> 64);
    }

    private static Scalar Sum(in Scalar a, in Scalar b)
    {
        var s0 = (UInt128)a.W0 + b.W0;
        var s1 = (UInt128)a.W1 + b.W1 + (ulong)(s0 >> 64);
        var s2 = (UInt128)a.W2 + b.W2 + (ulong)(s1 >> 64);
        return new((ulong)s0, (ulong)s1, (ulong)s2, unchecked(a.W3 + b.W3 + (ulong)(s2 >> 64)));
    }

    private static Scalar Difference(in Scalar a, in Scalar b)
    {
        unchecked
        {
            var w0 = a.W0 - b.W0;
            var borrow = a.W0 < b.W0 ? 1UL : 0;
            var w1 = a.W1 - b.W1 - borrow;
            borrow = a.W1 < b.W1 || (a.W1 == b.W1 && borrow != 0) ? 1UL : 0;
            var w2 = a.W2 - b.W2 - borrow;
            borrow = a.W2 < b.W2 || (a.W2 == b.W2 && borrow != 0) ? 1UL : 0;
            return new(w0, w1, w2, a.W3 - b.W3 - borrow);
        }
    }
}
