using LuxTensor.Core;
using LuxTensor.Core.Finality;
using LuxTensor.Core.State;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Simulation;

/// <summary>A journal in memory that keeps exactly what was committed: what the port asks of a database, and no more.</summary>
internal sealed class SimulatedJournal : IJournal
{
    private readonly Genesis genesis;
    private readonly List<FinalBlock> chain = [];
    private readonly Dictionary<Hash256, int> byHash = [];
    private readonly Dictionary<Hash256, TransactionPlace> places = [];
    private readonly Dictionary<Hash256, ReadOnlyMemory<byte>> state = [];
    private readonly List<JournalInput> inputs = [];
    private readonly Dictionary<Hash256, PoolEntry> pool = [];
    private readonly List<Evidence> evidence = [];

    public SimulatedJournal(Genesis genesis)
    {
        this.genesis = genesis;
        Clear();
    }

    public ulong FinalHeight => (ulong)chain.Count - 1;

    public int InputCount => inputs.Count;

    public IEnumerable<KeyValuePair<Hash256, ReadOnlyMemory<byte>>> State => state;

    public FinalBlock? BlockAt(ulong height) => height < (ulong)chain.Count ? chain[(int)height] : null;

    public FinalBlock? BlockBy(Hash256 hash) => byHash.TryGetValue(hash, out var height) ? chain[height] : null;

    public TransactionPlace? Locate(Hash256 transactionId) => places.TryGetValue(transactionId, out var place) ? place : null;

    public IReadOnlyList<Evidence> Evidence(int limit) => [.. evidence.Take(limit)];

    public JournalContents Load() =>
        new(chain[^1], [.. state], [.. inputs], [.. pool.Values.OrderBy(entry => entry.Arrival)]);

    public void Commit(JournalBatch batch)
    {
        inputs.AddRange(batch.Inputs);
        foreach (var (block, certificate, changes) in batch.Finalized)
        {
            Append(new FinalBlock(block, certificate), changes);
            inputs.RemoveAll(input => input.Height <= block.Height);
        }

        foreach (var id in batch.PoolRemoved)
        {
            pool.Remove(id);
        }

        foreach (var entry in batch.PoolAdded)
        {
            pool[entry.Transaction.Id] = entry;
        }

        evidence.AddRange(batch.Evidence);
    }

    /// <summary>Loses everything, as a defect.</summary>
    public void Clear()
    {
        chain.Clear();
        byHash.Clear();
        places.Clear();
        state.Clear();
        inputs.Clear();
        pool.Clear();
        evidence.Clear();
        Append(new FinalBlock(genesis.Block, null), genesis.Changes);
    }

    /// <summary>Loses the inputs since the last final block, as a defect.</summary>
    public void ClearInputs() => inputs.Clear();

    public void Dispose()
    {
    }

    private void Append(FinalBlock final, IEnumerable<StateChange> changes)
    {
        if (final.Block.Height != (ulong)chain.Count || (chain.Count > 0 && final.Block.Header.Parent != chain[^1].Block.Hash))
        {
            throw new JournalException($"block {final.Block.Height} was to be stored as final, but the last stored one is {chain.Count - 1}");
        }

        byHash.Add(final.Block.Hash, chain.Count);
        chain.Add(final);
        for (var i = 0; i < final.Block.Transactions.Length; i++)
        {
            places.Add(final.Block.Transactions[i].Id, new TransactionPlace(final.Block.Height, i));
        }

        foreach (var change in changes)
        {
            state[change.Key] = change.Value;
        }
    }
}
