using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using LuxTensor.Crypto;

namespace LuxTensor.Network;

/// <summary>
/// A message's id: the first 20 bytes of SHA-256(length of the topic as 4 bytes big-endian || topic || data). It depends on nothing but
/// what is said, so the same message from two peers is one message. Every node of a network must use it.
/// </summary>
internal readonly struct MessageId : IEquatable<MessageId>
{
    public const int Size = 20;
    private const int OneShot = 2048;

    private readonly ulong a;
    private readonly ulong b;
    private readonly uint c;

    public MessageId(ReadOnlySpan<byte> bytes)
    {
        a = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        b = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
        c = BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..Size]);
    }

    public static MessageId Of(string topic, ReadOnlySpan<byte> data)
    {
        Span<byte> name = stackalloc byte[GossipParameters.MaxTopicBytes];
        return Of(name[..Encoding.UTF8.GetBytes(topic, name)], data);
    }

    [SkipLocalsInit]
    public static MessageId Of(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> data)
    {
        Span<byte> digest = stackalloc byte[Hash256.Size];
        var length = 4 + topic.Length + data.Length;
        if (length <= OneShot)
        {
            Span<byte> whole = stackalloc byte[OneShot];
            BinaryPrimitives.WriteInt32BigEndian(whole, topic.Length);
            topic.CopyTo(whole[4..]);
            data.CopyTo(whole[(4 + topic.Length)..]);
            Sha256.Hash(whole[..length]).CopyTo(digest);
        }
        else
        {
            Span<byte> prefix = stackalloc byte[4];
            BinaryPrimitives.WriteInt32BigEndian(prefix, topic.Length);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            hash.AppendData(prefix);
            hash.AppendData(topic);
            hash.AppendData(data);
            hash.GetHashAndReset(digest);
        }

        return new MessageId(digest[..Size]);
    }

    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, a);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], b);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[16..Size], c);
    }

    public bool Equals(MessageId other) => a == other.a && b == other.b && c == other.c;

    public override bool Equals([NotNullWhen(true)] object? obj) => obj is MessageId other && Equals(other);

    // Peers choose the ids they tell of: the process's own seed keeps them from choosing one bucket.
    public override int GetHashCode() => HashCode.Combine(a, b, c);

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        CopyTo(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
