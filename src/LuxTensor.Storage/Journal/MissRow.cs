using System.Buffers.Binary;
using LuxTensor.Core;
using LuxTensor.Core.Wire;
using LuxTensor.Engine;
using LuxTensor.Storage.Sqlite;

namespace LuxTensor.Storage;

/// <summary>The rows that say why a duty was missed, one a height and validator; the last word replaces the one before.</summary>
internal static class MissRow
{
    internal const string UpsertSql =
        "INSERT INTO miss VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET sum = excluded.sum, bytes = excluded.bytes";

    internal const string SelectSql = "SELECT sum, bytes FROM miss WHERE height = ?1 AND validator = ?2";

    internal static void Upsert(Statement statement, MissedDuty duty)
    {
        Span<byte> height = stackalloc byte[8];
        Span<byte> validator = stackalloc byte[Address.Size];
        Bind(duty.Height, duty.Validator, height, validator);
        var bytes = Encode(duty);
        statement.Bind(1, height).Bind(2, validator).Bind(3, SumOf(duty.Height, validator, bytes)).Bind(4, bytes).Run();
    }

    /// <summary>Looks one up; null where there is none, an exception's text in <paramref name="damage"/> where it is damaged.</summary>
    internal static MissedDuty? Find(Statement statement, Address who, ulong at, out string? damage)
    {
        damage = null;
        Span<byte> height = stackalloc byte[8];
        Span<byte> validator = stackalloc byte[Address.Size];
        Bind(at, who, height, validator);
        using (statement.Bind(1, height).Bind(2, validator).Rows())
        {
            if (!statement.Step())
            {
                return null;
            }

            return Read(who, at, statement.Integer(0), statement.Blob(1), out damage);
        }
    }

    /// <summary>The duty of a row's values; null and what is wrong in <paramref name="damage"/> where it is damaged.</summary>
    internal static MissedDuty? Read(Address who, ulong at, long sum, ReadOnlySpan<byte> bytes, out string? damage)
    {
        Span<byte> validator = stackalloc byte[Address.Size];
        who.CopyTo(validator);
        var reader = new WireReader(bytes);
        var found = new MissedDuty(at, who, reader.UInt64(), (MissReason)reader.UInt8(), reader.UInt64(), reader.Hash());
        damage = sum == SumOf(at, validator, bytes) && reader.End() ? null : $"the missed duty of {who} at height {at}";
        return damage is null ? found : null;
    }

    internal static byte[] Encode(MissedDuty duty) =>
        new WireWriter(64).UInt64(duty.CountedBy).UInt8((byte)duty.Reason).UInt64(duty.Detail).Hash(duty.Voted).ToArray();

    private static void Bind(ulong height, Address validator, Span<byte> heightBytes, Span<byte> validatorBytes)
    {
        BinaryPrimitives.WriteUInt64BigEndian(heightBytes, height);
        validator.CopyTo(validatorBytes);
    }

    internal static long SumOf(ulong height, ReadOnlySpan<byte> validator, ReadOnlySpan<byte> bytes) =>
        RowSum.Of(RowKind.Miss, unchecked((long)height), 0, validator, bytes);
}
