namespace LuxTensor.Engine;

/// <summary>Tells applications when the node begins and ends catching up, and how it goes. A few blocks behind is everyday, not catching up; what a peer merely claims begins nothing.</summary>
public sealed class SyncWatch(Action<Notice> notify, TimeProvider time)
{
    private const ulong Behind = 4;
    private const int Samples = 16; // the rate is that of so many steps

    private readonly Queue<(long Timestamp, ulong Height)> samples = new();
    private ulong? starting;
    private ulong told;

    /// <summary>Takes the next state, and tells what there is to tell of it.</summary>
    public void Look(NodeState state)
    {
        var current = state.Chain.Tree.Root.Height;
        var proven = state.ProvenHeight;
        // Whoever failed when asked may go on claiming: that keeps nobody waiting.
        var claimed = state.Sync.Peers.Values.Where(static peer => peer.Failures == 0).Select(static peer => peer.Claimed).DefaultIfEmpty().Max();
        var step = new Notice.Syncing(true, starting ?? current, current, proven) { Claimed = ulong.Max(proven, claimed) };
        if (starting is null && proven > current + Behind)
        {
            starting = told = current;
            samples.Clear();
            samples.Enqueue((time.GetTimestamp(), current));
            notify(step);
        }
        else if (starting is not null && step.Claimed <= current)
        {
            starting = null;
            notify(step with { Active = false, Highest = current, Claimed = current });
        }
        else if (starting is not null && current >= told + Core.Wire.WireLimits.MaxBlocksPerMessage)
        {
            told = current;
            notify(step with { Rate = RateAt(current) });
        }
    }

    private double RateAt(ulong current)
    {
        var (since, from) = samples.Peek();
        var elapsed = time.GetElapsedTime(since);
        samples.Enqueue((time.GetTimestamp(), current));
        if (samples.Count > Samples)
        {
            samples.Dequeue();
        }

        return elapsed > TimeSpan.Zero ? (current - from) / elapsed.TotalSeconds : 0;
    }
}
