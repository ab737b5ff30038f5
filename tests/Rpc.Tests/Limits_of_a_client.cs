using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text;

namespace LuxTensor.Tests.Rpc;

/// <summary>How much one client may take, and what it is told when it takes more.</summary>
public sealed class Limits_of_a_client
{
    [Fact]
    public async Task A_body_over_the_limit_is_refused_before_it_is_read()
    {
        await using var served = await Served.StartAsync(options => options with { MaxBodyBytes = 1_000 });
        var (status, body) = await served.PostAsync(Padded(1_001));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, status);
        Assert.Equal(-32600, JsonDocument.Parse(body).RootElement.GetProperty("error").GetProperty("code").GetInt32());
        Assert.Contains("1000 bytes", body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await served.PostAsync(Padded(1_000))).Status);
    }

    [Fact]
    public async Task A_body_of_unknown_length_is_cut_off_at_the_limit()
    {
        await using var served = await Served.StartAsync(options => options with { MaxBodyBytes = 1_000 });
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/", UriKind.Relative));
        request.Content = new StreamContent(new MemoryStream(Encoding.UTF8.GetBytes(Padded(5_000))));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.TransferEncodingChunked = true;
        using var answer = await served.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
    }

    [Fact]
    public async Task A_body_of_megabytes_in_many_pieces_is_read_whole()
    {
        await using var served = await Served.StartAsync();
        var (status, body) = await served.PostAsync(Padded(5 << 20));
        Assert.Equal((HttpStatusCode.OK, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x1e61\"}"), (status, body));
    }

    [Fact]
    public async Task Each_call_of_an_overlong_batch_gets_an_error_with_its_id()
    {
        await using var served = await Served.StartAsync(options => options with { MaxBatchCalls = 10 });
        Assert.All((await BatchAsync(served, 10)).EnumerateArray(), answer => Assert.True(answer.TryGetProperty("result", out _)));
        var answers = await BatchAsync(served, 11);
        Assert.Equal(Enumerable.Range(0, 11), answers.EnumerateArray().Select(answer => answer.GetProperty("id").GetInt32()));
        Assert.All(answers.EnumerateArray(), answer => Assert.Equal(-32600, answer.GetProperty("error").GetProperty("code").GetInt32()));
        Assert.Contains("11 calls", answers[0].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_batch_that_is_overlong_many_times_gets_one_error()
    {
        await using var served = await Served.StartAsync(options => options with { MaxBatchCalls = 10 });
        Assert.Equal(JsonValueKind.Object, (await BatchAsync(served, 101)).ValueKind);
    }

    [Fact]
    public async Task Calls_whose_answer_does_not_fit_get_an_error_each()
    {
        await using var served = await Served.StartAsync(options => options with { MaxAnswerBytes = 4_000 });
        var answers = await BatchAsync(served, 4, "eth_getBlockByNumber", "[\"latest\",false]");
        Assert.True(answers[0].TryGetProperty("result", out _));
        Assert.Equal(-32003, answers[3].GetProperty("error").GetProperty("code").GetInt32());
        Assert.Equal(3, answers[3].GetProperty("id").GetInt32());
    }

    [Theory]
    [InlineData(29, -32602)]
    [InlineData(32, -32700)]
    [InlineData(100_000, -32700)]
    public async Task Nesting_is_read_to_its_limit(int depth, int code)
    {
        await using var served = await Served.StartAsync();
        var nested = string.Concat(Enumerable.Repeat("[", depth)) + string.Concat(Enumerable.Repeat("]", depth));
        Assert.Equal(code, (await served.ErrorAsync("eth_getBalance", nested)).Code);
    }

    [Fact]
    public async Task Calls_a_second_are_counted_for_an_address_and_a_batch_counts_all_its_calls()
    {
        var clock = new ManualClock();
        await using var served = await Served.StartAsync(options => options with { MaxCallsPerSecond = 10, MaxBatchCalls = 10, Clock = clock });
        Assert.All((await BatchAsync(served, 9)).EnumerateArray(), answer => Assert.True(answer.TryGetProperty("result", out _)));
        await served.ResultAsync("eth_chainId");
        Assert.Equal(-32005, (await served.ErrorAsync("eth_chainId")).Code);
        using var socket = await served.ConnectAsync(); // has a budget of its own
        Assert.True((await socket.CallAsync("eth_chainId")).TryGetProperty("result", out _));
        clock.Advance(TimeSpan.FromSeconds(0.2));
        Assert.All((await BatchAsync(served, 2)).EnumerateArray(), answer => Assert.True(answer.TryGetProperty("result", out _)));
        Assert.All((await BatchAsync(served, 2)).EnumerateArray(), answer => Assert.Equal(-32005, answer.GetProperty("error").GetProperty("code").GetInt32()));
    }

    [Fact]
    public async Task A_connection_has_so_many_subscriptions_and_no_more()
    {
        await using var served = await Served.StartAsync(options => options with { MaxSubscriptions = 3 });
        using var socket = await served.ConnectAsync();
        var first = await socket.SubscribeAsync("[\"newHeads\"]");
        await socket.SubscribeAsync("[\"logs\"]");
        await socket.SubscribeAsync("[\"lux_finality\"]");
        Assert.Equal(-32000, (await socket.CallAsync("eth_subscribe", "[\"newHeads\"]")).GetProperty("error").GetProperty("code").GetInt32());
        Assert.True((await socket.CallAsync("eth_unsubscribe", $"[\"{first}\"]")).GetProperty("result").GetBoolean());
        await socket.SubscribeAsync("[\"newHeads\"]");
    }

    [Fact]
    public async Task There_are_so_many_connections_and_no_more()
    {
        await using var served = await Served.StartAsync(options => options with { MaxConnections = 2 });
        using var first = await served.ConnectAsync();
        using var second = await served.ConnectAsync();
        await Assert.ThrowsAnyAsync<WebSocketException>(served.ConnectAsync);
        Assert.True((await second.CallAsync("eth_chainId")).TryGetProperty("result", out _));
    }

    [Fact]
    public async Task A_WebSocket_message_over_the_limit_closes_the_connection_with_1009()
    {
        await using var served = await Served.StartAsync(options => options with { MaxBodyBytes = 1_000 });
        using var socket = await served.ConnectAsync();
        await socket.SendAsync(Padded(1_000));
        Assert.True((await socket.ReceiveAsync())!.Value.TryGetProperty("result", out _));
        await socket.SendAsync(Padded(100_000));
        var (code, reason) = await socket.CloseAsync();
        Assert.Equal(1009, code);
        Assert.Contains("1000 bytes", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Polling_filters_are_bounded()
    {
        await using var served = await Served.StartAsync(options => options with { MaxFilters = 2 });
        await served.ResultAsync("eth_newBlockFilter");
        var id = await served.ResultAsync("eth_newBlockFilter");
        Assert.Equal(-32000, (await served.ErrorAsync("eth_newBlockFilter")).Code);
        await served.ResultAsync("eth_uninstallFilter", $"[{id.GetRawText()}]");
        await served.ResultAsync("eth_newBlockFilter");
    }

    [Fact]
    public async Task A_limit_that_lets_nothing_through_is_refused_at_the_start()
    {
        var wrong = await Assert.ThrowsAsync<ArgumentException>(() => Served.StartAsync(options => options with { MaxQueuedMessages = 0 }));
        Assert.Contains("MaxQueuedMessages", wrong.Message, StringComparison.Ordinal);
    }

    private static string Padded(int length)
    {
        const string request = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\"}";
        return request + new string(' ', length - request.Length);
    }

    private static async Task<JsonElement> BatchAsync(Served served, int count, string method = "eth_chainId", string parameters = "[]")
    {
        var calls = Enumerable.Range(0, count).Select(id => $$"""{"jsonrpc":"2.0","id":{{id}},"method":"{{method}}","params":{{parameters}}}""");
        return JsonDocument.Parse((await served.PostAsync($"[{string.Join(',', calls)}]")).Body).RootElement;
    }
}
