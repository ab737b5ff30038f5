using Xunit.Abstractions;

namespace LuxTensor.Tests.Interop;

/// <summary>
/// Unmodified client libraries against four validators that make blocks. Each script does the same list of things in its
/// library's own way, and says what it did.
/// </summary>
public sealed class Clients_follow_a_chain(ITestOutputHelper output)
{
    private static readonly string[] Checks =
    [
        "chain id", "heads over WebSocket", "heads over HTTP", "block filter", "tags", "pending transactions", "receipt", "finalized",
        "balance and nonce", "logs", "batch", "unsubscribe", "unknown block", "unknown method", "refused transactions", "own methods",
        "finality feed", "restart",
    ];

    [SkippableTheory]
    [InlineData("ethers")]
    [InlineData("viem")]
    [InlineData("web3")]
    public async Task Client_reads_heads_and_finality_and_sees_its_transfer_final(string client)
    {
        await ClientScript.RequireAsync(client);
        await using var network = await ServedNetwork.StartAsync();

        var passed = await ClientScript.CheckAsync($"{client}.mjs", network, output);

        Assert.Equal(Checks, passed);
    }
}
