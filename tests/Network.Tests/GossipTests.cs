using LuxTensor.Network;

namespace LuxTensor.Tests.Network;

public sealed class GossipTests
{
    private readonly MemoryNetwork network = new();

    private static string Of(int length, string mark) => mark + new string('x', length - mark.Length);

    [Fact]
    public async Task Two_nodes_hear_each_other()
    {
        await using var a = new GossipNode(network.Add("a"));
        await using var b = new GossipNode(network.Add("b"));
        MemoryNetwork.Connect((MemorySwarm)a.Swarm, (MemorySwarm)b.Swarm);
        await a.MeetsAsync(1);
        await b.MeetsAsync(1);
        foreach (var length in new[] { 200, 100_000, a.Gossip.MaxDataBytes })
        {
            Assert.True(a.Publish(Of(length, $"from a {length} ")));
            Assert.True(b.Publish(Of(length, $"from b {length} ")));
            var (atB, atA) = (await b.NextAsync(), await a.NextAsync());
            Assert.Equal((Of(length, $"from a {length} "), a.Swarm.Self), (GossipNode.Text(atB), atB.From));
            Assert.Equal((Of(length, $"from b {length} "), b.Swarm.Self), (GossipNode.Text(atA), atA.From));
        }
    }

    [Fact]
    public async Task Eight_nodes_in_a_ring_hear_everything_once()
    {
        var nodes = Enumerable.Range(0, 8).Select(i => new GossipNode(network.Add($"n{i}"))).ToArray();
        for (var i = 0; i < nodes.Length; i++)
        {
            MemoryNetwork.Connect((MemorySwarm)nodes[i].Swarm, (MemorySwarm)nodes[(i + 1) % 8].Swarm);
        }

        foreach (var node in nodes)
        {
            await node.MeshAsync(2);
        }

        for (var round = 0; round < 20; round++)
        {
            foreach (var node in nodes)
            {
                Assert.True(node.Publish(Of(round % 2 == 0 ? 200 : 20_000, $"{node.Swarm.Self} {round} ")));
            }
        }

        foreach (var node in nodes)
        {
            Assert.Equal(140, (await node.NextAsync(140)).Count);
            Assert.All(node.Times, heard => Assert.Equal(1, heard.Value));
        }

        foreach (var node in nodes)
        {
            await node.DisposeAsync();
        }
    }

    [Fact]
    public async Task What_the_application_rejects_or_ignores_is_not_forwarded()
    {
        await using var a = new GossipNode(network.Add("a"));
        await using var b = new GossipNode(network.Add("b"));
        await using var c = new GossipNode(network.Add("c"));
        MemoryNetwork.Connect((MemorySwarm)a.Swarm, (MemorySwarm)b.Swarm);
        MemoryNetwork.Connect((MemorySwarm)b.Swarm, (MemorySwarm)c.Swarm);
        await a.MeshAsync(1);
        await b.MeshAsync(2);
        await c.MeshAsync(1);
        a.Publish("Rejected");
        a.Publish("Ignored");
        a.Publish("Busy");
        a.Publish("accepted");
        Assert.Equal("accepted", GossipNode.Text(await c.NextAsync()));
        Assert.Single(c.Times);
        Assert.Equal(4, b.Times.Count);
        Assert.Equal(-20 + 1, await b.Gossip.AskAsync(router => router.Peers[a.Swarm.Self].Score.Value), 2);
    }

    [Fact]
    public async Task A_message_that_the_application_was_too_busy_for_comes_again()
    {
        await using var a = new GossipNode(network.Add("a"));
        await using var b = new GossipNode(network.Add("b"));
        MemoryNetwork.Connect((MemorySwarm)a.Swarm, (MemorySwarm)b.Swarm);
        await a.MeshAsync(1);
        await b.MeshAsync(1);
        a.Publish("Busy");
        await b.UntilAsync(_ => b.Times.GetValueOrDefault("Busy") == 1, "b is asked");
        Assert.True(a.Gossip.Publish(GossipNode.Topic, "Busy"u8.ToArray(), again: true));
        await b.UntilAsync(_ => b.Times.GetValueOrDefault("Busy") == 2, "b is asked again");
        Assert.Equal(0, await b.Gossip.AskAsync(router => router.Peers[a.Swarm.Self].Score.Value));
    }

