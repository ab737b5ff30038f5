using LuxTensor.Core;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using Npgsql;
using static LuxTensor.Storage.Postgres.PostgresRows;

namespace LuxTensor.Storage.Postgres;

/// <summary>The guard's rows, read and written inside a transaction that <c>guard_enter</c> began.</summary>
internal static class PostgresGuardRows
{
    internal static SigningPosition? Watermark(NpgsqlConnection connection, Address validator, PostgresDatabase database) =>
        Position(connection, "watermark", RowKind.Watermark, validator, database);

    internal static SigningPosition? Blocked(NpgsqlConnection connection, Address validator, PostgresDatabase database) =>
        Position(connection, "blocked", RowKind.Blocked, validator, database);

    /// <summary>Raises the watermark; it never falls.</summary>
    internal static void RaiseWatermark(NpgsqlConnection connection, Address validator, SigningPosition position) =>
        Raise(connection, "watermark", RowKind.Watermark, validator, position);

    /// <summary>Notes what a validator's records lack; of several, the highest.</summary>
    internal static void Block(NpgsqlConnection connection, Address validator, SigningPosition position) =>
        Raise(connection, "blocked", RowKind.Blocked, validator, position);

    internal static void Unblock(NpgsqlConnection connection, Address validator) =>
        connection.Command("DELETE FROM blocked WHERE validator = $1", Bytes(validator)).ExecuteNonQuery();

    internal static SignedVote? Find(NpgsqlConnection connection, Address validator, SigningPosition position, PostgresDatabase database)
    {
        if (position.Height > long.MaxValue)
        {
            return null;
        }

        using var select = connection.Command(
            "SELECT epoch, block, signature, sum FROM signed WHERE validator = $1 AND height = $2 AND round = $3 AND phase = $4",
            Bytes(validator), Integer((long)position.Height), Integer(position.Round), Short(position.Phase));
        using var row = select.ExecuteReader();
        return row.Read() ? VoteOf(row, 0, validator, position, database) : null;
    }

    /// <summary>The newest votes of a validator, newest first.</summary>
    internal static List<(SigningPosition Position, SignedVote Vote)> Newest(NpgsqlConnection connection, Address validator, int limit, PostgresDatabase database)
    {
        using var select = connection.Command(
            "SELECT height, round, phase, epoch, block, signature, sum FROM signed WHERE validator = $1 ORDER BY height DESC, round DESC, phase DESC LIMIT $2",
            Bytes(validator), Integer(limit));
        using var row = select.ExecuteReader();
        var found = new List<(SigningPosition, SignedVote)>();
        while (row.Read())
        {
            var position = PositionOf(row, 0);
            found.Add((position, VoteOf(row, 3, validator, position, database)));
        }

        return found;
    }

    /// <summary>The highest position of a prepare or precommit, or at or below which everything is refused.</summary>
    internal static SigningPosition? Last(NpgsqlConnection connection, Address validator, PostgresDatabase database)
    {
        SigningPosition? signed;
        using (var select = connection.Command(
            $"SELECT height, round, phase FROM signed WHERE validator = $1 AND phase <> {(int)Phase.Propose} ORDER BY height DESC, round DESC, phase DESC LIMIT 1",
            Bytes(validator)))
        using (var row = select.ExecuteReader())
        {
            signed = row.Read() ? PositionOf(row, 0) : null;
        }

        return GuardStore.Max(signed, Watermark(connection, validator, database));
    }

    /// <summary>Every validator with a record of any kind, in order of address.</summary>
    internal static List<Address> Validators(NpgsqlConnection connection)
    {
        using var select = connection.Command("SELECT validator FROM signed UNION SELECT validator FROM watermark UNION SELECT validator FROM blocked ORDER BY validator");
        using var row = select.ExecuteReader();
        var found = new List<Address>();
        while (row.Read())
        {
            found.Add(new Address(row.Blob(0)));
        }

        return found;
    }

    /// <summary>Forgets all but the newest votes of a validator; what is forgotten is below the watermark from then on.</summary>
    internal static void Prune(NpgsqlConnection connection, Address validator, int kept)
    {
        SigningPosition cut;
        using (var oldest = connection.Command(
            "SELECT height, round, phase FROM signed WHERE validator = $1 ORDER BY height DESC, round DESC, phase DESC LIMIT 1 OFFSET $2",
            Bytes(validator), Integer(kept)))
        using (var row = oldest.ExecuteReader())
        {
            if (!row.Read())
            {
                return;
            }

            cut = PositionOf(row, 0);
        }

        RaiseWatermark(connection, validator, cut);
        connection.Command(
            "DELETE FROM signed WHERE validator = $1 AND (height, round, phase) <= ($2, $3, $4)",
            Bytes(validator), Integer((long)cut.Height), Integer(cut.Round), Short(cut.Phase)).ExecuteNonQuery();
    }

    internal static SigningPosition PositionOf(NpgsqlDataReader row, int column) =>
        new((ulong)row.GetInt64(column), (uint)row.GetInt64(column + 1), (Phase)row.GetInt16(column + 2));

    internal static SignedVote VoteOf(NpgsqlDataReader row, int column, Address validator, SigningPosition position, PostgresDatabase database)
    {
        var (epoch, block, signature) = (unchecked((ulong)row.GetInt64(column)), row.Blob(column + 1), row.Blob(column + 2));
        return block.Length == Hash256.Size && signature.Length == Signature.Size
            && row.GetInt64(column + 3) == GuardRows.SumOfSigned(validator, position, epoch, block, signature)
            ? new SignedVote(epoch, new Hash256(block), new Signature(signature))
            : throw database.Damaged($"the vote of {validator} at height {position.Height}, round {position.Round}, {position.Phase}");
    }

    /// <summary>The position in four columns from one on, the last of which is its checksum; null where they are.</summary>
    internal static SigningPosition? CheckedPosition(NpgsqlDataReader row, int column, RowKind kind, Address validator, PostgresDatabase database)
    {
        if (row.IsDBNull(column))
        {
            return null;
        }

        var position = PositionOf(row, column);
        return row.GetInt64(column + 3) == GuardRows.SumOfPosition(kind, validator, position)
            ? position
            : throw database.Damaged($"the {kind.ToString().ToLowerInvariant()} row of {validator}");
    }

    private static SigningPosition? Position(NpgsqlConnection connection, string table, RowKind kind, Address validator, PostgresDatabase database)
    {
        using var select = connection.Command($"SELECT height, round, phase, sum FROM {table} WHERE validator = $1", Bytes(validator));
        using var row = select.ExecuteReader();
        return row.Read() ? CheckedPosition(row, 0, kind, validator, database) : null;
    }

    private static void Raise(NpgsqlConnection connection, string table, RowKind kind, Address validator, SigningPosition position)
    {
        position = position with { Height = ulong.Min(position.Height, long.MaxValue) }; // no vote of a higher one is recorded anyhow
        connection.Command(
            $"INSERT INTO {table} VALUES ($1, $2, $3, $4, $5) ON CONFLICT (validator) DO UPDATE "
            + "SET height = excluded.height, round = excluded.round, phase = excluded.phase, sum = excluded.sum "
            + $"WHERE ({table}.height, {table}.round, {table}.phase) < (excluded.height, excluded.round, excluded.phase)",
            Bytes(validator), Integer((long)position.Height), Integer(position.Round), Short(position.Phase),
            Integer(GuardRows.SumOfPosition(kind, validator, position))).ExecuteNonQuery();
    }
}
