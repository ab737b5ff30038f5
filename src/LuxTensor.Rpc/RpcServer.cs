using System.Net;
using LuxTensor.Engine;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace LuxTensor.Rpc;

/// <summary>
/// Serves one node to its applications: JSON-RPC 2.0 over HTTP and WebSocket, server-sent events, health and metrics.
/// Stops when disposed; WebSockets are then closed with 1012, on which clients connect again.
/// </summary>
public sealed class RpcServer : IAsyncDisposable
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(5);

    private readonly KestrelServer kestrel;
    private readonly RpcServices services;
    private readonly PrometheusText metrics;
    private readonly RpcMeter meter;
    private readonly ITimer sweep;
    private int disposed;

    private RpcServer(KestrelServer kestrel, RpcServices services, PrometheusText metrics, RpcMeter meter)
    {
        this.kestrel = kestrel;
        this.services = services;
        this.metrics = metrics;
        this.meter = meter;
        sweep = services.Options.Clock.CreateTimer(_ => Sweep(), null, SweepInterval, SweepInterval);
    }

    /// <summary>Where HTTP is served, with the port taken; null where it is not.</summary>
    public IPEndPoint? HttpEndpoint { get; private set; }

    /// <summary>Where WebSockets are served, with the port taken; null where they have no endpoint of their own.</summary>
    public IPEndPoint? WebSocketEndpoint { get; private set; }

    /// <summary>Starts serving a node.</summary>
    /// <exception cref="IOException">An endpoint is taken already.</exception>
    /// <exception cref="ArgumentException">Neither endpoint is set, or a limit is not positive.</exception>
    public static async Task<RpcServer> StartAsync(INode node, RpcOptions options, CancellationToken cancellation = default)
    {
        Check(options);
        var filters = new Filters(options);
        var hub = new Hub(node, filters, options);
        var services = new RpcServices(node, options, new MethodTable(), hub, filters, new TransactionIndex());
        var metrics = new PrometheusText();
        var kestrel = CreateKestrel(options);
        var server = new RpcServer(kestrel, services, metrics, new RpcMeter(services.Methods, hub, filters, metrics));
        try
        {
            await kestrel.StartAsync(new RpcApplication(services, new CallBudgets(options), metrics), cancellation);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }

        server.ReadEndpoints();
        return server;
    }

    /// <summary>Closes what is open and stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
        {
            return;
        }

        await sweep.DisposeAsync();
        await services.Hub.DisposeAsync(); // tells every WebSocket first
        using var patience = new CancellationTokenSource(services.Options.CloseTimeout);
        await kestrel.StopAsync(patience.Token);
        kestrel.Dispose();
        meter.Dispose();
        metrics.Dispose();
    }

    private static KestrelServer CreateKestrel(RpcOptions options)
    {
        var kestrel = new KestrelServerOptions { AddServerHeader = false, AllowSynchronousIO = false };
        kestrel.Limits.MaxRequestBodySize = null; // the body's own reader limits it, and answers in JSON
        kestrel.Limits.MaxConcurrentConnections = options.MaxConnections;
        kestrel.Limits.MaxConcurrentUpgradedConnections = options.MaxConnections;
        kestrel.Limits.MaxRequestHeadersTotalSize = 16 << 10;
        kestrel.Limits.MaxRequestHeaderCount = 64;
        foreach (var endpoint in (ReadOnlySpan<IPEndPoint?>)[options.HttpEndpoint, options.WebSocketEndpoint])
        {
            if (endpoint is not null)
            {
                kestrel.Listen(endpoint, listen => listen.Protocols = HttpProtocols.Http1);
            }
        }

        var transport = new SocketTransportFactory(Options.Create(new SocketTransportOptions { NoDelay = true }), options.Logging);
        return new KestrelServer(Options.Create(kestrel), transport, options.Logging);
    }

    private static void Check(RpcOptions options)
    {
        if (options.HttpEndpoint is null && options.WebSocketEndpoint is null)
        {
            throw new ArgumentException("the RPC has no endpoint: set HttpEndpoint or WebSocketEndpoint", nameof(options));
        }

        foreach (var (name, value) in ((string, long)[])
        [
            (nameof(options.MaxBodyBytes), options.MaxBodyBytes), (nameof(options.MaxBatchCalls), options.MaxBatchCalls),
            (nameof(options.MaxAnswerBytes), options.MaxAnswerBytes), (nameof(options.MaxJsonDepth), options.MaxJsonDepth),
            (nameof(options.MaxConnections), options.MaxConnections), (nameof(options.MaxSubscriptions), options.MaxSubscriptions),
            (nameof(options.MaxFilters), options.MaxFilters), (nameof(options.MaxQueuedMessages), options.MaxQueuedMessages),
            (nameof(options.MaxCallsPerSecond), options.MaxCallsPerSecond + 1L), (nameof(options.PingInterval), options.PingInterval.Ticks),
            (nameof(options.EventKeepAlive), options.EventKeepAlive.Ticks), (nameof(options.WriteTimeout), options.WriteTimeout.Ticks),
            (nameof(options.CloseTimeout), options.CloseTimeout.Ticks), (nameof(options.FilterLifetime), options.FilterLifetime.Ticks),
        ])
        {
            if (value <= 0)
            {
                throw new ArgumentException($"{name} must be more than 0", nameof(options));
            }
        }
    }

    // Kestrel lists what it bound in the order of configuration.
    private void ReadEndpoints()
    {
        var bound = new Queue<string>(kestrel.Features.Get<IServerAddressesFeature>()!.Addresses);
        HttpEndpoint = services.Options.HttpEndpoint is null ? null : EndpointOf(bound.Dequeue());
        WebSocketEndpoint = services.Options.WebSocketEndpoint is null ? null : EndpointOf(bound.Dequeue());
    }

    private static IPEndPoint EndpointOf(string address)
    {
        var uri = new Uri(address);
        return new IPEndPoint(IPAddress.Parse(uri.Host.Trim('[', ']')), uri.Port);
    }

    private void Sweep()
    {
        services.Filters.Sweep();
        services.Hub.CutOffStuck(services.Options.WriteTimeout);
    }
}
