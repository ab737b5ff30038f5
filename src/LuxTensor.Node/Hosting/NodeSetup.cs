using LuxTensor.Core;
using LuxTensor.Core.Sync;
using LuxTensor.Core.Transactions;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Network;

namespace LuxTensor.Node.Hosting;

/// <summary>What one node of this process is made of.</summary>
internal sealed record NodeSetup
{
    /// <summary>What it is called in logs and by its peers.</summary>
    internal required string Name { get; init; }

    /// <summary>The chain.</summary>
    internal required Genesis Genesis { get; init; }

    /// <summary>The folder of journal.db and guard.db.</summary>
    internal required string Folder { get; init; }

    /// <summary>The validators' keys; the node takes them over and disposes them.</summary>
    internal required IReadOnlyList<SigningKey> Keys { get; init; }

    /// <summary>The network; the node takes it over, starts it after itself and disposes it. Null for a node that is alone.</summary>
    internal required NetworkNode? Network { get; init; }

    /// <summary>What the node speaks through instead of the network's own transport.</summary>
    internal ITransport? Transport { get; init; }

    /// <summary>The records of its peers; the node takes them over.</summary>
    internal IDisposable? PeerRecords { get; init; }

    /// <summary>Where JSON-RPC listens over HTTP.</summary>
    internal ListenPort? Http { get; init; }

    /// <summary>Where JSON-RPC listens over WebSocket.</summary>
    internal ListenPort? WebSocket { get; init; }

    /// <summary>Names under which clients may address the node, beside localhost.</summary>
    internal IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>Web pages that may call the node.</summary>
    internal IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>Bounds of the transaction pool.</summary>
    internal MempoolLimits Pool { get; init; } = new();

    /// <summary>How it catches up, as far as the operator chooses.</summary>
    internal SyncChoices Sync { get; init; } = new();

    /// <summary>Workers that verify signatures; null for one a processor.</summary>
    internal int? VerifyWorkers { get; init; }

    /// <summary>Clock and timers.</summary>
    internal TimeProvider Time { get; init; } = TimeProvider.System;
}
