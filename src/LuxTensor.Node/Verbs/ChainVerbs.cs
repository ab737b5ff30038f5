using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using LuxTensor.Crypto;
using LuxTensor.Node.Client;

namespace LuxTensor.Node.Verbs;

/// <summary>luxtensor status, block and finality: what a node says of its chain.</summary>
internal static class ChainVerbs
{
    internal static IEnumerable<Command> Create(Terminal terminal) => [Status(terminal), Block(terminal), Finality(terminal)];

    private static Command Status(Terminal terminal)
    {
        var rpc = CommonOptions.Rpc();
        var command = new Verb(
            "status", "Show where a node is. Ends with 1 where the node has stopped.",
            "luxtensor status\nluxtensor status --rpc http://127.0.0.1:8555 --json") { rpc };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var client = new RpcClient(parsed.GetRequiredValue(rpc));
            var status = await client.CallAsync("lux_nodeStatus", cancellation);
            if (parsed.GetValue(CommonOptions.Json))
            {
                terminal.Out.WriteLine(status?.ToJsonString());
            }
            else
            {
                Report.Print(
                    terminal, false,
                    ("chainId", Quantity.Decimal(status?["chainId"])), ("blockZero", status?["genesisHash"]?.DeepClone()),
                    ("latest", Point(status?["latest"])), ("safe", Point(status?["safe"])), ("finalized", Point(status?["finalized"])),
                    ("deciding", $"height {Quantity.Decimal(status?["deciding"])}, round {Quantity.Decimal(status?["round"])}, "
                        + $"{status?["phase"]}"),
                    ("epoch", Quantity.Decimal(status?["epoch"])), ("validators", status?["localValidators"]?.DeepClone()),
                    ("peers", status?["peers"]?.DeepClone()), ("pool", $"{Quantity.Decimal(status?["mempool"]?["count"])} transactions"),
                    ("syncing", status?["syncing"] is JsonObject sync
                        ? $"from {Quantity.Decimal(sync["currentBlock"])} to {Quantity.Decimal(sync["highestBlock"])}" : "no"),
                    ("version", status?["clientVersion"]?.DeepClone()));
            }

            return (int)(status?["stopped"]?.GetValue<bool>() == true ? ExitCode.Negative : ExitCode.Ok);
        });
        return command;
    }

    private static Command Block(Terminal terminal)
    {
        var rpc = CommonOptions.Rpc();
        var which = new Argument<string>("block")
        {
            Description = "A height, a hash, latest, safe or finalized.",
            DefaultValueFactory = static _ => "latest",
        };
        var command = new Verb(
            "block", "Show a block. Ends with 1 where there is no such block.",
            "luxtensor block\nluxtensor block finalized\nluxtensor block 17 --json") { which, rpc };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var client = new RpcClient(parsed.GetRequiredValue(rpc));
            var asked = parsed.GetRequiredValue(which);
            var json = parsed.GetValue(CommonOptions.Json);
            var block = Hash256.TryParse(asked, out var hash)
                ? await client.CallAsync("eth_getBlockByHash", cancellation, hash.ToString(), json)
                : await client.CallAsync("eth_getBlockByNumber", cancellation, Tag(asked), json);
            if (block is null)
            {
                terminal.Error.WriteLine($"luxtensor: there is no block {asked}");
                return (int)ExitCode.Negative;
            }

            if (json)
            {
                terminal.Out.WriteLine(block.ToJsonString());
                return (int)ExitCode.Ok;
            }

            var own = block["lux"];
            Report.Print(
                terminal, false,
                ("height", Quantity.Decimal(block["number"])), ("hash", block["hash"]?.DeepClone()),
                    ("parent", block["parentHash"]?.DeepClone()),
                ("time", Time(own?["time"])), ("proposer", block["miner"]?.DeepClone()), ("round", Quantity.Decimal(own?["round"])),
                ("epoch", Quantity.Decimal(own?["epoch"])), ("stateRoot", block["stateRoot"]?.DeepClone()),
                ("bytes", Quantity.Decimal(block["size"])), ("transactions", (block["transactions"] as JsonArray)?.Count));
            foreach (var id in block["transactions"] as JsonArray ?? [])
            {
                terminal.Out.WriteLine($"  {id}");
            }

            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static Command Finality(Terminal terminal)
    {
        var rpc = CommonOptions.Rpc();
        var height = new Argument<ulong?>("height")
        {
            Description = "A height; the one being decided unless given.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var file = CommonOptions.Of<string?>(
            "--certificate", "Save the height's certificate here, for luxtensor verify-certificate.", value: "FILE");
        var command = new Verb(
            "finality",
            "Show how far a height is: phase, round, signed stake, who has not signed. Ends with 1 where the height is not final.",
            "luxtensor finality\nluxtensor finality 17\nluxtensor finality 17 --certificate 17.json") { height, file, rpc };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var client = new RpcClient(parsed.GetRequiredValue(rpc));
            var asked = parsed.GetValue(height);
            var progress = await client.CallAsync("lux_finality", cancellation, asked is { } known ? [Quantity.Of(known)] : []);
            if (progress is null)
            {
                terminal.Error.WriteLine($"luxtensor: height {asked} is not reached yet");
                return (int)ExitCode.Negative;
            }

            var final = progress["final"]?.GetValue<bool>() == true;
            if (parsed.GetValue(file) is { } path)
            {
                await SaveAsync(client, final, Quantity.Require(progress["height"], "height"), path, cancellation);
            }

            if (parsed.GetValue(CommonOptions.Json))
            {
                terminal.Out.WriteLine(progress.ToJsonString());
            }
            else
            {
                Report.Print(
                    terminal, false,
                    ("height", Quantity.Decimal(progress["height"])), ("final", final ? "yes" : "no"),
                        ("phase", progress["phase"]?.DeepClone()),
                    ("round", Quantity.Decimal(progress["round"])), ("block", progress["blockHash"]?.DeepClone()),
                    ("prepared", Stake(progress, "preparedStake")),
                        ("signed", $"{Stake(progress, "signedStake")}, {progress["percent"]} %"),
                    ("missing", progress["missing"]?.DeepClone()));
            }

            return (int)(final || asked is null ? ExitCode.Ok : ExitCode.Negative);
        });
        return command;
    }

    private static async Task SaveAsync(RpcClient client, bool final, ulong height, string path, CancellationToken cancellation)
    {
        var certificate = final ? await client.CallAsync("lux_getCertificate", cancellation, Quantity.Of(height)) : null;
        if (certificate is null)
        {
            throw new CommandFailure(ExitCode.Negative, $"height {height} has no certificate{(final ? ": it is the genesis" : " yet")}");
        }

        await File.WriteAllTextAsync(path, certificate.ToJsonString(Indented) + "\n", cancellation);
    }

    private static readonly System.Text.Json.JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static JsonNode Tag(string asked) => asked switch
    {
        "latest" or "safe" or "finalized" or "earliest" => asked,
        _ when ulong.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => Quantity.Of(number),
        _ => throw CommandFailure.Usage($"{asked} is no block: name a height, a hash, latest, safe or finalized"),
    };

    private static JsonNode? Point(JsonNode? point) => point is null ? null : $"{Quantity.Decimal(point["number"])}  {point["hash"]}";

    private static JsonNode? Time(JsonNode? milliseconds) => Quantity.Read(milliseconds) is { } known and <= long.MaxValue
        ? DateTimeOffset.FromUnixTimeMilliseconds((long)known).ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture)
        : null;

    private static JsonNode Stake(JsonNode progress, string key) =>
        $"{Amount.Format(Quantity.Wide(progress[key]) ?? 0)} of {Amount.Format(Quantity.Wide(progress["totalStake"]) ?? 0)} tokens";
}
