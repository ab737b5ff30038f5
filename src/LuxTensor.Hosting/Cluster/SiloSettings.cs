using System.Net;
using LuxTensor.Core.Peers;
using LuxTensor.Core.Sync;
using LuxTensor.Core.Transactions;
using LuxTensor.Hosting.Configuration;

namespace LuxTensor.Hosting.Cluster;

/// <summary>What a silo of the cluster does.</summary>
internal enum SiloDuty
{
    /// <summary>Runs the grains that decide and sign.</summary>
    Validator,

    /// <summary>Serves applications.</summary>
    Gateway,

    /// <summary>Both, in one process.</summary>
    All,
}

/// <summary>
/// A silo's configuration file (JSON; comments and trailing commas allowed; each key may be overridden by the environment, see
/// <see cref="Overrides"/>). Paths are relative to the file's folder. silo-config/ has one commented file a role.
/// </summary>
internal sealed record SiloSettings
{
    private const int MaxBytes = 1 << 20;

    /// <summary>What the silo does.</summary>
    internal required SiloDuty Role { get; init; }

    /// <summary>What the silo is called in logs, traces and the dashboard.</summary>
    internal required string Name { get; init; }

    /// <summary>The genesis file.</summary>
    internal required string Genesis { get; init; }

    /// <summary>The cluster and this silo's place in it.</summary>
    internal required ClusterSettings Cluster { get; init; }

    /// <summary>The database.</summary>
    internal required PostgresSettings Postgres { get; init; }

    /// <summary>The validators' keys; none on a gateway.</summary>
    internal required IReadOnlyList<KeySettings> Keys { get; init; }

    /// <summary>Whether files with secrets may be readable for their group, as Kubernetes mounts them.</summary>
    internal required bool GroupReadableSecrets { get; init; }

    /// <summary>Where applications are served; null on a validator silo.</summary>
    internal required RpcSettings? Rpc { get; init; }

    /// <summary>Bounds of the transaction pool.</summary>
    internal required MempoolLimits Pool { get; init; }

    /// <summary>How the node catches up.</summary>
    internal required SyncChoices Sync { get; init; }

    /// <summary>How peers are judged.</summary>
    internal required PeerChoices Peers { get; init; }

    /// <summary>How finality events travel between silos.</summary>
    internal required StreamSettings Streams { get; init; }

    /// <summary>Health, metrics and dashboard.</summary>
    internal required OperationsSettings Operations { get; init; }

    /// <summary>The network of a gateway; null for a cluster that is alone, and for validator silos.</summary>
    internal required NetworkSection? Network { get; init; }

    /// <summary>TLS between silos, or null for none.</summary>
    internal required TlsSettings? Tls { get; init; }

    /// <summary>Where traces and metrics are sent over OTLP, or null for nowhere.</summary>
    internal required Uri? Otlp { get; init; }

    /// <summary>How long a stop may take before it is cut short.</summary>
    internal required TimeSpan Shutdown { get; init; }

    /// <summary>Reads and checks a file. No file that it names is opened.</summary>
    /// <exception cref="CommandFailure">The message names file, line and key, or the environment's variable, one line a fault.</exception>
    internal static SiloSettings Read(string path, Overrides overrides)
    {
        var problems = new Problems(path);
        var root = Section.Open(BoundedFile.Read(path, MaxBytes, "configuration file"), path, problems, overrides);
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var role = root.Choice<SiloDuty>("role", required: true);
        var (secrets, telemetry) = (root.Inner("secrets"), root.Inner("telemetry"));
        var settings = new SiloSettings
        {
            Role = role ?? SiloDuty.All,
            Name = root.Text("name") ?? Environment.MachineName,
            Genesis = root.File("genesis", folder, required: true) ?? "",
            Cluster = ClusterSettings.Read(root.Inner("cluster"), role),
            Postgres = PostgresSettings.Read(root.Inner("postgres"), folder),
            Keys = KeySettings.Read(root, folder),
            GroupReadableSecrets = secrets.Flag("groupReadable") ?? false,
            Rpc = RpcSettings.Read(root.Inner("rpc"), role),
            Pool = Choices.Pool(root),
            Sync = Choices.Sync(root),
            Peers = Choices.Peers(root),
            Network = NetworkSection.Read(root, folder),
            Streams = StreamSettings.Read(root.Inner("streams")),
            Operations = OperationsSettings.Read(root.Inner("operations"), folder),
            Tls = TlsSettings.Read(root.Inner("tls"), folder),
            Otlp = ReadAddress(telemetry, "otlp"),
            Shutdown = root.Time("shutdown", TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)) ?? TimeSpan.FromSeconds(30),
        };
        if (role == SiloDuty.Gateway && settings.Keys.Count > 0)
        {
            root.Wrong("keys", "must be empty: a gateway signs nothing and holds no keys");
        }

