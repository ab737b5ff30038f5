using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using LuxTensor.Network;

namespace LuxTensor.Tests.Network;

public sealed class GossipCodecTests
{
    private static readonly GossipParameters Rules = new();

    private static Rpc Read(ReadOnlyMemory<byte> frame, GossipParameters? rules = null)
    {
        var prefix = Proto.ReadVarint(frame.Span, out var length);
        Assert.Equal(frame.Length, prefix + (int)length);
        return Assert.IsType<Rpc>(new RpcReader(rules ?? Rules).Read(frame[prefix..]));
    }

    private static Rpc Random(Random random)
    {
        ImmutableArray<T> Some<T>(Func<T> one) => [.. Enumerable.Range(0, random.Next(4)).Select(_ => one())];
        string Topic() => new((char)random.Next('a', 'ÿ'), random.Next(0, 100));
        MessageId Id()
        {
            var bytes = new byte[MessageId.Size];
            random.NextBytes(bytes);
            return new MessageId(bytes);
        }

        return new Rpc
        {
            Subscriptions = Some(() => new Subscription(random.Next(2) == 0, Topic())),
            Haves = Some(() => new Have(Topic(), [Id(), .. Some(Id)])),
            Wants = Some(Id),
            Grafts = Some(Topic),
            Prunes = Some(() => new Prune(Topic(), (ulong)random.NextInt64())),
            DontWants = Some(Id),
        };
    }

    private static void Same(Rpc expected, Rpc actual)
    {
        Assert.Equal(expected.Subscriptions.ToArray(), actual.Subscriptions.ToArray());
        Assert.Equal(expected.Haves.Select(have => have.Topic), actual.Haves.Select(have => have.Topic));
        Assert.Equal(expected.Haves.SelectMany(have => have.Ids), actual.Haves.SelectMany(have => have.Ids));
        Assert.Equal(expected.Wants.ToArray(), actual.Wants.ToArray());
        Assert.Equal(expected.Grafts.ToArray(), actual.Grafts.ToArray());
        Assert.Equal(expected.Prunes.ToArray(), actual.Prunes.ToArray());
        Assert.Equal(expected.DontWants.ToArray(), actual.DontWants.ToArray());
        Assert.False(actual.IsCut);
    }

