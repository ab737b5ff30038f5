using LuxTensor.Network;
using static LuxTensor.Tests.Network.GossipBench;

namespace LuxTensor.Tests.Network;

public sealed class GossipMeshTests
{
    private static readonly ScoreParameters Unscored = new() { OpportunisticGraftThreshold = 0 };

    [Fact]
    public void A_new_peer_hears_of_the_topics_first()
    {
        var bench = new GossipBench();
        var effects = bench.Step(new GossipInput.PeerJoined(Id("a"), GossipVersion.V12, false, ""));
        Assert.Equal([new Subscription(true, Topic)], Assert.Single(Rpcs(effects, "a")).Subscriptions.ToArray());
    }

    [Fact]
    public void Peers_that_are_there_hear_of_a_new_subscription_and_are_grafted()
    {
        var bench = new GossipBench(subscribe: false);
        bench.Join("a");
        var rpc = Assert.Single(Rpcs(bench.Step(new GossipInput.Subscribe(Topic)), "a"));
        Assert.Equal([new Subscription(true, Topic)], rpc.Subscriptions.ToArray());
        Assert.Equal([Topic], rpc.Grafts.ToArray());
        Assert.True(bench.InMesh("a"));
    }

    [Fact]
    public void A_mesh_short_of_peers_grafts_a_subscriber_at_once_and_one_that_is_not_leaves_it_out()
    {
        var bench = new GossipBench();
        for (var i = 0; i < 5; i++)
        {
            bench.Join($"p{i}");
        }

        bench.Join("late");
        Assert.Equal(5, bench.Blocks.Mesh.Count);
        Assert.False(bench.InMesh("late"));
    }

    [Fact]
    public void The_heartbeat_fills_the_mesh_to_its_degree()
    {
        var bench = new GossipBench();
        for (var i = 0; i < 12; i++)
        {
            bench.Join($"p{i}");
        }

        bench.Step(new GossipInput.PeerLeft(bench.Blocks.Mesh[0].Id));
        Assert.Equal(4, bench.Blocks.Mesh.Count);
        var effects = bench.Heartbeat();
        Assert.Equal(6, bench.Blocks.Mesh.Count);
        Assert.Equal(2, effects.OfType<GossipEffect.Send>().Count(send => send.Rpc.Grafts.Contains(Topic)));
    }

    [Fact]
    public void A_mesh_above_its_bound_is_cut_down_to_its_degree_and_keeps_the_best_and_some_that_were_dialled()
    {
        var rules = new GossipParameters();
        for (var seed = 0; seed < 20; seed++)
        {
            var bench = new GossipBench(seed: seed);
            for (var i = 0; i < 16; i++)
            {
                bench.Join($"out{i}", isOutbound: true);
                bench.Graft($"out{i}");
            }

            // Inbound peers take the first places; of those dialled, only two are among the worst by score.
            string[] best = ["out0", "out1", "out2", "out3"];
            foreach (var name in best)
            {
                bench.Step(new GossipInput.Scored(Id(name), 10));
            }

            Assert.Equal(16, bench.Blocks.Mesh.Count);
            var effects = bench.Heartbeat();
            Assert.Equal(rules.Degree, bench.Blocks.Mesh.Count);
            Assert.All(best, name => Assert.True(bench.InMesh(name), $"seed {seed}: {name} was cut"));
            Assert.Equal(10, effects.OfType<GossipEffect.Send>().Count(send => send.Rpc.Prunes.Any(prune => prune.BackoffSeconds == 60)));
        }
    }

