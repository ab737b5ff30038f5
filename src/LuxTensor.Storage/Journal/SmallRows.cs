using System.Buffers.Binary;
using LuxTensor.Core;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Storage.Sqlite;

namespace LuxTensor.Storage;

/// <summary>The checksums and encodings of the rows other than blocks.</summary>
internal static class SmallRows
{
    internal const string Inputs = "SELECT seq, height, sum, bytes FROM input ORDER BY seq";
    internal const string Pool = "SELECT arrival, id, sum, bytes FROM pool ORDER BY arrival";
    internal const string Evidences = "SELECT seq, sum, bytes FROM evidence ORDER BY seq LIMIT ?1";
    internal const string Places = "SELECT height, position, sum FROM place WHERE id = ?1";

    internal static long SumOfInput(long seq, ReadOnlySpan<byte> height, ReadOnlySpan<byte> bytes) =>
        RowSum.Of(RowKind.Input, seq, 0, height, bytes);

    internal static long SumOfPool(long arrival, ReadOnlySpan<byte> bytes) => RowSum.Of(RowKind.Pool, arrival, 0, bytes);

    internal static long SumOfEvidence(long seq, ReadOnlySpan<byte> bytes) => RowSum.Of(RowKind.Evidence, seq, 0, bytes);

    internal static long SumOfPlace(Hash256 id, long height, long position)
    {
        Span<byte> bytes = stackalloc byte[Hash256.Size];
        id.CopyTo(bytes);
        return RowSum.Of(RowKind.Place, height, position, bytes);
    }

    /// <summary>The input that a statement with the columns of <see cref="Inputs"/> is at, or null where it is damaged.</summary>
    internal static JournalInput? ReadInput(Statement row, out long sum)
    {
        sum = row.Integer(2);
        return ReadInput(row.Integer(0), row.Blob(1), sum, row.Blob(3));
    }

    internal static JournalInput? ReadInput(long seq, ReadOnlySpan<byte> height, long sum, ReadOnlySpan<byte> bytes) =>
        height.Length == 8 && sum == SumOfInput(seq, height, bytes)
            ? new JournalInput(BinaryPrimitives.ReadUInt64BigEndian(height), bytes.ToArray())
            : null;

    /// <summary>The transaction that a statement with the columns of <see cref="Pool"/> is at, or null where it is damaged.</summary>
    internal static PoolEntry? ReadPool(Statement row, ChainRules rules, out long sum)
    {
        sum = row.Integer(2);
        return ReadPool(row.Integer(0), row.Blob(1), sum, row.Blob(3), rules);
    }

    internal static PoolEntry? ReadPool(long arrival, ReadOnlySpan<byte> id, long sum, ReadOnlySpan<byte> bytes, ChainRules rules) =>
        arrival >= 0 && id.Length == Hash256.Size && sum == SumOfPool(arrival, bytes)
            && Transaction.TryDecode(bytes, rules.MaxTransactionBytes, out var transaction, out _) && transaction!.Id == new Hash256(id)
            ? new PoolEntry((ulong)arrival, transaction)
            : null;

    /// <summary>The evidence that a statement with the columns of <see cref="Evidences"/> is at, or null where it is damaged.</summary>
    internal static Evidence? ReadEvidence(Statement row, out long sum)
    {
        sum = row.Integer(1);
        return ReadEvidence(row.Integer(0), sum, row.Blob(2));
    }

    internal static Evidence? ReadEvidence(long seq, long sum, ReadOnlySpan<byte> bytes)
    {
        if (sum != SumOfEvidence(seq, bytes))
        {
            return null;
        }

        var reader = new WireReader(bytes);
        var evidence = new Evidence(Vote.Read(ref reader), Vote.Read(ref reader));
        return reader.End() ? evidence : null;
    }

    internal static byte[] Encode(Evidence evidence)
    {
        var writer = new WireWriter(2 * Vote.Size);
        evidence.First.Write(writer);
        evidence.Second.Write(writer);
        return writer.ToArray();
    }
}
