using System.Net;

namespace LuxTensor.Tests.Rpc;

/// <summary>JSON-RPC 2.0: what a request may be, and the very bytes of its answer.</summary>
public sealed class Envelope_by_the_book
{
    private const string Call = "\"jsonrpc\":\"2.0\",\"method\":\"eth_chainId\"";
    private const string Answer = "\"result\":\"0x1e61\"}";

    public static TheoryData<string, string> Ids => new()
    {
        { "1", "1" },
        { "-0", "-0" },
        { "1.50", "1.50" },
        { "1e400", "1e400" },
        { "-1.0E-7", "-1.0E-7" },
        { "123456789012345678901234567890", "123456789012345678901234567890" },
        { "null", "null" },
        { "\"\"", "\"\"" },
        { "\"a\\u0041\\n\\\"\\\\\"", "\"a\\u0041\\n\\\"\\\\\"" },
        { "\"\\ud800\"", "\"\\ud800\"" },
        { "\"7f1c2b9e-0000-4000-8000-1234567890ab\"", "\"7f1c2b9e-0000-4000-8000-1234567890ab\"" },
        { "\"žluť 😀\"", "\"žluť 😀\"" },
    };

    [Theory]
    [MemberData(nameof(Ids))]
    public async Task An_id_of_a_legal_type_is_echoed_to_the_byte(string id, string echoed)
    {
        await using var served = await Served.StartAsync();
        var (status, body) = await served.PostAsync($$"""{ {{Call}} , "id" : {{id}} }""");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("{\"jsonrpc\":\"2.0\",\"id\":" + echoed + "," + Answer, body);
    }

