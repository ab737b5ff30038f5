using System.Globalization;
using System.Text.Json;

namespace LuxTensor.Rpc;

/// <summary>The node, the network and the fee.</summary>
internal static class NodeMethods
{
    private const int MaxListed = 1_000;
    private const ulong MaxFeeHistory = 1_024;

    public static Method[] All =>
    [
        Simple("eth_chainId", "The chain's id.", Schemas.Quantity, static (caller, json) => json.QuantityValue(caller.Node.Genesis.Rules.ChainId)),
        Simple("net_version", "The chain's id, decimal.", Schemas.Text, static (caller, json) =>
            json.WriteStringValue(caller.Node.Genesis.Rules.ChainId.ToString(CultureInfo.InvariantCulture))),
        Simple("net_listening", "Whether the node takes part in its network.", Schemas.Flag, static (caller, json) =>
            json.WriteBooleanValue(caller.Services.Hub.Stopped is null)),
        Simple("net_peerCount", "How many peers are connected.", Schemas.Quantity, static (caller, json) =>
            json.QuantityValue((ulong)caller.Node.Peers.Count)),
        Simple("web3_clientVersion", "What runs here.", Schemas.Text, static (caller, json) =>
            json.WriteStringValue(caller.Services.Options.ClientVersion)),
        Simple("eth_accounts", "Always empty: the RPC holds no keys.", """{"type":"array","maxItems":0}""", static (_, json) =>
        {
            json.WriteStartArray();
            json.WriteEndArray();
        }),
        Simple("eth_gasPrice", "The least fee of a transaction, base units.", Schemas.Quantity, static (caller, json) =>
            json.QuantityValue(caller.Node.Genesis.Rules.MinimumFee)),
        Simple("eth_maxPriorityFeePerGas", "Always 0: there is one fee.", Schemas.Quantity, static (_, json) => json.QuantityValue(0UL)),
        Simple("eth_syncing", "False, or how far catching up is.", Schemas.Syncing, static (caller, json) =>
        {
            if (caller.Services.Hub.Syncing is { Active: true } syncing)
            {
                NodeShape.WriteSyncStatus(json, syncing);
            }
            else
            {
                json.WriteBooleanValue(value: false);
            }
        }),
        Simple("lux_sync", "How catching up goes: what is proven, downloaded and asked of whom, the rate and the time left.", Schemas.Ref("Sync"), SyncShape.Write),
        Simple("lux_nodeStatus", "An overview of the node.", Schemas.Ref("NodeStatus"), static (caller, json) => NodeShape.WriteStatus(json, caller)),
        new(
            "eth_feeHistory", "Fees of past blocks: there is no base fee.",
            [new("count", Schemas.Integer), new("newest", Schemas.BlockTag), new("percentiles", Schemas.Any, Required: false)],
            new("history", Schemas.Ref("FeeHistory")))
        {
            Handle = FeeHistory,
        },
        new(
            "lux_mempool", "How full the pool is, and the ids in it, oldest first, at most so many.",
            [new("limit", Schemas.Integer, Required: false)], new("mempool", Schemas.Ref("Mempool")))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
            {
                var limit = arguments.Quantity("limit", 100);
                if (limit > MaxListed)
                {
                    arguments.Fail($"limit must be at most {MaxListed}");
                }

                if (arguments.End() is { } wrong)
                {
                    return wrong;
                }

                var pool = caller.Node.View.Pool;
                json.WriteStartObject();
                json.Quantity("count"u8, (ulong)pool.Count);
                json.Quantity("bytes"u8, (ulong)pool.Bytes);
                json.Quantity("maxBytes"u8, (ulong)pool.Limits.MaxBytes);
                json.Quantity("maxPerSender"u8, (ulong)pool.Limits.MaxPerSender);
                json.WriteStartArray("transactions"u8);
                foreach (var transaction in limit == 0 ? [] : pool.InOrder().Take((int)limit))
                {
                    json.HashValue(transaction.Id);
                }

                json.WriteEndArray();
                json.WriteEndObject();
                return null;
            },
        },
    ];

    private static Method Simple(string name, string summary, string schema, Action<Caller, Utf8JsonWriter> write) =>
        new(name, summary, [], new("result", schema))
        {
            Handle = (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
            {
                write(caller, json);
                return arguments.End();
            },
        };

    private static RpcError? FeeHistory(Caller caller, ref Arguments arguments, Utf8JsonWriter json)
    {
        var count = arguments.Quantity("count");
        var newest = arguments.Block("newest");
        arguments.Any();
        if (count is 0 or > MaxFeeHistory)
        {
            arguments.Fail($"count must be 1 to {MaxFeeHistory}");
        }

        if (arguments.End() is { } wrong)
        {
            return wrong;
        }

        if (Lookup.Block(caller.Node, newest, out var error) is not { } block)
        {
            return error ?? RpcError.Server($"block {newest.Number} does not exist");
        }

        var blocks = ulong.Min(count, block.Height + 1);
        json.WriteStartObject();
        json.Quantity("oldestBlock"u8, block.Height + 1 - blocks);
        json.WriteStartArray("baseFeePerGas"u8);
        for (var i = 0UL; i <= blocks; i++)
        {
            json.QuantityValue(0UL);
        }

        json.WriteEndArray();
        json.WriteStartArray("gasUsedRatio"u8);
        for (var i = 0UL; i < blocks; i++)
        {
            json.WriteNumberValue(0);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        return null;
    }
}
