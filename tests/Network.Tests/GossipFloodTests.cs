using System.Collections.Immutable;
using LuxTensor.Network;
using static LuxTensor.Tests.Network.GossipBench;

namespace LuxTensor.Tests.Network;

/// <summary>One peer attacks, an honest one goes on publishing: what the attacked node holds stays bounded, and the honest is heard.</summary>
public sealed class GossipFloodTests : IAsyncDisposable
{
    private readonly MemoryNetwork network = new();
    private readonly SteppedTime time = new();
    private readonly GossipNode victim;
    private readonly GossipNode honest;
    private readonly MemorySwarm attacker;

    public GossipFloodTests()
    {
        victim = new GossipNode(network.Add("victim"), new GossipOptions { Time = time, SendQueueBytes = 2 << 20 });
        honest = new GossipNode(network.Add("honest"));
        attacker = network.Add("attacker");
        MemoryNetwork.Connect((MemorySwarm)honest.Swarm, (MemorySwarm)victim.Swarm);
    }

    public async ValueTask DisposeAsync()
    {
        await victim.DisposeAsync();
        await honest.DisposeAsync();
    }

    private async Task<IPeerStream> AttackAsync(bool reads = true)
    {
        attacker.Serve("/meshsub/1.2.0", 4, async (stream, cancellation) =>
        {
            var buffer = new byte[65536];
            while (reads && await stream.ReadAsync(buffer, cancellation) > 0)
            {
            }

            await Task.Delay(Timeout.Infinite, reads ? cancellation : CancellationToken.None);
        });
        await honest.MeshAsync(1);
        MemoryNetwork.Connect(attacker, (MemorySwarm)victim.Swarm);
        var stream = await attacker.OpenAsync(victim.Swarm.Self, ["/meshsub/1.2.0"], CancellationToken.None);
        await SendAsync(stream, new Rpc { Subscriptions = [new Subscription(true, Topic)] });
        await victim.MeetsAsync(2);
        return stream;
    }

    private static async Task SendAsync(IPeerStream stream, Rpc rpc) => await stream.WriteAsync(RpcWriter.Frame(rpc), CancellationToken.None);

