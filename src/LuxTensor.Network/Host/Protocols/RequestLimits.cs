namespace LuxTensor.Network;

/// <summary>What a request-response protocol puts up with.</summary>
public sealed record RequestLimits
{
    /// <summary>The most bytes of a request.</summary>
    public int MostRequest { get; init; } = 1 << 20;

    /// <summary>The most bytes of an answer.</summary>
    public int MostAnswer { get; init; } = 16 << 20;

    /// <summary>From the question to the whole answer; and how long a handler may take together with the writing of its answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Within each such period at least <see cref="LeastBytesAPeriod"/> must move; the first includes the peer's thinking.</summary>
    public TimeSpan Period { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The least bytes a period, so that a dripping peer is no better than a silent one.</summary>
    public int LeastBytesAPeriod { get; init; } = 64 * 1024;

    /// <summary>Requests of one peer that are answered at once; the next is reset.</summary>
    public int MostPerPeer { get; init; } = 8;

    /// <summary>Requests of all peers that are answered at once; the next is reset.</summary>
    public int MostAtOnce { get; init; } = 64;

    /// <summary>
    /// Bytes of answers that are on their way at once. One takes at most half of what is left, or is not given: a few peers that
    /// read slowly cost no more memory, and keep no small answer from others.
    /// </summary>
    public long MostAnswerBytes { get; init; } = 128 << 20;
}
