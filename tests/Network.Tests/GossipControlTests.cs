using System.Collections.Immutable;
using LuxTensor.Network;
using static LuxTensor.Tests.Network.GossipBench;

namespace LuxTensor.Tests.Network;

public sealed class GossipControlTests
{
    private static ImmutableArray<MessageId> Ids(int count, string prefix = "x") => [.. Enumerable.Range(0, count).Select(i => MessageIdOf($"{prefix}{i}"))];

    private static Rpc Have(params MessageId[] ids) => new() { Haves = [new Have(Topic, [.. ids])] };

    private static Rpc Want(params MessageId[] ids) => new() { Wants = [.. ids] };

    [Fact]
    public void Peers_outside_the_mesh_hear_of_accepted_messages_for_three_heartbeats()
    {
        var bench = new GossipBench();
        for (var i = 0; i < 12; i++)
        {
            bench.Join($"p{i}");
        }

        bench.Receive("p0", Message("m"));
        bench.Judge("m", GossipVerdict.Accept);
        for (var beat = 0; beat < 3; beat++)
        {
            var told = bench.Heartbeat().OfType<GossipEffect.Send>().Where(send => !send.Rpc.Haves.IsEmpty).ToList();
            Assert.Equal(6, told.Count);
            Assert.All(told, send => Assert.False(bench.InMesh(send.To.Name)));
            Assert.All(told, send => Assert.Equal([MessageIdOf("m")], Assert.Single(send.Rpc.Haves).Ids.ToArray()));
        }

        Assert.DoesNotContain(bench.Heartbeat().OfType<GossipEffect.Send>(), send => !send.Rpc.Haves.IsEmpty);
    }

    [Fact]
    public void A_share_of_many_peers_hears_of_messages_and_none_below_the_gossip_threshold()
    {
        var bench = new GossipBench();
        for (var i = 0; i < 66; i++)
        {
            bench.Join($"p{i}");
        }

        bench.Heartbeat();
        var outside = bench.Router.Peers.Values.Where(peer => !bench.Blocks.Mesh.Contains(peer)).ToList();
        foreach (var peer in outside.Take(20))
        {
            bench.Step(new GossipInput.Scored(peer.Id, -31));
        }

        bench.Publish("m");
        var told = bench.Heartbeat().OfType<GossipEffect.Send>().Where(send => !send.Rpc.Haves.IsEmpty).Select(send => send.To).ToList();
        Assert.Equal((outside.Count - 20) / 4, told.Count);
        Assert.Empty(told.Intersect(outside.Take(20).Select(peer => peer.Id)));
    }

    [Fact]
    public void Messages_told_of_that_were_not_seen_are_asked_for()
    {
        var bench = new GossipBench();
        bench.Join("a");
        bench.Publish("known");
        var rpc = Assert.Single(Rpcs(bench.Receive("a", Have(MessageIdOf("known"), MessageIdOf("new"))), "a"));
        Assert.Equal([MessageIdOf("new")], rpc.Wants.ToArray());
    }

    [Fact]
    public void Messages_of_other_topics_are_not_asked_for()
    {
        var bench = new GossipBench();
        bench.Join("a");
        Assert.Empty(bench.Receive("a", new Rpc { Haves = [new Have("elsewhere", Ids(3))] }));
    }

    [Fact]
    public void A_flood_of_what_a_peer_has_is_read_up_to_the_limits_of_a_heartbeat()
    {
        var bench = new GossipBench(new GossipParameters { MaxHaveIds = 50, MaxHaveMessages = 4 });
        bench.Join("a");
        Assert.Equal(50, Assert.Single(Rpcs(bench.Receive("a", Have([.. Ids(80)])), "a")).Wants.Length);
        Assert.Empty(bench.Receive("a", Have([.. Ids(5, "y")])));

        bench.Heartbeat();
        for (var i = 0; i < 4; i++)
        {
            Assert.Single(Rpcs(bench.Receive("a", Have(MessageIdOf($"z{i}"))), "a"));
        }

        Assert.Empty(bench.Receive("a", Have(MessageIdOf("z5"))));
        Assert.True(bench.Router.Figures.Promises <= 5);
    }

