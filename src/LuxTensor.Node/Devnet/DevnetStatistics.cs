using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Node.Devnet;

/// <summary>
/// Figures of a network as an onlooker in its process sees them. One writer (the reader of the feed); <see cref="Snapshot"/>
/// may be taken from any thread.
/// </summary>
internal sealed class DevnetStatistics(TimeProvider time, ulong finalAtStart = 0)
{
    private const int KeptTimes = 100;
    private const int MaxWaiting = 4_096;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private readonly Lock gate = new();
    private readonly Dictionary<Hash256, long> firstSeen = []; // blocks that are not final yet
    private readonly Queue<(long Timestamp, int Transactions)> recent = new();
    private readonly Queue<double> times = new();
    private readonly long started = time.GetTimestamp();
    private ulong height = finalAtStart; // a node that catches up tells of heights that are old news
    private int lastPercent;

    /// <summary>The figures now.</summary>
    internal Figures Snapshot
    {
        get
        {
            lock (gate)
            {
                var now = time.GetTimestamp();
                Forget(now);
                var seconds = double.Max(1, double.Min(Window.TotalSeconds, time.GetElapsedTime(started, now).TotalSeconds));
                var sorted = times.Order().ToArray();
                return new Figures(
                    recent.Count / seconds, recent.Sum(static it => it.Transactions) / seconds, At(sorted, 0.5), At(sorted, 0.95),
                        lastPercent);
            }
        }
    }

    /// <summary>Takes a notice in. For the first report of a height's finality: the milliseconds since its block was first seen, if it was.</summary>
    /// <returns>Whether this was the first report that the height is final.</returns>
    internal bool See(long timestamp, Notice notice, int percent, out double? milliseconds)
    {
        milliseconds = null;
        lock (gate)
        {
            switch (notice)
            {
                case Notice.HeadMoved moved:
                    foreach (var block in moved.Joined.Where(block => block.Height > height))
                    {
                        firstSeen.TryAdd(block.Hash, timestamp);
                    }

                    return false;
                case Notice.Finalized final when final.Block.Height > height:
                    height = final.Block.Height;
                    lastPercent = percent;
                    recent.Enqueue((timestamp, final.Block.Transactions.Length));
                    if (firstSeen.Remove(final.Block.Hash, out var since))
                    {
                        milliseconds = time.GetElapsedTime(since, timestamp).TotalMilliseconds;
                        times.Enqueue(milliseconds.Value);
                    }

                    Forget(timestamp);
                    return true;
                default:
                    return false;
            }
        }
    }

    private void Forget(long now)
    {
        while (recent.TryPeek(out var oldest) && time.GetElapsedTime(oldest.Timestamp, now) > Window)
        {
            recent.Dequeue();
        }

        while (times.Count > KeptTimes)
        {
            times.Dequeue();
        }

        if (firstSeen.Count > MaxWaiting)
        {
            firstSeen.Clear(); // blocks that lost; a figure may miss some
        }
    }

    private static double? At(double[] sorted, double share) =>
        sorted.Length == 0 ? null : sorted[int.Min(sorted.Length - 1, (int)(sorted.Length * share))];

    /// <summary>Rates over the last ten seconds, a second; times of the last hundred final blocks, milliseconds.</summary>
    internal readonly record struct Figures(
        double BlocksPerSecond, double TransactionsPerSecond, double? MedianMilliseconds, double? P95Milliseconds, int LastPercentSigned);
}