    [Fact]
    public void A_cut_keeps_the_outbound_quota()
    {
        for (var seed = 0; seed < 30; seed++)
        {
            var bench = new GossipBench(new GossipParameters { DegreeHigh = 6 }, Unscored, seed);
            for (var i = 0; i < 5; i++)
            {
                bench.Join($"in{i}");
                bench.Step(new GossipInput.Scored(Id($"in{i}"), 10));
                bench.Graft($"in{i}");
            }

            for (var i = 0; i < 3; i++)
            {
                bench.Join($"out{i}", isOutbound: true);
                bench.Graft($"out{i}");
            }

            Assert.Equal(8, bench.Blocks.Mesh.Count);
            bench.Heartbeat();
            Assert.Equal(6, bench.Blocks.Mesh.Count);
            Assert.True(bench.Blocks.Mesh.Count(peer => peer.IsOutbound) >= 2, $"seed {seed}");
        }
    }

    [Fact]
    public void A_mesh_without_dialled_peers_grafts_some()
    {
        var bench = new GossipBench();
        for (var i = 0; i < 6; i++)
        {
            bench.Join($"in{i}");
            bench.Graft($"in{i}");
        }

        bench.Join("out0", isOutbound: true);
        bench.Join("out1", isOutbound: true);
        bench.Join("out2", isOutbound: true);
        Assert.Equal(0, bench.Blocks.Mesh.Count(peer => peer.IsOutbound));
        bench.Heartbeat();
        Assert.Equal(2, bench.Blocks.Mesh.Count(peer => peer.IsOutbound));
    }

    [Fact]
    public void A_full_mesh_refuses_a_graft_unless_this_node_dialled_the_peer()
    {
        var bench = new GossipBench();
        for (var i = 0; i < 12; i++)
        {
            bench.Join($"in{i}");
            bench.Graft($"in{i}");
        }

        bench.Join("in");
        bench.Join("out", isOutbound: true);
        Assert.Single(Prunes(bench.Graft("in"), "in"));
        Assert.Empty(Prunes(bench.Graft("out"), "out"));
        Assert.False(bench.InMesh("in"));
        Assert.True(bench.InMesh("out"));
    }

    [Fact]
    public void A_graft_of_a_topic_that_is_not_ours_is_not_answered()
    {
        var bench = new GossipBench();
        bench.Join("a");
        Assert.Empty(bench.Receive("a", new Rpc { Grafts = ["elsewhere"] }));
        Assert.Equal(1, bench.Router.Figures.Topics);
    }

    [Fact]
    public void A_graft_of_a_peer_that_is_not_subscribed_or_scored_below_zero_is_refused()
    {
        var bench = new GossipBench();
        bench.Join("silent", subscribed: false);
        Assert.Single(Prunes(bench.Graft("silent"), "silent"));

        bench.Join("bad");
        bench.Step(new GossipInput.Scored(Id("bad"), -1));
        bench.Heartbeat();
        Assert.Single(Prunes(bench.Graft("bad"), "bad"));
        Assert.False(bench.InMesh("bad"));
    }

    [Fact]
    public void A_peer_below_zero_is_pruned_at_the_heartbeat()
    {
        var bench = new GossipBench();
        bench.Join("a");
        bench.Step(new GossipInput.Scored(Id("a"), -0.5));
        var prune = Assert.Single(Prunes(bench.Heartbeat(), "a"));
        Assert.Equal(new Prune(Topic, 60), prune);
        Assert.False(bench.InMesh("a"));
    }

    [Fact]
    public void A_pruned_peer_is_not_grafted_before_its_backoff_and_the_slack_are_over()
    {
        var bench = new GossipBench();
        bench.Join("a");
        bench.Receive("a", new Rpc { Prunes = [new Prune(Topic, 30)] });
        Assert.False(bench.InMesh("a"));
        bench.Heartbeat(31);
        Assert.False(bench.InMesh("a"));
        bench.Heartbeat();
        Assert.True(bench.InMesh("a"));
    }