    [Fact]
    public void A_promise_that_is_not_kept_counts_once_a_heartbeat_and_one_that_is_kept_by_anyone_does_not()
    {
        var bench = new GossipBench();
        bench.Join("liar");
        bench.Join("slow");
        bench.Join("other");
        bench.Receive("liar", Have(MessageIdOf("none1")));
        bench.Receive("liar", Have(MessageIdOf("none2")));
        bench.Receive("slow", Have(MessageIdOf("m")));
        bench.Heartbeat(2);
        Assert.Equal(0, bench.Router.Peers[Id("liar")].Score.Misbehaviour);
        bench.Receive("other", Message("m"));
        bench.Heartbeat();
        Assert.Equal(0.9, bench.Router.Peers[Id("liar")].Score.Misbehaviour, 5);
        Assert.Equal(0, bench.Router.Peers[Id("slow")].Score.Misbehaviour);
        Assert.Equal(0, bench.Router.Figures.Promises);
    }

    [Fact]
    public void A_peer_that_promises_and_never_sends_is_no_longer_listened_to()
    {
        var bench = new GossipBench();
        bench.Join("liar");
        var beats = 0;
        while (bench.Score("liar") >= new ScoreParameters().GossipThreshold)
        {
            Assert.True(++beats < 40, "it was listened to for 40 heartbeats");
            bench.Receive("liar", Have(MessageIdOf($"none{beats}")));
            bench.Heartbeat();
        }

        Assert.Empty(bench.Receive("liar", Have(MessageIdOf("more"))));
    }

    [Fact]
    public void A_message_in_the_cache_is_sent_to_who_asks_a_few_times()
    {
        var bench = new GossipBench();
        bench.Join("a");
        bench.Join("b");
        bench.Publish("m");
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(["a"], SentTo(bench.Receive("a", Want(MessageIdOf("m"))), SendClass.Asked));
        }

