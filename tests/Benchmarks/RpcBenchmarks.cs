using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using LuxTensor.Engine;
using LuxTensor.Rpc;
using LuxTensor.Tests.Rpc;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace LuxTensor.Tests.Benchmarks;

/// <summary>
/// The RPC against Kestrel that reads the same request and answers the same bytes from memory, turn by turn in one run, the
/// load generator in the same process; and one block to 1,000 WebSocket subscribers. Ratios are of requests per second of
/// this process's CPU time, so that what else the machine does changes them little.
/// </summary>
internal static class RpcBenchmarks
{
    private const int Connections = 16;
    private const int Turns = 25;
    private const int Subscribers = 1_000;
    private const int WarmUp = 50;
    private const int Blocks = 100;
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(300);

    public static async Task CallsAsync()
    {
        var (_, server) = await StartAsync();
        await using var _ = server;
        await CompareAsync("one call", server, Call(1, "eth_blockNumber"), 0.9, 1);
        await CompareAsync("a batch of 100", server, $"[{string.Join(',', Enumerable.Range(0, 100).Select(i => Call(i, i % 2 == 0 ? "eth_blockNumber" : "eth_chainId")))}]", 0.5, 100);
        await CompareAsync("a block of 50 transactions", server, Call(1, "eth_getBlockByNumber", "\"latest\",true"), null, 1);
    }

    public static async Task SubscriptionsAsync()
    {
        var (node, server) = await StartAsync();
        await using var _ = server;
        await FanOutAsync(node, server);
    }

    private static async Task<(FakeNode Node, RpcServer Server)> StartAsync()
    {
        var node = new FakeNode();
        node.Finalize(10);
        node.Extend(null, 0, [.. Enumerable.Range(0, 50).Select(nonce => node.Transfer((ulong)nonce, 1))]);
        var any = new IPEndPoint(IPAddress.Loopback, 0);
        return (node, await RpcServer.StartAsync(
            node, new RpcOptions { HttpEndpoint = any, WebSocketEndpoint = any, MaxCallsPerSecond = 0, PingInterval = TimeSpan.FromHours(1) }));
    }

    private static string Call(int id, string method, string parameters = "") =>
        $$"""{"jsonrpc":"2.0","id":{{id}},"method":"{{method}}","params":[{{parameters}}]}""";

    private static async Task CompareAsync(string what, RpcServer server, string body, double? aim, int calls)
    {
        var request = Encoding.ASCII.GetBytes(
            $"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        using var client = new HttpClient();
        using var content = new StringContent(body, Encoding.ASCII, "application/json");
        using var reply = await client.PostAsync(new Uri($"http://{server.HttpEndpoint}/"), content);
        var answer = await reply.Content.ReadAsByteArrayAsync();
        using var kestrel = await StartConstantAsync(answer);
        var constant = EndpointOf(kestrel);
        await MeasureAsync(constant, request, Turn / 2);
        await MeasureAsync(server.HttpEndpoint!, request, Turn / 2);
        var ratios = new List<double>();
        var rates = new List<double>();
        for (var turn = 0; turn < Turns; turn++)
        {
            var other = await MeasureAsync(constant, request, Turn);
            var own = await MeasureAsync(server.HttpEndpoint!, request, Turn);
            ratios.Add(own.PerCpuSecond / other.PerCpuSecond);
            rates.Add(own.PerSecond * calls);
        }

        Report.Line(
            $"JSON-RPC over HTTP, {what}", $"{Text(Report.Median(rates), "N0")} calls/s", Text(Report.Median(ratios), "F2"),
            $"of Kestrel with a constant answer{(aim is { } goal ? $", aim {Text(goal, "F1")}" : "")}; turns {Text(ratios.Min(), "F2")} to {Text(ratios.Max(), "F2")}");
        await kestrel.StopAsync(CancellationToken.None);
    }

    // Requests a second, of the clock and of CPU time, that some connections get, each with one request at a time.
    private static async Task<(double PerSecond, double PerCpuSecond)> MeasureAsync(IPEndPoint endpoint, byte[] request, TimeSpan duration)
    {
        using var stop = new CancellationTokenSource();
        var cpu = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        var running = Enumerable.Range(0, Connections).Select(_ => Task.Run(() => AskAsync(endpoint, request, stop.Token))).ToArray();
        await Task.Delay(duration);
        await stop.CancelAsync();
        var counts = await Task.WhenAll(running);
        return (counts.Sum() / clock.Elapsed.TotalSeconds, counts.Sum() / (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);
    }

    private static async Task<long> AskAsync(IPEndPoint endpoint, byte[] request, CancellationToken stop)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(endpoint, CancellationToken.None);
        var buffer = new byte[64 << 10];
        var length = 0;
        for (var count = 0L; ; count++)
        {
            if (stop.IsCancellationRequested)
            {
                return count;
            }

            await socket.SendAsync(request, CancellationToken.None);
            var got = 0;
            while (length == 0 || got < length)
            {
                got += await socket.ReceiveAsync(buffer.AsMemory(got), CancellationToken.None);
                length = length == 0 ? LengthOf(buffer.AsSpan(0, got)) : length; // the same for every answer
            }
        }
    }

    private static int LengthOf(ReadOnlySpan<byte> start)
    {
        var end = start.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return 0;
        }

        var at = start.IndexOf("Content-Length: "u8) + "Content-Length: ".Length;
        var digits = start[at..];
        return end + 4 + int.Parse(digits[..digits.IndexOf((byte)'\r')], NumberStyles.None, CultureInfo.InvariantCulture);
    }

