using LuxTensor.Core;
using LuxTensor.Core.Peers;
using LuxTensor.Core.Sync;
using LuxTensor.Core.Transactions;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Grains;

/// <summary>What a silo does for the node.</summary>
[Flags]
public enum SiloRole
{
    /// <summary>Runs the grains that decide, count and sign.</summary>
    Validator = 1,

    /// <summary>Holds the network port, and a replica of the node's state for the RPC endpoints.</summary>
    Gateway = 2,

    /// <summary>Both, in one process.</summary>
    All = Validator | Gateway,
}

/// <summary>What a silo of a node runs on. The silo owns none of it.</summary>
public sealed record ClusterOptions
{
    /// <summary>The chain.</summary>
    public required Genesis Genesis { get; init; }

    /// <summary>What the silo does.</summary>
    public required SiloRole Role { get; init; }

    /// <summary>The memory that the node's silos share.</summary>
    public required IClusterStore Store { get; init; }

    /// <summary>The keys of the operator's validators; on every validator silo the same, on gateways none.</summary>
    public IReadOnlyList<SigningKey> Keys { get; init; } = [];

    /// <summary>The network, on gateways; null where the node has no peers.</summary>
    public ITransport? Transport { get; init; }

    /// <summary>
    /// The account that a gateway's network keeps of its peers, opened with the store's records
    /// (<see cref="Engine.Cluster.SharedPeerRecords"/>); null where it keeps none. All gateways then share reputations and bans.
    /// </summary>
    public Engine.Peers.PeerBook? Peers { get; init; }

    /// <summary>Bounds of the transaction pool, on every silo the same.</summary>
    public MempoolLimits Pool { get; init; } = new();

    /// <summary>How the node catches up, as far as the operator chooses.</summary>
    public SyncChoices Sync { get; init; } = new();

    /// <summary>How peers are judged, as far as the operator chooses; on every silo the same.</summary>
    public PeerChoices Judging { get; init; } = new();

    /// <summary>How commits reach the gateways.</summary>
    public CommitFeedKind Feed { get; init; } = CommitFeedKind.MemoryStream;

    /// <summary>The name that the silo's stream provider has, where <see cref="Feed"/> uses streams.</summary>
    public const string StreamProvider = "luxtensor";

    /// <summary>How long a gateway counts as here after it last said so.</summary>
    internal static readonly TimeSpan GatewayLease = TimeSpan.FromSeconds(10);

    internal string ChainKey => Genesis.Block.Hash.ToString();
}

/// <summary>How commits reach the gateways. Each may lose some; gateways read from the store what they miss.</summary>
public enum CommitFeedKind
{
    /// <summary>Orleans' stream in memory, polled each 10 ms, which <see cref="ClusterHosting.AddLuxTensor"/> sets up.</summary>
    MemoryStream,

    /// <summary>A stream provider that the host set up under the name <see cref="ClusterOptions.StreamProvider"/>.</summary>
    Stream,
}
