namespace LuxTensor.Core.Peers;

/// <summary>How much of one kind of message a peer may send.</summary>
/// <param name="Capacity">Tokens that a full bucket holds.</param>
/// <param name="PerMinute">Tokens that come back in a minute.</param>
/// <param name="Unit">Bytes that one token pays for: a frame costs one for each started unit, and at least one (PEE-8).</param>
public readonly record struct PeerLimit(int Capacity, long PerMinute, int Unit)
{
    /// <summary>What a frame costs.</summary>
    public int CostOf(int bytes) => bytes <= Unit ? 1 : ((bytes - 1) / Unit) + 1;
}

/// <summary>
/// Tokens left, in integers: a token is 60,000 grains, so that each millisecond brings back as many grains as a minute brings
/// tokens, and nothing is rounded however often one looks (PEE-8).
/// </summary>
/// <param name="Grains">What is left.</param>
/// <param name="At">When that was so, in milliseconds.</param>
public readonly record struct TokenBucket(long Grains, ulong At)
{
    /// <summary>Grains in a token.</summary>
    public const long Token = 60_000;

    /// <summary>A bucket that nothing was taken from.</summary>
    public static TokenBucket Full(PeerLimit limit, ulong now) => new(limit.Capacity * Token, now);

    /// <summary>Takes <paramref name="cost"/> tokens; where there are too few, none, and gives false.</summary>
    public static (TokenBucket Next, bool IsAllowed) Take(TokenBucket bucket, PeerLimit limit, int cost, ulong now)
    {
        var filled = Refill(bucket, limit, now);
        var wanted = cost * Token;
        return filled.Grains < wanted ? (filled, false) : (filled with { Grains = filled.Grains - wanted }, true);
    }

    /// <summary>The bucket at a time. A clock that was set back brings nothing, and does not stop what comes after.</summary>
    public static TokenBucket Refill(TokenBucket bucket, PeerLimit limit, ulong now)
    {
        var most = limit.Capacity * Token;
        var passed = now > bucket.At ? now - bucket.At : 0;
        var gained = (UInt128)passed * (ulong)limit.PerMinute;
        return new TokenBucket(gained >= (UInt128)(most - bucket.Grains) ? most : bucket.Grains + (long)gained, now);
    }
}
