using System.Collections.Immutable;
using System.Data;
using LuxTensor.Core;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Validators;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using Npgsql;
using static LuxTensor.Storage.Postgres.PostgresRows;

namespace LuxTensor.Storage.Postgres;

/// <summary>
/// What a node starts from, of one point in time and checked: the last final block and its link to its parent, the state against
/// the block's state root, and every other row against its checksum. The work does not depend on the chain's length.
/// </summary>
internal static class PostgresLoading
{
    internal static JournalSnapshot Load(PostgresDatabase database, Genesis genesis) => database.Read("loading", connection =>
        PostgresDatabase.InTransaction(connection, () => Load(database, connection, genesis), IsolationLevel.RepeatableRead));

    private static JournalSnapshot Load(PostgresDatabase database, NpgsqlConnection connection, Genesis genesis)
    {
        using var batch = new NpgsqlBatch(connection);
        batch.Add("SET TRANSACTION READ ONLY").Add("SELECT sequence, height FROM writer")
            .Add("SELECT height, hash, sum, certificate, bytes FROM block WHERE height >= (SELECT height - 1 FROM writer) ORDER BY height")
            .Add("SELECT epoch, sum, members FROM epoch ORDER BY epoch DESC LIMIT $1", Integer(EpochRow.Kept(genesis.Rules)))
            .Add("SELECT key, value FROM state ORDER BY key")
            .Add("SELECT seq, height, sum, bytes FROM input ORDER BY seq")
            .Add("SELECT arrival, id, sum, bytes FROM pool ORDER BY arrival")
            .Add("SELECT seq, sum, bytes FROM evidence ORDER BY seq");
        using var rows = batch.ExecuteReader(); // the first result is that of the first SELECT
        if (!rows.Read())
        {
            throw database.Damaged("the row of the writer is missing");
        }

        var (sequence, height) = (rows.GetInt64(0), rows.GetInt64(1));
        var final = ReadFinal(Next(rows), genesis, height, database.Damaged);
        var sets = ReadSets(Next(rows), database.Damaged);
        var state = ReadState(Next(rows), database.Damaged);
        var ledger = JournalLoading.LedgerOf(state, final, sets, database.Damaged);
        var inputs = ReadAll<JournalInput>(Next(rows), row =>
            SmallRows.ReadInput(row.GetInt64(0), row.Blob(1), row.GetInt64(2), row.Blob(3)) ?? throw database.Damaged($"input {row.GetInt64(0)}"));
        var pool = ReadAll<PoolEntry>(Next(rows), row =>
            SmallRows.ReadPool(row.GetInt64(0), row.Blob(1), row.GetInt64(2), row.Blob(3), genesis.Rules) ?? throw database.Damaged($"pool entry {row.GetInt64(0)}"));
        var evidence = ReadAll(Next(rows), row => EvidenceOf(row, database));
        return new JournalSnapshot((ulong)sequence, new JournalContents(final, state, sets, inputs, pool) { Ledger = ledger, Evidence = evidence });
    }

    internal static Evidence EvidenceOf(NpgsqlDataReader row, PostgresDatabase database) =>
        SmallRows.ReadEvidence(row.GetInt64(0), row.GetInt64(1), row.Blob(2)) ?? throw database.Damaged($"evidence {row.GetInt64(0)}");

    /// <summary>The block of a row with the columns height, hash, sum, certificate and bytes.</summary>
    internal static FinalBlock BlockOf(NpgsqlDataReader row, ChainRules rules, Func<string, JournalException> damaged)
    {
        var certified = !row.IsDBNull(3);
        return BlockRow.Read(
            row.GetInt64(0), row.Blob(1), row.GetInt64(2), certified, certified ? row.Blob(3) : [], row.Blob(4), rules, out var fault)
            ?? throw damaged($"final block {row.GetInt64(0)}: {fault}");
    }

    private static FinalBlock ReadFinal(NpgsqlDataReader rows, Genesis genesis, long height, Func<string, JournalException> damaged)
    {
        var blocks = new Dictionary<long, FinalBlock>();
        while (rows.Read())
        {
            if (rows.GetInt64(0) > height)
            {
                throw damaged($"the last final block should be {height}, there is {rows.GetInt64(0)}");
            }

            blocks.Add(rows.GetInt64(0), BlockOf(rows, genesis.Rules, damaged));
        }

        FinalBlock At(long at) => blocks.GetValueOrDefault(at) ?? throw damaged($"final block {at} is missing");
        var final = At(height);
        JournalLoading.CheckLink(final, height == 0 ? null : At(height - 1), genesis, damaged);
        return final;
    }

    private static ImmutableArray<EpochSnapshot> ReadSets(NpgsqlDataReader rows, Func<string, JournalException> damaged)
    {
        var sets = ReadAll(rows, row =>
            EpochRow.Read(row.GetInt64(0), row.GetInt64(1), row.Blob(2)) ?? throw damaged($"the validator set of epoch {row.GetInt64(0)}"));
        sets.Reverse();
        return [.. sets];
    }

    private static List<KeyValuePair<Hash256, ReadOnlyMemory<byte>>> ReadState(NpgsqlDataReader rows, Func<string, JournalException> damaged) =>
        ReadAll(rows, row => row.Blob(0) is { Length: Hash256.Size } key
            ? KeyValuePair.Create(new Hash256(key), (ReadOnlyMemory<byte>)row.Blob(1))
            : throw damaged($"a key of the state, {Hex.Encode(row.Blob(0))}"));

    private static List<T> ReadAll<T>(NpgsqlDataReader rows, Func<NpgsqlDataReader, T> read)
    {
        var all = new List<T>();
        while (rows.Read())
        {
            all.Add(read(rows));
        }

        return all;
    }

    private static NpgsqlDataReader Next(NpgsqlDataReader rows)
    {
        _ = rows.NextResult();
        return rows;
    }
}
