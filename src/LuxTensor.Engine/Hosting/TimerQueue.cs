using LuxTensor.Core.Consensus;

namespace LuxTensor.Engine;

/// <summary>
/// The chain's timers on one timer of the <see cref="TimeProvider"/>. Starting a timer again moves it, so that there are
/// as many as there are names in use: a handful.
/// </summary>
internal sealed class TimerQueue : IDisposable
{
    private readonly TimeProvider time;
    private readonly Action<TimerId> fire;
    private readonly ITimer timer;
    private readonly PriorityQueue<TimerId, long> due = new(); // by timestamp of the provider
    private readonly Dictionary<TimerId, long> current = [];
    private readonly Lock gate = new();

    public TimerQueue(TimeProvider time, Action<TimerId> fire)
    {
        this.time = time;
        this.fire = fire;
        timer = time.CreateTimer(_ => Fire(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Start(TimerId id, ulong milliseconds)
    {
        var delay = TimeSpan.FromMilliseconds(ulong.Min(milliseconds, 40UL * 24 * 3600 * 1000)); // what a timer can hold
        var at = time.GetTimestamp() + (long)(delay.TotalSeconds * time.TimestampFrequency);
        lock (gate)
        {
            current[id] = at;
            due.Enqueue(id, at);
            Arm();
        }
    }

    /// <summary>Forgets the timers of heights below <paramref name="height"/>.</summary>
    public void Drop(ulong height)
    {
        lock (gate)
        {
            foreach (var id in current.Keys.Where(id => id.Height < height).ToArray())
            {
                current.Remove(id);
            }
        }
    }

    public void Dispose() => timer.Dispose();

    private void Fire()
    {
        var fired = new List<TimerId>();
        lock (gate)
        {
            var now = time.GetTimestamp();
            while (due.TryPeek(out var id, out var at) && at <= now)
            {
                due.Dequeue();
                if (current.TryGetValue(id, out var wanted) && wanted == at)
                {
                    current.Remove(id);
                    fired.Add(id);
                }
            }

            Arm();
        }

        fired.ForEach(fire);
    }

    private void Arm()
    {
        if (due.TryPeek(out _, out var at))
        {
            var wait = time.GetElapsedTime(time.GetTimestamp(), at);
            // A millisecond more than asked never fires early, which would only cost a second firing.
            timer.Change(wait <= TimeSpan.Zero ? TimeSpan.Zero : wait + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
        }
    }
}
