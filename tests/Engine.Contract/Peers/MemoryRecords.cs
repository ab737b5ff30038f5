using LuxTensor.Core.Consensus;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Engine.Peers;

/// <summary>Records in memory, which completes at once and can be told to fail.</summary>
internal sealed class MemoryRecords : IPeerRecords
{
    private readonly Lock gate = new();
    private readonly Dictionary<PeerId, byte[]> stored = [];

    public bool Fails { get; set; }

    /// <summary>Records of each save, in order.</summary>
    public List<int> Batches { get; } = [];

    public Task<IReadOnlyList<PeerRecord>> LoadAsync(int most, CancellationToken cancellation)
    {
        lock (gate)
        {
            var all = stored.Select(static it => PeerRecord.Decode(it.Key, it.Value)!);
            return Task.FromResult<IReadOnlyList<PeerRecord>>([.. all.OrderByDescending(static it => it.State.BannedUntil).ThenByDescending(static it => it.State.LastContact).Take(most)]);
        }
    }

    public Task<PeerRecord?> FindAsync(PeerId peer, CancellationToken cancellation)
    {
        lock (gate)
        {
            return Task.FromResult(stored.TryGetValue(peer, out var bytes) ? PeerRecord.Decode(peer, bytes) : null);
        }
    }

    public Task SaveAsync(IReadOnlyCollection<PeerRecord> batch, IReadOnlyCollection<PeerId> forgotten, CancellationToken cancellation)
    {
        lock (gate)
        {
            if (Fails)
            {
                return Task.FromException(new JournalException("the disk is full"));
            }

            Batches.Add(batch.Count);
            foreach (var record in batch)
            {
                stored[record.Id] = record.Encode();
            }

            foreach (var peer in forgotten)
            {
                stored.Remove(peer);
            }

            return Task.CompletedTask;
        }
    }

    public async Task TrimAsync(int most, CancellationToken cancellation)
    {
        var kept = (await LoadAsync(most, cancellation)).Select(static it => it.Id).ToHashSet();
        lock (gate)
        {
            foreach (var peer in stored.Keys.Where(peer => !kept.Contains(peer)).ToArray())
            {
                stored.Remove(peer);
            }
        }
    }
}
