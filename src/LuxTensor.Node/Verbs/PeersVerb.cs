using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using LuxTensor.Node.Client;

namespace LuxTensor.Node.Verbs;

/// <summary>luxtensor peers: who a node is connected to, and what it thinks of them.</summary>
internal static class PeersVerb
{
    internal static Command Create(Terminal terminal)
    {
        var banned = CommonOptions.Of<bool>("--banned", "Those that are banned instead.");
        var known = CommonOptions.Of<bool>("--known", "All that are remembered instead.");
        var limit = CommonOptions.Of<int>("--limit", "How many at most, the best reputation first.", value: "N", unless: 100);
        var rpc = CommonOptions.Rpc();
        var command = new Verb(
            "peers", "Show a node's peers: reputation (0 to 100), bans, what they proved and claim, traffic.",
            """
            luxtensor peers
            luxtensor peers --banned
            luxtensor peers --known --limit 1000 --json
            """) { banned, known, limit, rpc };
        command.SetAction(async (parsed, cancellation) =>
        {
            var (isBanned, isKnown, most) = (parsed.GetValue(banned), parsed.GetValue(known), parsed.GetValue(limit));
            if (isBanned && isKnown)
            {
                throw CommandFailure.Usage("name at most one of --banned and --known");
            }

            if (most is < 1 or > 1_000)
            {
                throw CommandFailure.Usage($"--limit is {most}; it must be 1 to 1000");
            }

            using var client = new RpcClient(parsed.GetRequiredValue(rpc));
            var network = await client.CallAsync("lux_peers", cancellation, isBanned ? "banned" : isKnown ? "known" : "connected", most);
            if (parsed.GetValue(CommonOptions.Json))
            {
                terminal.Out.WriteLine(network?.ToJsonString());
                return (int)ExitCode.Ok;
            }

            Show(terminal, network);
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static void Show(Terminal terminal, JsonNode? network)
    {
        Report.Print(
            terminal, false,
            ("self", network?["self"]?.DeepClone()),
            ("listening", network?["listening"] is JsonArray { Count: > 0 } addresses ? addresses.DeepClone() : null),
            ("peers", $"{Quantity.Decimal(network?["connected"])} connected, {Quantity.Decimal(network?["banned"])} banned, {Quantity.Decimal(network?["known"])} known"));
        foreach (var peer in network?["peers"] as JsonArray ?? [])
        {
            terminal.Out.WriteLine();
            Report.Print(
                terminal, false,
                ("peer", peer!["id"]?.DeepClone()),
                ("address", peer["address"] is { } address ? $"{address}{(peer["direction"] is { } direction ? $", {direction}" : "")}" : null),
                ("agent", peer["agent"]?.DeepClone()),
                ("reputation", $"{peer["reputation"]}{(peer["ban"] is { } ban ? $", banned until {Time(ban["until"])}: {Words(ban["reason"])}" : "")}"),
                ("proven", Point(peer["proven"])), ("claims", Point(peer["claimed"])),
                ("contact", peer["firstContact"] is { } first ? $"{Time(first)} to {Time(peer["lastContact"])}" : null),
                ("record", $"{Quantity.Decimal(peer["successes"])} useful, {Quantity.Decimal(peer["failures"])} faults"
                    + $"{(peer["lastFault"] is { } last ? $", the last: {Words(last)}" : "")}, {Quantity.Decimal(peer["framesRefused"])} frames refused"),
                ("traffic", $"{Quantity.Decimal(peer["bytesIn"])} bytes in, {Quantity.Decimal(peer["bytesOut"])} out"));
        }
    }

    private static JsonNode? Point(JsonNode? point) => point is null ? null : $"height {Quantity.Decimal(point["number"])}, {point["hash"]}";

    private static string Words(JsonNode? name) => Report.Words($"{name}");

    private static string Time(JsonNode? milliseconds) => Quantity.Read(milliseconds) is { } value and <= 253_402_300_799_999
        ? DateTimeOffset.FromUnixTimeMilliseconds((long)value).ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture)
        : "-";
}
