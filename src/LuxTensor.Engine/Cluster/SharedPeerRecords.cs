using LuxTensor.Core.Consensus;

namespace LuxTensor.Engine.Cluster;

/// <summary>Records that another process of the node writes: a gateway begins with them, and stores nothing itself.</summary>
public sealed class SharedPeerRecords(IPeerRecords inner) : IPeerRecords
{
    /// <inheritdoc/>
    public Task<IReadOnlyList<PeerRecord>> LoadAsync(int most, CancellationToken cancellation) => inner.LoadAsync(most, cancellation);

    /// <inheritdoc/>
    public Task<PeerRecord?> FindAsync(PeerId peer, CancellationToken cancellation) => inner.FindAsync(peer, cancellation);

    /// <inheritdoc/>
    public Task SaveAsync(IReadOnlyCollection<PeerRecord> batch, IReadOnlyCollection<PeerId> forgotten, CancellationToken cancellation) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task TrimAsync(int most, CancellationToken cancellation) => Task.CompletedTask;
}
