using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.State;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;

namespace LuxTensor.Tests.Core.Wire;

/// <summary>WIR-1, WIR-4 and WIR-5 on every value that travels or is stored.</summary>
public sealed class CodecTests
{
    private const int Limit = 1 << 20;

    // Decodes and encodes again; null where the bytes are refused.
    private delegate byte[]? Codec(ReadOnlySpan<byte> bytes);

    private static readonly Dictionary<string, (Func<Random, byte[]> Sample, Codec Codec)> Codecs = new()
    {
        ["transaction"] = (
            static random => Given.AnyTransaction(random).Encoded.ToArray(),
            static bytes => Transaction.TryDecode(bytes, Limit, out var it, out _) ? it!.Encoded.ToArray() : null),
        ["vote"] = (
            static random => Written(Given.Vote(random).Write),
            static bytes =>
            {
                var reader = new WireReader(bytes);
                var vote = Vote.Read(ref reader);
                return reader.End() ? Written(vote.Write) : null;
            }
        ),
        ["certificate"] = (
            static random => Written(Given.Certificate(random).Write),
            static bytes =>
            {
                var reader = new WireReader(bytes);
                var certificate = Certificate.Read(ref reader);
                return reader.End() ? Written(certificate.Write) : null;
            }
        ),
        ["header"] = (
            static random => Written(Given.Block(random).Header.Write),
            static bytes =>
            {
                var reader = new WireReader(bytes);
                var header = BlockHeader.Read(ref reader);
                return reader.End() ? Written(header.Write) : null;
            }
        ),
        ["block"] = (
            static random => Given.Block(random).Encoded.ToArray(),
            static bytes => Block.TryDecode(bytes, Limit, Limit, out var it, out _) ? it!.Encoded.ToArray() : null),
        ["genesis"] = (
            static random => Given.Genesis(random.Next(1, 3), random.Next(4)).Encoded.ToArray(),
            static bytes => Genesis.TryDecode(bytes, out var it, out _) ? it.Encoded.ToArray() : null),
        ["account"] = (
            static random => new Account((ulong)random.NextInt64(), Given.Amount(random)).Encode(),
            static bytes => Account.TryDecode(bytes, out var it, out _) ? it.Encode() : null),
        ["message"] = (
            static random => MessageCodec.Encode(Given.ChainId, Given.Message(random)),
            static bytes => MessageCodec.TryDecode(bytes, Given.Rules, out var it, out _) ? MessageCodec.Encode(Given.ChainId, it!) : null),
    };

    public static TheoryData<string> Names => [.. Codecs.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void WIR_1_what_is_encoded_decodes_to_the_same_bytes(string name) => Seeds.Each(100, random =>
    {
        var bytes = Codecs[name].Sample(random);
        Assert.Equal(bytes, Codecs[name].Codec(bytes));
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void WIR_5_bytes_cut_anywhere_or_followed_by_one_more_are_refused(string name) => Seeds.Each(5, random =>
    {
        var bytes = Codecs[name].Sample(random);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Null(Codecs[name].Codec(bytes.AsSpan(0, length)));
        }

        Assert.Null(Codecs[name].Codec([.. bytes, 0]));
    });

    /// <summary>LUXTENSOR_FUZZ sets the number of mutations.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void WIR_1_mutated_bytes_are_refused_or_are_another_value_with_that_encoding(string name)
    {
        const int EachSeed = 200;
        var accepted = 0;
        Seeds.Each(Seeds.FuzzCount(20_000) / EachSeed, random =>
        {
            var original = Codecs[name].Sample(random);
            for (var i = 0; i < EachSeed; i++)
            {
                var bytes = Mutate(original, random);
                var again = Codecs[name].Codec(bytes);
                if (again is not null)
                {
                    Assert.Equal(bytes, again);
                    accepted++;
                }
            }
        });
        Assert.True(accepted > 0, "no mutation was accepted: the property was never tried");
    }

    [Fact]
    public void WIR_4_counts_of_billions_allocate_nothing()
    {
        byte[] huge = [0xFF, 0xFF, 0xFF, 0xFF];
        byte[] large = [0x7F, 0xFF, 0xFF, 0xFF];
        byte[] allowed = [0, 6, 0x1A, 0x80]; // as many accounts as a genesis may have, and none of them there
        var genesis = Given.Genesis(1, 0).Encoded.ToArray();
        byte[][] bad =
        [
            .. new[] { huge, large, allowed }.SelectMany(count => new byte[][]
            {
                [.. Given.Data(0, 0).Encoded.Span[..66], .. count, .. new byte[64]],
                [.. Written(Given.Certificate(new Random(1)).Write).AsSpan(0, 61), .. count],
                [.. Written(Given.Block(new Random(1)).Header.Write), 0, .. count],
                [.. genesis.AsSpan(0, genesis.Length - 4), .. count],
                [1, .. new byte[7], (byte)Given.ChainId, 9, .. count],
            }),
        ];
        foreach (var (sample, codec) in Codecs.Values)
        {
            _ = codec(sample(new Random(1))); // whatever is made once, is made now
        }

        foreach (var bytes in bad)
        {
            foreach (var (name, (_, codec)) in Codecs)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                Assert.Null(codec(bytes));
                var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
                Assert.True(allocated < 64 << 10, $"{name} allocated {allocated} bytes for a count that it refuses");
            }
        }
    }

    private static byte[] Written(Action<WireWriter> write)
    {
        var writer = new WireWriter();
        write(writer);
        return writer.ToArray();
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        var bytes = original.ToList();
        for (var edits = random.Next(1, 4); edits > 0; edits--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes[at] = random.Next(2) == 0 ? byte.MinValue : byte.MaxValue;
                    break;
                case 3:
                    bytes.Insert(at, (byte)random.Next(256));
                    break;
                case 4 when bytes.Count > 1:
                    bytes.RemoveAt(at);
                    break;
                default:
                    bytes.AddRange(bytes.GetRange(at, int.Min(8, bytes.Count - at)));
                    break;
            }
        }

        return [.. bytes];
    }
}
