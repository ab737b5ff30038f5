using System.Text.Json;
using LuxTensor.Core.Blocks;

namespace LuxTensor.Rpc;

/// <summary>Blocks, and what is in them.</summary>
internal static class BlockMethods
{
    public static Method[] All =>
    [
        new("eth_blockNumber", "Height of the head.", [], new("number", Schemas.Quantity))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
            {
                json.QuantityValue(caller.Node.View.Head.Height);
                return arguments.End();
            },
        },
        new(
            "eth_getBlockByNumber", "A block by height or tag.",
            [new("block", Schemas.BlockTag), new("full", Schemas.Flag, Required: false)], new("block", Schemas.OrNull("Block")))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
                WriteBlock(caller, arguments.Block("block"), ref arguments, json),
        },
        new(
            "eth_getBlockByHash", "A block by hash.",
            [new("hash", Schemas.Hash), new("full", Schemas.Flag, Required: false)], new("block", Schemas.OrNull("Block")))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
                WriteBlock(caller, new BlockReference(BlockTag.Hash, 0, arguments.Hash("hash")), ref arguments, json),
        },
        new(
            "eth_getBlockTransactionCountByNumber", "How many transactions a block has.",
            [new("block", Schemas.BlockTag)], new("count", Schemas.OrNull("Quantity")))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
                WriteCount(caller, arguments.Block("block"), ref arguments, json, static block => block.Transactions.Length),
        },
        new(
            "eth_getBlockTransactionCountByHash", "How many transactions a block has.",
            [new("hash", Schemas.Hash)], new("count", Schemas.OrNull("Quantity")))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
                WriteCount(
                    caller, new BlockReference(BlockTag.Hash, 0, arguments.Hash("hash")), ref arguments, json,
                    static block => block.Transactions.Length),
        },
        new(
            "eth_getUncleCountByBlockNumber", "Always none: the chain has no uncles.",
            [new("block", Schemas.BlockTag)], new("count", Schemas.OrNull("Quantity")))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
                WriteCount(caller, arguments.Block("block"), ref arguments, json, static _ => 0),
        },
        new(
            "eth_getUncleCountByBlockHash", "Always none: the chain has no uncles.",
            [new("hash", Schemas.Hash)], new("count", Schemas.OrNull("Quantity")))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
                WriteCount(
                    caller, new BlockReference(BlockTag.Hash, 0, arguments.Hash("hash")), ref arguments, json, static _ => 0),
        },
    ];

    private static RpcError? WriteBlock(Caller caller, BlockReference reference, ref Arguments arguments, Utf8JsonWriter json)
    {
        var full = arguments.Flag("full");
        if (arguments.End() is { } wrong)
        {
            return wrong;
        }

        if (Lookup.Block(caller.Node, reference, out var error) is { } block)
        {
            BlockShape.Write(json, block, full);
        }
        else
        {
            json.WriteNullValue();
        }

        return error;
    }

    private static RpcError? WriteCount(
        Caller caller, BlockReference reference, ref Arguments arguments, Utf8JsonWriter json, Func<Block, int> count)
    {
        if (arguments.End() is { } wrong)
        {
            return wrong;
        }

        if (Lookup.Block(caller.Node, reference, out var error) is { } block)
        {
            json.QuantityValue((ulong)count(block));
        }
        else
        {
            json.WriteNullValue();
        }

        return error;
    }
}
