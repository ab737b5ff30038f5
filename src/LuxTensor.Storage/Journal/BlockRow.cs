using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Storage.Sqlite;

namespace LuxTensor.Storage;

/// <summary>A final block's row: written once, and believed only where everything in it agrees.</summary>
internal static class BlockRow
{
    internal const string InsertSql = "INSERT INTO block (height, hash, sum, certificate, bytes) VALUES (?1, ?2, ?3, ?4, ?5)";
    internal const string SelectSql = "SELECT height, hash, sum, certificate, bytes FROM block WHERE height = ?1";
    internal const string SelectAllSql = "SELECT height, hash, sum, certificate, bytes FROM block ORDER BY height";

    internal static void Insert(Statement insert, Block block, Certificate? certificate)
    {
        var height = checked((long)block.Height);
        var bytes = block.Encoded.Span;
        insert.Bind(1, height).Bind(2, block.Hash).Bind(5, bytes);
        var encoded = Encode(certificate);
        if (encoded is null)
        {
            insert.BindNull(4);
        }
        else
        {
            insert.Bind(4, encoded);
        }

        insert.Bind(3, SumOf(height, bytes, encoded, encoded is not null)).Run();
    }

    /// <summary>The canonical bytes of a certificate; null for the genesis block's, which there is not.</summary>
    internal static byte[]? Encode(Certificate? certificate)
    {
        if (certificate is null)
        {
            return null;
        }

        var writer = new WireWriter(512);
        certificate.Write(writer);
        return writer.ToArray();
    }

    internal static long SumOf(long height, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> certificate, bool certified) =>
        RowSum.Of(RowKind.Block, height, certified ? 1 : 0, bytes, certificate);

    /// <summary>Reads the row that a statement with the columns of <see cref="SelectSql"/> is at.</summary>
    /// <param name="row">The statement.</param>
    /// <param name="rules">The chain's limits.</param>
    /// <param name="fault">What is wrong with it, where null is returned.</param>
    internal static FinalBlock? Read(Statement row, ChainRules rules, out string fault) =>
        Read(row.Integer(0), row.Blob(1), row.Integer(2), !row.IsNull(3), row.Blob(3), row.Blob(4), rules, out fault);

    /// <summary>Believes a row's values where everything in them agrees.</summary>
    internal static FinalBlock? Read(
        long height, ReadOnlySpan<byte> hash, long sum, bool certified, ReadOnlySpan<byte> certificateBytes, ReadOnlySpan<byte> bytes,
        ChainRules rules, out string fault)
    {
        fault = "";
        if (sum != SumOf(height, bytes, certificateBytes, certified))
        {
            fault = "its checksum differs";
            return null;
        }

        if (!Block.TryDecode(bytes, rules.MaxBlockBytes, rules.MaxTransactionBytes, out var block, out var why))
        {
            fault = $"its bytes are no block ({why})";
            return null;
        }

        if (hash.Length != Hash256.Size || block!.Hash != new Hash256(hash) || block.Height != (ulong)height)
        {
            fault = $"its hash or height is not that of its bytes, block {block!.Hash} at height {block.Height}";
            return null;
        }

        if (!certified)
        {
            fault = height == 0 ? "" : "it has no certificate";
            return height == 0 ? new FinalBlock(block, null) : null;
        }

        var reader = new WireReader(certificateBytes);
        var certificate = Certificate.Read(ref reader);
        if (!reader.End())
        {
            fault = $"its certificate cannot be read ({reader.Fault})";
            return null;
        }

        if (!Certifies(certificate, block))
        {
            fault = $"its certificate is of block {certificate.BlockHash} at height {certificate.Height}, phase {certificate.Ballot.Phase}";
            return null;
        }

        return new FinalBlock(block, certificate);
    }

    /// <summary>Whether a certificate is one of finality for that very block. Its signatures are not looked at.</summary>
    internal static bool Certifies(Certificate certificate, Block block) =>
        certificate.BlockHash == block.Hash && certificate.Height == block.Height && certificate.Ballot.Phase == Phase.Precommit;

    /// <summary>About what a decoded block takes in memory, bytes.</summary>
    internal static long Weigh(FinalBlock block) =>
        2048 + (2L * block.Block.Encoded.Length) + (320L * block.Block.Transactions.Length)
        + (64L * (block.Certificate?.Signatures.Length ?? 0));
}
