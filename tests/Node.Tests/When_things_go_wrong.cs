using System.Text.Json.Nodes;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;
using LuxTensor.Node;
using LuxTensor.Storage;

namespace LuxTensor.Tests.Node;

/// <summary>A disk that is full, a guard that is older, a Ctrl-C that comes early: what an operator sees, and what is left.</summary>
public sealed class When_things_go_wrong
{
    [Fact]
    public async Task A_disk_that_is_full_ends_the_node_with_7_and_nothing_is_lost()
    {
        using var folder = new Folder();
        string[] args = ["devnet", "--data", folder["d"], "--json", "--http", "0", "--ws", "0", "--validators", "1", "--interval", "20ms"];

        ulong final;
        using (var child = Child.StartWithFileLimit(1_024, args))
        {
            final = (ulong)(await child.EventAsync("final"))!["height"]!;
            var (code, errors) = await child.EndAsync();
            Assert.Equal((int)ExitCode.Failed, code);
            Assert.Contains("luxtensor: ", errors, StringComparison.Ordinal);
            Assert.Contains(folder["d"], errors, StringComparison.Ordinal);
            Assert.Contains("disk", errors, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal); // a failure that was foreseen shows no stack
        }

        Assert.Equal(ExitCode.Ok, (await Luxtensor.Run("db", "check", folder["d"])).Code);
        await using var again = RunningDevnet.Start(folder["d"]);
        Assert.True((ulong?)(await again.EventAsync("started"))["height"] >= final);
        await again.FinalAsync(final + 2);
    }

    [Fact]
    public async Task A_guard_that_is_older_than_its_journal_signs_again_once_its_operator_says_so()
    {
        using var folder = new Folder();
        using (var devnet = Child.Start([], "devnet", "--data", folder["d"], "--json", "--http", "0", "--ws", "0", "--validators", "1"))
        {
            await devnet.EventAsync("started");
            devnet.Terminate();
            Assert.Equal((int)ExitCode.Ok, (await devnet.EndAsync()).Code);
        }

        var node = Path.Combine(folder["d"], "node1");
        var genesis = GenesisFile.Read(Path.Combine(folder["d"], "genesis.json"));
        var validator = genesis.EpochZero.Validators[0].Address;
        using (var guard = SqliteSigningGuard.Open(Path.Combine(node, "guard.db"), GuardOptions.For(genesis)))
        {
            guard.VerifyNotOlderThan(validator, new SigningPosition(900, 2, Phase.Precommit));
        }

        string[] accept = ["keys", "guard", "accept", "--guard", node, "--validator", $"{validator}"];
        var blocked = await Luxtensor.Run("keys", "guard", "status", "--guard", node);
        Assert.Equal(ExitCode.Negative, blocked.Code);
        Assert.Contains("BLOCKED: the journal knows a vote at height 900", blocked.Out, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Usage, (await Luxtensor.Run(accept)).Code); // nobody can be asked
        Assert.Equal(ExitCode.Usage, (await Luxtensor.RunWith(new Setting { CanAsk = true, Input = "no\n" }, accept)).Code);
        Assert.Equal(ExitCode.Negative, (await Luxtensor.Run("keys", "guard", "status", "--guard", node)).Code);

        var accepted = await Luxtensor.RunWith(new Setting { CanAsk = true, Input = "yes\n" }, [.. accept, "--json"]);

        Assert.Equal(ExitCode.Ok, accepted.Code);
        Assert.Equal("height 900, round 2, Precommit", (string?)JsonNode.Parse(accepted.Lines[^1])!["signsAbove"]);
        Assert.Equal(ExitCode.Ok, (await Luxtensor.Run("keys", "guard", "status", "--guard", node)).Code);
        Assert.Equal(ExitCode.Negative, (await Luxtensor.Run([.. accept, "--yes"])).Code); // it is not blocked any more
    }

    [Fact]
    public async Task Who_is_asked_to_stop_while_it_starts_stops_cleanly()
    {
        using var folder = new Folder();
        folder.Write("one.json", Keys.Keystore(1, "pw"));
        folder.Write("password", "pw\n");
        folder.Write("validators.json", """{ "chainId": 5, "validators": [ { "keystore": "one.json", "stake": "32" } ] }""");
        await Luxtensor.Run("init", "--validators", folder["validators.json"], "--out", folder["chain"]);
        var config = folder.Write("node.json", """
            {
              "genesis": "chain/genesis.json", "data": "data", "keys": [ { "keystore": "one.json", "passwordFile": "password" } ],
              "rpc": { "http": "127.0.0.1:0" },
            }
            """);

        var devnet = await StopAtOnce("devnet", "--data", folder["d"], "--plain", "--http", "0", "--ws", "0");
        var node = await StopAtOnce("run", "--config", config);

        Assert.Equal((ExitCode.Ok, ExitCode.Ok), (devnet.Code, node.Code));
        Assert.Contains("stopped", devnet.Out, StringComparison.Ordinal);
        Assert.Contains("stopped", node.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Ok, (await Luxtensor.Run("db", "check", folder["data"], "--genesis", folder["chain/genesis.json"])).Code);
        await using var again = RunningDevnet.Start(folder["d"]); // every file was closed
        await again.EventAsync("started");
    }

    [Fact]
    public async Task Data_of_another_kind_is_a_wrong_name_and_not_damage()
    {
        using var folder = new Folder();
        await using (var devnet = RunningDevnet.Start(folder["d"], "--validators", "1"))
        {
            await devnet.EventAsync("started");
        }

        var node = Path.Combine(folder["d"], "node1");
        var genesis = Path.Combine(folder["d"], "genesis.json");
        var outcome = await Luxtensor.Run("db", "check", Path.Combine(node, "guard.db"), "--genesis", genesis);

        Assert.Equal(ExitCode.Usage, outcome.Code);
        Assert.Contains("is not a LuxTensor journal", outcome.Out + outcome.Error, StringComparison.Ordinal);
    }

    private static async Task<Outcome> StopAtOnce(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await Cli.RunAsync(args, new Terminal(output, error, TextReader.Null), new CancellationToken(canceled: true));
        return new Outcome((ExitCode)code, output.ToString(), error.ToString());
    }
}
