using LuxTensor.Network;
using static LuxTensor.Tests.Network.GossipBench;

namespace LuxTensor.Tests.Network;

public sealed class GossipScoreTests
{
    private static ScoreParameters With(TopicScoreParameters topic) => new() { Topic = topic };

    private static void Accepted(GossipBench bench, string from, string text)
    {
        bench.Receive(from, Message(text));
        bench.Judge(text, GossipVerdict.Accept);
    }

    [Fact]
    public void A_peer_that_is_only_quiet_keeps_its_score_while_others_deliver()
    {
        var bench = new GossipBench();
        bench.Join("quiet");
        bench.Join("busy");
        for (var i = 0; i < 1200; i++)
        {
            Accepted(bench, "busy", $"m{i}");
            bench.Heartbeat();
            Assert.True(bench.Score("quiet") >= 0);
        }

        Assert.True(bench.InMesh("quiet"));
        Assert.Equal(0.3, bench.Score("quiet"), 5);
    }

    [Fact]
    public void Time_in_the_mesh_counts_up_to_its_cap()
    {
        var bench = new GossipBench();
        bench.Join("a");
        bench.Heartbeat(10);
        Assert.Equal(0.1, bench.Score("a"), 5);
        bench.Heartbeat(90);
        Assert.Equal(0.3, bench.Score("a"), 5);
        bench.Receive("a", new Rpc { Prunes = [new Prune(Topic, 60)] });
        Assert.Equal(0, bench.Score("a"), 5);
    }

    [Fact]
    public void Being_first_with_valid_messages_counts_up_to_its_cap_and_decays()
    {
        var bench = new GossipBench();
        bench.Join("a");
        bench.Join("b");
        bench.Receive("a", Message("m"));
        bench.Receive("b", Message("m"));
        Assert.Equal(0, bench.Score("a"), 5);
        bench.Judge("m", GossipVerdict.Accept);
        Assert.Equal(1, bench.Score("a"), 5);
        Assert.Equal(0, bench.Score("b"), 5);
        for (var i = 0; i < 50; i++)
        {
            Accepted(bench, "a", $"x{i}");
        }

        Assert.Equal(20, bench.Score("a"), 5);
        bench.Heartbeat();
        Assert.Equal(19.61, bench.Score("a"), 5);
    }

    [Fact]
    public void Invalid_messages_count_squared_and_decay()
    {
        var bench = new GossipBench();
        bench.Join("a");
        bench.Receive("a", Message("1"));
        bench.Receive("a", Message("2"));
        bench.Judge("1", GossipVerdict.Reject);
        bench.Judge("2", GossipVerdict.Reject);
        Assert.Equal(-80, bench.Score("a"), 5);
        bench.Heartbeat();
        Assert.Equal(-80 * 0.99 * 0.99, bench.Score("a"), 1);
        bench.Heartbeat(600);
        Assert.True(bench.Score("a") >= 0);
    }

    [Fact]
    public void Misbehaviour_below_its_threshold_is_forgiven_and_above_counts_squared()
    {
        var bench = new GossipBench();
        bench.Join("a");
        for (var i = 0; i < 6; i++)
        {
            bench.Receive("a", new Rpc { IsCut = true });
        }

        Assert.Equal(0, bench.Score("a"), 5);
        bench.Receive("a", new Rpc { IsCut = true });
        bench.Receive("a", new Rpc { IsCut = true });
        Assert.Equal(-40, bench.Score("a"), 5);
        bench.Heartbeat(3);
        Assert.True(bench.Score("a") >= 0);
    }

    [Fact]
    public void The_application_adds_its_own_score()
    {
        var bench = new GossipBench(scores: new ScoreParameters { ApplicationWeight = 2 });
        bench.Join("a");
        bench.Step(new GossipInput.Scored(Id("a"), -7));
        Assert.Equal(-14, bench.Score("a"), 5);
        bench.Step(new GossipInput.Scored(Id("a"), double.NaN));
        Assert.Equal(0, bench.Score("a"), 5);
    }

    [Fact]
    public void What_topics_can_earn_is_capped_and_what_they_cost_is_not()
    {
        var bench = new GossipBench(scores: new ScoreParameters { TopicScoreCap = 5 });
        bench.Join("a");
        for (var i = 0; i < 20; i++)
        {
            Accepted(bench, "a", $"m{i}");
        }

        Assert.Equal(5, bench.Score("a"), 5);
    }

    [Fact]
    public void Many_peers_at_one_address_count_where_it_is_switched_on()
    {
        var off = new GossipBench();
        var on = new GossipBench(scores: new ScoreParameters { ColocationWeight = -3, ColocationThreshold = 2 });
        for (var i = 0; i < 4; i++)
        {
            off.Join($"p{i}", address: "10.0.0.1");
            on.Join($"p{i}", address: "10.0.0.1");
        }

        on.Join("elsewhere", address: "10.0.0.2");
        Assert.Equal(0, off.Score("p0"), 5);
        Assert.Equal(-12, on.Score("p0"), 5);
        Assert.Equal(0, on.Score("elsewhere"), 5);
        on.Step(new GossipInput.PeerLeft(Id("p1")));
        on.Step(new GossipInput.PeerLeft(Id("p2")));
        Assert.Equal(0, on.Score("p0"), 5);
    }

