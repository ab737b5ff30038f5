using LuxTensor.Core.Peers;

namespace LuxTensor.Engine.Peers;

/// <summary>What a <see cref="PeerBook"/> runs on. The book owns none of it.</summary>
public sealed record PeerBookOptions
{
    /// <summary>How peers are judged.</summary>
    public required PeerSettings Settings { get; init; }

    /// <summary>Where records survive a restart; null keeps them in memory alone.</summary>
    public IPeerRecords? Records { get; init; }

    /// <summary>Clock and timers.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Most peers that are remembered, 16 to 1,000,000; about 1 KiB each.</summary>
    public int MostRecords { get; init; } = 8_192;

    /// <summary>How often what changed is stored; a new ban is stored at once.</summary>
    public TimeSpan SaveEvery { get; init; } = TimeSpan.FromSeconds(5);
}
