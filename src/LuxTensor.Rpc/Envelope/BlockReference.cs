using System.Text.Json;
using LuxTensor.Crypto;

namespace LuxTensor.Rpc;

/// <summary>How a caller names a block.</summary>
internal enum BlockTag : byte
{
    /// <summary>The head; "pending" too, as nothing is executed ahead of a block.</summary>
    Latest,

    /// <summary>Deep enough to be relied on.</summary>
    Safe,

    /// <summary>The last final block.</summary>
    Finalized,

    /// <summary>The genesis block.</summary>
    Earliest,

    /// <summary>By height.</summary>
    Number,

    /// <summary>By hash.</summary>
    Hash,
}

/// <summary>A block's number, tag or hash.</summary>
internal readonly record struct BlockReference(BlockTag Tag, ulong Number = 0, Hash256 Hash = default)
{
    public bool IsPending { get; init; }

    public static string Expectation(string name, bool allowHash) =>
        $"{name} must be a quantity such as \"0x1a\", or latest, pending, safe, finalized or earliest"
        + (allowHash ? ", or a block's hash" : "");

    /// <summary>Reads a number or tag; where allowed, also a hash or the object of EIP-1898.</summary>
    public static bool TryRead(ref Utf8JsonReader reader, bool allowHash, out BlockReference block)
    {
        block = default;
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            return allowHash && TryReadObject(ref reader, out block);
        }

        if (reader.TokenType != JsonTokenType.String)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[Hash256.Size];
        if (allowHash && Json.TryBytes(ref reader, bytes))
        {
            block = new BlockReference(BlockTag.Hash, 0, new Hash256(bytes));
            return true;
        }

        if (Json.TryQuantity(ref reader, out var number))
        {
            block = new BlockReference(BlockTag.Number, number);
            return true;
        }

        var pending = Json.Is(ref reader, "pending"u8);
        BlockTag? tag = pending || Json.Is(ref reader, "latest"u8) ? BlockTag.Latest
            : Json.Is(ref reader, "safe"u8) ? BlockTag.Safe
            : Json.Is(ref reader, "finalized"u8) ? BlockTag.Finalized
            : Json.Is(ref reader, "earliest"u8) ? BlockTag.Earliest
            : null;
        block = new BlockReference(tag ?? default) { IsPending = pending };
        return tag is not null;
    }

    private static bool TryReadObject(ref Utf8JsonReader reader, out BlockReference block)
    {
        block = default;
        var found = 0;
        var ok = true;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var byHash = Json.Is(ref reader, "blockHash"u8);
            var byNumber = Json.Is(ref reader, "blockNumber"u8);
            reader.Read();
            if (byHash || byNumber)
            {
                found++;
                ok &= TryRead(ref reader, allowHash: true, out block) && (block.Tag == BlockTag.Hash) == byHash;
            }

            reader.Skip();
        }

        return ok && found == 1;
    }
}
