namespace LuxTensor.Network;

/// <summary>How gossip is run. Only messages without author and signature are sent and taken (StrictNoSign): what is gossiped here is signed in itself.</summary>
public sealed record GossipOptions
{
    /// <summary>The numbers of gossipsub.</summary>
    public GossipParameters Parameters { get; init; } = new();

    /// <summary>The scoring of peers.</summary>
    public ScoreParameters Scores { get; init; } = new();

    /// <summary>Bytes of messages that wait to be sent to one peer. Above it, messages of others are dropped before own ones.</summary>
    public long SendQueueBytes { get; init; } = 8L << 20;

    /// <summary>Bytes of control that wait to be sent to one peer, beside the messages. A peer with more is cut off.</summary>
    public long ControlQueueBytes { get; init; } = 1L << 20;

    /// <summary>How long a peer may leave its queue full, or a write unfinished, before it is cut off.</summary>
    public TimeSpan SlowPeer { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a frame may take from its first byte to its last.</summary>
    public TimeSpan FrameTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes of own messages that wait for the router; publishing beyond is refused.</summary>
    public long PublishQueueBytes { get; init; } = 32L << 20;

    /// <summary>Time, for heartbeats and timeouts.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>What chooses among peers; null draws one. The same seed and events give the same choices.</summary>
    public int? Seed { get; init; }
}
