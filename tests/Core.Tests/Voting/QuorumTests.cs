using System.Numerics;
using LuxTensor.Core.Voting;

namespace LuxTensor.Tests.Core.Voting;

/// <summary>QUO-1 to QUO-3.</summary>
public sealed class QuorumTests
{
    [Theory]
    [InlineData(2, 3, 67, false)] // exactly two thirds is no quorum
    [InlineData(3, 3, 67, true)]
    [InlineData(200, 300, 67, false)]
    [InlineData(201, 300, 67, true)] // exactly 67 %
    [InlineData(66, 100, 67, false)]
    [InlineData(67, 100, 67, true)]
    [InlineData(2667, 4000, 67, false)] // over two thirds, under 67 %
    [InlineData(2680, 4000, 67, true)]
    [InlineData(79, 100, 80, false)]
    [InlineData(80, 100, 80, true)]
    [InlineData(99, 100, 100, false)]
    [InlineData(100, 100, 100, true)]
    [InlineData(0, 0, 67, false)]
    [InlineData(0, 1, 67, false)]
    public void QUO_1_a_quorum_is_more_than_two_thirds_and_the_percentage(int signed, int total, int percent, bool reached) =>
        Assert.Equal(reached, Quorum.IsReached((UInt128)signed, (UInt128)total, percent));

    [Theory]
    [InlineData(1, 3, false)]
    [InlineData(2, 3, true)]
    [InlineData(100, 300, false)]
    [InlineData(101, 300, true)]
    [InlineData(0, 1, false)]
    public void QUO_2_more_than_one_third_blocks(int signed, int total, bool blocks) =>
        Assert.Equal(blocks, Quorum.IsBlocking((UInt128)signed, (UInt128)total));

    [Fact]
    public void QUO_3_the_largest_stake_overflows_nothing()
    {
        var total = Quorum.MaxTotalStake;
        Assert.Equal(UInt128.One << 120, total);
        Assert.True(Quorum.IsReached(total, total, 100));
        Assert.False(Quorum.IsReached(total - 1, total, 100));
        Assert.True(Quorum.IsBlocking(total, total));
        Assert.Throws<OverflowException>(static () => Quorum.IsReached(UInt128.MaxValue, UInt128.MaxValue, 67));
        Assert.Throws<OverflowException>(static () => Quorum.IsBlocking(UInt128.MaxValue, UInt128.MaxValue));
    }

    [Fact]
    public void QUO_1_is_the_definition_in_integers_without_bound() => Seeds.Each(5_000, static random =>
    {
        var total = UInt128.Max(1, Given.Amount(random) >> (8 + random.Next(100)));
        var percent = random.Next(67, 101);
        var nearTwoThirds = random.Next(2) == 0;
        var threshold = nearTwoThirds ? (BigInteger)total * 2 / 3 : (((BigInteger)total * percent) + 99) / 100;
        var signed = (UInt128)BigInteger.Min(total, BigInteger.Max(0, threshold + random.Next(-2, 3)));
        var expected = (BigInteger)signed * 3 > (BigInteger)total * 2 && (BigInteger)signed * 100 >= (BigInteger)total * percent;
        Assert.Equal(expected, Quorum.IsReached(signed, total, percent));

        // Two quorums share more than a third: at least one correct validator is in both.
        if (expected)
        {
            Assert.True(Quorum.IsBlocking(signed - (total - signed), total));
        }
    });
}
