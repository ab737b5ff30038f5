using Conduct = LuxTensor.Tests.Network.GossipSimulation.Conduct;
using Node = LuxTensor.Tests.Network.GossipSimulation.Node;

namespace LuxTensor.Tests.Network;

public sealed class GossipSimulationTests
{
    public static TheoryData<int> Seeds => [1, 2, Environment.TickCount];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Every_message_reaches_everyone_once_although_frames_are_lost(int seed)
    {
        var (net, nodes) = Network(seed, 60);
        net.Loss = 0.1;
        net.Run(TimeSpan.FromSeconds(10));
        var said = Talk(net, nodes, seconds: 20, each: 5);
        net.Run(TimeSpan.FromSeconds(10));
        AllHeard(seed, nodes, said);
        Assert.All(nodes, node => Assert.Equal(0, node.HeardTwice));
        foreach (var node in nodes)
        {
            Assert.All(net.PeersOf(node), peer => Assert.True(node.ScoreOf(peer) >= 0, $"seed {seed}: {node.Id} finds {peer.Id} to be {node.ScoreOf(peer)}"));
            Assert.InRange(node.Router.Topics[GossipSimulation.Topic].Mesh.Count, 4, 13);
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Nodes_that_never_publish_keep_their_score_and_their_places(int seed)
    {
        var (net, nodes) = Network(seed, 50);
        net.Run(TimeSpan.FromSeconds(10));
        var said = Talk(net, nodes[..3], seconds: 120, each: 2);
        net.Run(TimeSpan.FromSeconds(5));
        AllHeard(seed, nodes, said);
        foreach (var node in nodes)
        {
            Assert.All(net.PeersOf(node), peer => Assert.True(node.ScoreOf(peer) >= 0, $"seed {seed}: {node.Id} finds {peer.Id} to be {node.ScoreOf(peer)}"));
            Assert.True(nodes.Exists(other => other.Router.Topics[GossipSimulation.Topic].Mesh.Exists(peer => peer.Id == node.Id)), $"seed {seed}: {node.Id}");
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Messages_get_through_while_nodes_come_and_go(int seed)
    {
        var (net, nodes) = Network(seed, 60);
        net.Run(TimeSpan.FromSeconds(10));
        var stable = nodes[..45];
        List<string> said = [];
        for (var second = 0; second < 60; second++)
        {
            var moving = nodes[45 + (second % 15)];
            foreach (var peer in net.PeersOf(moving).ToArray())
            {
                net.Disconnect(moving, peer);
            }

            for (var i = 0; i < 6; i++)
            {
                net.Connect(moving, net.One(stable));
            }

            said.Add(net.Publish(net.One(stable), $".{second}"));
            net.Run(TimeSpan.FromSeconds(1));
        }

        net.Run(TimeSpan.FromSeconds(8));
        AllHeard(seed, stable, said);
        Assert.All(nodes, node => Assert.True(node.Router.Figures is { Promises: < 300, Pending: 0, Backoffs: < 200, Cached: < 20 }, $"seed {seed}: {node.Router.Figures}"));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Spammers_are_shut_out_and_nothing_of_theirs_is_forwarded(int seed)
    {
        var (net, nodes) = Network(seed, 50);
        var spammers = Enumerable.Range(0, 5).Select(i => net.Add($"spam{i}", Conduct.Spammer)).ToList();
        foreach (var spammer in spammers)
        {
            for (var i = 0; i < 12; i++)
            {
                net.Connect(spammer, net.One(nodes));
            }
        }

        net.Run(TimeSpan.FromSeconds(20));
        foreach (var node in nodes)
        {
            Assert.DoesNotContain(node.Router.Topics[GossipSimulation.Topic].Mesh, peer => peer.Id.Name.StartsWith("spam", StringComparison.Ordinal));
            Assert.All(spammers, spammer => Assert.True(!net.PeersOf(node).Contains(spammer) || node.ScoreOf(spammer) < 0, $"seed {seed}: {spammer.Id} at {node.Id}"));
            Assert.All(net.PeersOf(node).Where(peer => peer.Conduct == Conduct.Honest), peer => Assert.True(node.ScoreOf(peer) >= 0, $"seed {seed}"));
        }

        var said = Talk(net, nodes, seconds: 10, each: 3);
        net.Run(TimeSpan.FromSeconds(5));
        AllHeard(seed, nodes, said);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_node_whom_silent_sybils_outnumber_ten_to_one_still_hears_and_is_heard(int seed)
    {
        var (net, nodes) = Network(seed, 40);
        var victim = net.Add("victim");
        var sybils = Enumerable.Range(0, 40).Select(i => net.Add($"sybil{i}", Conduct.Sybil)).ToList();
        sybils.ForEach(sybil => net.Connect(sybil, victim)); // they are there first
        net.Run(TimeSpan.FromSeconds(5));
        for (var i = 0; i < 4; i++)
        {
            net.Connect(victim, nodes[i * 7]);
        }

        net.Run(TimeSpan.FromSeconds(5));
        var said = Talk(net, nodes, seconds: 130, each: 1);
        said.AddRange(Enumerable.Range(0, 5).Select(i => net.Publish(victim, $".by the victim {i}")));
        net.Run(TimeSpan.FromSeconds(10));
        AllHeard(seed, [.. nodes, victim], said);
        var mesh = victim.Router.Topics[GossipSimulation.Topic].Mesh;
        Assert.True(mesh.Count(peer => peer.IsOutbound) >= 2, $"seed {seed}: of {mesh.Count} in the mesh {mesh.Count(peer => peer.IsOutbound)} are honest");
    }

    [Fact]
    public void A_seed_gives_the_same_run()
    {
        static string Run(int seed)
        {
            var (net, nodes) = Network(seed, 20);
            net.Loss = 0.2;
            net.Run(TimeSpan.FromSeconds(5));
            Talk(net, nodes, seconds: 5, each: 2);
            return string.Join(' ', nodes.Select(node => $"{node.Router.Counts.Received} {node.Router.Counts.Duplicates} {node.Router.Counts.Asked}"));
        }

        Assert.Equal(Run(7), Run(7));
        Assert.NotEqual(Run(7), Run(8));
    }

    private static (GossipSimulation Net, List<Node> Nodes) Network(int seed, int count)
    {
        var net = new GossipSimulation(seed);
        var nodes = Enumerable.Range(0, count).Select(i => net.Add($"n{i}")).ToList();
        for (var i = 0; i < count; i++)
        {
            net.Connect(nodes[i], nodes[(i + 1) % count]); // connected as a whole, whatever the seed
            for (var j = 0; j < 4; j++)
            {
                net.Connect(nodes[i], net.One(nodes));
            }
        }

        return (net, nodes);
    }

    private static List<string> Talk(GossipSimulation net, List<Node> nodes, int seconds, int each)
    {
        List<string> said = [];
        for (var second = 0; second < seconds; second++)
        {
            for (var i = 0; i < each; i++)
            {
                said.Add(net.Publish(net.One(nodes), $".{second} {i} {said.Count}"));
            }

            net.Run(TimeSpan.FromSeconds(1));
        }

        return said;
    }

    private static void AllHeard(int seed, IEnumerable<Node> nodes, List<string> said)
    {
        foreach (var node in nodes)
        {
            var missed = said.Where(text => !node.Heard.Contains(text)).ToList();
            Assert.True(missed.Count == 0, $"seed {seed}: {node.Id} missed {missed.Count} of {said.Count}: {string.Join(", ", missed.Take(5))}");
        }
    }
}
