namespace LuxTensor.Network;

/// <summary>A token bucket that one task spends from: so much at once, so much a second.</summary>
internal sealed class FloodGauge((int Burst, int Rate) limit, TimeProvider time)
{
    private long tokens = limit.Burst;
    private long filled = time.GetTimestamp();

    /// <summary>Takes from the bucket; false when it is empty.</summary>
    internal bool TrySpend(int cost = 1)
    {
        if (tokens < cost)
        {
            Refill();
        }

        tokens -= cost;
        return tokens >= 0;
    }

    /// <summary>Puts something back, for work that was paid otherwise.</summary>
    internal void Credit(long amount) => tokens = long.Min(limit.Burst, tokens + amount);

    private void Refill()
    {
        var now = time.GetTimestamp();
        var earned = (long)((Int128)(now - filled) * limit.Rate / time.TimestampFrequency); // a long overflows after a week of nanoseconds
        if (earned > 0)
        {
            filled = now;
            Credit(earned);
        }
    }
}
