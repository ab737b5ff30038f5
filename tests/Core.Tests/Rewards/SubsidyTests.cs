using System.Globalization;
using System.IO.Compression;
using System.Numerics;
using LuxTensor.Core.Rewards;

namespace LuxTensor.Tests.Core.Rewards;

/// <summary>RWD-1. subsidy_table.py computed the table, in decimal arithmetic of 90 digits; how it is written stands there.</summary>
public sealed class SubsidyTests
{
    private static readonly UInt128 Token = 1_000_000_000_000_000_000;

    private static readonly BigInteger LargestBase = BigInteger.One << 120;

    [Fact]
    public void RWD_1_every_amount_of_the_table_is_met_to_the_base_unit()
    {
        var (count, worst, where) = (0, BigInteger.Zero, "");
        foreach (var (baseAmount, height, amount) in Table())
        {
            var error = BigInteger.Abs((BigInteger)Subsidy.Of(baseAmount, height) - amount);
            (worst, where) = error > worst ? (error, $"height {height}, base {baseAmount}") : (worst, where);
            count++;
        }

        Assert.True(worst.IsZero, $"largest error of {count} amounts: {worst} base units at {where}");
        Assert.Equal(100_805, count);
    }

    [Fact]
    public void RWD_1_the_genesis_mints_nothing_and_block_one_the_base()
    {
        Assert.Equal(UInt128.Zero, Subsidy.Of(Token, 0));
        Assert.Equal(Token, Subsidy.Of(Token, 1));
        Assert.Equal(UInt128.Zero, Subsidy.Of(0, ulong.MaxValue));
    }

    [Fact]
    public void RWD_1_a_subsidy_beyond_128_bits_is_an_error()
    {
        Assert.True(Subsidy.Of((UInt128)1 << 122, ulong.MaxValue) > (UInt128)1 << 127);
        Assert.Throws<OverflowException>(static () => Subsidy.Of(UInt128.MaxValue, 2));
    }

    [Fact]
    public void RWD_1_it_grows_with_the_height_and_with_the_base() => Seeds.Each(2_000, static random =>
    {
        var height = Height(random);
        Assert.True(Subsidy.Of(Token, height + 1) >= Subsidy.Of(Token, height), $"height {height}");
        Assert.True(height > (ulong)Token || Subsidy.Of(2 * Token, height + 1) > Subsidy.Of(2 * Token, height), $"height {height}");

        // floor(a x) + floor(b x) is floor((a + b) x) or one less.
        var (a, b) = (Base(random), Base(random));
        var apart = (BigInteger)Subsidy.Of(a, height) + (BigInteger)Subsidy.Of(b, height);
        Assert.InRange((BigInteger)Subsidy.Of(a + b, height) - apart, 0, 1);
    });

    // base (1 + ln xy) + base = base (1 + ln x) + base (1 + ln y), without the floors.
    [Fact]
    public void RWD_1_it_is_a_logarithm() => Seeds.Each(2_000, static random =>
    {
        var (x, y) = ((ulong)random.NextInt64(1, 1L << random.Next(1, 33)), (ulong)random.NextInt64(1, 1L << random.Next(1, 32)));
        var scale = Base(random);
        var difference = Subsidy.Of(scale, x * y) + scale - Subsidy.Of(scale, x) - Subsidy.Of(scale, y);
        Assert.InRange((BigInteger)difference, 0, 1);
    });

    [Fact]
    public void RWD_1_the_interval_holds_the_logarithm_and_doubling_finds_the_same_amount() => Seeds.Each(1_000, static random =>
    {
        var height = Height(random) + 1;
        foreach (var precision in new[] { 32, 64, 192 })
        {
            var (low, error) = Subsidy.Logarithm(height, precision);
            var (fine, fineError) = Subsidy.Logarithm(height, precision * 4);
            Assert.InRange(fine, low << (precision * 3), ((low + error) << (precision * 3)) - fineError);
        }

        var scale = Base(random);
        Assert.Equal(Subsidy.Of(scale, height), Subsidy.Of(scale, height, 16));
    });

    private static ulong Height(Random random) => (ulong)random.NextInt64(1, 1L << random.Next(1, 63));

    private static UInt128 Base(Random random) => (UInt128)((LargestBase >> random.Next(120)) * random.Next(1, 1_000_000) / 1_000_000);

    private static IEnumerable<(UInt128 Base, ulong Height, BigInteger Amount)> Table()
    {
        using var stream = typeof(SubsidyTests).Assembly.GetManifestResourceStream("subsidy.txt.gz")!;
        using var lines = new StreamReader(new GZipStream(stream, CompressionMode.Decompress));
        var heights = int.Parse(lines.ReadLine()!, CultureInfo.InvariantCulture);
        var sums = new BigInteger[6];
        for (var height = 1; height <= heights; height++)
        {
            sums[0] = BigInteger.Parse(lines.ReadLine()!, CultureInfo.InvariantCulture);
            for (var order = 1; order < sums.Length; order++)
            {
                sums[order] += sums[order - 1];
            }

            yield return (Token, (ulong)height, sums[^1]);
        }

        while (lines.ReadLine() is { } line)
        {
            var fields = line.Split(' ');
            yield return (UInt128.Parse(fields[0], CultureInfo.InvariantCulture), ulong.Parse(fields[1], CultureInfo.InvariantCulture), BigInteger.Parse(fields[2], CultureInfo.InvariantCulture));
        }
    }
}