    [Fact]
    public void A_prune_without_backoff_means_the_usual_one()
    {
        var bench = new GossipBench();
        bench.Join("a");
        bench.Receive("a", new Rpc { Prunes = [new Prune(Topic, 0)] });
        bench.Heartbeat(61);
        Assert.False(bench.InMesh("a"));
        bench.Heartbeat();
        Assert.True(bench.InMesh("a"));
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData((ulong)long.MaxValue)]
    [InlineData(601UL)]
    public void A_backoff_is_clamped_before_it_is_used(ulong seconds)
    {
        var bench = new GossipBench();
        bench.Join("a");
        bench.Receive("a", new Rpc { Prunes = [new Prune(Topic, seconds)] });
        bench.Heartbeat(601);
        Assert.False(bench.InMesh("a"));
        bench.Heartbeat();
        Assert.True(bench.InMesh("a"));
    }

    [Fact]
    public void A_later_shorter_backoff_does_not_shorten_the_first()
    {
        var bench = new GossipBench();
        bench.Join("a");
        bench.Receive("a", new Rpc { Prunes = [new Prune(Topic, 100)] });
        bench.Receive("a", new Rpc { Prunes = [new Prune(Topic, 1)] });
        bench.Heartbeat(101);
        Assert.False(bench.InMesh("a"));
    }

    [Fact]
    public void A_graft_during_backoff_is_refused_and_counts_and_twice_when_it_comes_at_once()
    {
        var bench = new GossipBench();
        bench.Join("a");
        bench.Receive("a", new Rpc { Prunes = [new Prune(Topic, 60)] });
        Assert.Single(Prunes(bench.Graft("a"), "a"));
        Assert.Equal(2, bench.Router.Peers[Id("a")].Score.Misbehaviour);

        bench.Join("b");
        bench.Receive("b", new Rpc { Prunes = [new Prune(Topic, 60)] });
        bench.Pass(TimeSpan.FromSeconds(15));
        bench.Graft("b");
        Assert.Equal(1, bench.Router.Peers[Id("b")].Score.Misbehaviour);
        Assert.False(bench.InMesh("b"));
    }

    [Fact]
    public void A_backoff_outlives_the_connection()
    {
        var bench = new GossipBench();
        bench.Join("a");
        bench.Receive("a", new Rpc { Prunes = [new Prune(Topic, 60)] });
        bench.Step(new GossipInput.PeerLeft(Id("a")));
        bench.Join("a");
        Assert.False(bench.InMesh("a"));
        Assert.Single(Prunes(bench.Graft("a"), "a"));
    }

    [Fact]
    public void Backoffs_are_bounded_and_the_oldest_leaves_first()
    {
        var bench = new GossipBench(new GossipParameters { MaxBackoffsPerTopic = 3 });
        for (var i = 0; i < 5; i++)
        {
            bench.Pass(TimeSpan.FromMilliseconds(1));
            bench.Join($"p{i}");
            bench.Receive($"p{i}", new Rpc { Prunes = [new Prune(Topic, 60)] });
        }

        Assert.Equal(3, bench.Router.Figures.Backoffs);
        Assert.False(bench.Blocks.Backoffs.IsActive(Id("p1"), bench.Now));
        Assert.True(bench.Blocks.Backoffs.IsActive(Id("p2"), bench.Now));
    }

    [Fact]
    public void Leaving_a_topic_says_so_and_prunes_with_the_shorter_backoff()
    {
        var bench = new GossipBench();
        bench.Join("a");
        var rpc = Assert.Single(Rpcs(bench.Step(new GossipInput.Unsubscribe(Topic)), "a"));
        Assert.Equal([new Subscription(false, Topic)], rpc.Subscriptions.ToArray());
        Assert.Equal([new Prune(Topic, 10)], rpc.Prunes.ToArray());
        bench.Step(new GossipInput.Subscribe(Topic));
        Assert.False(bench.InMesh("a"));
        bench.Heartbeat(12);
        Assert.True(bench.InMesh("a"));
    }

    [Fact]
    public void A_peer_that_unsubscribes_leaves_the_mesh()
    {
        var bench = new GossipBench();
        bench.Join("a");
        bench.Receive("a", new Rpc { Subscriptions = [new Subscription(false, Topic)] });
        Assert.False(bench.InMesh("a"));
        Assert.Empty(bench.Blocks.Peers);
    }

