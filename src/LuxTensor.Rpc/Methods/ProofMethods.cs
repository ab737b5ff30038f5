using System.Text.Json;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.State;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Rpc;

/// <summary>Proofs that need nothing of this node but a header that a certificate vouches for.</summary>
internal static class ProofMethods
{
    public static Method[] All =>
    [
        new(
            "lux_getProof",
            "A proof against a header: of an account's or validator's state (with an address; after the last final block unless named), or of a "
            + "transaction's place (with its id).",
            [
                new("kind", """{"enum":["account","validator","transaction"]}"""), new("subject", Schemas.Data),
                new("block", Schemas.BlockReference, Required: false),
            ],
            new("proof", Schemas.OrNull("Proof")))
        {
            Handle = Prove,
        },
    ];

    private static RpcError? Prove(Caller caller, ref Arguments arguments, Utf8JsonWriter json)
    {
        var kind = arguments.Word("kind", "account", "validator", "transaction");
        if (kind == "transaction")
        {
            var id = arguments.Hash("id");
            return arguments.End() ?? ProveTransaction(caller, id, json);
        }

        var address = arguments.Address("address");
        var view = caller.Node.View;
        var reference = arguments.OptionalBlock("block", BlockTag.Hash);
        if (arguments.End() is { } wrong)
        {
            return wrong;
        }

        if (reference == new BlockReference(BlockTag.Hash)) // none named
        {
            reference = new BlockReference(BlockTag.Hash, 0, view.Final.Hash);
        }

        if (Lookup.State(caller.Node, reference, out var error) is not { } found)
        {
            return error;
        }

        var ledger = found.After;
        var isAccount = kind == "account";
        var key = isAccount ? Ledger.KeyOfAccount(address) : Ledger.KeyOfValidator(address);
        var proof = isAccount ? ledger.ProveAccount(address) : ledger.ProveValidator(address);
        var exists = proof.HasLeaf && proof.LeafKey == key;
        json.WriteStartObject();
        WriteHead(json, kind, found.Block);
        json.Address("address"u8, address);
        json.Hash("key"u8, key);
        if (exists)
        {
            var value = isAccount ? ledger.GetAccount(address).Encode() : ledger.GetValidator(address)!.Encode();
            json.Data("value"u8, value);
        }
        else
        {
            json.WriteNull("value"u8);
        }

        json.WriteBoolean("hasLeaf"u8, proof.HasLeaf);
        json.Hash("leafKey"u8, proof.LeafKey);
        json.Hash("leafValueHash"u8, proof.LeafValueHash);
        WriteSiblings(json, proof.Siblings.AsSpan());
        json.WriteEndObject();
        return null;
    }

    private static RpcError? ProveTransaction(Caller caller, Hash256 id, Utf8JsonWriter json)
    {
        if (Lookup.Transaction(caller, id) is not var (block, index))
        {
            json.WriteNullValue();
            return null;
        }

        var leaves = Block.LeavesOf(block.Transactions);
        var proof = MerkleTree.Prove(leaves, index);
        json.WriteStartObject();
        WriteHead(json, "transaction", block);
        json.Hash("id"u8, id);
        json.Hash("leafHash"u8, leaves[index]);
        json.Quantity("index"u8, proof.Index);
        json.Quantity("count"u8, proof.Count);
        WriteSiblings(json, proof.Siblings.AsSpan());
        json.WriteEndObject();
        return null;
    }

    private static void WriteHead(Utf8JsonWriter json, string kind, Block block)
    {
        var writer = new WireWriter(BlockHeader.Size);
        block.Header.Write(writer);
        json.WriteString("kind"u8, kind);
        json.Quantity("height"u8, block.Height);
        json.Hash("blockHash"u8, block.Hash);
        json.Hash("root"u8, kind == "transaction" ? block.Header.TransactionsRoot : block.Header.StateRoot);
        json.Data("header"u8, writer.Written);
    }

    private static void WriteSiblings(Utf8JsonWriter json, ReadOnlySpan<Hash256> siblings)
    {
        json.WriteStartArray("siblings"u8);
        foreach (var sibling in siblings)
        {
            json.HashValue(sibling);
        }

        json.WriteEndArray();
    }
}
