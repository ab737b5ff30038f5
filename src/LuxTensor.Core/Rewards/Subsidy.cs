using System.Numerics;

namespace LuxTensor.Core.Rewards;

/// <summary>What a block mints: base × (1 + ln height), rounded down to the base unit (RWD-1). Integers only.</summary>
/// <remarks>
/// With p fractional bits and 2^k the highest power of two in h, ln h = 2 (k · atanh(1/3) + atanh((h − 2^k) / (h + 2^k))). Every
/// rounding is downwards, so the logarithm is known from below, with an error under 2 (k + 1)(p + 6) units of 2^-p (see
/// <see cref="Atanh"/>). Where both ends of that interval give the same amount, it is the amount; else p doubles (Ziv's method).
/// That ends, because the logarithm of an integer above 1 is irrational: base × ln h is no integer.
/// </remarks>
public static class Subsidy
{
    // For a base of one token, 2^60 units, the error is under 2^-53 of a unit: doubling is practically never needed.
    private const int FirstPrecision = 128;

    private static readonly BigInteger AtanhOfThird = Atanh(1, 3, FirstPrecision);

    /// <summary>The subsidy of a height.</summary>
    /// <param name="baseAmount">The subsidy of height 1, in base units.</param>
    /// <param name="height">The block's height. The genesis, height 0, mints nothing.</param>
    /// <returns>Base units, at most 45.4 times the base.</returns>
    /// <exception cref="OverflowException">The amount exceeds 128 bits; with a base of at most 2^122 it does not.</exception>
    public static UInt128 Of(UInt128 baseAmount, ulong height) => Of(baseAmount, height, FirstPrecision);

    // The amount is the same for every first precision: that is what doubling is for.
    internal static UInt128 Of(UInt128 baseAmount, ulong height, int firstPrecision)
    {
        if (height <= 1)
        {
            return height * baseAmount;
        }

        for (var precision = firstPrecision; ; precision *= 2)
        {
            var (logarithm, error) = Logarithm(height, precision);
            var low = baseAmount * ((BigInteger.One << precision) + logarithm);
            var amount = low >> precision;
            if ((low + (baseAmount * error)) >> precision == amount)
            {
                return checked((UInt128)amount);
            }
        }
    }

    // ln h is within [value, value + error) units of 2^-precision.
    internal static (BigInteger Value, BigInteger Error) Logarithm(ulong height, int precision)
    {
        var power = BitOperations.Log2(height);
        var below = BigInteger.One << power;
        var third = precision == FirstPrecision ? AtanhOfThird : Atanh(1, 3, precision);
        return (2 * ((power * third) + Atanh(height - below, height + below, precision)), 2 * (power + 1) * (precision + 6));
    }

    // The series z + z^3/3 + z^5/5 + ..., for 0 <= z <= 1/3, from below, in units of 2^-precision. z is low by less than 1, its square
    // by less than 5/3 (2z + 1), so each power by less than 2 (the last one's 2/9, plus 5/9, plus 1), and each term by less than 3. The
    // powers, each at most a ninth of the last, are used up after at most p/3 + 1 terms; the terms left out are under 3 together.
    // The sum is low by less than 3 (p/3 + 2) = p + 6.
    private static BigInteger Atanh(BigInteger numerator, BigInteger denominator, int precision)
    {
        var power = (numerator << precision) / denominator;
        var square = (power * power) >> precision;
        var sum = BigInteger.Zero;
        for (var odd = 1; !power.IsZero; odd += 2)
        {
            sum += power / odd;
            power = (power * square) >> precision;
        }

        return sum;
    }
}
