using System.CommandLine;
using System.Text.Json.Nodes;
using LuxTensor.Core;
using LuxTensor.Node.Client;

namespace LuxTensor.Node.Verbs;

/// <summary>luxtensor validators, missed, evidence and supply: who signs, who did not, who cheated, and what there is.</summary>
internal static class ValidatorVerbs
{
    private const int Page = 250;

    internal static IEnumerable<Command> Create(Terminal terminal) => [Validators(terminal), Missed(terminal), Evidence(terminal), Supply(terminal)];

    private static Command Validators(Terminal terminal)
    {
        var which = new Argument<string?>("address")
        {
            Description = "One validator's address, to see all of it; those of an epoch unless given.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var epoch = CommonOptions.Of<ulong?>("--epoch", "The epoch; that of the height being decided unless given.", value: "N");
        var waiting = CommonOptions.Of<bool>("--waiting", "Those in the queue instead, in their order.");
        var all = CommonOptions.Of<bool>("--all", "All that were ever registered instead.");
        var rpc = CommonOptions.Rpc();
        var command = new Verb(
            "validators",
            "Show validators: stake, standing (waiting, active, jailed, leaving, withdrawn). With an address, ends with 1 where there is none.",
            """
            luxtensor validators
            luxtensor validators --epoch 3 --json
            luxtensor validators --waiting
            luxtensor validators 0x00000000000000000000000000000000000000aa
            """) { which, epoch, waiting, all, rpc };
        command.SetAction(async (parsed, cancellation) =>
        {
            if ((parsed.GetValue(which) is null ? 0 : 1) + (parsed.GetValue(epoch) is null ? 0 : 1) + (parsed.GetValue(waiting) ? 1 : 0)
                + (parsed.GetValue(all) ? 1 : 0) > 1)
            {
                throw CommandFailure.Usage("name at most one of an address, --epoch, --waiting and --all");
            }

            using var client = new RpcClient(parsed.GetRequiredValue(rpc));
            var json = parsed.GetValue(CommonOptions.Json);
            return parsed.GetValue(which) is { } address
                ? await ShowAsync(terminal, client, address, json, cancellation)
                : parsed.GetValue(all) ? await ListAsync(terminal, client, "lux_getRegisteredValidators", [], json, cancellation)
                : parsed.GetValue(waiting) ? await ListAsync(terminal, client, "lux_getValidatorQueue", [], json, cancellation)
                : await ListAsync(
                    terminal, client, "lux_getValidators", [parsed.GetValue(epoch) is { } number ? Quantity.Of(number) : "latest"], json,
                    cancellation);
        });
        return command;
    }

    private static Command Missed(Terminal terminal)
    {
        var validator = new Argument<string>("address") { Description = "The validator's address." };
        var height = new Argument<ulong>("height") { Description = "A final height." };
        var rpc = CommonOptions.Rpc();
        var command = new Verb(
            "missed", "Show why a validator missed its duty at a height, as far as the node saw. Ends with 1 where the height is not final.",
            """
            luxtensor missed 0x00000000000000000000000000000000000000aa 17
            luxtensor missed 0x00000000000000000000000000000000000000aa 17 --json
            """) { validator, height, rpc };
        command.SetAction(async (parsed, cancellation) =>
        {
            var (address, asked) = (ParseAddress(parsed.GetRequiredValue(validator)), parsed.GetValue(height));
            using var client = new RpcClient(parsed.GetRequiredValue(rpc));
            var why = await client.CallAsync("lux_whyMissed", cancellation, address.ToString(), Quantity.Of(asked));
            if (why is null)
            {
                terminal.Error.WriteLine($"luxtensor: height {asked} {(asked == 0 ? "is the genesis, which nobody signs" : "is not final yet")}");
                return (int)ExitCode.Negative;
            }

            terminal.Out.WriteLine(parsed.GetValue(CommonOptions.Json)
                ? why.ToJsonString()
                : $"{address} at height {asked}: {why["message"]}");
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static Command Evidence(Terminal terminal)
    {
        var limit = CommonOptions.Of<int>("--limit", "How many at most, the oldest first.", value: "N", unless: 256);
        var rpc = CommonOptions.Rpc();
        var command = new Verb(
            "evidence", "Show the double votes that the node has seen, and whether their validators were punished.",
            "luxtensor evidence\nluxtensor evidence --limit 10 --json") { limit, rpc };
        command.SetAction(async (parsed, cancellation) =>
        {
            if (parsed.GetValue(limit) is < 1 or > 256)
            {
                throw CommandFailure.Usage($"--limit is {parsed.GetValue(limit)}; it must be 1 to 256");
            }

            using var client = new RpcClient(parsed.GetRequiredValue(rpc));
            var found = await client.CallAsync("lux_getEvidence", cancellation, parsed.GetValue(limit)) as JsonArray ?? [];
            foreach (var one in found)
            {
                terminal.Out.WriteLine(parsed.GetValue(CommonOptions.Json)
                    ? one!.ToJsonString()
                    : $"{one!["validator"]}  height {Quantity.Decimal(one["height"])}, round {Quantity.Decimal(one["round"])}, {one["phase"]}  "
                        + (one["punished"]?.GetValue<bool>() == true ? "punished" : "not punished"));
            }

            if (found.Count == 0 && !parsed.GetValue(CommonOptions.Json))
            {
                terminal.Out.WriteLine("nobody was seen to vote twice");
            }

            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static Command Supply(Terminal terminal)
    {
        var rpc = CommonOptions.Rpc();
        var command = new Verb(
            "supply", "Show what there is of the token after the last final block: minted, staked, spendable, burned.",
            "luxtensor supply\nluxtensor supply --json") { rpc };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var client = new RpcClient(parsed.GetRequiredValue(rpc));
            var supply = await client.CallAsync("lux_getSupply", cancellation);
            if (parsed.GetValue(CommonOptions.Json))
            {
                terminal.Out.WriteLine(supply?.ToJsonString());
                return (int)ExitCode.Ok;
            }

            string[] amounts = ["supply", "spendable", "staked", "accrued", "genesis", "minted", "burned"];
            Report.Print(
                terminal, false,
                [("height", Quantity.Decimal(supply?["height"])), .. amounts.Select(name => (name, (JsonNode?)Tokens(supply, name)))]);
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static async Task<int> ShowAsync(Terminal terminal, RpcClient client, string address, bool json, CancellationToken cancellation)
    {
        var known = ParseAddress(address);
        var found = await client.CallAsync("lux_getValidator", cancellation, known.ToString());
        if (found is null)
        {
            terminal.Error.WriteLine($"luxtensor: {known} is no validator");
            return (int)ExitCode.Negative;
        }

        if (json)
        {
            terminal.Out.WriteLine(found.ToJsonString());
            return (int)ExitCode.Ok;
        }

        var (power, duty) = (found["power"], found["duty"]);
        Report.Print(
            terminal, false,
            ("address", found["address"]?.DeepClone()), ("publicKey", found["publicKey"]?.DeepClone()), ("stake", Tokens(found, "stake")),
            ("standing", Standing(found)), ("from", EpochOf(found["from"])), ("until", EpochOf(found["until"])),
            ("withdrawable", EpochOf(found["withdrawable"])),
            ("votingPower", power is null ? "none" : $"{Tokens(power, "stake")} in epoch {Quantity.Decimal(power["epoch"])}"),
            ("duties", duty is null ? null
                : $"missed {Quantity.Decimal(duty["missed"])} of {Quantity.Decimal(duty["counted"])} heights of epoch {Quantity.Decimal(duty["epoch"])}"),
            ("missedBefore", Quantity.Decimal(found["missed"])));
        return (int)ExitCode.Ok;
    }

    // One page after the other, and one line a validator: there may be a million.
    private static async Task<int> ListAsync(
        Terminal terminal, RpcClient client, string method, JsonNode[] which, bool json, CancellationToken cancellation)
    {
        JsonNode? next = null;
        var isFirst = true;
        do
        {
            var page = await client.CallAsync(method, cancellation, [.. which.Select(static it => it.DeepClone()), next?.DeepClone(), Page]);
            if (isFirst && !json && page?["epoch"] is { } epoch)
            {
                terminal.Out.WriteLine($"epoch {Quantity.Decimal(epoch)}: {Quantity.Decimal(page["count"])} validators, {Tokens(page, "totalStake")}");
            }

            foreach (var one in page?["validators"] as JsonArray ?? [])
            {
                terminal.Out.WriteLine(json ? one!.ToJsonString() : $"{one!["address"]}  {Standing(one),-10}  {Tokens(one, "stake")}{Life(one)}");
            }

            isFirst = false;
            next = page?["next"];
        }
        while (next is not null);

        return (int)ExitCode.Ok;
    }

    private static Address ParseAddress(string text) => Address.TryParse(text, out var address)
        ? address
        : throw CommandFailure.Usage($"{text} is no address: it must be 0x and 40 hexadecimal digits");

    private static string Standing(JsonNode of) =>
        of["slashed"]?.GetValue<bool>() == true ? $"{of["standing"]}, removed for a double vote" : $"{of["standing"]}";

    private static string Life(JsonNode of) => (of["from"], of["until"]) switch
    {
        (null, _) => "",
        (var from, null) => $"  from epoch {Quantity.Decimal(from)}",
        (var from, var until) => $"  epochs {Quantity.Decimal(from)} to before {Quantity.Decimal(until)}",
    };

    private static JsonNode? EpochOf(JsonNode? epoch) => epoch is null ? null : $"epoch {Quantity.Decimal(epoch)}";

    private static string Tokens(JsonNode? of, string name) => $"{Amount.Format(Quantity.Wide(of?[name]) ?? 0)} tokens";
}