    private static async Task FanOutAsync(FakeNode node, RpcServer server)
    {
        using var raw = new RawBroadcast();
        using var ours = new RawSubscribers(server.WebSocketEndpoint!, Subscribers, Call(1, "eth_subscribe", "\"newHeads\""));
        using var theirs = new RawSubscribers(raw.Endpoint, Subscribers, null);
        var times = new List<double>();
        var floor = new List<double>();
        var cpu = new List<double>();
        var floorCpu = new List<double>();
        for (var block = -WarmUp; block < Blocks; block++) // in turns, so that both meet the same machine
        {
            if (block == 0)
            {
                Array.ForEach([times, floor, cpu, floorCpu], figures => figures.Clear()); // what a server that has run for a while does
            }

            var made = node.Prepare();
            var used = Environment.CpuUsage.TotalTime;
            times.Add(await ours.DeliverAsync(() => node.Publish(made)));
            cpu.Add((Environment.CpuUsage.TotalTime - used).TotalMilliseconds);
            ours.Check(made is Notice.HeadMoved moved ? moved.Joined[^1].Hash.ToString() : throw new InvalidOperationException("no new head"));
            var note = ours.First;
            used = Environment.CpuUsage.TotalTime;
            floor.Add(await theirs.DeliverAsync(() => raw.Send(note)));
            floorCpu.Add((Environment.CpuUsage.TotalTime - used).TotalMilliseconds);
        }

        Report.Line(
            $"a block to {Subscribers:N0} WebSocket subscribers, last delivery",
            $"median {Text(Report.Median(times), "F1")} ms, {Text(times.Min(), "F1")} to {Text(times.Max(), "F1")} over {Blocks} blocks",
            Text(Report.Median(times) / Report.Median(floor), "F2"),
            $"of one bare send a socket ({Text(Report.Median(floor), "F1")} ms); aim 20 ms; with the receivers {Text(Report.Median(cpu), "F1")} ms of CPU, {Text(Report.Median(cpu) / Report.Median(floorCpu), "F2")} of theirs");
    }

    private static async Task<KestrelServer> StartConstantAsync(byte[] answer)
    {
        var options = new KestrelServerOptions { AddServerHeader = false };
        options.Listen(new IPEndPoint(IPAddress.Loopback, 0), listen => listen.Protocols = HttpProtocols.Http1);
        var transport = new SocketTransportFactory(Options.Create(new SocketTransportOptions { NoDelay = true }), NullLoggerFactory.Instance);
        var kestrel = new KestrelServer(Options.Create(options), transport, NullLoggerFactory.Instance);
        await kestrel.StartAsync(new Constant(answer), CancellationToken.None);
        return kestrel;
    }

    private static IPEndPoint EndpointOf(KestrelServer kestrel)
    {
        var uri = new Uri(kestrel.Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return new IPEndPoint(IPAddress.Parse(uri.Host), uri.Port);
    }

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    /// <summary>Reads the request to its end and answers the same bytes, whatever it was.</summary>
    private sealed class Constant(byte[] answer) : IHttpApplication<IFeatureCollection>
    {
        public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

        public void DisposeContext(IFeatureCollection context, Exception? exception)
        {
        }

        public async Task ProcessRequestAsync(IFeatureCollection context)
        {
            var reader = context.Get<IRequestBodyPipeFeature>()!.Reader;
            while (true)
            {
                var read = await reader.ReadAsync();
                reader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    break;
                }
            }

            var response = context.Get<IHttpResponseFeature>()!;
            response.Headers.ContentType = "application/json";
            response.Headers.ContentLength = answer.Length;
            await context.Get<IHttpResponseBodyFeature>()!.Writer.WriteAsync(answer);
        }
    }
}
