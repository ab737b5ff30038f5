using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Rpc;

/// <summary>Notes: in order, each once, after the answer, to whom they belong; and what becomes of those who do not read them.</summary>
public sealed class Subscriptions_of_a_connection
{
    [Fact]
    public async Task Each_block_that_joins_is_told_once_and_can_be_read_by_then()
    {
        await using var served = await Served.StartAsync();
        using var socket = await served.ConnectAsync();
        var id = await socket.SubscribeAsync("[\"newHeads\"]");
        for (var number = 1; number <= 5; number++)
        {
            var made = served.Node.Extend();
            var head = await socket.NoteAsync(id);
            Assert.Equal($"0x{number:x}", head.GetProperty("number").GetString());
            Assert.Equal(made.Hash.ToString(), head.GetProperty("hash").GetString());
            Assert.NotEqual(JsonValueKind.Null, (await served.ResultAsync("eth_getBlockByNumber", $"[\"0x{number:x}\"]")).ValueKind);
        }
    }

    [Fact]
    public async Task A_reorganisation_is_told_with_what_left_and_joined()
    {
        await using var served = await Served.StartAsync();
        using var heads = await served.ConnectAsync();
        using var changes = await served.ConnectAsync();
        var headsId = await heads.SubscribeAsync("[\"newHeads\"]");
        var changesId = await changes.SubscribeAsync("[\"lux_reorgs\"]");
        var left = served.Node.Extend();
        var joined = served.Node.Extend(served.Node.Genesis.Block.Hash, round: 1);
        var head = joined;
        if (served.Node.View.Head.Hash == left.Hash)
        {
            head = served.Node.Extend(joined.Hash);
        }

        var change = await changes.NoteAsync(changesId);
        Assert.Equal("0x1", change.GetProperty("depth").GetString());
        Assert.Equal(left.Hash.ToString(), change.GetProperty("left")[0].GetString());
        Assert.Equal(joined.Hash.ToString(), change.GetProperty("joined")[0].GetString());
        Assert.Equal(left.Hash.ToString(), (await heads.NoteAsync(headsId)).GetProperty("hash").GetString());
        Assert.Equal(joined.Hash.ToString(), (await heads.NoteAsync(headsId)).GetProperty("hash").GetString());
        if (head != joined)
        {
            Assert.Equal(head.Hash.ToString(), (await heads.NoteAsync(headsId)).GetProperty("hash").GetString());
        }
    }

    [Fact]
    public async Task The_answer_goes_out_before_the_first_note()
    {
        // However many notes wait for the thread that writes the answer, nobody is cut off.
        await using var served = await Served.StartAsync(options => options with { MaxQueuedMessages = int.MaxValue });
        using var stop = new CancellationTokenSource();
        using var reader = await served.ConnectAsync();
        var read = await reader.SubscribeAsync("[\"newPendingTransactions\"]");
        var making = Task.Run(async () =>
        {
            var notice = new Notice.Pending(served.Node.Transfer(0, 1));
            for (var made = 0; !stop.IsCancellationRequested; made++)
            {
                served.Node.Publish(notice);
                if (made >= 64)
                {
                    await reader.NoteAsync(read); // so many on their way at most, however slow the server
                }
            }
        });
        for (var i = 0; i < 50; i++)
        {
            using var socket = await served.ConnectAsync();
            var id = await socket.SubscribeAsync("[\"newPendingTransactions\"]"); // fails on a note that comes first
            await socket.NoteAsync(id);
        }

        await stop.CancelAsync();
        await making;
    }

    [Fact]
    public async Task Ids_are_random_and_bound_to_their_connection()
    {
        await using var served = await Served.StartAsync();
        using var one = await served.ConnectAsync();
        using var other = await served.ConnectAsync();
        var ids = new[] { await one.SubscribeAsync("[\"newHeads\"]"), await one.SubscribeAsync("[\"newHeads\"]"), await other.SubscribeAsync("[\"newHeads\"]") };
        Assert.Equal(3, ids.Distinct().Count());
        Assert.All(ids, id => Assert.Matches("^0x[0-9a-f]{32}$", id));
        Assert.False((await other.CallAsync("eth_unsubscribe", $"[\"{ids[0]}\"]")).GetProperty("result").GetBoolean());
        Assert.True((await one.CallAsync("eth_unsubscribe", $"[\"{ids[0]}\"]")).GetProperty("result").GetBoolean());
        Assert.False((await one.CallAsync("eth_unsubscribe", $"[\"{ids[0]}\"]")).GetProperty("result").GetBoolean());
        served.Node.Extend();
        await one.NoteAsync(ids[1]); // and none of the ended one before it
        await other.NoteAsync(ids[2]);
    }

