using LuxTensor.Core;
using LuxTensor.Core.Finality;
using LuxTensor.Core.State;
using LuxTensor.Core.Validators;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Simulation;

/// <summary>
/// A journal in memory that keeps exactly what was committed: what the port asks of a database, and no more. Batches are
/// whole or not there: what a torn write left is dropped when the journal is opened again. After a write that was
/// reported as failed it takes nothing more until then.
/// </summary>
internal sealed class SimulatedJournal : IJournal
{
    private readonly Genesis genesis;
    private readonly SimulatedDisk disk;
    private readonly List<FinalBlock> chain = [];
    private readonly Dictionary<Hash256, int> byHash = [];
    private readonly Dictionary<Hash256, TransactionPlace> places = [];
    private readonly Dictionary<Hash256, ReadOnlyMemory<byte>> state = [];
    private readonly List<JournalInput> inputs = [];
    private readonly Dictionary<Hash256, PoolEntry> pool = [];
    private readonly List<Evidence> evidence = [];
    private readonly Dictionary<ulong, EpochSnapshot> sets = [];
    private JournalBatch? torn;
    private bool isClosed;

    public SimulatedJournal(Genesis genesis, SimulatedDisk disk)
    {
        this.genesis = genesis;
        this.disk = disk;
        Clear();
    }

    public ulong FinalHeight => (ulong)chain.Count - 1;

    public int InputCount => inputs.Count;

    public long InputBytes { get; private set; }

    public int PoolCount => pool.Count;

    public IEnumerable<KeyValuePair<Hash256, ReadOnlyMemory<byte>>> State => state;

    public FinalBlock? BlockAt(ulong height) => height < (ulong)chain.Count ? chain[(int)height] : null;

    public FinalBlock? BlockBy(Hash256 hash) => byHash.TryGetValue(hash, out var height) ? chain[height] : null;

    public ulong? HeightOf(Hash256 hash) => byHash.TryGetValue(hash, out var height) ? (ulong)height : null;

    public TransactionPlace? Locate(Hash256 transactionId) => places.TryGetValue(transactionId, out var place) ? place : null;

    public MissedDuty? MissOf(Core.Address validator, ulong height) => null; // for applications: no rule depends on it

    public EpochSnapshot? SetOf(ulong epoch) => sets.GetValueOrDefault(epoch);

    public IReadOnlyList<Evidence> Evidence(int limit) => [.. evidence.Take(limit)];

    public JournalContents Load() =>
        new(chain[^1], [.. state], [.. sets.Values.OrderBy(set => set.Epoch)], [.. inputs], [.. pool.Values.OrderBy(entry => entry.Arrival)])
        {
            Evidence = [.. evidence],
        };

    /// <summary>Stores a batch, if the disk does.</summary>
    /// <exception cref="JournalException">The disk failed: <see cref="IsStored"/> tells tests, and tests alone, what became of the batch.</exception>
    public void Commit(JournalBatch batch)
    {
        IsStored = false;
        if (isClosed)
        {
            throw new JournalException("nothing more is stored until the journal is opened again");
        }

        var result = disk.Next();
        if (result is WriteResult.Done or WriteResult.InDoubt)
        {
            Apply(batch);
            IsStored = true;
        }

        if (result != WriteResult.Done)
        {
            torn = result == WriteResult.Torn ? batch : null;
            isClosed = true;
            throw SimulatedDisk.Failure(result);
        }
    }

    /// <summary>Whether the last batch was stored, whatever was reported.</summary>
    public bool IsStored { get; private set; }

