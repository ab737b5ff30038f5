using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;

namespace LuxTensor.Tests.Rpc;

/// <summary>
/// Whatever bytes come, the answer is JSON-RPC. LUXTENSOR_FUZZ sets how many requests are made, LUXTENSOR_SEED where
/// they start; a failure prints its seed and request.
/// </summary>
public sealed class Fuzz_of_the_front
{
    private static readonly string[] Seeds =
    [
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\",\"params\":[]}",
        "{\"jsonrpc\":\"2.0\",\"id\":\"a\\u0041\",\"method\":\"eth_getBlockByNumber\",\"params\":[\"latest\",true]}",
        "{\"jsonrpc\":\"2.0\",\"id\":1.5e3,\"method\":\"eth_getBalance\",\"params\":[\"0x00000000000000000000000000000000000000ff\",{\"blockNumber\":\"0x1\"}]}",
        "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_getLogs\",\"params\":[{\"fromBlock\":\"0x1\",\"topics\":[null,[\"0x00\"]]}]},{\"jsonrpc\":\"2.0\",\"method\":\"net_version\"}]",
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"eth_feeHistory\",\"params\":[\"0x4\",\"pending\",[1.5,50]]}",
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"lux_getProof\",\"params\":[\"account\",\"0x00000000000000000000000000000000000000ff\"]}",
        "{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"eth_sendRawTransaction\",\"params\":[\"0x0100000000\"]}",
        "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"lux_finalityFeed\",\"params\":[1,\"0x2\"]}",
    ];

    private static readonly string[] Pieces =
    [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "null", "true", "-1", "1e999", "0x", "\"0x\"", "\\ud800", "\u0000", "\"id\":", "\"method\":\"eth_call\"",
        "\"params\":", "[[[[[[[[[[[[[[[[", "{\"a\":", "/*", "\"0xffffffffffffffffffffffff\"", "9999999999999999999999", "\"latest\"", "😀",
    ];

    [Fact]
    public async Task Every_request_gets_an_answer_of_JSON_RPC()
    {
        var count = Setting("LUXTENSOR_FUZZ", 3_000);
        var first = Setting("LUXTENSOR_SEED", 1);
        await using var served = await Served.StartAsync(options => options with { MaxCallsPerSecond = 0 });
        served.Node.Finalize(3);
        for (var seed = first; seed < first + count; seed++)
        {
            var request = Mutate(new Random(seed));
            var (fault, body) = await PostAsync(served, request);
            Assert.True(fault is null, $"seed {seed}: {fault}\nrequest {Encoding.Latin1.GetString(request)}\nanswer {body}");
        }

        Assert.Equal("0x1e61", (await served.ResultAsync("eth_chainId")).GetString());
    }

    [Fact]
    public async Task Whatever_frames_a_WebSocket_brings_the_server_goes_on()
    {
        var count = int.Max(1, Setting("LUXTENSOR_FUZZ", 3_000) / 20);
        var first = Setting("LUXTENSOR_SEED", 1);
        await using var served = await Served.StartAsync(options => options with { MaxBodyBytes = 4_096, CloseTimeout = TimeSpan.FromMilliseconds(50) });
        for (var seed = first; seed < first + count; seed++)
        {
            using var client = new TcpClient();
            await client.ConnectAsync(served.Server.WebSocketEndpoint!);
            var stream = client.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes(
                "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
            await stream.WriteAsync(Frames(new Random(seed)));
            client.Client.Shutdown(SocketShutdown.Send);
            var drain = new byte[16 << 10];
            try
            {
                while (await stream.ReadAsync(drain) > 0)
                {
                }
            }
            catch (IOException)
            {
                // reset: as good an end as any
            }
        }

        using var socket = await served.ConnectAsync();
        Assert.True((await socket.CallAsync("eth_chainId")).TryGetProperty("result", out _));
    }

    // Masked text frames of mutated requests, some of them broken: bits of the head flipped, lengths wrong, cut short.
    private static byte[] Frames(Random random)
    {
        var frames = new List<byte>();
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var payload = Mutate(random);
            var length = int.Min(payload.Length, ushort.MaxValue);
            byte[] head = [0x81, 0x80 | 126, (byte)(length >> 8), (byte)length, 0, 0, 0, 0];
            if (random.Next(2) == 0)
            {
                head[random.Next(4)] ^= (byte)(1 << random.Next(8));
            }

            frames.AddRange(head);
            frames.AddRange(payload.AsSpan(0, length));
        }

        return [.. frames.Take(random.Next(3) == 0 ? random.Next(frames.Count + 1) : frames.Count)];
    }

    private static async Task<(string? Fault, string Body)> PostAsync(Served served, byte[] request)
    {
        using var content = new ByteArrayContent(request);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        try
        {
            using var answer = await served.Http.PostAsync(new Uri("/", UriKind.Relative), content);
            var body = await answer.Content.ReadAsStringAsync();
            return (Fault(answer.StatusCode, body), body);
        }
        catch (HttpRequestException e)
        {
            return (e.InnerException?.Message ?? e.Message, "");
        }
    }

    private static byte[] Mutate(Random random)
    {
        var bytes = new List<byte>(Encoding.UTF8.GetBytes(Seeds[random.Next(Seeds.Length)]));
        for (var edits = random.Next(1, 5); edits > 0; edits--)
        {
            var at = random.Next(bytes.Count + 1);
            switch (random.Next(6))
            {
                case 0 when at < bytes.Count:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(Pieces[random.Next(Pieces.Length)]));
                    break;
                case 2:
                    bytes.RemoveRange(at, random.Next(bytes.Count - at + 1));
                    break;
                case 3:
                    bytes.RemoveRange(at, int.Min(random.Next(1, 8), bytes.Count - at));
                    break;
                case 4:
                    var length = random.Next(bytes.Count - at + 1);
                    bytes.InsertRange(random.Next(bytes.Count + 1), bytes.GetRange(at, length));
                    break;
                default:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(Seeds[random.Next(Seeds.Length)]));
                    break;
            }
        }

        return [.. bytes];
    }

    private static string? Fault(HttpStatusCode status, string body)
    {
        if (status == HttpStatusCode.NoContent)
        {
            return body.Length == 0 ? null : "no content, and content";
        }

        if (status != HttpStatusCode.OK)
        {
            return $"status {status}";
        }

        var answer = JsonDocument.Parse(body).RootElement;
        var all = answer.ValueKind == JsonValueKind.Array ? answer.EnumerateArray().ToArray() : [answer];
        return all.Length == 0 ? "an empty batch" : all.Select(Fault).FirstOrDefault(found => found is not null);
    }

    private static string? Fault(JsonElement answer)
    {
        var names = answer.EnumerateObject().Select(member => member.Name).ToArray();
        return names is not (["jsonrpc", "id", "result"] or ["jsonrpc", "id", "error"]) ? $"members {string.Join(',', names)}"
            : answer.TryGetProperty("error", out var error) && error.GetProperty("code").GetInt32() == -32603 ? "an internal error"
            : null;
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
