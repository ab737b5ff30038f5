using System.Security.Cryptography;
using System.Text;
using LuxTensor.Network;

namespace LuxTensor.Tests.Network;

/// <summary>Real hosts on loopback, and js-libp2p's gossipsub as the other implementation.</summary>
public sealed class GossipInteropTests
{
    private const string Topic = GossipNode.Topic;

    private static readonly int[] Sizes = [200, 100_000];

    [Theory]
    [InlineData("/noise")]
    [InlineData("/tls/1.0.0")]
    public async Task Two_nodes_over_tcp_hear_each_other(string security)
    {
        await using var a = await TcpNode.StartAsync(security);
        await using var b = await TcpNode.StartAsync(security);
        await a.DialAsync(b);
        await Task.WhenAll(a.Node.MeshAsync(1), b.Node.MeshAsync(1));
        foreach (var size in Sizes.Append(a.Node.Gossip.MaxDataBytes))
        {
            await a.SaysAsync($"from a {size}", size, b);
            await b.SaysAsync($"from b {size}", size, a);
        }
    }

    [Fact]
    public async Task Eight_nodes_over_tcp_hear_everything_once()
    {
        var nodes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => TcpNode.StartAsync()));
        for (var i = 0; i < nodes.Length; i++)
        {
            await nodes[i].DialAsync(nodes[(i + 1) % 8]);
            await nodes[i].DialAsync(nodes[(i + 3) % 8]);
        }

        await Task.WhenAll(nodes.Select(node => node.Node.MeshAsync(4)));
        for (var round = 0; round < 10; round++)
        {
            foreach (var node in nodes)
            {
                Assert.True(node.Node.Publish(TcpNode.Padded($"{node.Host.Id} {round}", Sizes[round % 2])));
            }
        }

        foreach (var node in nodes)
        {
            Assert.Equal(70, (await node.Node.NextAsync(70)).Count);
            Assert.All(node.Node.Times, heard => Assert.Equal(1, heard.Value));
        }

        await Task.WhenAll(nodes.Select(node => node.DisposeAsync().AsTask()));
    }

    [SkippableTheory]
    [InlineData(true, "noise")]
    [InlineData(false, "noise")]
    [InlineData(true, "tls")]
    public async Task A_js_node_and_this_one_hear_each_other(bool jsDials, string security)
    {
        JsPeer.Require();
        await using var js = await JsAsync(security);
        await using var ours = await TcpNode.StartAsync();
        await JoinAsync(ours, js, jsDials);
        await InMeshAsync(js, 1);
        await ours.Node.MeshAsync(1);
        foreach (var size in Sizes)
        {
            await js.DoAsync("publish", new { topic = Topic, text = $"from js {size}", size });
            Assert.Equal(TcpNode.Padded($"from js {size}", size), GossipNode.Text(await ours.Node.NextAsync()));
            Assert.True(ours.Node.Publish(TcpNode.Padded($"from us {size}", size)));
            await HearsAsync(js, $"from us {size}", size);
        }
    }

    [SkippableFact]
    public async Task A_mesh_of_four_js_nodes_and_four_of_ours_hears_everything()
    {
        JsPeer.Require();
        var js = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => JsAsync("noise")));
        var ours = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => TcpNode.StartAsync()));
        for (var i = 0; i < 4; i++)
        {
            // js only hears of js through ours, and ours of ours through js.
            await JoinAsync(ours[i], js[i], jsDials: false);
            await JoinAsync(ours[(i + 1) % 4], js[i], jsDials: true);
        }

        await Task.WhenAll(ours.Select(node => node.Node.MeshAsync(2)));
        await Task.WhenAll(js.Select(node => InMeshAsync(node, 2)));
        List<(string Mark, int Size)> said = [];
        for (var round = 0; round < 4; round++)
        {
            for (var i = 0; i < 4; i++)
            {
                var size = Sizes[round % 2];
                said.Add(($"ours {i} {round} ", size));
                Assert.True(ours[i].Node.Publish(TcpNode.Padded($"ours {i} {round} ", size)));
                said.Add(($"js {i} {round} ", size));
                await js[i].DoAsync("publish", new { topic = Topic, text = $"js {i} {round} ", size });
            }
        }

        for (var i = 0; i < 4; i++)
        {
            var heard = await ours[i].Node.NextAsync(28);
            Assert.Equal([.. said.Where(it => !it.Mark.StartsWith($"ours {i}", StringComparison.Ordinal)).Select(it => TcpNode.Padded(it.Mark, it.Size)).Order()], heard.Order());
            var missing = said.Where(it => !it.Mark.StartsWith($"js {i}", StringComparison.Ordinal)).Select(it => Hash(TcpNode.Padded(it.Mark, it.Size))).ToHashSet();
            while (missing.Count > 0)
            {
                missing.Remove((string)(await js[i].EventAsync("gossip"))["hash"]!);
            }
        }

        await Task.WhenAll(ours.Select(node => node.DisposeAsync().AsTask()).Concat(js.Select(node => node.DisposeAsync().AsTask())));
    }

    [SkippableFact]
    public async Task What_this_node_rejects_is_not_forwarded_from_js_to_js_and_the_other_way_round()
    {
        JsPeer.Require();
        await using var first = await JsAsync("noise");
        await using var ours = await TcpNode.StartAsync();
        await using var second = await JsAsync("noise");
        await using var last = await TcpNode.StartAsync();
        await JoinAsync(ours, first, jsDials: true);
        await JoinAsync(ours, second, jsDials: false);
        await JoinAsync(last, second, jsDials: false);
        await Task.WhenAll(InMeshAsync(first, 1), InMeshAsync(second, 2), ours.Node.MeshAsync(2), last.Node.MeshAsync(1));

        await first.DoAsync("publish", new { topic = Topic, text = "Rejected by us" });
        await first.DoAsync("publish", new { topic = Topic, text = "Ignored by us" });
        await first.DoAsync("publish", new { topic = Topic, text = "accepted" });
        Assert.Equal("accepted", (string)(await second.EventAsync("gossip"))["text"]!);
        Assert.Equal("accepted", GossipNode.Text(await last.Node.NextAsync()));
        await ours.Node.UntilAsync(router => router.Counts is { Rejected: 1, Ignored: 1 }, "both were judged");

        ours.Node.Publish("Rejected by js");
        ours.Node.Publish("later");
        Assert.Equal("later", GossipNode.Text(await last.Node.NextAsync()));
        Assert.DoesNotContain(last.Node.Times.Keys, text => text.StartsWith('R') || text.StartsWith('I'));
    }

    private static Task<JsPeer> JsAsync(string security) => JsPeer.StartAsync(new { parts = new[] { "gossip" }, topics = new[] { Topic }, security = new[] { security } });

    private static async Task JoinAsync(TcpNode ours, JsPeer js, bool jsDials)
    {
        if (jsDials)
        {
            await js.DoAsync("dial", new { address = ours.Host.Address.ToString() });
        }
        else
        {
            await ours.Host.Swarm.DialAsync(Multiaddr.Parse(js.Addresses[0]), Host.Soon);
        }
    }

    private static Task InMeshAsync(JsPeer js, int peers) => Deadline.UntilAsync(
        async () => (await js.DoAsync("mesh", new { topic = Topic }))!["mesh"]!.AsArray().Count >= peers, $"the js node has {peers} in its mesh");

    private static async Task HearsAsync(JsPeer js, string mark, int size)
    {
        var heard = await js.EventAsync("gossip", it => ((string)it["text"]!).StartsWith(mark, StringComparison.Ordinal));
        Assert.Equal(Hash(TcpNode.Padded(mark, size)), (string)heard["hash"]!);
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}

/// <summary>A real host on loopback with gossip on it.</summary>
internal sealed class TcpNode(Host host, GossipNode node) : IAsyncDisposable
{
    public Host Host { get; } = host;

    public GossipNode Node { get; } = node;

    public static string Padded(string mark, int size) => mark + new string('x', size - mark.Length);

    public static async Task<TcpNode> StartAsync(string? security = null)
    {
        GossipNode? node = null;
        var host = await Host.StartAsync(it => security is null ? it : it with { Security = [security] }, before: swarm => node = new GossipNode(swarm));
        return new TcpNode(host, node!);
    }

    public Task DialAsync(TcpNode to) => Host.Swarm.DialAsync(to.Host.Address, Host.Soon);

    public async Task SaysAsync(string mark, int size, TcpNode to)
    {
        Assert.True(Node.Publish(Padded(mark, size)));
        Assert.Equal(Padded(mark, size), GossipNode.Text(await to.Node.NextAsync()));
    }

    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync();
        await Host.DisposeAsync();
    }
}