    [Fact]
    public async Task Over_HTTP_there_are_none()
    {
        await using var served = await Served.StartAsync();
        Assert.Equal(-32601, (await served.ErrorAsync("eth_subscribe", "[\"newHeads\"]")).Code);
        Assert.Equal(-32601, (await served.ErrorAsync("eth_unsubscribe", "[\"0x1\"]")).Code);
    }

    [Theory]
    [InlineData("[\"newBlocks\"]")]
    [InlineData("[7]")]
    [InlineData("[]")]
    [InlineData("[\"logs\",{\"address\":1}]")]
    [InlineData("[\"lux_finality\",{\"fromHeight\":1}]")]
    [InlineData("[\"lux_finality\",{\"fromSequence\":\"x\"}]")]
    [InlineData("[\"newPendingTransactions\",1]")]
    public async Task A_kind_or_option_that_is_not_known_is_refused(string parameters)
    {
        await using var served = await Served.StartAsync();
        using var socket = await served.ConnectAsync();
        Assert.Equal(-32602, (await socket.CallAsync("eth_subscribe", parameters)).GetProperty("error").GetProperty("code").GetInt32());
    }

    [Fact]
    public async Task Catching_up_is_told_in_the_words_of_Ethereum()
    {
        await using var served = await Served.StartAsync();
        using var socket = await served.ConnectAsync();
        var id = await socket.SubscribeAsync("[\"syncing\"]");
        served.Node.Publish(new Notice.Syncing(Active: true, 1, 5, 100));
        Assert.Equal(
            """{"syncing":true,"status":{"startingBlock":"0x1","currentBlock":"0x5","highestBlock":"0x64"}}""", (await socket.NoteAsync(id)).GetRawText());
        Assert.Equal("0x64", (await served.ResultAsync("eth_syncing")).GetProperty("highestBlock").GetString());
        served.Node.Publish(new Notice.Syncing(Active: false, 1, 100, 100));
        Assert.Equal("false", (await socket.NoteAsync(id)).GetRawText());
        Assert.Equal(JsonValueKind.False, (await served.ResultAsync("eth_syncing")).ValueKind);
    }

    [Fact]
    public async Task A_slow_reader_is_cut_off_and_told_and_nobody_waits_for_it()
    {
        await using var served = await Served.StartAsync(options => options with { MaxQueuedMessages = 4, CloseTimeout = TimeSpan.FromMinutes(5) });
        using var quick = await served.ConnectAsync();
        var heads = await quick.SubscribeAsync("[\"newHeads\"]");
        using var slow = await ConnectNarrowAsync(served);
        await slow.SubscribeAsync("[\"newPendingTransactions\",true]");
        var large = new Notice.Pending(served.Node.Data(0, new byte[60_000]));
        for (var i = 0; i < 400; i++) // 48 MB: more than any socket buffers
        {
            served.Node.Publish(large);
        }

        served.Node.Extend();
        await quick.NoteAsync(heads);
        var (code, reason) = await slow.CloseAsync();
        Assert.Equal(1008, code);
        Assert.StartsWith("too slow", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reader_that_takes_nothing_at_all_is_aborted()
    {
        await using var served = await Served.StartAsync(options => options with { MaxQueuedMessages = 4, CloseTimeout = TimeSpan.FromMilliseconds(1) });
        using var slow = await ConnectNarrowAsync(served);
        await slow.SubscribeAsync("[\"newPendingTransactions\",true]");
        var large = new Notice.Pending(served.Node.Data(0, new byte[60_000]));
        for (var i = 0; i < 400; i++)
        {
            served.Node.Publish(large);
        }

        while ((await served.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative))).Contains("luxtensor_rpc_connections 1\n", StringComparison.Ordinal))
        {
            // each turn is a round trip to the server; without the abort the test would never end
        }

        await Assert.ThrowsAnyAsync<WebSocketException>(slow.CloseAsync);
    }

