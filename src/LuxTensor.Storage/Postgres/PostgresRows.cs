using LuxTensor.Core;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using Npgsql;
using NpgsqlTypes;

namespace LuxTensor.Storage.Postgres;

/// <summary>Values in the forms that the statements take and give.</summary>
internal static class PostgresRows
{
    internal static NpgsqlBatch Add(this NpgsqlBatch batch, string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        batch.BatchCommands.Add(command);
        return batch;
    }

    /// <summary>A statement of its own.</summary>
    internal static NpgsqlCommand Command(this NpgsqlConnection connection, string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        return command;
    }

    internal static NpgsqlParameter Integer(long value) => new NpgsqlParameter<long> { TypedValue = value };

    internal static NpgsqlParameter Integer(long? value) => new() { Value = value ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint };

    internal static NpgsqlParameter Small(int value) => new NpgsqlParameter<int> { TypedValue = value };

    internal static NpgsqlParameter Short(Phase value) => new NpgsqlParameter<short> { TypedValue = (short)value };

    internal static NpgsqlParameter Truth(bool value) => new NpgsqlParameter<bool> { TypedValue = value };

    internal static NpgsqlParameter Bytes(byte[] value) => new NpgsqlParameter<byte[]> { TypedValue = value };

    internal static NpgsqlParameter Bytes(Hash256 value) => Bytes(value.ToArray());

    internal static NpgsqlParameter Bytes(Address value) => Bytes(value.ToBytes());

    internal static NpgsqlParameter Decimal(ulong value) => new NpgsqlParameter<decimal> { TypedValue = value };

    internal static NpgsqlParameter Integers(IReadOnlyCollection<long> values) => Array(values, NpgsqlDbType.Bigint);

    internal static NpgsqlParameter Smalls(IReadOnlyCollection<int> values) => Array(values, NpgsqlDbType.Integer);

    internal static NpgsqlParameter Shorts(IReadOnlyCollection<short> values) => Array(values, NpgsqlDbType.Smallint);

    internal static NpgsqlParameter Blobs(IReadOnlyCollection<byte[]?> values) => Array(values, NpgsqlDbType.Bytea);

    internal static byte[] ToBytes(this Address address)
    {
        var bytes = new byte[Address.Size];
        address.CopyTo(bytes);
        return bytes;
    }

    internal static byte[] BigEndian(ulong value)
    {
        var bytes = new byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        return bytes;
    }

    internal static byte[] Blob(this NpgsqlDataReader row, int column) => row.GetFieldValue<byte[]>(column);

    private static NpgsqlParameter Array<T>(IReadOnlyCollection<T> values, NpgsqlDbType element) =>
        new() { Value = values as T[] ?? [.. values], NpgsqlDbType = NpgsqlDbType.Array | element };
}
