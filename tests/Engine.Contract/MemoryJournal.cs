using LuxTensor.Core;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Validators;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Engine;

/// <summary>A journal that outlives its node within a test. As strict as a real one about what follows what.</summary>
internal sealed class MemoryJournal : IJournal
{
    private readonly Lock gate = new();
    private readonly List<FinalBlock> blocks = [];
    private readonly Dictionary<Hash256, ReadOnlyMemory<byte>> state = [];
    private readonly List<JournalInput> inputs = [];
    private readonly SortedDictionary<ulong, PoolEntry> pool = [];
    private readonly Dictionary<Hash256, TransactionPlace> places = [];
    private readonly List<Evidence> evidence = [];
    private readonly Dictionary<ulong, EpochSnapshot> sets;
    private readonly Dictionary<(ulong, Address), MissedDuty> missed = [];

    public MemoryJournal(Genesis genesis)
    {
        blocks.Add(new FinalBlock(genesis.Block, null));
        sets = genesis.Sets.ToDictionary(static set => set.Epoch);
        foreach (var change in genesis.Changes)
        {
            state[change.Key] = change.Value;
        }
    }

    /// <summary>Runs before a block is read; may throw, as a disk does.</summary>
    public Action<ulong>? BeforeRead { get; set; }

    /// <summary>Runs before a batch is stored; may throw, as a disk does.</summary>
    public Action<JournalBatch>? BeforeCommit { get; set; }

    public ulong FinalHeight
    {
        get
        {
            lock (gate)
            {
                return (ulong)blocks.Count - 1;
            }
        }
    }

    public JournalContents Load()
    {
        lock (gate)
        {
            return new JournalContents(blocks[^1], [.. state], [.. sets.Values.OrderBy(static set => set.Epoch)], [.. inputs], [.. pool.Values]) { Evidence = [.. evidence] };
        }
    }

    public void Commit(JournalBatch batch)
    {
        BeforeCommit?.Invoke(batch);
        lock (gate)
        {
            inputs.AddRange(batch.Inputs);
            foreach (var final in batch.Finalized)
            {
                Store(final);
            }

            foreach (var arrival in pool.Where(entry => batch.PoolRemoved.Contains(entry.Value.Transaction.Id)).Select(entry => entry.Key).ToArray())
            {
                pool.Remove(arrival);
            }

            foreach (var entry in batch.PoolAdded)
            {
                pool.Add(entry.Arrival, entry);
            }

            evidence.AddRange(batch.Evidence);
            foreach (var duty in batch.Missed)
            {
                missed[(duty.Height, duty.Validator)] = duty;
            }

            evidence.RemoveAll(conflict => conflict.First.Ballot.Height < batch.KeepFrom);
        }
    }

    public FinalBlock? BlockAt(ulong height)
    {
        BeforeRead?.Invoke(height);
        lock (gate)
        {
            return height < (ulong)blocks.Count ? blocks[(int)height] : null;
        }
    }

    public FinalBlock? BlockBy(Hash256 hash) => HeightOf(hash) is { } height ? BlockAt(height) : null;

    public ulong? HeightOf(Hash256 hash)
    {
        lock (gate)
        {
            return blocks.FindIndex(block => block.Block.Hash == hash) is >= 0 and var height ? (ulong)height : null;
        }
    }

    public TransactionPlace? Locate(Hash256 transactionId)
    {
        lock (gate)
        {
            return places.TryGetValue(transactionId, out var place) ? place : null;
        }
    }

    public MissedDuty? MissOf(Address validator, ulong height)
    {
        lock (gate)
        {
            return missed.GetValueOrDefault((height, validator));
        }
    }

    public EpochSnapshot? SetOf(ulong epoch)
    {
        lock (gate)
        {
            return sets.GetValueOrDefault(epoch);
        }
    }

    public IReadOnlyList<Evidence> Evidence(int limit)
    {
        lock (gate)
        {
            return [.. evidence.Take(limit)];
        }
    }

    public void Dispose()
    {
        // outlives the node on purpose
    }

    private void Store(Finalization final)
    {
        if (final.Block.Header.Parent != blocks[^1].Block.Hash)
        {
            throw new JournalException($"block {final.Block.Height} does not follow block {blocks.Count - 1}");
        }

        for (var i = 0; i < final.Block.Transactions.Length; i++)
        {
            places.Add(final.Block.Transactions[i].Id, new TransactionPlace(final.Block.Height, i));
        }

        blocks.Add(new FinalBlock(final.Block, final.Certificate));
        foreach (var change in final.Changes)
        {
            state[change.Key] = change.Value;
        }

        if (final.Fixed is { } set)
        {
            sets.Add(set.Epoch, set);
        }

        inputs.RemoveAll(input => input.Height <= final.Block.Height);
    }
}