    /// <summary>Stores a batch as if no disk could fail: the write that is under way when the node stops.</summary>
    public void Apply(JournalBatch batch)
    {
        AddInputs(batch.Inputs);
        foreach (var (block, certificate, changes, made) in batch.Finalized)
        {
            Append(new FinalBlock(block, certificate), changes);
            InputBytes -= inputs.Where(input => input.Height <= block.Height).Sum(input => (long)input.Bytes.Length);
            inputs.RemoveAll(input => input.Height <= block.Height);
            if (made is not null)
            {
                sets.Add(made.Epoch, made);
            }
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
        evidence.RemoveAll(conflict => conflict.First.Ballot.Height < batch.KeepFrom);
    }

    /// <summary>What a power cut leaves of a batch.</summary>
    public void Tear(JournalBatch batch) => torn = batch;

    /// <summary>Opens the journal after a stop; true where a torn write had to be dropped.</summary>
    /// <param name="takesTorn">A defect: what is left of the write is taken for good.</param>
    public bool Reopen(bool takesTorn)
    {
        var left = torn;
        (torn, isClosed) = (null, false);
        if (left is not null && takesTorn)
        {
            AddInputs(left.Inputs.Take((left.Inputs.Length + 1) / 2));
        }

        return left is not null;
    }

    public Snapshot Copy() => new(chain.Count, [.. inputs], [.. pool.Values], evidence.Count);

    /// <summary>What the journal held when it was copied; the chain up to there is the same.</summary>
    public void Restore(Snapshot copy)
    {
        FinalBlock[] kept = [.. chain.Skip(1).Take(copy.Blocks - 1)];
        var writes = kept.Select(block => changes[block.Block.Height]).ToArray();
        Evidence[] seen = [.. evidence.Take(copy.Evidence)];
        EpochSnapshot[] made = [.. sets.Values.Where(set => set.Epoch <= genesis.Rules.EpochOf((ulong)copy.Blocks) + 1)];
        Clear();
        foreach (var set in made)
        {
            sets[set.Epoch] = set;
        }

        foreach (var (block, written) in kept.Zip(writes))
        {
            Append(block, written);
        }

        AddInputs(copy.Inputs);
        evidence.AddRange(seen);
        foreach (var entry in copy.Pool)
        {
            pool[entry.Transaction.Id] = entry;
        }
    }

    /// <summary>Loses everything.</summary>
    public void Clear()
    {
        chain.Clear();
        changes.Clear();
        byHash.Clear();
        places.Clear();
        state.Clear();
        ClearInputs();
        pool.Clear();
        evidence.Clear();
        sets.Clear();
        foreach (var set in genesis.Sets)
        {
            sets.Add(set.Epoch, set);
        }

        torn = null;
        Append(new FinalBlock(genesis.Block, null), genesis.Changes);
    }

    /// <summary>Loses the inputs since the last final block, as a defect.</summary>
    public void ClearInputs()
    {
        inputs.Clear();
        InputBytes = 0;
    }

    public void Dispose()
    {
    }

    private readonly Dictionary<ulong, StateChange[]> changes = [];

    private void AddInputs(IEnumerable<JournalInput> added)
    {
        foreach (var input in added)
        {
            inputs.Add(input);
            InputBytes += input.Bytes.Length;
        }
    }

    private void Append(FinalBlock final, IEnumerable<StateChange> written)
    {
        if (final.Block.Height != (ulong)chain.Count || (chain.Count > 0 && final.Block.Header.Parent != chain[^1].Block.Hash))
        {
            throw new JournalException($"block {final.Block.Height} was to be stored as final, but the last stored one is {chain.Count - 1}");
        }

        byHash.Add(final.Block.Hash, chain.Count);
        chain.Add(final);
        changes[final.Block.Height] = [.. written];
        for (var i = 0; i < final.Block.Transactions.Length; i++)
        {
            places.Add(final.Block.Transactions[i].Id, new TransactionPlace(final.Block.Height, i));
        }

        foreach (var change in changes[final.Block.Height])
        {
            state[change.Key] = change.Value;
        }
    }

    /// <summary>A copy of all that a journal held at some time.</summary>
    internal sealed record Snapshot(int Blocks, JournalInput[] Inputs, PoolEntry[] Pool, int Evidence);
}
