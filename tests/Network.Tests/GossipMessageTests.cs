using LuxTensor.Network;
using static LuxTensor.Tests.Network.GossipBench;

namespace LuxTensor.Tests.Network;

public sealed class GossipMessageTests
{
    private static GossipBench WithPeers(params string[] names)
    {
        var bench = new GossipBench();
        foreach (var name in names)
        {
            bench.Join(name);
        }

        return bench;
    }

    [Fact]
    public void The_id_is_the_hash_of_topic_and_data()
    {
        Span<byte> whole = [0, 0, 0, 1, (byte)'t', .. Bytes("hello")];
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(whole))[..40], MessageId.Of("t", Bytes("hello")).ToString());
        var large = new byte[100_000];
        Assert.Equal(
            Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData([0, 0, 0, 1, (byte)'t', .. large]))[..40],
            MessageId.Of("t", large).ToString());
        Assert.NotEqual(MessageId.Of("ta", Bytes("b")), MessageId.Of("t", Bytes("ab")));
    }

    [Fact]
    public void A_message_is_delivered_once_and_forwarded_only_when_accepted()
    {
        var bench = WithPeers("a", "b", "c");
        var effects = bench.Receive("a", Message("m"));
        Assert.Equal(Id("a"), Assert.Single(effects.OfType<GossipEffect.Deliver>()).From);
        Assert.Empty(effects.OfType<GossipEffect.SendMessage>());
        Assert.Empty(bench.Receive("a", Message("m")));

        Assert.Equal(["b", "c"], SentTo(bench.Judge("m", GossipVerdict.Accept), SendClass.Forwarded));
        Assert.Empty(bench.Receive("b", Message("m")));
    }

    [Fact]
    public void Those_who_sent_a_copy_meanwhile_do_not_get_it_back()
    {
        var bench = WithPeers("a", "b", "c");
        bench.Receive("a", Message("m"));
        bench.Receive("b", Message("m"));
        Assert.Equal(["c"], SentTo(bench.Judge("m", GossipVerdict.Accept), SendClass.Forwarded));
    }

    [Fact]
    public void A_rejected_message_goes_nowhere_and_counts_against_everyone_who_sent_it_also_later()
    {
        var bench = WithPeers("a", "b", "c", "d");
        bench.Receive("a", Message("m"));
        bench.Receive("b", Message("m"));
        Assert.Empty(bench.Judge("m", GossipVerdict.Reject));
        bench.Receive("c", Message("m"));
        Assert.Equal(-20, bench.Score("a"));
        Assert.Equal(-20, bench.Score("b"));
        Assert.Equal(-20, bench.Score("c"));
        Assert.Equal(0, bench.Score("d"));
        Assert.DoesNotContain(bench.Heartbeat().OfType<GossipEffect.Send>(), send => !send.Rpc.Haves.IsEmpty);
    }

    [Fact]
    public void An_ignored_message_goes_nowhere_and_nobody_is_at_fault()
    {
        var bench = WithPeers("a", "b");
        bench.Receive("a", Message("m"));
        Assert.Empty(bench.Judge("m", GossipVerdict.Ignore));
        Assert.Equal(0, bench.Score("a"));
        Assert.Empty(bench.Receive("b", Message("m")));
    }

    [Fact]
    public void A_declined_message_may_come_again()
    {
        var bench = WithPeers("a", "b");
        bench.Receive("a", Message("m"));
        bench.Step(new GossipInput.Declined(MessageIdOf("m")));
        Assert.Equal(0, bench.Router.Figures.Pending);
        Assert.True(Delivers(bench.Receive("b", Message("m"))));
    }

    [Fact]
    public void A_message_without_verdict_is_forgotten_by_time()
    {
        var bench = WithPeers("a", "b");
        bench.Receive("a", Message("m"));
        bench.Heartbeat(29);
        Assert.Equal(1, bench.Router.Figures.Pending);
        bench.Heartbeat();
        Assert.Equal((0, 0L), (bench.Router.Figures.Pending, bench.Router.Figures.PendingBytes));
        Assert.Empty(bench.Judge("m", GossipVerdict.Accept));
    }

    [Fact]
    public void What_waits_for_a_verdict_is_bounded_for_a_peer_and_the_others_still_get_through()
    {
        var bench = new GossipBench(new GossipParameters { MaxPendingMessages = 8 });
        bench.Join("flood");
        bench.Join("honest");
        for (var i = 0; i < 100; i++)
        {
            bench.Receive("flood", Message($"f{i}"));
        }

        Assert.Equal(2, bench.Router.Figures.Pending);
        Assert.True(Delivers(bench.Receive("honest", Message("h"))));
        bench.Judge("f0", GossipVerdict.Ignore);
        Assert.True(Delivers(bench.Receive("flood", Message("f50"))));
    }

    [Fact]
    public void What_waits_for_a_verdict_is_bounded_in_bytes()
    {
        var bench = new GossipBench(new GossipParameters { MaxPendingBytes = 4 << 20 });
        bench.Join("flood");
        for (var i = 0; i < 100; i++)
        {
            bench.Receive("flood", Message(new string((char)('a' + (i % 26)), 300_000) + i));
        }

        Assert.Equal(3, bench.Router.Figures.Pending);
        Assert.True(bench.Router.Figures.PendingBytes <= 1 << 20);
    }

    [Fact]
    public void What_waits_for_a_verdict_is_bounded_for_all_together()
    {
        var bench = new GossipBench(new GossipParameters { MaxPendingMessages = 8 });
        for (var i = 0; i < 20; i++)
        {
            bench.Join($"p{i}");
            bench.Receive($"p{i}", Message($"m{i}"));
        }

        Assert.Equal(8, bench.Router.Figures.Pending);
    }

    [Fact]
    public void A_signed_message_is_refused_and_counts()
    {
        var bench = WithPeers("a");
        Assert.Empty(bench.Receive("a", Message("m", isSigned: true)));
        Assert.Equal(-20, bench.Score("a"));
    }

    [Fact]
    public void A_message_of_a_topic_that_is_not_ours_is_dropped()
    {
        var bench = WithPeers("a");
        Assert.Empty(bench.Receive("a", Message("m", "elsewhere")));
        Assert.Equal(0, bench.Router.Figures.Seen);
    }

    [Fact]
    public void An_own_message_floods_to_all_subscribers_but_those_below_the_publish_threshold()
    {
        var bench = new GossipBench();
        for (var i = 0; i < 9; i++)
        {
            bench.Join($"p{i}");
        }

        bench.Join("other", subscribed: false);
        bench.Step(new GossipInput.Scored(Id("p0"), -61));
        Assert.Equal(["p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8"], SentTo(bench.Publish("m"), SendClass.Own));
    }

    [Fact]
    public void A_message_is_published_once_unless_it_is_asked_to_go_again()
    {
        var bench = WithPeers("a");
        bench.Publish("m");
        Assert.Empty(bench.Publish("m"));
        Assert.Single(bench.Publish("m", again: true).OfType<GossipEffect.SendMessage>());
        Assert.Empty(bench.Receive("a", Message("m")));
    }

    [Fact]
    public void A_message_is_encoded_once_for_all()
    {
        var bench = WithPeers("a", "b", "c");
        var sent = Assert.Single(bench.Publish("m").OfType<GossipEffect.SendMessage>());
        Assert.Equal(3, sent.To.Length);
    }

    [Fact]
    public void What_was_seen_is_forgotten_after_its_time()
    {
        var bench = WithPeers("a");
        bench.Receive("a", Message("m"));
        bench.Judge("m", GossipVerdict.Accept);
        bench.Heartbeat(119);
        Assert.Empty(bench.Receive("a", Message("m")));
        bench.Heartbeat();
        Assert.True(Delivers(bench.Receive("a", Message("m"))));
    }

    [Fact]
    public void What_was_seen_is_bounded_and_the_oldest_leaves_first()
    {
        var bench = new GossipBench(new GossipParameters { MaxSeen = 10 });
        bench.Join("a");
        for (var i = 0; i < 25; i++)
        {
            bench.Receive("a", Message($"m{i}"));
            bench.Judge($"m{i}", GossipVerdict.Ignore);
        }

        Assert.Equal(10, bench.Router.Figures.Seen);
        Assert.Empty(bench.Receive("a", Message("m15")));
        Assert.True(Delivers(bench.Receive("a", Message("m14"))));
    }

    [Fact]
    public void The_cache_is_bounded_in_number_and_bytes_and_by_time()
    {
        var bench = new GossipBench(new GossipParameters { MaxCachedMessages = 7 });
        for (var i = 0; i < 20; i++)
        {
            bench.Publish($"m{i}");
        }

        Assert.Equal(7, bench.Router.Figures.Cached);

        var big = new GossipBench(new GossipParameters { MaxCachedBytes = 1 << 20 });
        for (var i = 0; i < 20; i++)
        {
            big.Publish(new string('x', 100_000) + i);
        }

        Assert.Equal(10, big.Router.Figures.Cached);
        Assert.True(big.Router.Figures.CachedBytes <= 1 << 20);
        big.Heartbeat(4);
        Assert.Equal(10, big.Router.Figures.Cached);
        big.Heartbeat();
        Assert.Equal((0, 0L), (big.Router.Figures.Cached, big.Router.Figures.CachedBytes));
    }

    [Fact]
    public void A_large_message_is_announced_as_not_wanted_to_the_rest_of_the_mesh_before_its_verdict()
    {
        var bench = WithPeers("a", "b");
        bench.Join("old", version: GossipVersion.V11);
        var text = new string('x', 1024);
        bench.Receive("a", Message(text));
        var effects = bench.Taken(text);
        Assert.Equal([MessageIdOf(text)], Assert.Single(Rpcs(effects, "b")).DontWants.ToArray());
        Assert.Empty(Rpcs(effects, "a"));
        Assert.Empty(Rpcs(effects, "old"));
        bench.Receive("a", Message(text[1..]));
        Assert.Empty(bench.Taken(text[1..]));
    }

    [Fact]
    public void A_message_that_the_application_did_not_take_is_announced_as_not_wanted_to_nobody()
    {
        var bench = WithPeers("a", "b");
        var text = new string('x', 1024);
        Assert.Empty(bench.Receive("a", Message(text)).OfType<GossipEffect.Send>());
        Assert.Empty(bench.Step(new GossipInput.Declined(MessageIdOf(text))));

        Assert.True(Delivers(bench.Receive("b", Message(text)))); // who was not told to be silent
    }

    [Fact]
    public void A_message_that_a_peer_does_not_want_is_not_sent_to_it_for_two_heartbeats()
    {
        var bench = WithPeers("a", "b", "c");
        bench.Receive("b", new Rpc { DontWants = [MessageIdOf("m"), MessageIdOf("n"), MessageIdOf("o")] });
        bench.Receive("a", Message("m"));
        Assert.Equal(["c"], SentTo(bench.Judge("m", GossipVerdict.Accept), SendClass.Forwarded));
        bench.Heartbeat();
        Assert.Equal(["a", "c"], SentTo(bench.Publish("n"), SendClass.Own));
        bench.Heartbeat();
        Assert.Equal(["a", "b", "c"], SentTo(bench.Publish("o"), SendClass.Own));
    }
}
