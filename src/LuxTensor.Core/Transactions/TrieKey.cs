using System.Buffers.Binary;
using System.Numerics;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Transactions;

/// <summary>A key of 64 digits of four bits, ordered as a number: <paramref name="A"/> is the most significant part.</summary>
internal readonly record struct TrieKey(ulong A, ulong B, ulong C, ulong D)
{
    internal const int Digits = 64;

    internal static TrieKey Of(Hash256 hash)
    {
        Span<byte> bytes = stackalloc byte[Hash256.Size];
        hash.CopyTo(bytes);
        return Read(bytes);
    }

    internal static TrieKey Of(Address address)
    {
        Span<byte> bytes = stackalloc byte[Hash256.Size];
        bytes[..^Address.Size].Clear();
        address.CopyTo(bytes[^Address.Size..]);
        return Read(bytes);
    }

    internal static TrieKey Of(ulong number) => new(0, 0, 0, number);

    internal int Digit(int index)
    {
        var part = (index >> 4) switch { 0 => A, 1 => B, 2 => C, _ => D };
        return (int)(part >> (60 - ((index & 15) * 4))) & 15;
    }

    /// <summary>The first digit in which two keys differ, or <see cref="Digits"/>.</summary>
    internal int FirstDifference(TrieKey other)
    {
        if (A != other.A)
        {
            return BitOperations.LeadingZeroCount(A ^ other.A) >> 2;
        }

        if (B != other.B)
        {
            return 16 + (BitOperations.LeadingZeroCount(B ^ other.B) >> 2);
        }

        return C != other.C
            ? 32 + (BitOperations.LeadingZeroCount(C ^ other.C) >> 2)
            : 48 + (BitOperations.LeadingZeroCount(D ^ other.D) >> 2); // of equal parts the count is 64: 48 + 16 digits
    }

    private static TrieKey Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]), BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]));
}
