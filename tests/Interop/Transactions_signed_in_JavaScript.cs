using System.Globalization;
using System.Text.Json;
using LuxTensor.Core;
using LuxTensor.Core.Transactions;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Interop;

/// <summary><c>clients/lux.mjs</c> is what users copy: it must give the very bytes that the chain's own code gives.</summary>
public sealed class Transactions_signed_in_JavaScript
{
    private static readonly byte[] Seed = [.. Enumerable.Range(0, 32).Select(i => (byte)((i * 7) + 3))];
    private static readonly SigningKey Key = SigningKey.FromSeed(Seed);

    [SkippableFact]
    public async Task Address_is_that_of_the_key()
    {
        await ClientScript.RequireAsync(package: null);

        Assert.Equal(Address.Of(Key.PublicKey).ToString(), (await LuxAsync("address")).Trim());
    }

    [SkippableTheory]
    [InlineData(1UL, 0UL, "0", "0")]
    [InlineData(1337UL, 7UL, "1000", "123456789012345678901234567890")]
    [InlineData(ulong.MaxValue, ulong.MaxValue, "340282366920938463463374607431768211455", "340282366920938463463374607431768211455")]
    public async Task Transfer_has_the_same_bytes(ulong chainId, ulong nonce, string fee, string value)
    {
        await ClientScript.RequireAsync(package: null);
        var to = Address.Of(SigningKey.FromSeed(new byte[32]).PublicKey);
        var expected = Transaction.Sign(chainId, Key, nonce, Amount(fee), new TransactionBody.Transfer(to, Amount(value)));

        var output = await LuxAsync("transfer", Text(chainId), Text(nonce), fee, to.ToString(), value);

        AssertSame(expected, output);
    }

    [SkippableTheory]
    [InlineData("0x")]
    [InlineData("0x00ff10")]
    public async Task Data_has_the_same_bytes(string bytes)
    {
        await ClientScript.RequireAsync(package: null);
        var expected = Transaction.Sign(1337, Key, 3, 5, new TransactionBody.Data([.. Convert.FromHexString(bytes[2..])]));

        var output = await LuxAsync("data", "1337", "3", "5", bytes);

        AssertSame(expected, output);
    }

    [SkippableTheory]
    [InlineData("18446744073709551616", "0", "chain id")]
    [InlineData("1337", "-1", "nonce")]
    public async Task A_number_that_does_not_fit_is_refused_by_name(string chainId, string nonce, string name)
    {
        await ClientScript.RequireAsync(package: null);

        var (exitCode, errors) = await ClientScript.RunAsync(
            "lux.mjs", ["data", chainId, nonce, "5", "0x"], Convert.ToHexStringLower(Seed), static (_, _) => Task.CompletedTask);

        Assert.NotEqual(0, exitCode);
        Assert.Contains($"{name} must be at least 0 and below 2^64", errors, StringComparison.Ordinal);
    }

    private static void AssertSame(Transaction expected, string output)
    {
        using var json = JsonDocument.Parse(output);
        Assert.Equal("0x" + Convert.ToHexStringLower(expected.Encoded.Span), json.RootElement.GetProperty("raw").GetString());
        Assert.Equal(expected.Id.ToString(), json.RootElement.GetProperty("id").GetString());
    }

    private static async Task<string> LuxAsync(params string[] arguments)
    {
        var output = "";
        var (exitCode, errors) = await ClientScript.RunAsync("lux.mjs", arguments, Convert.ToHexStringLower(Seed), (line, _) =>
        {
            output += line;
            return Task.CompletedTask;
        });
        Assert.True(exitCode == 0, errors);
        return output;
    }

    private static UInt128 Amount(string text) => UInt128.Parse(text, CultureInfo.InvariantCulture);

    private static string Text(ulong number) => number.ToString(CultureInfo.InvariantCulture);
}