    [Fact]
    public void What_is_written_is_read_again() =>
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var rpc = Random(new Random(seed));
            Same(rpc, Read(RpcWriter.Frame(rpc)));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_message_is_read_again_as_it_was_written() =>
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), ArbMap.Default.ArbFor<NonEmptyString>(), (data, topic) =>
        {
            var name = topic.Get.Length > 60 ? topic.Get[..60] : topic.Get;
            if (name.Any(char.IsSurrogate))
            {
                return;
            }

            var wire = WireMessage.Of(name, data);
            var read = Assert.Single(Read(wire.Frame).Messages);
            Assert.Equal((name, wire.Id, false), (read.Topic, read.Id, read.IsSigned));
            Assert.Equal(data, read.Data.ToArray());
            Assert.Equal(data, wire.Data.ToArray());
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_frame_is_what_other_implementations_write()
    {
        Assert.Equal("0a" + "1208" + "1203616263" + "220174", Convert.ToHexStringLower(WireMessage.Of("t", "abc"u8).Frame.Span));
        Assert.Equal("07" + "0a05" + "0801" + "120174", Convert.ToHexStringLower(RpcWriter.Frame(new Rpc { Subscriptions = [new Subscription(true, "t")] })));
        Assert.Equal("07" + "1a05" + "1a03" + "0a0174", Convert.ToHexStringLower(RpcWriter.Frame(new Rpc { Grafts = ["t"] })));
        Assert.Equal("09" + "1a07" + "2205" + "0a0174" + "183c", Convert.ToHexStringLower(RpcWriter.Frame(new Rpc { Prunes = [new Prune("t", 60)] })));
        var id = new MessageId(new byte[20]);
        Assert.Equal("1a" + "1a18" + "1216" + "0a14" + new string('0', 40), Convert.ToHexStringLower(RpcWriter.Frame(new Rpc { Wants = [id] })));
        Assert.Equal("1a" + "1a18" + "2a16" + "0a14" + new string('0', 40), Convert.ToHexStringLower(RpcWriter.Frame(new Rpc { DontWants = [id] })));
        Assert.Equal("1d" + "1a1b" + "0a19" + "0a0174" + "1214" + new string('0', 40), Convert.ToHexStringLower(RpcWriter.Frame(new Rpc { Haves = [new Have("t", [id])] })));
    }

    [Theory]
    [InlineData("0a0101")] // from
    [InlineData("1a0101")] // seqno
    [InlineData("2a0101")] // signature
    [InlineData("320101")] // key
    public void A_message_with_author_or_signature_is_marked(string field)
    {
        var message = Convert.FromHexString("120161" + "220174" + field);
        Assert.True(Assert.Single(Assert.IsType<Rpc>(new RpcReader(Rules).Read((byte[])[0x12, (byte)message.Length, .. message])).Messages).IsSigned);
    }

    [Theory]
    [InlineData("1203120161")] // no topic
    [InlineData("12")] // no length
    [InlineData("1205120161")] // longer than the frame
    [InlineData("0a020801")] // a subscription to nothing
    [InlineData("1a0522ffffffff")] // a broken entry
    [InlineData("1b1c")] // a group
    [InlineData("00")] // field 0
    [InlineData("80808080808080808080")] // a varint that does not end
    public void What_is_not_gossipsub_is_refused(string hex) => Assert.Null(new RpcReader(Rules).Read(Convert.FromHexString(hex)));

    [Fact]
    public void Unknown_fields_are_skipped_and_ids_of_another_length_left_out()
    {
        var rpc = new RpcReader(Rules).Read(Convert.FromHexString("2a0100" + "3005" + "3d00000000" + "410000000000000000" + "1a05" + "1203" + "0a0101"));
        Assert.NotNull(rpc);
        Assert.True(rpc.Wants.IsEmpty);
        Assert.False(rpc.IsCut);
    }

    [Fact]
    public void What_is_beyond_the_limits_is_cut_off_and_marked()
    {
        var rules = new GossipParameters { MaxEntriesPerFrame = 3, MaxIdsPerFrame = 5, MaxMessagesPerFrame = 2 };
        MessageId[] ids = [.. Enumerable.Range(0, 4).Select(i => MessageId.Of("t", new[] { (byte)i }))];
        var subscriptions = Read(RpcWriter.Frame(new Rpc { Subscriptions = [.. "abcd".Select(c => new Subscription(true, $"{c}"))] }), rules);
        Assert.Equal((3, true), (subscriptions.Subscriptions.Length, subscriptions.IsCut));
        var grafts = Read(RpcWriter.Frame(new Rpc { Grafts = ["a", "b", "c", "d"] }), rules);
        Assert.Equal((3, true), (grafts.Grafts.Length, grafts.IsCut));
        var prunes = Read(RpcWriter.Frame(new Rpc { Prunes = [.. "abcd".Select(c => new Prune($"{c}", 1))] }), rules);
        Assert.Equal((3, true), (prunes.Prunes.Length, prunes.IsCut));
        var haves = Read(RpcWriter.Frame(new Rpc { Haves = [new Have("a", [.. ids]), new Have("b", [.. ids])] }), rules);
        Assert.Equal((5, true), (haves.Haves.Sum(have => have.Ids.Length), haves.IsCut));
        var wants = Read(RpcWriter.Frame(new Rpc { Wants = [.. ids, .. ids] }), rules);
        Assert.Equal((5, true), (wants.Wants.Length, wants.IsCut));
        var dontWants = Read(RpcWriter.Frame(new Rpc { DontWants = [.. ids, .. ids] }), rules);
        Assert.Equal((5, true), (dontWants.DontWants.Length, dontWants.IsCut));
        byte[] message = [0x12, 6, 0x12, 1, 1, 0x22, 1, (byte)'t'];
        var messages = new RpcReader(rules).Read((byte[])[.. message, .. message, .. message]);
        Assert.Equal((2, true), (messages!.Messages.Length, messages.IsCut));
        var name = Read(RpcWriter.Frame(new Rpc { Grafts = [new string('x', 257)] }));
        Assert.True(name is { Grafts.IsEmpty: true, IsCut: true });
    }

    [Fact]
    public void Any_bytes_are_read_or_refused_and_never_cost_more_than_they_justify()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var reader = new RpcReader(Rules);
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = Mutated(random);
            try
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                var rpc = reader.Read(bytes);
                var cost = GC.GetAllocatedBytesForCurrentThread() - before;
                Assert.True(cost <= 4096 + (64L * bytes.Length), $"{cost} bytes for a frame of {bytes.Length}");
                Assert.True(rpc is null || rpc.Messages.All(message => message.Data.Length <= bytes.Length));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}, frame {i}: {Convert.ToHexStringLower(bytes)}", e);
            }
        }
    }

    [Fact]
    public void A_router_survives_any_frames()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var bench = new GossipBench(seed: seed);
        var reader = new RpcReader(Rules);
        for (var i = 0; i < 8; i++)
        {
            bench.Join($"p{i}", isOutbound: i % 2 == 0);
        }

        for (var i = 0; i < 5_000; i++)
        {
            if (reader.Read(Mutated(random)) is { } rpc)
            {
                foreach (var delivered in bench.Receive($"p{random.Next(8)}", rpc).OfType<GossipEffect.Deliver>())
                {
                    bench.Step(new GossipInput.Judged(delivered.Message.Id, (GossipVerdict)random.Next(3)));
                }
            }

            if (i % 50 == 0)
            {
                bench.Heartbeat();
            }
        }

        var figures = bench.Router.Figures;
        Assert.True(figures is { Peers: 8, Topics: 1, Subscriptions: <= 8 * 64, Pending: 0 }, $"seed {seed}: {figures}");
    }

    private static byte[] Mutated(Random random)
    {
        var rpc = Random(random) with { };
        var frame = random.Next(3) == 0 ? WireMessage.Of(GossipBench.Topic, new byte[random.Next(300)]).Frame.ToArray() : RpcWriter.Frame(rpc);
        var bytes = frame[Proto.ReadVarint(frame, out _)..];
        for (var flips = random.Next(4); flips > 0 && bytes.Length > 0; flips--)
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }

        return random.Next(5) == 0 ? bytes[..random.Next(bytes.Length + 1)] : bytes;
    }
}
