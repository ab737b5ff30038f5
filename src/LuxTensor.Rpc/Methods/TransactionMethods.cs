using System.Text.Json;
using LuxTensor.Core.Wire;
using LuxTensor.Engine;

namespace LuxTensor.Rpc;

/// <summary>Transactions: sending and finding them.</summary>
internal static class TransactionMethods
{
    public static Method[] All =>
    [
        new(
            "eth_sendRawTransaction", "Submits a signed transaction in this chain's own encoding; answers when it is stored. Sending it again is no error.",
            [new("transaction", Schemas.Data)], new("id", Schemas.Hash))
        {
            HandleAsync = Send,
        },
        new(
            "eth_getTransactionByHash", "A transaction of a block or of the pool.",
            [new("hash", Schemas.Hash)], new("transaction", Schemas.OrNull("Transaction")))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
            {
                var id = arguments.Hash("hash");
                if (arguments.End() is { } wrong)
                {
                    return wrong;
                }

                var pooled = caller.Node.View.Pool.Find(id); // before the blocks: it may move there meanwhile
                if (Lookup.Transaction(caller, id) is var (block, index))
                {
                    TransactionShape.Write(json, block.Transactions[index], block, index);
                }
                else if (pooled is not null)
                {
                    TransactionShape.Write(json, pooled, null, 0);
                }
                else
                {
                    json.WriteNullValue();
                }

                return null;
            },
        },
        new(
            "eth_getTransactionReceipt", "The receipt of a transaction in a block.",
            [new("hash", Schemas.Hash)], new("receipt", Schemas.OrNull("Receipt")))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
            {
                var id = arguments.Hash("hash");
                if (arguments.End() is { } wrong)
                {
                    return wrong;
                }

                if (Lookup.Transaction(caller, id) is var (block, index))
                {
                    TransactionShape.WriteReceipt(json, block, index);
                }
                else
                {
                    json.WriteNullValue();
                }

                return null;
            },
        },
        new(
            "eth_getTransactionByBlockNumberAndIndex", "A transaction by its place.",
            [new("block", Schemas.BlockTag), new("index", Schemas.Integer)], new("transaction", Schemas.OrNull("Transaction")))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
                WriteAt(caller, arguments.Block("block"), ref arguments, json),
        },
        new(
            "eth_getTransactionByBlockHashAndIndex", "A transaction by its place.",
            [new("hash", Schemas.Hash), new("index", Schemas.Integer)], new("transaction", Schemas.OrNull("Transaction")))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
                WriteAt(caller, new BlockReference(BlockTag.Hash, 0, arguments.Hash("hash")), ref arguments, json),
        },
        new(
            "lux_getTransaction", "A transaction in the chain's own shape: what it does, its encoding, and whether it is final.",
            [new("id", Schemas.Hash)], new("transaction", Schemas.OrNull("OwnTransaction")))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
            {
                var id = arguments.Hash("id");
                if (arguments.End() is { } wrong)
                {
                    return wrong;
                }

                var pooled = caller.Node.View.Pool.Find(id);
                if (Lookup.Transaction(caller, id) is var (block, index))
                {
                    var isFinal = block.Height <= caller.Node.View.Final.Height;
                    TransactionShape.WriteOwn(json, block.Transactions[index], block, index, isFinal);
                }
                else if (pooled is not null)
                {
                    TransactionShape.WriteOwn(json, pooled, null, 0, isFinal: false);
                }
                else
                {
                    json.WriteNullValue();
                }

                return null;
            },
        },
    ];

    private static ValueTask<(RpcError? Error, string? Result)> Send(Caller caller, ref Arguments arguments, CancellationToken cancellation)
    {
        var bytes = arguments.Data("transaction", caller.Node.Genesis.Rules.MaxTransactionBytes);
        return arguments.End() is { } wrong
            ? ValueTask.FromResult<(RpcError?, string?)>((wrong, null))
            : SubmitAsync(caller.Node, bytes, cancellation);
    }

    private static async ValueTask<(RpcError? Error, string? Result)> SubmitAsync(INode node, byte[] bytes, CancellationToken cancellation) =>
        await node.SubmitAsync(bytes, cancellation) switch
        {
            SubmitOutcome.Accepted accepted => (null, accepted.Id.ToString()),
            SubmitOutcome.Malformed malformed => (Malformed(bytes, malformed.Fault), null),
            SubmitOutcome.Rejected rejected => (RpcError.Server(rejected.Why.Message, rejected.Why.GetType().Name), null),
            _ => (RpcError.Busy, null),
        };

    private static RpcError Malformed(byte[] bytes, WireFault fault)
    {
        // The first byte of Ethereum's encodings: a list, or one of its typed envelopes.
        var isEthereum = bytes.Length > 0 && (bytes[0] >= 0xc0 || bytes[0] is >= 2 and <= 4);
        return new RpcError(
            RpcError.ParamsCode,
            isEthereum
                ? "this looks like an Ethereum transaction: the chain takes its own encoding, signed with Ed25519"
                : $"the bytes are not the canonical encoding of a transaction: {fault}",
            fault.ToString());
    }

    private static RpcError? WriteAt(Caller caller, BlockReference reference, ref Arguments arguments, Utf8JsonWriter json)
    {
        var index = arguments.Quantity("index");
        if (arguments.End() is { } wrong)
        {
            return wrong;
        }

        if (Lookup.Block(caller.Node, reference, out var error) is { } block && index < (ulong)block.Transactions.Length)
        {
            TransactionShape.Write(json, block.Transactions[(int)index], block, (int)index);
        }
        else
        {
            json.WriteNullValue();
        }

        return error;
    }
}