    [Fact]
    public async Task Only_of_a_message_that_the_application_took_no_copies_are_wanted()
    {
        var time = new SteppedTime(); // no heartbeat, at which it would be forgotten
        await using var a = new GossipNode(network.Add("a"), new GossipOptions { Time = time });
        await using var b = new GossipNode(network.Add("b"), new GossipOptions { Time = time });
        await using var c = new GossipNode(network.Add("c"), new GossipOptions { Time = time });
        MemoryNetwork.Connect((MemorySwarm)a.Swarm, (MemorySwarm)b.Swarm);
        MemoryNetwork.Connect((MemorySwarm)b.Swarm, (MemorySwarm)c.Swarm);
        await b.MeshAsync(2);
        await c.MeshAsync(1);
        var (busy, taken) = (new string('B', 1024), new string('t', 1024));
        a.Publish(busy);
        a.Publish(taken);

        await c.UntilAsync(router => router.Peers[b.Swarm.Self].DontWants(GossipBench.MessageIdOf(taken)), "c knows that b has the one it took");
        Assert.False(await c.Gossip.AskAsync(router => router.Peers[b.Swarm.Self].DontWants(GossipBench.MessageIdOf(busy))));
    }

    [Fact]
    public async Task An_application_that_fails_is_as_one_that_is_busy()
    {
        await using var a = new GossipNode(network.Add("a"));
        var swarm = network.Add("b");
        await using var b = new Gossip(swarm, new GossipOptions(), _ => throw new InvalidOperationException("a defect"));
        b.Subscribe(GossipNode.Topic);
        MemoryNetwork.Connect((MemorySwarm)a.Swarm, swarm);
        await a.MeshAsync(1);
        a.Publish("m");
        await Deadline.UntilAsync(() => b.AskAsync(router => router.Counts.Overloaded == 1), "b declines");
        Assert.Equal(0, await b.AskAsync(router => router.Peers[a.Swarm.Self].Score.Value));
    }

    [Fact]
    public async Task Publishing_never_waits_and_refuses_what_is_too_long_or_too_much()
    {
        var node = new GossipNode(network.Add("a"), new GossipOptions { PublishQueueBytes = 500_000 });
        Assert.False(node.Gossip.Publish(GossipNode.Topic, new byte[node.Gossip.MaxDataBytes + 1]));
        var hold = new TaskCompletionSource();
        var holding = node.Gossip.AskAsync(_ =>
        {
            hold.Task.Wait();
            return true;
        });
        Assert.True(node.Publish(Of(300_000, "1")));
        Assert.False(node.Publish(Of(300_000, "2")));
        hold.SetResult();
        await holding;
        await node.UntilAsync(router => router.Counts.Published == 1, "the first is published");
        Assert.True(node.Publish(Of(300_000, "3")));
        await node.DisposeAsync();
        Assert.False(node.Publish("4"));
    }

