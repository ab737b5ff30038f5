using System.Threading.Channels;
using LuxTensor.Engine;
using LuxTensor.Rpc;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LuxTensor.Silo.Hosting;

/// <summary>
/// Serves applications from a gateway's node. It is the last thing to start, when the node is there, and the first to stop, so
/// that clients go elsewhere while everything behind it still works.
/// </summary>
internal sealed class GatewayRpc(INode node, RpcSettings settings, Readiness readiness, EventLog log, ILoggerFactory logging) : IHostedService
{
    private const int MaxNotices = 4_096;

    private readonly Channel<Notice> notices = Channel.CreateBounded<Notice>(new BoundedChannelOptions(MaxNotices) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private RpcServer? server;
    private IDisposable? following;
    private Task writing = Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        following = node.Subscribe(new Sink(notices.Writer));
        writing = WriteAsync();
        server = await RpcServer.StartAsync(
            node,
            new RpcOptions
            {
                HttpEndpoint = settings.Http,
                WebSocketEndpoint = settings.WebSocket,
                AllowedHosts = ["localhost", .. settings.AllowedHosts],
                AllowedOrigins = settings.AllowedOrigins,
                MaxConnections = settings.MaxConnections,
                MaxCallsPerSecond = settings.MaxCallsPerSecond,
                MaxBodyBytes = settings.MaxBodyBytes,
                MaxBatchCalls = settings.MaxBatchCalls,
                MaxSubscriptions = settings.MaxSubscriptions,
                Logging = logging,
            },
            cancellationToken);
        readiness.Serves(node);
        log.Write(new NodeEvent(
            "serving",
            $"serving JSON-RPC{(server.HttpEndpoint is { } http ? $" at http://{http}" : "")}{(server.WebSocketEndpoint is { } ws ? $" and ws://{ws}" : "")}, "
            + $"from height {node.View.Final.Height}",
            [("http", server.HttpEndpoint?.ToString()), ("ws", server.WebSocketEndpoint?.ToString()), ("height", node.View.Final.Height)]));
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (server is not null)
        {
            await server.DisposeAsync();
        }

        following?.Dispose();
        notices.Writer.TryComplete();
        await writing;
    }

    private async Task WriteAsync()
    {
        await foreach (var notice in notices.Reader.ReadAllAsync())
        {
            var line = notice is Notice.Finalized final
                ? node.Chain.SetOf(final.Certificate.Ballot.Epoch) is { } set ? NodeEvent.Final(final, set, null) : null
                : NodeEvent.Of("node", notice);
            if (line is not null)
            {
                log.Write(line);
            }
        }
    }

    private sealed class Sink(ChannelWriter<Notice> queue) : INoticeSink
    {
        public void Publish(Notice notice)
        {
            if (notice is not Notice.Pending)
            {
                queue.TryWrite(notice);
            }
        }
    }
}
