using System.Text.Json.Nodes;
using LuxTensor.Core;

namespace LuxTensor.Tests.Node;

/// <summary>
/// Stake, top-up, jail, return, exit and withdrawal by the command line, on a chain whose epochs have four heights. The second
/// validator is only an account: it signs nothing, so the chain jails it.
/// </summary>
public sealed class A_validators_life
{
    [Fact]
    public async Task From_stake_to_withdrawal()
    {
        using var folder = new Folder();
        using var faucet = DevnetKeys.Account(0);
        var address = Address.Of(faucet.PublicKey).ToString();
        await using var node = await StartAsync(folder, address);
        var rpc = (string)(await node.EventAsync("started"))["http"]!;
        await node.FinalAsync(1);
        Task<Outcome> Run(string line) => Luxtensor.Run([.. line.Split(' '), "--rpc", rpc]);
        Task<Outcome> Tx(string line) => Run($"tx {line} --faucet --wait final");
        async Task<JsonNode> Validator() => JsonNode.Parse((await Run($"validators {address} --json")).Out)!;

        Assert.Equal(ExitCode.Negative, (await Run($"validators {address}")).Code);
        Assert.Equal(ExitCode.Refused, (await Tx("exit")).Code);
        Assert.Contains("at least", Refused(await Tx("stake --amount 31.9")), StringComparison.Ordinal);
        Assert.Equal(ExitCode.Ok, (await Tx("stake --amount 32")).Code);
        Assert.Contains("is a validator already", Refused(await Tx("stake --amount 32")), StringComparison.Ordinal);
        Assert.Equal(ExitCode.Ok, (await Tx("topup --amount 8")).Code);
        Assert.Equal("0x22b1c8c1227a00000", (string?)(await Validator())["stake"]); // 40 tokens

        await UntilAsync(Validator, it => (string?)it["standing"] == "jailed"); // it never signed
        Assert.Contains("jailed", (await Run("validators --all")).Out, StringComparison.Ordinal);
        await UntilAsync(() => Tx("unjail"), it => it.Code == ExitCode.Ok); // refused while it is in a set that is fixed

        Assert.Equal(ExitCode.Ok, (await Tx("exit")).Code);
        Assert.Equal("leaving", (string?)(await Validator())["standing"]);
        Assert.Contains("leaves with epoch", Refused(await Tx("topup --amount 1")), StringComparison.Ordinal);
        var before = UInt128.Parse(await Balance(rpc, address));
        await UntilAsync(() => Tx("withdraw"), it => it.Code == ExitCode.Ok); // refused until its time has come
        Assert.Equal("withdrawn", (string?)(await Validator())["standing"]);
        Assert.Contains("is no validator", Refused(await Tx("unjail")), StringComparison.Ordinal);
        Assert.True(UInt128.Parse(await Balance(rpc, address)) > before + (39 * ChainRules.Token), "the stake came back");

        Assert.Contains("nobody was seen to vote twice", (await Run("evidence")).Out, StringComparison.Ordinal);
        Assert.Equal(2, (await Run("validators --all --json")).Lines.Length);
        Assert.Contains("minted", (await Run("supply")).Out, StringComparison.Ordinal);
        Assert.Contains("standing", (await Run($"validators {address}")).Out, StringComparison.Ordinal);
        Assert.StartsWith("epoch ", (await Run("validators")).Out, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Ok, (await Run("validators --waiting")).Code);
        Assert.Equal(ExitCode.Refused, (await Run("validators --epoch 1000000")).Code);
        Assert.Equal(ExitCode.Ok, await node.StopAsync());
    }

    [Fact]
    public async Task Who_never_signs_is_said_to_be_offline()
    {
        using var folder = new Folder();
        using var faucet = DevnetKeys.Account(0);
        using var absent = Keys.Of(2);
        await using var node = await StartAsync(folder, Address.Of(faucet.PublicKey).ToString(), $$""", { "key": "{{absent.PublicKey}}", "stake": "32" }""", """ "runAhead": 1, "withdrawalDelay": 1001, "evidenceMaxAge": 1000 """);
        var rpc = (string)(await node.EventAsync("started"))["http"]!;
        var address = Address.Of(absent.PublicKey).ToString();
        Task<Outcome> Missed(ulong height, string more = "") => Luxtensor.Run($"missed {address} {height} --rpc {rpc} {more}".Split(' ', StringSplitOptions.RemoveEmptyEntries));

        await node.FinalAsync(2); // no block runs ahead, so block 2 has the certificate of height 1
        var json = JsonNode.Parse((await Missed(1, "--json")).Out)!;
        var why = await Missed(1);

        Assert.Equal(ExitCode.Ok, why.Code);
        Assert.Contains("it was offline, or cut off", why.Out, StringComparison.Ordinal);
        Assert.Equal(("offline", true), ((string?)json["reason"], (bool?)json["missed"]));
        Assert.Equal(ExitCode.Negative, (await Missed(999_999)).Code);
        Assert.Equal(ExitCode.Negative, (await Missed(0)).Code);
    }

    private static async Task<RunningDevnet> StartAsync(Folder folder, string account, string more = "", string rules = """ "withdrawalDelay": 1, "evidenceMaxAge": 0 """)
    {
        folder.Write("one.json", Keys.Keystore(1, "pw"));
        folder.Write("password", "pw\n");
        folder.Write("validators.json", $$"""
            {
              "chainId": 9,
              "rules": {
                "epochLength": 4, {{rules}}, "blockInterval": "10ms", "roundTimeout": "50ms", "roundTimeoutStep": "50ms",
                "activationDelay": 2, "exitDelay": 2,
              },
              "validators": [ { "keystore": "one.json", "stake": "3200" }{{more}} ],
              "accounts": [ { "address": "{{account}}", "balance": "1000" } ],
            }
            """);
        var made = await Luxtensor.Run("init", "--validators", folder["validators.json"], "--out", folder["chain"]);
        Assert.True(made.Code == ExitCode.Ok, made.Error);
        return RunningDevnet.StartNode(folder.Write("node.json", """
            {
              "genesis": "chain/genesis.json", "data": "data", "keys": [ { "keystore": "one.json", "passwordFile": "password" } ],
              "rpc": { "http": "127.0.0.1:0" },
            }
            """));
    }

    private static async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> holds)
    {
        while (true) // each turn is a round trip to the node; what never holds is what the test waits for
        {
            var answer = await ask();
            if (holds(answer))
            {
                return answer;
            }
        }
    }

    private static string Refused(Outcome outcome)
    {
        Assert.Equal(ExitCode.Refused, outcome.Code);
        return outcome.Error;
    }

    private static async Task<string> Balance(string rpc, string address)
    {
        using var client = new LuxTensor.Node.Client.RpcClient(rpc);
        return LuxTensor.Node.Client.Quantity.Wide(await client.CallAsync("eth_getBalance", CancellationToken.None, address, "finalized"))!.Value.ToString();
    }
}