        if (role == SiloDuty.Validator && settings.Network is not null)
        {
            root.Wrong("network", "must be left out: the role is validator, and gateways hold the network port");
        }

        settings.CheckPorts(root);
        secrets.End();
        telemetry.End();
        root.End();
        problems.ThrowIfAny();
        return settings;
    }

    // Two listeners on one port would fail one after the other, each with the system's words.
    private void CheckPorts(Section root)
    {
        var taken = new Dictionary<int, string>();
        foreach (var (key, port) in (ReadOnlySpan<(string, int)>)
        [
            ("cluster.siloPort", Cluster.SiloPort), ("cluster.clientPort", Cluster.ClientPort), ("operations.listen", Operations.Listen.Port),
            ("rpc.http", Rpc?.Http?.Port ?? 0), ("rpc.ws", Rpc?.WebSocket?.Port ?? 0),
        ])
        {
            if (port != 0 && !taken.TryAdd(port, key))
            {
                root.Problems.Add(0, $"{key} is port {port}, which is that of {taken[port]} too: each needs its own");
            }
        }
    }

    private static Uri? ReadAddress(Section section, string key)
    {
        if (section.Text(key) is not { } written)
        {
            return null;
        }

        if (Uri.TryCreate(written, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https")
        {
            return uri;
        }

        section.Wrong(key, "must be an address as in \"http://collector:4317\"");
        return null;
    }
}

/// <summary>Where applications are served, and how much one of them may take.</summary>
internal sealed record RpcSettings
{
    /// <summary>Where JSON-RPC listens over HTTP, or null for nowhere.</summary>
    internal required IPEndPoint? Http { get; init; }

    /// <summary>Where JSON-RPC listens over WebSocket, or null for nowhere.</summary>
    internal required IPEndPoint? WebSocket { get; init; }

    /// <summary>Names under which clients may address the gateway.</summary>
    internal required IReadOnlyList<string> AllowedHosts { get; init; }

    /// <summary>Web pages that may call the gateway.</summary>
    internal required IReadOnlyList<string> AllowedOrigins { get; init; }

    /// <summary>Most connections at once.</summary>
    internal required int MaxConnections { get; init; }

    /// <summary>Calls a second of one client; 0 sets no limit.</summary>
    internal required int MaxCallsPerSecond { get; init; }

    /// <summary>Largest request, bytes.</summary>
    internal required int MaxBodyBytes { get; init; }

    /// <summary>Most calls in a batch.</summary>
    internal required int MaxBatchCalls { get; init; }

    /// <summary>Most subscriptions of one connection.</summary>
    internal required int MaxSubscriptions { get; init; }

    internal static RpcSettings? Read(Section rpc, SiloDuty? role)
    {
        if (role == SiloDuty.Validator)
        {
            if (rpc.HasAny)
            {
                rpc.Problems.Add(rpc.Line, "rpc is set, but the role is validator: applications are served by gateways");
            }

            return null;
        }

        var settings = new RpcSettings
        {
            Http = Endpoint.Read(rpc, "http"),
            WebSocket = Endpoint.Read(rpc, "ws"),
            AllowedHosts = [.. rpc.Texts("allowedHosts").Select(static it => it.Value)],
            AllowedOrigins = [.. rpc.Texts("allowedOrigins").Select(static it => it.Value)],
            MaxConnections = (int)(rpc.Integer("maxConnections", 1, 1_000_000) ?? 4_096),
            MaxCallsPerSecond = (int)(rpc.Integer("maxCallsPerSecond", 0, 10_000_000) ?? 20_000),
            MaxBodyBytes = (int)(rpc.Integer("maxBodyBytes", 1_024, 1 << 30) ?? 5 << 20),
            MaxBatchCalls = (int)(rpc.Integer("maxBatchCalls", 1, 100_000) ?? 1_000),
            MaxSubscriptions = (int)(rpc.Integer("maxSubscriptions", 1, 100_000) ?? 128),
        };
        if (settings.Http is null && settings.WebSocket is null)
        {
            rpc.Problems.Add(rpc.Line, "rpc.http and rpc.ws are both missing: a gateway serves applications on one of them at least");
        }

        rpc.End();
        return settings;
    }
}
