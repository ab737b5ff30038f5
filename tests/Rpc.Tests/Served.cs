using System.Net;
using System.Net.WebSockets;
using System.Text;

namespace LuxTensor.Tests.Rpc;

/// <summary>A fake node behind a real server on free loopback ports.</summary>
internal sealed class Served : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60); // against hanging for ever, never waited for

    private readonly RpcServer server;

    private Served(FakeNode node, RpcServer server)
    {
        Node = node;
        this.server = server;
        Http = new HttpClient { BaseAddress = new Uri($"http://{server.HttpEndpoint}/"), Timeout = Patience };
    }

    public FakeNode Node { get; }

    public HttpClient Http { get; }

    public RpcServer Server => server;

    public static async Task<Served> StartAsync(Func<RpcOptions, RpcOptions>? change = null, FakeNode? node = null)
    {
        var options = new RpcOptions { HttpEndpoint = new IPEndPoint(IPAddress.Loopback, 0), WebSocketEndpoint = new IPEndPoint(IPAddress.Loopback, 0) };
        node ??= new FakeNode();
        return new Served(node, await RpcServer.StartAsync(node, change?.Invoke(options) ?? options));
    }

    /// <summary>Posts JSON; gives the status and the body.</summary>
    public async Task<(HttpStatusCode Status, string Body)> PostAsync(string json)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var answer = await Http.PostAsync(new Uri("/", UriKind.Relative), content);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>Calls a method with params as JSON text; gives the whole answer.</summary>
    public async Task<JsonElement> CallAsync(string method, string parameters = "[]")
    {
        var (status, body) = await PostAsync($$"""{"jsonrpc":"2.0","id":1,"method":"{{method}}","params":{{parameters}}}""");
        Assert.Equal(HttpStatusCode.OK, status);
        return JsonDocument.Parse(body).RootElement;
    }

    /// <summary>Calls a method; gives its result, which there must be.</summary>
    public async Task<JsonElement> ResultAsync(string method, string parameters = "[]")
    {
        var answer = await CallAsync(method, parameters);
        Assert.True(answer.TryGetProperty("result", out var result), $"{method}{parameters} gave {answer}");
        return result;
    }

    /// <summary>Calls a method; gives its error's code and message.</summary>
    public async Task<(int Code, string Message)> ErrorAsync(string method, string parameters = "[]")
    {
        var answer = await CallAsync(method, parameters);
        Assert.True(answer.TryGetProperty("error", out var error), $"{method}{parameters} gave {answer}");
        Assert.False(answer.TryGetProperty("result", out _));
        return (error.GetProperty("code").GetInt32(), error.GetProperty("message").GetString()!);
    }

    public async Task<Socket> ConnectAsync()
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"ws://{server.WebSocketEndpoint}/"), CancellationToken.None);
        return new Socket(socket);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await server.DisposeAsync();
    }

    /// <summary>A WebSocket client.</summary>
    internal sealed class Socket(ClientWebSocket socket) : IDisposable
    {
        private int nextId;

        public ClientWebSocket Raw => socket;

        public Task SendAsync(string text) =>
            socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);

        /// <summary>The next message, or null where the server closed.</summary>
        public async Task<JsonElement?> ReceiveAsync()
        {
            using var patience = new CancellationTokenSource(Patience);
            using var whole = new MemoryStream();
            var buffer = new byte[16 << 10];
            while (true)
            {
                var part = await socket.ReceiveAsync(buffer.AsMemory(), patience.Token);
                if (part.MessageType == WebSocketMessageType.Close)
                {
                    return null;
                }

                whole.Write(buffer, 0, part.Count);
                if (part.EndOfMessage)
                {
                    return JsonDocument.Parse(whole.ToArray()).RootElement;
                }
            }
        }

        /// <summary>Calls and gives the answer; a note that comes before it is a failure.</summary>
        public async Task<JsonElement> CallAsync(string method, string parameters = "[]")
        {
            var id = ++nextId;
            await SendAsync($$"""{"jsonrpc":"2.0","id":{{id}},"method":"{{method}}","params":{{parameters}}}""");
            var answer = (await ReceiveAsync())!.Value;
            Assert.True(answer.TryGetProperty("id", out var echoed), $"not an answer: {answer}");
            Assert.Equal(id, echoed.GetInt32());
            return answer;
        }

        public async Task<string> SubscribeAsync(string parameters)
        {
            var answer = await CallAsync("eth_subscribe", parameters);
            Assert.True(answer.TryGetProperty("result", out var id), answer.ToString());
            return id.GetString()!;
        }

        /// <summary>The next message, which must be a note of that subscription; gives its result.</summary>
        public async Task<JsonElement> NoteAsync(string subscription)
        {
            var note = (await ReceiveAsync())!.Value;
            Assert.Equal("eth_subscription", note.GetProperty("method").GetString());
            Assert.False(note.TryGetProperty("id", out _), "a note carries no id");
            Assert.Equal(subscription, note.GetProperty("params").GetProperty("subscription").GetString());
            return note.GetProperty("params").GetProperty("result");
        }

        /// <summary>Reads on until the server closes; gives its close code and reason.</summary>
        public async Task<(int Code, string? Reason)> CloseAsync()
        {
            while (await ReceiveAsync() is not null)
            {
            }

            return ((int)socket.CloseStatus!.Value, socket.CloseStatusDescription);
        }

        public void Dispose() => socket.Dispose();
    }
}

/// <summary>A clock that a test moves; timers run on the real one.</summary>
internal sealed class ManualClock : TimeProvider
{
    private long ticks = 1;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Volatile.Read(ref ticks);

    public void Advance(TimeSpan by) => Interlocked.Add(ref ticks, by.Ticks);
}
