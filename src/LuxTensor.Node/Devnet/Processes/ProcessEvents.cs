using System.Text.Json;
using System.Text.Json.Nodes;

namespace LuxTensor.Node.Devnet;

/// <summary>Makes one log of what the processes print: what all of them see is said once, peers are called by their nodes' names. Thread-safe.</summary>
internal sealed class ProcessEvents(IReadOnlyList<ProcessNode> nodes, EventLog log)
{
    private const int MostSaid = 1_024;

    private readonly Lock gate = new();
    private readonly HashSet<string> said = new(StringComparer.Ordinal);

    /// <summary>The highest final height that a node told of.</summary>
    internal ulong Height { get; private set; }

    /// <summary>Whether the nodes were asked to stop, so that nobody wonders where they go.</summary>
    internal bool IsStopping { get; set; }

    /// <summary>Takes a line of a node. Whether it says that the node has started.</summary>
    internal bool Take(ProcessNode node, int process, string line)
    {
        if (Parse(line) is not { } one)
        {
            log.Write(new NodeEvent("said", $"said    {node.Name}: {line}", [("node", node.Name), ("line", line)]));
            return false;
        }

        var kind = (string?)one["event"] ?? "";
        var height = (ulong?)one["height"] ?? 0;
        lock (gate)
        {
            var told = (Kind: kind, Sentence: Named((string?)one["text"] ?? line), Values: ValuesOf(one));
            switch (kind)
            {
                case "started":
                    Height = ulong.Max(Height, height);
                    log.Write(Listening(node, process, one, height));
                    return true;
                case "network" or "stopped":
                    Height = ulong.Max(Height, height);
                    return false;
                case "connected" when (bool?)one["outbound"] != true:
                case "disconnected" or "unreachable" when IsStopping:
                    return false; // the other end says it, or everybody knows
                case "final" when height <= Height:
                    return false;
                case "final":
                    Height = height;
                    break;
                case "viewChange" when !IsNew($"{height} {one["round"]}"):
                    return false;
                default:
                    if (one["node"] is null && !IsNew(told.Sentence))
                    {
                        return false; // of the chain: every node sees it
                    }

                    break;
            }

            log.Write(new NodeEvent(told.Kind, told.Sentence, told.Values));
            return false;
        }
    }

    private static NodeEvent Listening(ProcessNode node, int process, JsonObject one, ulong height)
    {
        var (http, webSocket) = (((string?)one["http"])?.TrimEnd('/'), ((string?)one["ws"])?.TrimEnd('/'));
        return new NodeEvent(
            "listening", $"{node.Name}   {http}  {webSocket}  {node.Address}  process {process}, at height {height}",
            [
                ("node", node.Name), ("http", http), ("ws", webSocket), ("p2p", node.Address.With(node.Peer).ToString()), ("process", process),
                ("height", height),
            ]);
    }

    private bool IsNew(string what)
    {
        if (said.Count >= MostSaid)
        {
            said.Clear(); // at worst something is said twice
        }

        return said.Add(what);
    }

    private string Named(string text) => nodes.Aggregate(text, static (so, node) => so.Replace(node.Peer.Name, node.Name, StringComparison.Ordinal));

    private static List<(string, JsonNode?)> ValuesOf(JsonObject one) =>
        [.. one.Where(static it => it.Key is not ("event" or "time" or "text")).Select(static it => (it.Key, it.Value))];

    private static JsonObject? Parse(string line)
    {
        try
        {
            return JsonNode.Parse(line) as JsonObject;
        }
        catch (JsonException)
        {
            return null; // words of the runtime, or of a failure
        }
    }
}
