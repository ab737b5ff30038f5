using System.Text.Json.Nodes;
using LuxTensor.Node;

namespace LuxTensor.Tests.Node;

public sealed class Devnets
{
    [Fact]
    public async Task Blocks_become_final_transactions_too_and_it_goes_on_from_where_it_stopped()
    {
        using var folder = new Folder();
        string certificate = folder["certificate.json"], set = folder["set.jsonl"], log = folder["accepted.log"], data = folder["devnet"];
        ulong height;
        await using (var first = RunningDevnet.Start(data, "--interval", "20ms"))
        {
            Assert.True((bool?)(await first.EventAsync("started"))["isNew"]);
            await first.FinalAsync(3);
            var rpc = (string)(await first.EventAsync("listening"))["http"]!;
            var second = (string)(await first.EventAsync("listening", static it => (string?)it["node"] == "node2"))["http"]!;

            var sent = await Ok("tx", "send", "--faucet", "--to", "0x00000000000000000000000000000000000000aa", "--value", "1.5", "--wait", "final", "--rpc", rpc, "--json");
            height = (ulong)JsonNode.Parse(sent.Out)!["finalHeight"]!;
            var id = (string)JsonNode.Parse(sent.Out)!["transaction"]!;
            Assert.Contains(id, (await Ok("block", $"{height}", "--rpc", rpc)).Out, StringComparison.Ordinal);
            await FinalOn(second, height);
            Assert.Contains("\"final\":1", (await Ok("tx", "status", id, "--rpc", second, "--json")).Out, StringComparison.Ordinal);
            Assert.Contains("\"final\":true", (await Ok("finality", $"{height}", "--certificate", certificate, "--rpc", second, "--json")).Out, StringComparison.Ordinal);
            File.WriteAllText(set, (await Ok("validators", "--epoch", "0", "--rpc", second, "--json")).Out);
            Assert.Contains("chain id", (await Ok("status", "--rpc", rpc)).Out, StringComparison.Ordinal);
            var network = JsonNode.Parse((await Ok("peers", "--rpc", rpc, "--json")).Out)!;
            Assert.Equal("0x3", (string?)network["connected"]);
            Assert.All((JsonArray)network["peers"]!, static peer => Assert.True((bool)peer!["connected"]!));
            Assert.Contains("3 connected", (await Ok("peers", "--rpc", rpc)).Out, StringComparison.Ordinal);
            Assert.Equal(ExitCode.Usage, (await Luxtensor.Run("peers", "--banned", "--known", "--rpc", rpc)).Code);
            var hello = await Ok("tx", "data", "--faucet", "--text", "hello", "--rpc", second, "--wait", "final", "--json");
            await FinalOn(rpc, (ulong)JsonNode.Parse(hello.Out)!["finalHeight"]!); // or it would give the flood an older nonce
            await Ok("tx", "flood", "--count", "100", "--senders", "3", "--batch", "7", "--accepted-log", log, "--rpc", rpc);
            Assert.Equal(100, File.ReadAllLines(log).Length);
            Assert.Equal(ExitCode.Negative, (await Luxtensor.Run("block", "999999999", "--rpc", rpc)).Code);
            Assert.Equal(ExitCode.Refused, (await Luxtensor.Run(
                "tx", "send", "--faucet", "--to", "0x00000000000000000000000000000000000000aa", "--value", "100000000", "--rpc", rpc)).Code);
            Assert.Equal(ExitCode.InUse, (await Luxtensor.Run("devnet", "--data", data, "--plain")).Code);
            Assert.Equal(ExitCode.InUse, (await Luxtensor.Run("devnet", "--data", data, "--plain", "--reset", "--yes")).Code);
            Assert.Equal(ExitCode.Ok, await first.StopAsync());
        }

        Assert.Equal(8, (await Ok("db", "check", data)).Lines.Count(static line => line.StartsWith("clean", StringComparison.Ordinal)));
        await Records_of_the_guard_travel(folder, Path.Combine(data, "node1"));
        await Ok("verify-certificate", certificate, "--genesis", Path.Combine(data, "genesis.json"), "--validators", set);
        await No_field_of_the_certificate_can_be_changed(certificate, Path.Combine(data, "genesis.json"));
        Assert.Equal(ExitCode.Usage, (await Luxtensor.Run("devnet", "--data", data, "--plain", "--validators", "3")).Code);
        await using (var again = RunningDevnet.Start(data))
        {
            var started = await again.EventAsync("started");
            Assert.False((bool?)started["isNew"]);
            Assert.True((ulong?)started["height"] >= height, $"resumed at {started["height"]}, {height} was final");
            await again.FinalAsync((ulong)started["height"]! + 2);
            var rpc = (string)(await again.EventAsync("listening"))["http"]!;
            Assert.Contains("\"unknown\":0", (await Ok("tx", "status", "--log", log, "--rpc", rpc, "--json")).Out, StringComparison.Ordinal);
            Assert.Equal(ExitCode.Ok, await again.StopAsync());
        }

        await A_changed_byte_is_found(data);
    }