    [Fact]
    public void A_deficit_of_deliveries_counts_only_where_it_is_switched_on_and_after_its_time()
    {
        var bench = new GossipBench(scores: With(new TopicScoreParameters
        {
            TimeInMeshWeight = 0,
            MeshDeliveriesWeight = -1,
            MeshDeliveriesThreshold = 3,
            MeshDeliveriesActivation = TimeSpan.FromSeconds(5),
            MeshFailureWeight = -1,
        }));
        bench.Join("quiet");
        bench.Join("busy");
        bench.Heartbeat(5);
        Assert.Equal(0, bench.Score("quiet"), 5);
        for (var i = 0; i < 10; i++)
        {
            Accepted(bench, "busy", $"m{i}");
        }

        bench.Heartbeat();
        Assert.False(bench.InMesh("quiet"));
        Assert.True(bench.InMesh("busy"));
        Assert.Equal(-9, bench.Score("quiet"), 5); // pruned: what was missing sticks for a while
        bench.Heartbeat(20);
        Assert.InRange(bench.Score("quiet"), -6, -4);
    }

    [Fact]
    public void A_copy_soon_after_the_first_counts_as_delivered()
    {
        var bench = new GossipBench(scores: With(new TopicScoreParameters
        {
            TimeInMeshWeight = 0,
            FirstDeliveriesWeight = 0,
            MeshDeliveriesWeight = -1,
            MeshDeliveriesThreshold = 0.9,
            MeshDeliveriesActivation = TimeSpan.FromSeconds(1),
            MeshDeliveriesDecay = 0.9999,
        }));
        foreach (var name in new[] { "first", "meanwhile", "soon", "late" })
        {
            bench.Join(name);
        }

        bench.Heartbeat();
        bench.Receive("first", Message("m"));
        bench.Receive("meanwhile", Message("m"));
        bench.Judge("m", GossipVerdict.Accept);
        bench.Pass(TimeSpan.FromMilliseconds(10));
        bench.Receive("soon", Message("m"));
        bench.Pass(TimeSpan.FromMilliseconds(1));
        bench.Receive("late", Message("m"));
        bench.Heartbeat();
        Assert.All(new[] { "first", "meanwhile", "soon" }, name => Assert.True(bench.InMesh(name), name));
        Assert.False(bench.InMesh("late"));
    }

    [Fact]
    public void A_bad_score_outlives_the_connection_and_a_good_one_does_not()
    {
        var bench = new GossipBench();
        bench.Join("bad");
        bench.Join("good");
        bench.Receive("bad", Message("1"));
        bench.Judge("1", GossipVerdict.Reject);
        Accepted(bench, "good", "2");
        Accepted(bench, "bad", "3");
        bench.Step(new GossipInput.PeerLeft(Id("bad")));
        bench.Step(new GossipInput.PeerLeft(Id("good")));
        Assert.Equal(1, bench.Router.Figures.Retained);
        bench.Join("bad");
        bench.Join("good");
        Assert.Equal(-20, bench.Score("bad"), 5);
        Assert.Equal(0, bench.Score("good"), 5);
    }

    [Fact]
    public void Bad_scores_of_the_gone_are_bounded_in_number_and_time()
    {
        var bench = new GossipBench(scores: new ScoreParameters { MaxRetained = 3, Retain = TimeSpan.FromSeconds(10) });
        for (var i = 0; i < 8; i++)
        {
            bench.Pass(TimeSpan.FromMilliseconds(1));
            bench.Join($"p{i}");
            bench.Receive($"p{i}", Message($"m{i}", isSigned: true));
            bench.Step(new GossipInput.PeerLeft(Id($"p{i}")));
        }

        Assert.Equal(3, bench.Router.Figures.Retained);
        bench.Join("p7");
        Assert.True(bench.Score("p7") < 0);
        bench.Step(new GossipInput.PeerLeft(Id("p7")));
        bench.Heartbeat(11);
        Assert.Equal(0, bench.Router.Figures.Retained);
    }

    [Fact]
    public void A_peer_below_the_lowest_threshold_is_disconnected_once_and_again_when_it_returns()
    {
        var bench = new GossipBench();
        bench.Join("a");
        List<GossipEffect> effects = [];
        for (var i = 0; i < 12; i++)
        {
            effects.AddRange(bench.Receive("a", Message($"m{i}")));
        }

        for (var i = 0; i < 12; i++)
        {
            effects.AddRange(bench.Judge($"m{i}", GossipVerdict.Reject));
        }

        Assert.Single(effects.OfType<GossipEffect.Disconnect>());
        bench.Step(new GossipInput.PeerLeft(Id("a")));
        var back = bench.Step(new GossipInput.PeerJoined(Id("a"), GossipVersion.V12, false, ""));
        Assert.Single(back.OfType<GossipEffect.Disconnect>());
    }

    [Fact]
    public void The_same_seed_and_inputs_give_the_same_effects()
    {
        static string Run(int seed)
        {
            var bench = new GossipBench(seed: seed);
            List<GossipEffect> effects = [];
            for (var i = 0; i < 30; i++)
            {
                bench.Join($"p{i}", isOutbound: i % 3 == 0);
                bench.Graft($"p{i}");
            }

            for (var i = 0; i < 20; i++)
            {
                bench.Receive($"p{i}", Message($"m{i}"));
                effects.AddRange(bench.Judge($"m{i}", GossipVerdict.Accept));
                effects.AddRange(bench.Heartbeat());
            }

            return string.Join('\n', effects.Select(effect => effect switch
            {
                GossipEffect.Send send => $"{send.To} {string.Join(',', send.Rpc.Grafts)} {string.Join(',', send.Rpc.Prunes)} {string.Join(',', send.Rpc.Haves.SelectMany(have => have.Ids))}",
                GossipEffect.SendMessage sent => $"{sent.Message.Id} {string.Join(',', sent.To)}",
                _ => effect.GetType().Name,
            }));
        }

        Assert.Equal(Run(5), Run(5));
        Assert.NotEqual(Run(5), Run(6));
    }
}