        Assert.Empty(bench.Receive("a", Want(MessageIdOf("m"))));
        Assert.Equal(["b"], SentTo(bench.Receive("b", Want(MessageIdOf("m"))), SendClass.Asked));
        Assert.Empty(bench.Receive("b", Want(MessageIdOf("unknown"))));
    }

    [Fact]
    public void Reconnecting_does_not_give_a_peer_the_message_more_often()
    {
        var bench = new GossipBench();
        bench.Publish("m");
        for (var i = 0; i < 3; i++)
        {
            bench.Join("a");
            Assert.Single(bench.Receive("a", Want(MessageIdOf("m"))));
            bench.Step(new GossipInput.PeerLeft(Id("a")));
        }

        bench.Join("a");
        Assert.Empty(bench.Receive("a", Want(MessageIdOf("m"))));
    }

    [Fact]
    public void A_flood_of_wants_is_answered_up_to_the_ids_and_bytes_of_a_heartbeat()
    {
        var bench = new GossipBench(new GossipParameters { MaxWantIds = 10 });
        bench.Join("a");
        bench.Publish("m");
        bench.Receive("a", Want([.. Ids(10)]));
        Assert.Empty(bench.Receive("a", Want(MessageIdOf("m"))));
        bench.Heartbeat();
        Assert.Single(bench.Receive("a", Want(MessageIdOf("m"))));

        var big = new GossipBench(new GossipParameters { MaxWantBytes = 250_000 });
        big.Join("a");
        var texts = Enumerable.Range(0, 10).Select(i => new string('x', 100_000) + i).ToArray();
        foreach (var text in texts)
        {
            big.Publish(text);
        }

        Assert.Equal(3, big.Receive("a", Want([.. texts.Select(MessageIdOf)])).Count);
    }

    [Fact]
    public void Below_the_gossip_threshold_nothing_is_asked_of_a_peer_or_answered()
    {
        var bench = new GossipBench();
        bench.Join("a");
        bench.Publish("m");
        bench.Step(new GossipInput.Scored(Id("a"), -31));
        Assert.Empty(bench.Receive("a", Have(MessageIdOf("n"))));
        Assert.Empty(bench.Receive("a", Want(MessageIdOf("m"))));
    }

    [Fact]
    public void Below_the_graylist_threshold_nothing_of_a_peer_is_listened_to_but_its_subscriptions()
    {
        var bench = new GossipBench();
        bench.Join("a", subscribed: false);
        bench.Step(new GossipInput.Scored(Id("a"), -121));
        Assert.Empty(bench.Receive("a", Message("m") with { Subscriptions = [new Subscription(true, Topic)] }));
        bench.Step(new GossipInput.Scored(Id("a"), 0));
        Assert.True(Delivers(bench.Receive("a", Message("m"))));
        Assert.Single(bench.Blocks.Peers);
    }

    [Fact]
    public void What_a_peer_does_not_want_is_bounded()
    {
        var bench = new GossipBench(new GossipParameters { MaxDontWantIds = 100 });
        bench.Join("a");
        for (var beat = 0; beat < 5; beat++)
        {
            bench.Receive("a", new Rpc { DontWants = Ids(500, $"{beat}-") });
            Assert.True(bench.Router.Figures.DontWants <= 200);
            bench.Heartbeat();
        }
    }

    [Fact]
    public void Subscriptions_of_a_peer_are_bounded_and_a_flood_of_them_counts()
    {
        var bench = new GossipBench();
        bench.Join("a");
        for (var i = 0; i < 40; i++)
        {
            bench.Receive("a", new Rpc { Subscriptions = [.. Enumerable.Range(0, 200).Select(j => new Subscription(true, $"t{i}-{j}"))] });
            bench.Heartbeat();
        }

        Assert.Equal(64, bench.Router.Figures.Subscriptions);
        Assert.Equal(1, bench.Router.Figures.Topics);
        Assert.True(bench.Score("a") < 0);
        Assert.False(bench.InMesh("a"));
    }

    [Fact]
    public void Control_beyond_the_budget_of_a_heartbeat_is_not_looked_at_and_counts()
    {
        var bench = new GossipBench(new GossipParameters { MaxControlIds = 100 });
        bench.Join("a");
        bench.Publish("m");
        bench.Receive("a", new Rpc { DontWants = Ids(101) });
        Assert.Equal(0, bench.Router.Figures.DontWants);
        Assert.Equal(1, bench.Router.Peers[Id("a")].Score.Misbehaviour);
        Assert.Empty(bench.Receive("a", Want(MessageIdOf("m"))));
        Assert.Equal(1, bench.Router.Peers[Id("a")].Score.Misbehaviour);
        bench.Heartbeat();
        Assert.Single(bench.Receive("a", Want(MessageIdOf("m"))));
    }

    [Fact]
    public void A_frame_with_more_than_the_limits_counts()
    {
        var bench = new GossipBench();
        bench.Join("a");
        bench.Receive("a", new Rpc { IsCut = true });
        Assert.Equal(1, bench.Router.Peers[Id("a")].Score.Misbehaviour);
    }

    [Fact]
    public void What_is_no_frame_puts_a_peer_out_of_the_mesh()
    {
        var bench = new GossipBench();
        bench.Join("a");
        bench.Step(new GossipInput.Broken(Id("a")));
        bench.Heartbeat();
        Assert.False(bench.InMesh("a"));
    }

    [Fact]
    public void What_is_told_of_is_split_over_frames_that_fit()
    {
        var bench = new GossipBench(new GossipParameters { MaxFrameBytes = 64 << 10, MaxHaveIds = 2000 });
        for (var i = 0; i < 7; i++)
        {
            bench.Join($"p{i}");
        }

        string[] topics = ["a", "b", "c", "d"];
        foreach (var topic in topics)
        {
            for (var i = 0; i < 2500; i++)
            {
                bench.Step(new GossipInput.Publish(Wire($"{i}", topic), false));
            }
        }

        foreach (var peer in bench.Router.Peers.Keys.ToArray())
        {
            bench.Receive(peer.Name, new Rpc { Subscriptions = [.. topics.Select(topic => new Subscription(true, topic))] });
        }

        var frames = bench.Heartbeat().OfType<GossipEffect.Send>().Where(send => !send.Rpc.Haves.IsEmpty).ToList();
        Assert.NotEmpty(frames);
        Assert.All(frames, send => Assert.True(RpcWriter.Frame(send.Rpc).Length <= 64 << 10));
        Assert.All(frames.SelectMany(send => send.Rpc.Haves), have => Assert.Equal(2000, have.Ids.Distinct().Count()));
        Assert.Equal(24, frames.Sum(send => send.Rpc.Haves.Length));
    }
}
