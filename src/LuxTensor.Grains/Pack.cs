using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using LuxTensor.Core;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Grains;

/// <summary>
/// Several byte strings as one: a length of 4 bytes before each. One array travels many times faster between silos than the
/// same items typed or one by one.
/// </summary>
internal static class Pack
{
    /// <summary>Most items in one call.</summary>
    public const int MostItems = 256;

    /// <summary>Bytes after which a call takes no further item.</summary>
    public const int MostBytes = 4 << 20;

    /// <summary>Joins.</summary>
    public static byte[] Of(IReadOnlyCollection<ReadOnlyMemory<byte>> items)
    {
        var bytes = new byte[items.Sum(static item => 4 + item.Length)];
        var at = 0;
        foreach (var item in items)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(at), (uint)item.Length);
            item.CopyTo(bytes.AsMemory(at + 4));
            at += 4 + item.Length;
        }

        return bytes;
    }

    /// <summary>Parts again.</summary>
    /// <exception cref="FormatException">The bytes are no pack: the silos run different versions.</exception>
    public static IEnumerable<ReadOnlyMemory<byte>> Read(ReadOnlyMemory<byte> pack)
    {
        while (!pack.IsEmpty)
        {
            var length = Item(pack.Span).Length;
            yield return pack.Slice(4, length);
            pack = pack[(4 + length)..];
        }
    }

    /// <summary>A vote's bytes.</summary>
    public static byte[] Encode(Vote vote)
    {
        var writer = new WireWriter(Vote.Size);
        vote.Write(writer);
        return writer.ToArray();
    }

    /// <summary>The vote that the bytes are; null where they are none.</summary>
    public static Vote? ReadVote(ReadOnlySpan<byte> bytes)
    {
        var reader = new WireReader(bytes);
        var vote = Vote.Read(ref reader);
        return reader.End() ? vote : null;
    }

    /// <summary>
    /// The votes of a pack, those that follow each other and say the same together; malformed ones are left out. Nothing is
    /// decoded twice: a ballot is compared with the last one as bytes.
    /// </summary>
    public static IReadOnlyList<VoteRun> ReadRuns(ReadOnlyMemory<byte> pack)
    {
        var runs = new List<VoteRun>();
        var bytes = pack.Span;
        while (!bytes.IsEmpty)
        {
            var said = Item(bytes);
            var ballot = said.Length == Vote.Size ? said[..Ballot.Size] : default;
            var count = 0;
            for (var rest = bytes; !rest.IsEmpty && Item(rest) is { Length: Vote.Size } item && item.StartsWith(ballot); rest = rest[(4 + Vote.Size)..])
            {
                count++;
            }

            var reader = new WireReader(ballot);
            var decoded = Ballot.Read(ref reader);
            if (count > 0 && reader.End())
            {
                runs.Add(new VoteRun(decoded, ReadSigners(bytes, count)));
            }

            bytes = bytes[(count > 0 ? count * (4 + Vote.Size) : 4 + said.Length)..];
        }

        return runs;
    }

    /// <summary>The votes of a pack; malformed ones are left out.</summary>
    public static List<Vote> ReadVotes(ReadOnlyMemory<byte> pack)
    {
        var votes = new List<Vote>();
        foreach (var item in Read(pack))
        {
            if (ReadVote(item.Span) is { } vote)
            {
                votes.Add(vote);
            }
        }

        return votes;
    }

    /// <summary>The first item.</summary>
    private static ReadOnlySpan<byte> Item(ReadOnlySpan<byte> pack)
    {
        var length = pack.Length < 4 ? uint.MaxValue : BinaryPrimitives.ReadUInt32BigEndian(pack);
        return length <= pack.Length - 4
            ? pack.Slice(4, (int)length)
            : throw new FormatException("these bytes are no pack: do all silos run the same version?");
    }

    private static ImmutableArray<SignedBy> ReadSigners(ReadOnlySpan<byte> items, int count)
    {
        var signers = new SignedBy[count];
        foreach (ref var signer in signers.AsSpan())
        {
            var bytes = items.Slice(4 + Ballot.Size, SignedBy.Size);
            signer = new SignedBy(new Address(bytes[..Address.Size]), new Signature(bytes[Address.Size..]));
            items = items[(4 + Vote.Size)..];
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(signers);
    }
}