    [Theory]
    [InlineData("", -32700, "null")]
    [InlineData(" ", -32700, "null")]
    [InlineData("{", -32700, "null")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\"} x", -32700, "null")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":01,\"method\":\"eth_chainId\"}", -32700, "null")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\",}", -32700, "null")]
    [InlineData("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\"},{]", -32700, "null")]
    [InlineData("// nothing", -32700, "null")]
    [InlineData("[]", -32600, "null")]
    [InlineData("1", -32600, "null")]
    [InlineData("\"eth_chainId\"", -32600, "null")]
    [InlineData("null", -32600, "null")]
    [InlineData("{}", -32600, "null")]
    [InlineData("{\"foo\":\"bar\"}", -32600, "null")]
    [InlineData("{\"id\":3,\"method\":\"eth_chainId\"}", -32600, "3")]
    [InlineData("{\"jsonrpc\":\"1.0\",\"id\":3,\"method\":\"eth_chainId\"}", -32600, "3")]
    [InlineData("{\"jsonrpc\":2.0,\"id\":3,\"method\":\"eth_chainId\"}", -32600, "3")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":3}", -32600, "3")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":7}", -32600, "3")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"eth_chainId\"}", -32600, "null")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"eth_chainId\"}", -32600, "null")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"eth_chainId\"}", -32600, "null")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"eth_chainId\"}", -32600, "null")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\",\"method\":\"eth_chainId\"}", -32600, "1")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\",\"params\":[],\"params\":[]}", -32600, "1")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\",\"m\\u0065thod\":\"eth_chainId\"}", -32600, "1")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\",\"params\":\"bar\"}", -32600, "1")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\",\"params\":7}", -32600, "1")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\",\"params\":{}}", -32602, "1")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\",\"params\":[1]}", -32602, "1")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_getBalance\",\"params\":[]}", -32602, "1")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_nothing\"}", -32601, "1")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\\ud800\"}", -32601, "1")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\"}", -32601, "1")]
    public async Task A_bad_request_is_answered_with_its_code_and_id(string request, int code, string id)
    {
        await using var served = await Served.StartAsync();
        var (status, body) = await served.PostAsync(request);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.StartsWith($$"""{"jsonrpc":"2.0","id":{{id}},"error":{"code":{{code}},"message":""", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\"}")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\",\"params\":null}")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\",\"params\":[]}")]
    [InlineData("{\"params\":[],\"method\":\"eth_chainId\",\"id\":1,\"jsonrpc\":\"2.0\"}")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"extra\":{\"id\":2,\"a\":[1]},\"id\":1,\"method\":\"eth_chainId\"}")]
    [InlineData("\r\n\t{\"jsonrpc\":\"\\u0032.0\",\"\\u0069d\":1,\"method\":\"eth\\u005fchainId\"}\n")]
    public async Task A_good_request_may_be_written_in_many_ways(string request)
    {
        await using var served = await Served.StartAsync();
        Assert.Equal((HttpStatusCode.OK, "{\"jsonrpc\":\"2.0\",\"id\":1," + Answer), await served.PostAsync(request));
    }

    [Fact]
    public async Task Bytes_that_are_not_utf8_are_a_parse_error()
    {
        await using var served = await Served.StartAsync();
        using var content = new ByteArrayContent([.. "{\"jsonrpc\":\"2.0\",\"id\":\""u8, 0xff, .. "\",\"method\":\"eth_chainId\"}"u8]);
        content.Headers.ContentType = new("application/json");
        using var answer = await served.Http.PostAsync(new Uri("/", UriKind.Relative), content);
        Assert.Contains("-32700", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_method_is_named_in_the_words_that_clients_look_for()
    {
        await using var served = await Served.StartAsync();
        Assert.Equal((-32601, "the method eth_foo does not exist/is not available"), await served.ErrorAsync("eth_foo"));
    }

    [Fact]
    public async Task A_batch_is_answered_in_order_without_its_notifications()
    {
        await using var served = await Served.StartAsync();
        var (_, body) = await served.PostAsync(
            $$"""
            [{ {{Call}},"id":"a"}, { {{Call}} }, 7, [], { {{Call}},"id":2}, {"jsonrpc":"2.0","method":"eth_nothing"}, {"jsonrpc":"2.0","method":"x","id":null}]
            """);
        var answers = JsonDocument.Parse(body).RootElement;
        Assert.Equal(5, answers.GetArrayLength());
        Assert.Equal("a", answers[0].GetProperty("id").GetString());
        Assert.Equal(-32600, answers[1].GetProperty("error").GetProperty("code").GetInt32());
        Assert.Equal(-32600, answers[2].GetProperty("error").GetProperty("code").GetInt32());
        Assert.Equal(2, answers[3].GetProperty("id").GetInt32());
        Assert.Equal(JsonValueKind.Null, answers[4].GetProperty("id").ValueKind);
        Assert.All(answers.EnumerateArray(), answer => Assert.Equal("2.0", answer.GetProperty("jsonrpc").GetString()));
    }

    [Theory]
    [InlineData("{\"jsonrpc\":\"2.0\",\"method\":\"eth_chainId\"}")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"method\":\"eth_nothing\",\"params\":{}}")]
    [InlineData("[{\"jsonrpc\":\"2.0\",\"method\":\"eth_chainId\"},{\"jsonrpc\":\"2.0\",\"method\":\"eth_chainId\"}]")]
    public async Task Notifications_are_answered_with_nothing(string request)
    {
        await using var served = await Served.StartAsync();
        Assert.Equal((HttpStatusCode.NoContent, ""), await served.PostAsync(request));
    }

    [Fact]
    public async Task A_notification_is_carried_out()
    {
        await using var served = await Served.StartAsync();
        var transaction = served.Node.Transfer(0, 1);
        await served.PostAsync(
            $$"""{"jsonrpc":"2.0","method":"eth_sendRawTransaction","params":["{{Crypto.Hex.Encode(transaction.Encoded.Span)}}"]}""");
        Assert.NotNull(served.Node.View.Pool.Find(transaction.Id));
    }

    [Fact]
    public async Task A_WebSocket_gives_the_same_answers()
    {
        await using var served = await Served.StartAsync();
        using var socket = await served.ConnectAsync();
        await socket.SendAsync($$"""[{ {{Call}},"id":1.0},{ {{Call}} }]""");
        Assert.Equal("[{\"jsonrpc\":\"2.0\",\"id\":1.0," + Answer + "]", (await socket.ReceiveAsync())!.Value.GetRawText());
        await socket.SendAsync("[]");
        Assert.Equal(-32600, (await socket.ReceiveAsync())!.Value.GetProperty("error").GetProperty("code").GetInt32());
        await socket.SendAsync($$"""{ {{Call}} }"""); // no answer: the next one is the next call's
        Assert.Equal("0x1e61", (await socket.CallAsync("eth_chainId")).GetProperty("result").GetString());
    }
}