    [Fact]
    public async Task A_server_that_stops_says_that_it_will_be_back()
    {
        var served = await Served.StartAsync();
        using var socket = await served.ConnectAsync();
        await socket.SubscribeAsync("[\"newHeads\"]");
        var closing = socket.CloseAsync();
        await served.DisposeAsync();
        Assert.Equal((1012, "the server stops"), await closing);
    }

    [Fact]
    public async Task A_node_that_stops_closes_every_connection()
    {
        await using var served = await Served.StartAsync();
        using var socket = await served.ConnectAsync();
        await socket.CallAsync("eth_chainId"); // the server knows the connection by then
        served.Node.Publish(new Notice.Stopped("disk full"));
        Assert.Equal((1012, "the node stops"), await socket.CloseAsync());
        using var late = await served.ConnectAsync();
        Assert.Equal((1012, "the node stops"), await late.CloseAsync());
    }

    [Fact]
    public async Task A_client_that_closes_is_answered()
    {
        await using var served = await Served.StartAsync();
        using var socket = await served.ConnectAsync();
        await socket.SubscribeAsync("[\"newHeads\"]");
        await socket.Raw.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", CancellationToken.None);
        Assert.Equal(WebSocketState.Closed, socket.Raw.State);
        served.Node.Extend();
        using var other = await served.ConnectAsync(); // and the server goes on
        await other.CallAsync("eth_chainId");
    }

    [Theory]
    [InlineData("13", "dGhlIHNhbXBsZSBub25jZQ==", "101")]
    [InlineData("12", "dGhlIHNhbXBsZSBub25jZQ==", "400")]
    [InlineData("13", "dGhlIHNhbXBsZQ==", "400")]
    [InlineData("13", "????????????????????????", "400")]
    public async Task The_handshake_is_that_of_the_RFC(string version, string key, string status)
    {
        await using var served = await Served.StartAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(served.Server.HttpEndpoint!); // the HTTP port takes WebSockets too
        var head = await HandshakeAsync(client.GetStream(), version, key);
        Assert.StartsWith($"HTTP/1.1 {status} ", head, StringComparison.Ordinal);
        if (status == "101")
        {
            Assert.Contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", head, StringComparison.Ordinal); // the RFC's example
        }
    }

    /// <summary>A client whose kernel takes as little as it can be made to.</summary>
    private static async Task<Narrow> ConnectNarrowAsync(Served served)
    {
        var client = new TcpClient { ReceiveBufferSize = 1 << 10 };
        await client.ConnectAsync(served.Server.WebSocketEndpoint!);
        var stream = client.GetStream();
        Assert.StartsWith("HTTP/1.1 101 ", await HandshakeAsync(stream, "13", "dGhlIHNhbXBsZSBub25jZQ=="), StringComparison.Ordinal);
        return new Narrow(client, WebSocket.CreateFromStream(stream, isServer: false, null, Timeout.InfiniteTimeSpan));
    }

    private static async Task<string> HandshakeAsync(NetworkStream stream, string version, string key)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: {version}\r\nSec-WebSocket-Key: {key}\r\n\r\n"));
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await stream.ReadExactlyAsync(one);
            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    private sealed class Narrow(TcpClient client, WebSocket socket) : IDisposable
    {
        public async Task SubscribeAsync(string parameters)
        {
            await socket.SendAsync(
                Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":{{parameters}}}"""),
                WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            Assert.True((await socket.ReceiveAsync(new byte[4_096].AsMemory(), CancellationToken.None)).EndOfMessage);
        }

        public async Task<(int Code, string? Reason)> CloseAsync()
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            var buffer = new byte[64 << 10];
            while ((await socket.ReceiveAsync(buffer.AsMemory(), patience.Token)).MessageType != WebSocketMessageType.Close)
            {
            }

            return ((int)socket.CloseStatus!.Value, socket.CloseStatusDescription);
        }

        public void Dispose()
        {
            socket.Dispose();
            client.Dispose();
        }
    }
}