    [Fact]
    public async Task A_stream_that_breaks_is_opened_again_and_gossip_goes_on()
    {
        var time = new SteppedTime();
        await using var a = new GossipNode(network.Add("a"), new GossipOptions { Time = time });
        await using var b = new GossipNode(network.Add("b"));
        MemoryNetwork.Connect((MemorySwarm)a.Swarm, (MemorySwarm)b.Swarm);
        await a.MeshAsync(1);
        await b.MeshAsync(1);
        ((MemorySwarm)a.Swarm).ResetStreams(b.Swarm.Self);
        a.Publish("lost or not");
        await Deadline.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                a.Publish($"m{time.GetTimestamp()}");
                return Task.FromResult(!b.Times.IsEmpty && b.Times.Keys.Any(text => text.StartsWith('m')));
            },
            "b hears a again");
    }

    [Fact]
    public async Task A_stream_that_comes_before_its_peer_is_known_waits_for_it()
    {
        await using var a = new GossipNode(network.Add("a"));
        var raw = network.Add("raw");
        var known = new ConnectedPeer(raw.Self, "/ip4/127.0.0.1/tcp/1", false, new HashSet<string>(), "raw");
        raw.Meet(new ConnectedPeer(a.Swarm.Self, "/ip4/127.0.0.1/tcp/1", true, new HashSet<string>(), "raw"));
        await using var stream = await raw.OpenAsync(a.Swarm.Self, ["/meshsub/1.1.0"], CancellationToken.None);
        await stream.WriteAsync(WireMessage.Of(GossipNode.Topic, "early"u8).Frame, CancellationToken.None);
        ((MemorySwarm)a.Swarm).Meet(known);
        Assert.Equal("early", GossipNode.Text(await a.NextAsync()));
        Assert.Equal(GossipVersion.V11, await a.Gossip.AskAsync(router => router.Peers[raw.Self].Version));
    }

    [Fact]
    public async Task A_peer_that_speaks_gossip_only_later_is_met_then()
    {
        await using var a = new GossipNode(network.Add("a"));
        var swarm = network.Add("late");
        MemoryNetwork.Connect(swarm, (MemorySwarm)a.Swarm);
        await using var late = new GossipNode(swarm);
        foreach (var watching in new[] { (MemorySwarm)a.Swarm, swarm })
        {
            watching.Change(watching == swarm ? a.Swarm.Self : swarm.Self);
        }

        await a.MeshAsync(1);
        late.Publish("m");
        Assert.Equal("m", GossipNode.Text(await a.NextAsync()));
    }

    [Fact]
    public async Task A_snapshot_shows_topics_scores_and_queues()
    {
        var time = new SteppedTime();
        await using var a = new GossipNode(network.Add("a"), new GossipOptions { Time = time });
        await using var b = new GossipNode(network.Add("b"));
        MemoryNetwork.Connect((MemorySwarm)a.Swarm, (MemorySwarm)b.Swarm);
        a.Gossip.SetApplicationScore(b.Swarm.Self, 3);
        await a.MeshAsync(1);
        Assert.Empty(a.Gossip.Snapshot().Peers);
        time.Advance(TimeSpan.FromSeconds(1));
        await a.Gossip.AskAsync(_ => true);
        var seen = a.Gossip.Snapshot();
        var topic = Assert.Single(seen.Topics);
        Assert.Equal((GossipNode.Topic, true, 1), (topic.Name, topic.IsSubscribed, topic.Peers));
        Assert.Equal([b.Swarm.Self], topic.Mesh.ToArray());
        var peer = Assert.Single(seen.Peers);
        Assert.Equal((b.Swarm.Self, true), (peer.Id, peer.IsOutbound));
        Assert.InRange(peer.Score, 3, 3.1);
    }

    [Fact]
    public async Task A_peer_that_leaves_is_forgotten_and_heard_again_when_it_returns()
    {
        await using var a = new GossipNode(network.Add("a"));
        await using var b = new GossipNode(network.Add("b"));
        for (var i = 0; i < 5; i++)
        {
            MemoryNetwork.Connect((MemorySwarm)a.Swarm, (MemorySwarm)b.Swarm);
            await a.MeetsAsync(1);
            await b.MeetsAsync(1);
            a.Publish($"m{i}");
            Assert.Equal($"m{i}", GossipNode.Text(await b.NextAsync()));
            a.Swarm.Disconnect(b.Swarm.Self, "the test");
            await a.UntilAsync(router => router.Figures.Peers == 0, "b is gone");
            await b.UntilAsync(router => router.Figures.Peers == 0, "a is gone");
        }
    }

    [Fact]
    public void A_topic_needs_a_name_that_fits()
    {
        var gossip = new Gossip(network.Add("a"), new GossipOptions(), _ => true);
        Assert.Throws<ArgumentException>(() => gossip.Subscribe(""));
        Assert.Throws<ArgumentException>(() => gossip.Publish(new string('x', 257), Array.Empty<byte>()));
    }
}
