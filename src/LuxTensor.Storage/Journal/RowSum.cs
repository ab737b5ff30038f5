using System.Buffers.Binary;
using System.Security.Cryptography;

namespace LuxTensor.Storage;

/// <summary>Which table a row is of; part of its checksum, so that no row passes for one of another table.</summary>
internal enum RowKind : byte
{
    Head = 1,
    Block,
    Place,
    Input,
    Pool,
    Evidence,
    Signed,
    Watermark,
    Blocked,
    Epoch,
    Miss,
    Vote,
    Peer,
}

/// <summary>
/// The checksum of a row: the first 64 bits of a SHA-256 over all that the row says. Databases check the form of their pages,
/// rarely their content; this finds a changed byte in the content. It is no protection against somebody who means it.
/// </summary>
internal static class RowSum
{
    private const int MaxStackBytes = 512;
    private const int FixedSize = 1 + 8 + 8 + 4;

    internal static long Of(RowKind kind, long a, long b, ReadOnlySpan<byte> x, ReadOnlySpan<byte> y = default)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        Span<byte> small = stackalloc byte[MaxStackBytes];
        small[0] = (byte)kind;
        BinaryPrimitives.WriteInt64LittleEndian(small[1..], a);
        BinaryPrimitives.WriteInt64LittleEndian(small[9..], b);
        BinaryPrimitives.WriteInt32LittleEndian(small[17..], x.Length);
        if (FixedSize + x.Length + y.Length <= MaxStackBytes)
        {
            x.CopyTo(small[FixedSize..]);
            y.CopyTo(small[(FixedSize + x.Length)..]);
            SHA256.HashData(small[..(FixedSize + x.Length + y.Length)], digest);
        }
        else
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            hash.AppendData(small[..FixedSize]);
            hash.AppendData(x);
            hash.AppendData(y);
            hash.GetHashAndReset(digest);
        }

        return BinaryPrimitives.ReadInt64LittleEndian(digest);
    }
}

/// <summary>
/// How many rows a table has and the sum of their checksums, modulo 2^64: changes with every row that is lost, added or
/// changed, and is kept up to date by adding and subtracting.
/// </summary>
internal readonly record struct Tally(long Count, long Sum)
{
    internal Tally With(long rowSum) => new(Count + 1, unchecked(Sum + rowSum));

    internal Tally Without(long rowSum) => new(Count - 1, unchecked(Sum - rowSum));
}