    [Fact]
    public void A_reopened_stream_is_told_again_of_topics_and_mesh()
    {
        var bench = new GossipBench();
        bench.Join("a");
        var rpc = Assert.Single(Rpcs(bench.Step(new GossipInput.Reopened(Id("a"))), "a"));
        Assert.Equal([new Subscription(true, Topic)], rpc.Subscriptions.ToArray());
        Assert.Equal([Topic], rpc.Grafts.ToArray());
    }

    [Fact]
    public void A_mesh_of_peers_that_deliver_nothing_takes_in_better_ones()
    {
        var bench = new GossipBench();
        for (var i = 0; i < 6; i++)
        {
            bench.Join($"quiet{i}", isOutbound: true);
            bench.Graft($"quiet{i}");
        }

        bench.Join("good0");
        bench.Join("good1");
        bench.Join("good2");
        for (var i = 0; i < 3; i++)
        {
            bench.Step(new GossipInput.Scored(Id($"good{i}"), 5));
        }

        bench.Heartbeat(59);
        Assert.Equal(0, bench.Blocks.Mesh.Count(peer => peer.Id.Name.StartsWith("good", StringComparison.Ordinal)));
        bench.Heartbeat();
        Assert.Equal(2, bench.Blocks.Mesh.Count(peer => peer.Id.Name.StartsWith("good", StringComparison.Ordinal)));
    }

    [Fact]
    public void Time_in_the_mesh_alone_does_not_pass_for_delivering()
    {
        var scores = new ScoreParameters();
        Assert.True(scores.Topic.TimeInMeshWeight * scores.Topic.TimeInMeshCap * 5 < scores.OpportunisticGraftThreshold);
    }

    [Fact]
    public void Without_flooding_an_unsubscribed_publisher_keeps_to_its_fanout_for_a_while()
    {
        var bench = new GossipBench(new GossipParameters { FloodPublish = false }, subscribe: false);
        for (var i = 0; i < 20; i++)
        {
            bench.Join($"p{i}");
        }

        var first = SentTo(bench.Publish("1"), SendClass.Own);
        Assert.Equal(6, first.Count);
        bench.Heartbeat(50);
        Assert.Equal(first, SentTo(bench.Publish("2"), SendClass.Own));
        bench.Heartbeat(60);
        Assert.Equal(0, bench.Router.Figures.Topics);
    }

    [Fact]
    public void Without_flooding_a_subscribed_publisher_sends_to_its_mesh()
    {
        var bench = new GossipBench(new GossipParameters { FloodPublish = false });
        for (var i = 0; i < 20; i++)
        {
            bench.Join($"p{i}");
        }

        Assert.Equal([.. bench.Blocks.Mesh.Select(peer => peer.Id.Name).Order(StringComparer.Ordinal)], SentTo(bench.Publish("1"), SendClass.Own));
    }

    [Fact]
    public void Parameters_that_contradict_each_other_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new GossipParameters { DegreeLow = 7 }.Validated());
        Assert.Throws<ArgumentException>(() => new GossipParameters { DegreeOutbound = 5 }.Validated());
        Assert.Throws<ArgumentException>(() => new GossipParameters { HistoryGossip = 6 }.Validated());
        Assert.Throws<ArgumentException>(() => new GossipParameters { SeenTtl = TimeSpan.FromSeconds(1) }.Validated());
        Assert.Throws<ArgumentException>(() => new GossipParameters { MaxPendingBytes = 1 << 20 }.Validated());
        Assert.Throws<ArgumentException>(() => new ScoreParameters { GossipThreshold = 1 }.Validated());
        Assert.Throws<ArgumentException>(() => new ScoreParameters { GraylistThreshold = -1 }.Validated());
        Assert.Throws<ArgumentException>(() => new ScoreParameters { Topic = new TopicScoreParameters { InvalidWeight = 1 } }.Validated());
        Assert.NotNull(new GossipParameters().Validated());
        Assert.NotNull(new ScoreParameters().Validated());
    }
}
