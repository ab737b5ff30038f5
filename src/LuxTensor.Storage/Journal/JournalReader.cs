using System.Collections.Concurrent;
using LuxTensor.Core;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Validators;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Engine.Caching;
using LuxTensor.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace LuxTensor.Storage;

/// <summary>Reads of the final chain on connections of their own, so that they never wait for a commit. Thread-safe.</summary>
internal sealed class JournalReader(string path, ChainRules rules, JournalOptions options) : IDisposable
{
    private readonly ConcurrentBag<Session> idle = [];
    private readonly SemaphoreSlim slots = new(options.Readers);
    private readonly LruCache<ulong, FinalBlock> blocks = new(options.BlockCacheBytes);
    private int disposed;

    /// <summary>The block at a height that is known to be final.</summary>
    internal FinalBlock BlockAt(ulong height)
    {
        if (blocks.TryGet(height, out var known))
        {
            return known;
        }

        var block = Read(session => session.BlockAt(height));
        Remember(block);
        return block;
    }

    /// <summary>The height of the block with that hash, or null.</summary>
    internal ulong? HeightOf(Hash256 hash) => Read(session => session.HeightOf(hash));

    internal TransactionPlace? Locate(Hash256 id) => Read(session => session.Locate(id));

    internal EpochSnapshot? SetOf(ulong epoch) => epoch > long.MaxValue ? null : Read(session => session.SetOf(epoch));

    internal MissedDuty? MissOf(Address validator, ulong height) => Read(session => session.MissOf(validator, height));

    internal IReadOnlyList<Evidence> Evidence(int limit) => Read(session => session.Evidence(limit));

    /// <summary>A block that was just stored is the one most asked for.</summary>
    internal void Remember(FinalBlock block) => blocks.Put(block.Block.Height, block, BlockRow.Weigh(block));

    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
        {
            return;
        }

        for (var i = 0; i < options.Readers; i++)
        {
            slots.Wait(); // reads under way finish first
        }

        while (idle.TryTake(out var session))
        {
            session.Dispose();
        }

        slots.Release(options.Readers); // whoever waits finds out that it is closed
    }

    private T Read<T>(Func<Session, T> query)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref disposed) != 0, typeof(SqliteJournal));
        slots.Wait();
        try
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref disposed) != 0, typeof(SqliteJournal));
            if (!idle.TryTake(out var session))
            {
                session = Faults.Guarded(path, "opening for reading", () => new Session(path, rules, options));
            }

            try
            {
                return Faults.Guarded(path, "reading", () => query(session));
            }
            finally
            {
                idle.Add(session);
            }
        }
        finally
        {
            slots.Release();
        }
    }

    /// <summary>One connection; one thread at a time.</summary>
    private sealed class Session : IDisposable
    {
        private readonly string path;
        private readonly ChainRules rules;
        private readonly Database database;
        private readonly Statement block, height, place, evidence, epoch, miss;

        internal Session(string path, ChainRules rules, JournalOptions options)
        {
            this.path = path;
            this.rules = rules;
            database = Database.Open(path, SqliteOpenMode.ReadOnly, options.BusyTimeout);
            try
            {
                database.UseForReading(options.ReaderCacheKib);
                block = database.Prepare(BlockRow.SelectSql);
                height = database.Prepare("SELECT height FROM block WHERE hash = ?1");
                place = database.Prepare(SmallRows.Places);
                evidence = database.Prepare(SmallRows.Evidences);
                epoch = database.Prepare(EpochRow.SelectSql);
                miss = database.Prepare(MissRow.SelectSql);
            }
            catch
            {
                database.Dispose();
                throw;
            }
        }

        internal FinalBlock BlockAt(ulong at)
        {
            using (block.Bind(1, checked((long)at)).Rows())
            {
                if (!block.Step())
                {
                    throw Faults.Damaged(path, $"final block {at} is missing");
                }

                return BlockRow.Read(block, rules, out var fault) ?? throw Faults.Damaged(path, $"final block {at}: {fault}");
            }
        }

        internal EpochSnapshot? SetOf(ulong at)
        {
            using (epoch.Bind(1, (long)at).Rows())
            {
                return !epoch.Step() ? null : EpochRow.Read(epoch) ?? throw Faults.Damaged(path, $"the validator set of epoch {at}");
            }
        }

        internal MissedDuty? MissOf(Address validator, ulong at)
        {
            var found = MissRow.Find(miss, validator, at, out var damage);
            return damage is null ? found : throw Faults.Damaged(path, damage);
        }

        internal ulong? HeightOf(Hash256 hash)
        {
            using (height.Bind(1, hash).Rows())
            {
                return height.Step() ? (ulong)height.Integer(0) : null;
            }
        }

        internal TransactionPlace? Locate(Hash256 id)
        {
            using (place.Bind(1, id).Rows())
            {
                if (!place.Step())
                {
                    return null;
                }

                var (at, position) = (place.Integer(0), place.Integer(1));
                return place.Integer(2) == SmallRows.SumOfPlace(id, at, position)
                    ? new TransactionPlace((ulong)at, (int)position)
                    : throw Faults.Damaged(path, $"the index entry of transaction {id}");
            }
        }

        internal List<Evidence> Evidence(int limit)
        {
            var found = new List<Evidence>();
            using (evidence.Bind(1, limit).Rows())
            {
                while (evidence.Step())
                {
                    found.Add(SmallRows.ReadEvidence(evidence, out _) ?? throw Faults.Damaged(path, $"evidence {evidence.Integer(0)}"));
                }
            }

            return found;
        }

        public void Dispose() => database.Dispose();
    }
}