    private static ImmutableArray<MessageId> Ids(int count, int seed)
    {
        var random = new Random(seed);
        var bytes = new byte[MessageId.Size];
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            random.NextBytes(bytes);
            return new MessageId(bytes);
        })];
    }

    private async Task HonestIsHeardAsync(string text)
    {
        Assert.True(honest.Publish(text));
        while (GossipNode.Text(await victim.NextAsync()) != text)
        {
        }
    }

    // The attacker goes on, and the honest peer with it, until the victim disconnects the attacker.
    private async Task UntilCutOffAsync(Func<int, Task> attack)
    {
        var disconnected = ((MemorySwarm)victim.Swarm).Disconnected.ReadAsync().AsTask();
        try
        {
            for (var i = 0; !disconnected.IsCompleted; i++)
            {
                await attack(i);
                if (i % 100 == 0)
                {
                    await HonestIsHeardAsync($"honest {i}");
                    time.Advance(TimeSpan.FromSeconds(1));
                }
            }
        }
        catch (StreamException)
        {
            // cut off while writing
        }

        Assert.Equal(attacker.Self, (await disconnected.WaitAsync(Deadline.Generous)).Peer);
    }

    private Task<RouterFigures> FiguresAsync() => victim.Gossip.AskAsync(router => router.Figures);

    private Task<double> ScoreAsync() => victim.Gossip.AskAsync(router => router.Peers.TryGetValue(attacker.Self, out var peer) ? peer.Score.Value : -1000);

    [Fact]
    public async Task A_flood_of_what_a_peer_claims_to_have()
    {
        var stream = await AttackAsync();
        for (var i = 0; i < 300; i++)
        {
            await SendAsync(stream, new Rpc { Haves = [new Have(Topic, Ids(5000, i))] });
            if (i % 30 == 0)
            {
                await HonestIsHeardAsync($"honest {i}");
                time.Advance(TimeSpan.FromSeconds(1));
                var figures = await FiguresAsync();
                Assert.True(figures.Promises <= 40, $"{figures}");
                Assert.True(figures.Seen <= 40, $"{figures}");
            }
        }

        var asked = await victim.Gossip.AskAsync(router => router.Counts.Asked);
        Assert.True(asked <= 5000 * 11, $"{asked} ids were asked for");
    }

    [Fact]
    public async Task A_flood_of_the_same_again_and_again()
    {
        var stream = await AttackAsync();
        byte[] much = [.. Enumerable.Repeat(WireMessage.Of(Topic, "the same"u8).Frame.ToArray(), 5_000).SelectMany(static it => it)];

        await UntilCutOffAsync(async _ => await stream.WriteAsync(much, CancellationToken.None));
    }

    [Fact]
    public async Task A_flood_of_asking()
    {
        var stream = await AttackAsync();
        var texts = Enumerable.Range(0, 20).Select(i => new string('a', 100_000) + i).ToArray();
        foreach (var text in texts)
        {
            victim.Publish(text);
        }

        await victim.UntilAsync(router => router.Figures.Cached == 20, "the messages are cached");
        ImmutableArray<MessageId> ids = [.. texts.Select(MessageIdOf)];
        for (var i = 0; i < 500; i++)
        {
            await SendAsync(stream, new Rpc { Wants = ids });
            await SendAsync(stream, new Rpc { Wants = Ids(200, i) });
        }

        await HonestIsHeardAsync("honest");
        Assert.Equal(60, await victim.Gossip.AskAsync(router => router.Counts.Answered));
    }

    [Fact]
    public async Task A_flood_of_subscriptions()
    {
        var stream = await AttackAsync();
        for (var i = 0; i < 500; i++)
        {
            await SendAsync(stream, new Rpc { Subscriptions = [.. Enumerable.Range(0, 250).Select(j => new Subscription(true, $"topic {i} {j}"))] });
        }

        await HonestIsHeardAsync("honest");
        var figures = await FiguresAsync();
        Assert.Equal((64 + 1, 1), (figures.Subscriptions, figures.Topics));
    }

    [Fact]
    public async Task A_flood_of_grafts_in_backoff()
    {
        var stream = await AttackAsync();
        await SendAsync(stream, new Rpc { Prunes = [new Prune(Topic, 60)] });
        await UntilCutOffAsync(_ => SendAsync(stream, new Rpc { Grafts = [Topic] }));
        Assert.Equal(1, (await FiguresAsync()).Backoffs);
        Assert.Equal([honest.Swarm.Self], await victim.Gossip.AskAsync(router => router.Topics[Topic].Mesh.Select(peer => peer.Id).ToArray()));
        await HonestIsHeardAsync("honest at last");
    }

    [Fact]
    public async Task A_flood_of_invalid_messages()
    {
        var stream = await AttackAsync();
        await UntilCutOffAsync(i => stream.WriteAsync(WireMessage.Of(Topic, Bytes($"Rejected {i}")).Frame, CancellationToken.None).AsTask());
        await HonestIsHeardAsync("honest at last");
        Assert.DoesNotContain(honest.Times.Keys, text => text.StartsWith('R'));
    }

    [Fact]
    public async Task A_frame_longer_than_allowed_is_refused_by_its_length_and_the_stream_ends()
    {
        var stream = await AttackAsync();
        await stream.WriteAsync(new byte[] { 0x81, 0x80, 0x40 }, CancellationToken.None); // 1 MiB and 1 byte
        await Assert.ThrowsAsync<StreamException>(() => stream.ReadAsync(new byte[1], CancellationToken.None).AsTask().WaitAsync(Deadline.Generous));
        Assert.True(await ScoreAsync() < 0);
        await HonestIsHeardAsync("honest");
    }

    [Theory]
    [InlineData(new byte[] { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f })]
    [InlineData(new byte[] { 3, 0x12, 0x7f, 0 })]
    [InlineData(new byte[] { 2, 0x1b, 0x1c })]
    public async Task What_is_no_frame_ends_the_stream(byte[] bytes)
    {
        var stream = await AttackAsync();
        await stream.WriteAsync(bytes, CancellationToken.None);
        await Assert.ThrowsAsync<StreamException>(() => stream.ReadAsync(new byte[1], CancellationToken.None).AsTask().WaitAsync(Deadline.Generous));
        Assert.True(await ScoreAsync() < 0);
        await HonestIsHeardAsync("honest");
    }

    [Fact]
    public async Task A_frame_that_drips_is_cut_off()
    {
        var stream = await AttackAsync();
        await stream.WriteAsync(new byte[] { 100, 0x12 }, CancellationToken.None);
        var ended = stream.ReadAsync(new byte[1], CancellationToken.None).AsTask();
        await Deadline.UntilAsync(
            async () =>
            {
                time.Advance(TimeSpan.FromSeconds(10));
                await victim.Gossip.AskAsync(_ => true);
                return ended.IsFaulted;
            },
            "the stream is cut off");
        await HonestIsHeardAsync("honest");
    }

    [Fact]
    public async Task A_peer_that_does_not_read_holds_up_nobody_and_is_cut_off()
    {
        await AttackAsync(reads: false);
        var disconnected = ((MemorySwarm)victim.Swarm).Disconnected.ReadAsync().AsTask();
        for (var i = 0; i < 100; i++)
        {
            var text = new string('a', 99_000) + i;
            Assert.True(victim.Publish(text));
            Assert.Equal(text, GossipNode.Text(await honest.NextAsync()));
        }

        time.Advance(TimeSpan.FromSeconds(1));
        await victim.Gossip.AskAsync(_ => true);
        var slow = victim.Gossip.Snapshot().Peers.Single(peer => peer.Id == attacker.Self);
        Assert.InRange(slow.QueuedBytes, 1, (2 << 20) + (1 << 20));
        Assert.True(slow.DroppedFrames > 0);
        Assert.False(disconnected.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(25));
        Assert.Equal(attacker.Self, (await disconnected.WaitAsync(Deadline.Generous)).Peer);
        await victim.UntilAsync(router => router.Figures.Peers == 1, "the slow one is gone");
    }

    [Fact]
    public async Task A_second_stream_takes_the_place_of_the_first_and_a_third_is_not_served()
    {
        var first = await AttackAsync();
        var second = await attacker.OpenAsync(victim.Swarm.Self, ["/meshsub/1.2.0"], CancellationToken.None);
        await second.WriteAsync(WireMessage.Of(Topic, "by the second"u8).Frame, CancellationToken.None);
        Assert.Equal("by the second", GossipNode.Text(await victim.NextAsync()));
        await Assert.ThrowsAsync<StreamException>(() => first.ReadAsync(new byte[1], CancellationToken.None).AsTask().WaitAsync(Deadline.Generous));
    }
}
