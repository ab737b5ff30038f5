using LuxTensor.Core;

namespace LuxTensor.Tests.Node;

public sealed class Values_as_humans_write_them
{
    [Theory]
    [InlineData("32", "32000000000000000000")]
    [InlineData("0.5", "500000000000000000")]
    [InlineData("0.000000000000000001", "1")]
    [InlineData("1 unit", "1")]
    [InlineData("100 units", "100")]
    [InlineData("7u", "7")]
    [InlineData("0", "0")]
    [InlineData("340282366920938463463.374607431768211455", "340282366920938463463374607431768211455")]
    [InlineData("340282366920938463463374607431768211455 units", "340282366920938463463374607431768211455")]
    public void An_amount_is_exact(string text, string units) => Assert.Equal(UInt128.Parse(units), Amount.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("1.")]
    [InlineData(".5")]
    [InlineData("1e3")]
    [InlineData("1,5")]
    [InlineData("0x10")]
    [InlineData("1.5 units")]
    [InlineData("0.0000000000000000001")]
    [InlineData("340282366920938463463.374607431768211456")]
    [InlineData("340282366920938463463374607431768211456 units")]
    [InlineData("99999999999999999999999999999999999999999999999999999999999999999999999")]
    public void What_is_no_amount_is_none(string text) => Assert.Null(Amount.Parse(text));

    [Fact]
    public void An_amount_that_is_written_reads_as_it_was()
    {
        foreach (var units in (UInt128[])[0, 1, 999_999_999, 1_000_000_000, ChainRules.Token / 2, 32 * ChainRules.Token, UInt128.MaxValue])
        {
            Assert.Equal(units, Amount.Parse(Amount.Write(units)));
            Assert.Equal(units, Amount.Parse(Amount.Format(units)));
        }
    }

    [Theory]
    [InlineData("250ms", 250UL)]
    [InlineData("1s", 1_000UL)]
    [InlineData("2m", 120_000UL)]
    [InlineData("1h", 3_600_000UL)]
    [InlineData("42", 42UL)]
    [InlineData("0", 0UL)]
    public void A_duration_is_milliseconds(string text, ulong milliseconds)
    {
        Assert.Equal(milliseconds, Duration.Parse(text, out var negative));
        Assert.False(negative);
        Assert.Equal(milliseconds, Duration.Parse(Duration.Format(milliseconds), out _));
    }

    [Theory]
    [InlineData("-1s", true)]
    [InlineData("-5", true)]
    [InlineData("1.5s", false)]
    [InlineData("1d", false)]
    [InlineData("s", false)]
    [InlineData("--1s", false)]
    [InlineData("18446744073709551615h", false)]
    public void What_is_no_duration_is_none_and_a_negative_one_is_told(string text, bool negative)
    {
        Assert.Null(Duration.Parse(text, out var told));
        Assert.Equal(negative, told);
    }

    [Theory]
    [InlineData("blokInterval", "blockInterval")]
    [InlineData("BLOCKINTERVAL", "blockInterval")]
    [InlineData("roundTimeuot", "roundTimeout")]
    [InlineData("xyz", null)]
    public void A_wrong_name_is_answered_with_the_nearest_known_one(string written, string? meant) =>
        Assert.Equal(meant, Nearest.To(written, ["blockInterval", "roundTimeout", "epochLength"]));

    [Theory]
    [InlineData("127.0.0.1:8545", "127.0.0.1:8545")]
    [InlineData("localhost:0", "127.0.0.1:0")]
    [InlineData("[::1]:80", "[::1]:80")]
    [InlineData("::1:80", null)]
    [InlineData("127.0.0.1", null)]
    [InlineData("127.0.0.1:65536", null)]
    [InlineData("127.0.0.1:-1", null)]
    [InlineData("example.org:80", null)]
    public void An_endpoint_is_an_address_and_a_port(string text, string? endpoint) => Assert.Equal(endpoint, Endpoint.Parse(text)?.ToString());
}
