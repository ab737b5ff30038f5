namespace LuxTensor.Network;

/// <summary>A deadline that moves while enough happens: so many bytes within each period, or it is over. Idle and dripping peers alike.</summary>
internal sealed class Patience : IDisposable
{
    private readonly CancellationTokenSource source;
    private readonly CancellationTokenSource either;
    private readonly TimeSpan period;
    private readonly int leastBytes;
    private long moved;

    internal Patience(TimeSpan period, int leastBytes, TimeProvider time, CancellationToken cancellation)
    {
        this.period = period;
        this.leastBytes = leastBytes;
        source = new CancellationTokenSource(period, time);
        either = CancellationTokenSource.CreateLinkedTokenSource(source.Token, cancellation);
    }

    internal CancellationToken Token => either.Token;

    /// <summary>Whether anything happened at all.</summary>
    internal bool HasMoved { get; private set; }

    internal void Progress(int bytes)
    {
        HasMoved = true;
        moved += bytes;
        if (moved >= leastBytes)
        {
            moved = 0;
            source.CancelAfter(period);
        }
    }

    public void Dispose()
    {
        either.Dispose();
        source.Dispose();
    }
}