    [Fact]
    public async Task A_validator_that_signs_twice_is_caught_slashed_and_gone()
    {
        using var folder = new Folder();
        await using var devnet = RunningDevnet.Start(folder["devnet"], "--interval", "20ms", "--equivocate", "3");
        var seen = await devnet.EventAsync("doubleVote");
        var slashed = await devnet.EventAsync("slashed");
        Assert.Equal((string?)seen["validator"], (string?)slashed["validator"]);
        Assert.Equal("95", (string?)slashed["stake"]);
        Assert.NotEqual((string?)slashed["validator"], (string?)slashed["reporter"]);
        Assert.Equal(3, (int)(await devnet.EventAsync("epoch"))["validators"]!);
        var rpc = (string)(await devnet.EventAsync("listening"))["http"]!;
        await devnet.FinalAsync(30); // three are enough
        Assert.Contains("removed for a double vote", (await Ok("validators", (string)slashed["validator"]!, "--rpc", rpc)).Out, StringComparison.Ordinal);
        Assert.Contains((string)slashed["validator"]!, (await Ok("evidence", "--rpc", rpc)).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_validator_that_is_off_is_jailed_and_returns_when_it_asks()
    {
        using var folder = new Folder();
        var data = folder["devnet"];
        string[] node2 = ["--from", Path.Combine(data, "node2", "validator.json"), "--password-file", Path.Combine(data, "password")];
        await using (var without = RunningDevnet.Start(data, "--interval", "20ms", "--offline", "2"))
        {
            var rotation = await without.EventAsync("epoch");
            Assert.Equal(3, (int)rotation["validators"]!);
            await without.FinalAsync(8 * (ulong)rotation["epoch"]!); // out of every set that was fixed before: it may ask to return
            var rpc = (string)(await without.EventAsync("listening"))["http"]!;
            Assert.Equal(ExitCode.Refused, (await Luxtensor.Run(["tx", "exit", "--faucet", "--rpc", rpc])).Code); // the faucet is no validator
            Assert.Equal(ExitCode.Ok, await without.StopAsync());
        }

        await using var again = RunningDevnet.Start(data);
        var first = (string)(await again.EventAsync("listening"))["http"]!;
        var address = (string)JsonNode.Parse((await Ok("keys", "list", node2[1], "--json")).Lines[0])!["address"]!;
        Assert.Contains("jailed", (await Ok("validators", address, "--rpc", first)).Out, StringComparison.Ordinal);
        await Ok("tx", "send", "--faucet", "--to", address, "--value", "1", "--wait", "final", "--rpc", first);
        await Ok(["tx", "unjail", .. node2, "--wait", "final", "--rpc", first]);
        Assert.Equal(4, (int)(await again.EventAsync("epoch"))["validators"]!);
    }

    [Theory]
    [InlineData("--equivocate", "5", "1 to 4")]
    [InlineData("--offline", "0", "1 to 4")]
    public async Task A_fault_is_of_a_validator_that_there_is(string option, string number, string said)
    {
        using var folder = new Folder();
        var (code, _, error) = await Luxtensor.Run("devnet", "--data", folder["devnet"], "--plain", "--http", "0", "--ws", "0", option, number);
        Assert.Equal(ExitCode.Usage, code);
        Assert.Contains(said, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reset_asks_and_makes_another_chain()
    {
        using var folder = new Folder();
        var data = folder["devnet"];
        var genesis = Path.Combine(data, "genesis.json");
        await using (var first = RunningDevnet.Start(data, "--validators", "1", "--interval", "20ms"))
        {
            await first.FinalAsync(1);
            await first.StopAsync();
        }

        var before = File.ReadAllText(genesis);
        var unasked = await Luxtensor.Run("devnet", "--data", data, "--plain", "--reset");
        var refused = await Luxtensor.RunWith(new Setting { CanAsk = true, Input = "no\n" }, "devnet", "--data", data, "--plain", "--reset");
        Assert.Equal((ExitCode.Usage, ExitCode.Usage), (unasked.Code, refused.Code));
        Assert.Equal(before, File.ReadAllText(genesis));

        await using (var anew = RunningDevnet.Start(data, "--validators", "2", "--interval", "20ms", "--reset", "--yes"))
        {
            Assert.True((bool?)(await anew.EventAsync("started"))["isNew"]);
            await anew.FinalAsync(1);
            await anew.StopAsync();
        }

        Assert.NotEqual(before, File.ReadAllText(genesis));
    }

    [Fact]
    public async Task A_node_of_a_chain_with_one_validator_runs_from_a_configuration_file()
    {
        using var folder = new Folder();
        folder.Write("one.json", Keys.Keystore(1, "pw"));
        folder.Write("password", "pw\n");
        folder.Write("validators.json", """{ "chainId": 5, "rules": { "blockInterval": "20ms" }, "validators": [ { "keystore": "one.json", "stake": "32" } ] }""");
        await Ok("init", "--validators", folder["validators.json"], "--out", folder["chain"]);
        var config = folder.Write("node.json", """
            {
              "genesis": "chain/genesis.json", "data": "data", "keys": [ { "keystore": "one.json", "passwordFile": "password" } ],
              "rpc": { "http": "127.0.0.1:0" },
            }
            """);

        await using (var node = RunningDevnet.StartNode(config))
        {
            await node.FinalAsync(2);
            var rpc = (string)(await node.EventAsync("started"))["http"]!;
            Assert.Contains("\"chainId\":\"0x5\"", (await Ok("status", "--rpc", rpc, "--json")).Out, StringComparison.Ordinal);
            Assert.Equal(ExitCode.Ok, await node.StopAsync());
        }

        await Ok("db", "check", folder["data"], "--genesis", folder["chain/genesis.json"], "--signatures");
        folder.Write("validators.json", """{ "chainId": 6, "validators": [ { "keystore": "one.json", "stake": "32" } ] }""");
        await Ok("init", "--validators", folder["validators.json"], "--out", folder["other"]);
        folder.Write("node.json", File.ReadAllText(config).Replace("chain/genesis.json", "other/genesis.json", StringComparison.Ordinal));
        var otherChain = await Luxtensor.Run("run", "--config", config);
        Assert.Equal(ExitCode.Usage, otherChain.Code);
        Assert.Contains("holds another chain", otherChain.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nodes_of_configuration_files_meet_at_the_address_that_the_first_one_says()
    {
        using var folder = new Folder();
        folder.Write("password", "pw\n");
        folder.Write("1.json", Keys.Keystore(1, "pw"));
        folder.Write("2.json", Keys.Keystore(2, "pw"));
        folder.Write("validators.json", """
            { "chainId": 5, "rules": { "blockInterval": "50ms", "roundTimeout": "1s" }, "validators": [ { "keystore": "1.json", "stake": "32" }, { "keystore": "2.json", "stake": "32" } ] }
            """);
        await Ok("init", "--validators", folder["validators.json"], "--out", folder["chain"]);
        string Configure(int number, string bootstrap) => folder.Write($"node{number}.json", $$"""
            {
              "genesis": "chain/genesis.json", "data": "data{{number}}", "name": "node{{number}}", "keys": [ { "keystore": "{{number}}.json", "passwordFile": "password" } ],
              "rpc": { "http": "127.0.0.1:0" }, "network": { "listen": [ "/ip4/127.0.0.1/tcp/0" ], "bootstrap": [ {{bootstrap}} ] }
            }
            """);

        await using var first = RunningDevnet.StartNode(Configure(1, ""));
        var address = (string)((JsonArray)(await first.EventAsync("network"))["addresses"]!).Single()!;
        await using var second = RunningDevnet.StartNode(Configure(2, $"\"{address}\""));

        await Task.WhenAll(first.FinalAsync(10), second.FinalAsync(10)); // neither has a quorum alone
        var rpc = (string)(await first.EventAsync("started"))["http"]!;
        var peer = ((JsonArray)JsonNode.Parse((await Ok("peers", "--rpc", rpc, "--json")).Out)!["peers"]!).Single()!;
        Assert.NotEqual("0x0", (string)peer["proven"]!["number"]!); // blocks of the other carry certificates
        Assert.Equal(ExitCode.Ok, await second.StopAsync());
        Assert.Equal(ExitCode.Ok, await first.StopAsync());
    }

    [Fact]
    public async Task On_a_terminal_it_draws_its_nodes_and_what_to_try()
    {
        using var folder = new Folder();
        using var stop = new CancellationTokenSource();
        using var error = new StringWriter();
        await using var screen = new Screen("node2", "signed stake", "proposal to final", "luxtensor tx send --faucet", "final   height");
        var terminal = new Terminal(screen, error, TextReader.Null) { ShowsLive = true };
        var running = Task.Run(() => Cli.RunAsync(
            ["devnet", "--data", folder["d"], "--validators", "2", "--interval", "20ms", "--http", "0", "--ws", "0"], terminal, stop.Token));

        await Task.WhenAny(screen.Complete, running);
        await stop.CancelAsync();

        Assert.True((int)ExitCode.Ok == await running, error.ToString());
        Assert.True(screen.Complete.IsCompleted, "the devnet ended before it had drawn everything");
    }

    private static async Task Records_of_the_guard_travel(Folder folder, string node)
    {
        var status = JsonNode.Parse((await Ok("keys", "guard", "status", "--guard", node, "--json")).Lines.Single())!;
        Assert.True((ulong?)status["height"] >= 3);
        await Ok("keys", "guard", "export", "--guard", node, "--out", folder["records.json"]);
        var imported = await Ok(
            "keys", "guard", "import", folder["records.json"], "--guard", folder["guard.db"], "--genesis", Path.Combine(node, "../genesis.json"), "--json");
        Assert.Equal(1, (int?)JsonNode.Parse(imported.Out)!["validators"]);
        var there = await Ok("keys", "guard", "status", "--guard", folder["guard.db"], "--genesis", Path.Combine(node, "../genesis.json"), "--json");
        Assert.True((ulong?)JsonNode.Parse(there.Out)!["height"] >= (ulong?)status["height"]); // above it where it had proposed ahead
        Assert.Equal(ExitCode.Negative, (await Luxtensor.Run(
            "keys", "guard", "accept", "--guard", node, "--validator", (string)status["validator"]!, "--yes")).Code); // it was not blocked
        File.WriteAllText(folder["records.json"], File.ReadAllText(folder["records.json"]).Replace("\"metadata\"", "\"metedata\"", StringComparison.Ordinal));
        Assert.Equal(ExitCode.Refused, (await Luxtensor.Run("keys", "guard", "import", folder["records.json"], "--guard", node)).Code);
    }

    private static async Task A_changed_byte_is_found(string data)
    {
        var journal = Path.Combine(data, "node2", "journal.db");
        var bytes = File.ReadAllBytes(journal);
        for (var at = bytes.Length / 4096 / 2 * 4096; at < bytes.Length; at++) // the second half: content of blocks and state
        {
            bytes[at] ^= 0x40;
        }

        File.WriteAllBytes(journal, bytes);
        var outcome = await Luxtensor.Run("db", "check", data);
        Assert.Equal(ExitCode.Damaged, outcome.Code);
        Assert.Contains($"DAMAGED  {journal}", outcome.Out, StringComparison.Ordinal);
        Assert.Contains($"clean    {Path.Combine(data, "node3", "journal.db")}", outcome.Out, StringComparison.Ordinal);
        var start = await Luxtensor.Run("devnet", "--data", data, "--plain", "--http", "0", "--ws", "0");
        Assert.Equal(ExitCode.Damaged, start.Code);
        Assert.Contains(journal, start.Error, StringComparison.Ordinal);
    }

    private static async Task No_field_of_the_certificate_can_be_changed(string path, string genesis)
    {
        await Ok("verify-certificate", path, "--genesis", genesis);
        var certificate = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        Assert.Contains("signatures", certificate.Select(static it => it.Key));
        foreach (var (key, value) in certificate.ToArray())
        {
            certificate[key] = value switch
            {
                JsonArray list => new JsonArray([.. list.Skip(1).Select(static it => it!.DeepClone())]),
                JsonValue text when text.TryGetValue<string>(out var written) => written[..^1] + (written[^1] == '1' ? '2' : '1'),
                _ => 13,
            };
            File.WriteAllText(path, certificate.ToJsonString());
            var outcome = await Luxtensor.Run("verify-certificate", path, "--genesis", genesis);
            Assert.True(outcome.Code is ExitCode.Negative, $"{key}: {outcome}");
            certificate[key] = value;
        }
    }

    // Each turn is a round trip to the node; a height that never becomes final there is one that the test waits for.
    private static async Task FinalOn(string rpc, ulong height)
    {
        ExitCode code;
        do
        {
            code = (await Luxtensor.Run("finality", $"{height}", "--rpc", rpc)).Code;
            Assert.True(code is ExitCode.Ok or ExitCode.Negative, $"{code}");
        }
        while (code != ExitCode.Ok);
    }

    private static async Task<Outcome> Ok(params string[] args)
    {
        var outcome = await Luxtensor.Run(args);
        Assert.True(outcome.Code == ExitCode.Ok, $"{string.Join(' ', args)}: {outcome}");
        return outcome;
    }
}
