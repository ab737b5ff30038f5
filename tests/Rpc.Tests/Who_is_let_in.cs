using System.Net;
using System.Net.WebSockets;
using System.Text;

namespace LuxTensor.Tests.Rpc;

/// <summary>Web pages are kept out unless allowed, whatever name they come under.</summary>
public sealed class Who_is_let_in
{
    [Theory]
    [InlineData("127.0.0.1:8545", HttpStatusCode.OK)]
    [InlineData("localhost", HttpStatusCode.OK)]
    [InlineData("LOCALHOST:1", HttpStatusCode.OK)]
    [InlineData("[::1]:8545", HttpStatusCode.OK)]
    [InlineData("10.1.2.3", HttpStatusCode.OK)]
    [InlineData("node.example:8545", HttpStatusCode.OK)]
    [InlineData("evil.example", HttpStatusCode.Forbidden)]
    [InlineData("127.0.0.1.evil.example", HttpStatusCode.Forbidden)]
    [InlineData("localhost.evil.example:8545", HttpStatusCode.Forbidden)]
    public async Task A_host_name_must_be_listed_and_an_address_need_not(string host, HttpStatusCode expected)
    {
        await using var served = await Served.StartAsync(options => options with { AllowedHosts = ["localhost", "node.example"] });
        using var request = Request();
        request.Headers.Host = host;
        using var answer = await served.Http.SendAsync(request);
        Assert.Equal(expected, answer.StatusCode);
        if (expected == HttpStatusCode.Forbidden)
        {
            Assert.Contains("AllowedHosts", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("https://app.example", HttpStatusCode.OK)]
    [InlineData("https://app.example.evil", HttpStatusCode.Forbidden)]
    [InlineData("http://localhost:3000", HttpStatusCode.Forbidden)]
    [InlineData("null", HttpStatusCode.Forbidden)]
    public async Task An_origin_must_be_listed(string origin, HttpStatusCode expected)
    {
        await using var served = await Served.StartAsync(options => options with { AllowedOrigins = ["https://app.example"] });
        using var request = Request();
        request.Headers.Add("Origin", origin);
        using var answer = await served.Http.SendAsync(request);
        Assert.Equal(expected, answer.StatusCode);
        Assert.Equal(expected == HttpStatusCode.OK, answer.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task A_listed_origin_is_told_before_it_posts_that_it_may()
    {
        await using var served = await Served.StartAsync(options => options with { AllowedOrigins = ["https://app.example"] });
        using var request = new HttpRequestMessage(HttpMethod.Options, new Uri("/", UriKind.Relative));
        request.Headers.Add("Origin", "https://app.example");
        using var answer = await served.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal("https://app.example", answer.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Contains("Content-Type", answer.Headers.GetValues("Access-Control-Allow-Headers").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_WebSocket_of_a_foreign_page_is_refused()
    {
        await using var served = await Served.StartAsync();
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Origin", "https://evil.example");
        socket.Options.CollectHttpResponseDetails = true;
        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(new Uri($"ws://{served.Server.WebSocketEndpoint}/"), CancellationToken.None));
        Assert.Equal(HttpStatusCode.Forbidden, socket.HttpStatusCode);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData(null)]
    public async Task A_type_that_a_page_may_send_without_asking_is_refused(string? type)
    {
        await using var served = await Served.StartAsync();
        using var request = Request();
        request.Content!.Headers.ContentType = type is null ? null : new(type);
        using var answer = await served.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.StatusCode);
    }

    [Theory]
    [InlineData("GET", "/", HttpStatusCode.MethodNotAllowed)]
    [InlineData("GET", "/nothing", HttpStatusCode.NotFound)]
    [InlineData("PUT", "/", HttpStatusCode.NotFound)]
    [InlineData("POST", "/metrics", HttpStatusCode.NotFound)]
    public async Task What_is_not_served_is_said_so(string method, string path, HttpStatusCode expected)
    {
        await using var served = await Served.StartAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));
        using var answer = await served.Http.SendAsync(request);
        Assert.Equal(expected, answer.StatusCode);
        Assert.False(answer.Headers.Contains("Server"));
    }

    private static HttpRequestMessage Request() => new(HttpMethod.Post, new Uri("/", UriKind.Relative))
    {
        Content = new StringContent("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\"}", Encoding.UTF8, "application/json"),
    };
}
