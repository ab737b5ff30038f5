using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LuxTensor.Rpc;

/// <summary>Where the RPC listens, whom it lets in, and how much one client may take.</summary>
public sealed record RpcOptions
{
    /// <summary>Where HTTP is served (WebSocket upgrades too); port 0 takes a free one, null serves none. Loopback unless changed.</summary>
    public IPEndPoint? HttpEndpoint { get; init; } = new(IPAddress.Loopback, 8545);

    /// <summary>A second endpoint for WebSocket clients; port 0 takes a free one, null serves none. Loopback unless changed.</summary>
    public IPEndPoint? WebSocketEndpoint { get; init; } = new(IPAddress.Loopback, 8546);

    /// <summary>
    /// Names under which clients may address the node (the Host header, without port); "*" allows all. Addresses are always
    /// allowed: a web page that rebinds DNS comes under a name.
    /// </summary>
    public IReadOnlyCollection<string> AllowedHosts { get; init; } = ["localhost"];

    /// <summary>Web origins ("https://app.example") whose pages may use the node; "*" allows all. Clients that are no browsers send none.</summary>
    public IReadOnlyCollection<string> AllowedOrigins { get; init; } = [];

    /// <summary>Largest HTTP body or WebSocket message, bytes.</summary>
    public int MaxBodyBytes { get; init; } = 5 << 20;

    /// <summary>Most calls in a batch.</summary>
    public int MaxBatchCalls { get; init; } = 1_000;

    /// <summary>Largest answer, bytes; calls of a batch that do not fit are answered with an error each.</summary>
    public int MaxAnswerBytes { get; init; } = 25_000_000;

    /// <summary>Deepest nesting of a request.</summary>
    public int MaxJsonDepth { get; init; } = 32;

    /// <summary>Most connections at once, of all kinds.</summary>
    public int MaxConnections { get; init; } = 4_096;

    /// <summary>Most subscriptions of one connection.</summary>
    public int MaxSubscriptions { get; init; } = 128;

    /// <summary>Most polling filters at once, of all clients.</summary>
    public int MaxFilters { get; init; } = 4_096;

    /// <summary>Most notes that wait for one connection; one more and it is cut off.</summary>
    public int MaxQueuedMessages { get; init; } = 256;

    /// <summary>Calls a second that one address (over HTTP) or one connection (WebSocket) may make; 0 sets no limit.</summary>
    public int MaxCallsPerSecond { get; init; } = 20_000;

    /// <summary>Time between pings on a WebSocket; one that does not answer within as long again is dropped.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time between comments on a quiet event stream.</summary>
    public TimeSpan EventKeepAlive { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long one write to a connection may take before it is cut off.</summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a peer has to take its close frame before the connection is aborted.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a polling filter lives without a poll.</summary>
    public TimeSpan FilterLifetime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>What <c>web3_clientVersion</c> answers.</summary>
    public string ClientVersion { get; init; } = "LuxTensor.Orleans/0.1.0";

    /// <summary>The clock of filters, call budgets and timeouts.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Where the server logs; nowhere unless set.</summary>
    public ILoggerFactory Logging { get; init; } = NullLoggerFactory.Instance;
}
