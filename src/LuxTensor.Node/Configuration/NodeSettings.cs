using System.Net;
using LuxTensor.Core.Peers;
using LuxTensor.Core.Sync;
using LuxTensor.Core.Transactions;

namespace LuxTensor.Node.Configuration;

/// <summary>
/// A node's configuration file (JSON; comments and trailing commas allowed). Paths are relative to the file's folder.
/// <code>
/// {
///   "genesis": "genesis.json",
///   "data": "data",                                  // journal.db and guard.db
///   "name": "node1",
///   "keys": [ { "keystore": "validator1.json", "passwordFile": "password" } ],
///   "rpc": { "http": "127.0.0.1:8545", "ws": "127.0.0.1:8546", "allowedHosts": [], "allowedOrigins": [] },
///   "pool": { "bytes": 67108864, "perSender": 256 },  // these three: see Choices
///   "sync": { "peers": 4, "requestBlocks": 128, "timeout": "30s", "tries": 3, "cacheBytes": 67108864 },
///   "peers": { "banAt": 20, "firstBan": "10m", "longestBan": "24h", "limitPercent": 100 },
///   "verifyWorkers": 4,
///   "network": { "listen": ["/ip4/0.0.0.0/tcp/30303"], "bootstrap": [] }, // see NetworkSection; left out, the node is alone
/// }
/// </code>
/// </summary>
internal sealed record NodeSettings
{
    private const int MaxBytes = 1 << 20;

    /// <summary>The genesis file.</summary>
    internal required string Genesis { get; init; }

    /// <summary>The folder of the databases.</summary>
    internal required string Data { get; init; }

    /// <summary>What the node is called in logs.</summary>
    internal required string Name { get; init; }

    /// <summary>The validators' keys; none for a node that only follows.</summary>
    internal required IReadOnlyList<KeySettings> Keys { get; init; }

    /// <summary>Where JSON-RPC listens over HTTP, or null for nowhere.</summary>
    internal required IPEndPoint? Http { get; init; }

    /// <summary>Where JSON-RPC listens over WebSocket, or null for nowhere.</summary>
    internal required IPEndPoint? WebSocket { get; init; }

    /// <summary>Names under which clients may address the node, beside those of this machine.</summary>
    internal required IReadOnlyList<string> AllowedHosts { get; init; }

    /// <summary>Web pages that may call the node.</summary>
    internal required IReadOnlyList<string> AllowedOrigins { get; init; }

    /// <summary>Bounds of the transaction pool.</summary>
    internal required MempoolLimits Pool { get; init; }

    /// <summary>How the node catches up.</summary>
    internal required SyncChoices Sync { get; init; }

    /// <summary>How peers are judged.</summary>
    internal required PeerChoices Peers { get; init; }

    /// <summary>Workers that verify signatures.</summary>
    internal required int VerifyWorkers { get; init; }

    /// <summary>The network; null for a node that is alone.</summary>
    internal required NetworkSection? Network { get; init; }

    /// <summary>Reads and checks a file.</summary>
    /// <exception cref="CommandFailure">The message names file, line and key, one line a fault.</exception>
    internal static NodeSettings Read(string path)
    {
        var problems = new Problems(path);
        var root = Section.Open(BoundedFile.Read(path, MaxBytes, "configuration file"), path, problems);
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var rpc = root.Inner("rpc");
        var settings = new NodeSettings
        {
            Genesis = root.File("genesis", folder, required: true) ?? "",
            Data = root.File("data", folder, required: true) ?? "",
            Name = root.Text("name") ?? "node",
            Keys = KeySettings.Read(root, folder),
            Network = NetworkSection.Read(root, folder),
            Http = Endpoint.Read(rpc, "http"),
            WebSocket = Endpoint.Read(rpc, "ws"),
            AllowedHosts = [.. rpc.Texts("allowedHosts").Select(static it => it.Value)],
            AllowedOrigins = [.. rpc.Texts("allowedOrigins").Select(static it => it.Value)],
            Pool = Choices.Pool(root),
            Sync = Choices.Sync(root),
            Peers = Choices.Peers(root),
            VerifyWorkers = (int)(root.Integer("verifyWorkers", 1, 8) ?? (ulong)int.Clamp(Environment.ProcessorCount, 1, 8)),
        };
        if (settings.Http is { Port: not 0 } http && http.Equals(settings.WebSocket))
        {
            rpc.Wrong("ws", $"must not be the address of rpc.http in line {rpc.LineOf("http")}");
        }

        rpc.End();
        root.End();
        problems.ThrowIfAny();
        return settings;
    }
}
