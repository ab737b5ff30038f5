using LuxTensor.Core;
using LuxTensor.Core.Sync;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Engine;

/// <summary>What the embedded host runs on. The host owns none of it: whoever opened a part closes it after the host.</summary>
public sealed record NodeOptions
{
    /// <summary>The chain.</summary>
    public required Genesis Genesis { get; init; }

    /// <summary>The node's memory.</summary>
    public required IJournal Journal { get; init; }

    /// <summary>What keeps the keys from signing twice.</summary>
    public required ISigningGuard Guard { get; init; }

    /// <summary>Counts the votes where another process does; null where this one does.</summary>
    public IVoteCounter? Counter { get; init; }

    /// <summary>Signs for local validators where another process does, through the guard; it may fail and be asked again. Null where this one does.</summary>
    public Func<Address, Ballot, Task<GuardDecision>>? SignElsewhere { get; init; }

    /// <summary>The validators' keys of this node; none for a node that only follows.</summary>
    public IReadOnlyList<SigningKey> Keys { get; init; } = [];

    /// <summary>The network.</summary>
    public required ITransport Transport { get; init; }

    /// <summary>Clock and timers.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Bounds of the transaction pool.</summary>
    public MempoolLimits Pool { get; init; } = new();

    /// <summary>How it catches up, as far as the operator chooses.</summary>
    public SyncChoices Sync { get; init; } = new();

    /// <summary>Workers that verify signatures, at most 8.</summary>
    public int VerifyWorkers { get; init; } = int.Clamp(Environment.ProcessorCount, 1, 8);

    /// <summary>Frames that wait for a verifier at most; further ones are dropped, as a network may.</summary>
    public int InboxFrames { get; init; } = 16_384;

    /// <summary>Submissions of applications under way at most; further ones are told that the node is busy.</summary>
    public int MaxSubmissions { get; init; } = 4_096;
}
