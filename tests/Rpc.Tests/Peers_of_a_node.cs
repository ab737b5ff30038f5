using LuxTensor.Core.Consensus;
using LuxTensor.Core.Peers;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Engine.Peers;

namespace LuxTensor.Tests.Rpc;

/// <summary>lux_peers and what net_ says beside it.</summary>
public sealed class Peers_of_a_node
{
    private static readonly PeerState Good = Peer.Begin(1_000) with
    {
        Reputation = 91_999,
        FirstContact = 1_000,
        LastContact = 2_000,
        Successes = 17,
        Failures = 1,
        LastFault = PeerFault.LateAnswer,
        BytesIn = 300,
        BytesOut = 400,
        Refused = 5,
        ProvenHeight = 6,
        ProvenHash = Sha256.Hash([6]),
        ClaimedHeight = 7,
        ClaimedHash = Sha256.Hash([7]),
    };

    /// <summary>One connected peer with every figure, one that is connected and says nothing, one that is banned.</summary>
    internal static NetworkView Everybody { get; } = new(
        new PeerId("12D3KooWself"),
        ["/ip4/192.0.2.9/tcp/30303"],
        [
            new PeerInfo(new PeerId("banned"), Peer.Begin(1) with { Reputation = 0, BannedUntil = 99_000, BanReason = PeerFault.WrongGenesis, Bans = 2, Failures = 1, LastFault = PeerFault.WrongGenesis }),
            new PeerInfo(new PeerId("good"), Good) { IsConnected = true, IsOutbound = true, Address = "/ip4/192.0.2.1/tcp/30303", Agent = "other/1.0" },
            new PeerInfo(new PeerId("quiet"), Peer.Begin(1)) { IsConnected = true },
        ]);

    [Fact]
    public async Task All_figures_of_a_peer_are_shown()
    {
        await using var served = await Served.StartAsync();
        served.Node.Around = Everybody;

        var all = await served.ResultAsync("lux_peers");

        Assert.Equal("""{"self":"12D3KooWself","listening":["/ip4/192.0.2.9/tcp/30303"],"connected":"0x2","banned":"0x1","known":"0x3"}""", Without(all, "peers"));
        Assert.Equal(
            "{\"id\":\"good\",\"connected\":true,\"direction\":\"outbound\",\"address\":\"/ip4/192.0.2.1/tcp/30303\",\"agent\":\"other/1.0\",\"reputation\":91,\"ban\":null,\"bans\":\"0x0\","
            + $"\"proven\":{{\"number\":\"0x6\",\"hash\":\"{Sha256.Hash([6])}\"}},\"claimed\":{{\"number\":\"0x7\",\"hash\":\"{Sha256.Hash([7])}\"}},"
            + "\"firstContact\":\"0x3e8\",\"lastContact\":\"0x7d0\",\"successes\":\"0x11\",\"failures\":\"0x1\",\"lastFault\":\"lateAnswer\",\"bytesIn\":\"0x12c\",\"bytesOut\":\"0x190\",\"framesRefused\":\"0x5\"}",
            all.GetProperty("peers")[0].GetRawText());
        var quiet = all.GetProperty("peers")[1];
        Assert.Equal((50, JsonValueKind.Null, JsonValueKind.Null), (quiet.GetProperty("reputation").GetInt32(), quiet.GetProperty("proven").ValueKind, quiet.GetProperty("firstContact").ValueKind));
    }

    [Fact]
    public async Task The_connected_the_banned_and_all_that_are_known_can_be_asked_for()
    {
        await using var served = await Served.StartAsync();
        served.Node.Around = Everybody;
        async Task<string[]> Ids(string parameters) =>
            [.. (await served.ResultAsync("lux_peers", parameters)).GetProperty("peers").EnumerateArray().Select(static it => it.GetProperty("id").GetString()!)];

        Assert.Equal(["good", "quiet"], await Ids("[\"connected\"]"));
        Assert.Equal(["banned"], await Ids("[\"banned\"]"));
        Assert.Equal(["good", "quiet", "banned"], await Ids("[\"known\"]")); // the best first
        Assert.Equal(["good"], await Ids("[null,1]"));
        Assert.Empty(await Ids("[\"known\",0]"));
        var ban = (await served.ResultAsync("lux_peers", "[\"banned\"]")).GetProperty("peers")[0].GetProperty("ban");
        Assert.Equal("""{"until":"0x182b8","reason":"wrongGenesis"}""", ban.GetRawText());
    }

    [Theory]
    [InlineData("[\"friends\"]", "which must be one of connected, banned, known")]
    [InlineData("[5]", "which must be one of")]
    [InlineData("[\"known\",1001]", "limit must be at most 1000")]
    [InlineData("[\"known\",1,2]", "")]
    public async Task A_bad_argument_is_refused(string parameters, string why)
    {
        await using var served = await Served.StartAsync();
        var (code, message) = await served.ErrorAsync("lux_peers", parameters);
        Assert.Equal(-32602, code);
        Assert.Contains(why, message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_network_that_only_knows_who_is_connected_gives_ids()
    {
        await using var served = await Served.StartAsync();
        served.Node.Peers = [new("b"), new("a")];
        var network = await served.ResultAsync("lux_peers");
        Assert.Equal((JsonValueKind.Null, "0x2"), (network.GetProperty("self").ValueKind, network.GetProperty("connected").GetString()));
        Assert.Equal(["a", "b"], network.GetProperty("peers").EnumerateArray().Select(static it => it.GetProperty("id").GetString()));
        Assert.Equal("0x2", (await served.ResultAsync("net_peerCount")).GetString());
        Assert.True((await served.ResultAsync("net_listening")).GetBoolean());
        Assert.Equal("7777", (await served.ResultAsync("net_version")).GetString());
    }

    private static string Without(JsonElement element, string member) =>
        "{" + string.Join(',', element.EnumerateObject().Where(it => it.Name != member).Select(static it => $"\"{it.Name}\":{it.Value.GetRawText()}")) + "}";
}
