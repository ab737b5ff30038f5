using System.Buffers.Binary;
using LuxTensor.Core;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Storage.Sqlite;

namespace LuxTensor.Storage;

/// <summary>A vote as the guard remembers it.</summary>
internal readonly record struct SignedVote(ulong Epoch, Hash256 Block, Signature Signature);

/// <summary>The guard's tables, their checksums, and the places of votes in them.</summary>
internal static class GuardRows
{
    internal static readonly Schema Schema = new("signing guard", 0x4C58_5447, 1,
    [
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID",
        """
        CREATE TABLE signed (
            validator BLOB NOT NULL CHECK (length(validator) = 20), height INTEGER NOT NULL, round INTEGER NOT NULL,
            phase INTEGER NOT NULL, epoch INTEGER NOT NULL, block BLOB NOT NULL CHECK (length(block) = 32),
            signature BLOB NOT NULL CHECK (length(signature) = 64), sum INTEGER NOT NULL,
            PRIMARY KEY (validator, height, round, phase)) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE watermark (
            validator BLOB PRIMARY KEY CHECK (length(validator) = 20), height INTEGER NOT NULL, round INTEGER NOT NULL,
            phase INTEGER NOT NULL, sum INTEGER NOT NULL) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE blocked (
            validator BLOB PRIMARY KEY CHECK (length(validator) = 20), height INTEGER NOT NULL, round INTEGER NOT NULL,
            phase INTEGER NOT NULL, sum INTEGER NOT NULL) STRICT, WITHOUT ROWID
        """,
    ]);

    internal static Statement BindPosition(this Statement statement, int index, SigningPosition position) =>
        statement.Bind(index, checked((long)position.Height)).Bind(index + 1, position.Round).Bind(index + 2, (long)position.Phase);

    internal static Statement BindAddress(this Statement statement, int index, Address address)
    {
        Span<byte> bytes = stackalloc byte[Address.Size];
        address.CopyTo(bytes);
        return statement.Bind(index, bytes);
    }

    internal static SigningPosition Position(this Statement row, int column) =>
        new((ulong)row.Integer(column), (uint)row.Integer(column + 1), (Phase)row.Integer(column + 2));

    internal static long SumOfSigned(Address validator, SigningPosition position, ulong epoch, ReadOnlySpan<byte> block, ReadOnlySpan<byte> signature)
    {
        Span<byte> x = stackalloc byte[Address.Size + 13 + Hash256.Size];
        WritePlace(x, validator, position);
        block.CopyTo(x[(Address.Size + 13)..]);
        return RowSum.Of(RowKind.Signed, (long)position.Height, unchecked((long)epoch), x, signature);
    }

    /// <summary>The checksum of a row that holds one position: of <c>watermark</c> or <c>blocked</c>.</summary>
    internal static long SumOfPosition(RowKind kind, Address validator, SigningPosition position)
    {
        Span<byte> x = stackalloc byte[Address.Size + 13];
        WritePlace(x, validator, position);
        return RowSum.Of(kind, 0, 0, x);
    }

    private static void WritePlace(Span<byte> destination, Address validator, SigningPosition position)
    {
        validator.CopyTo(destination);
        BinaryPrimitives.WriteUInt64BigEndian(destination[Address.Size..], position.Height);
        BinaryPrimitives.WriteUInt32BigEndian(destination[(Address.Size + 8)..], position.Round);
        destination[Address.Size + 12] = (byte)position.Phase;
    }
}
