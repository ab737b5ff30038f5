using System.Buffers.Binary;
using LuxTensor.Core;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Storage.Sqlite;

namespace LuxTensor.Storage;

/// <summary>The one connection that writes, with every statement it needs. Used by one thread at a time.</summary>
internal sealed class JournalWriter : IDisposable
{
    private readonly string path;
    private readonly Database database;
    private readonly Statement updateHead, insertBlock, parentHash, insertPlace, putState, insertInput, deleteInputs, insertPool, deletePool;
    private readonly Statement insertEvidence, deleteEvidence, insertEpoch, upsertMiss, deleteMisses;
    private Hash256 finalHash;
    private long nextInput, nextEvidence;

    internal JournalWriter(string path, Database database)
    {
        this.path = path;
        this.database = database;
        updateHead = database.Prepare(Head.UpdateSql);
        insertBlock = database.Prepare(BlockRow.InsertSql);
        parentHash = database.Prepare("SELECT hash FROM block WHERE height = ?1");
        insertPlace = database.Prepare("INSERT INTO place VALUES (?1, ?2, ?3, ?4)");
        putState = database.Prepare("INSERT INTO state VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value");
        insertInput = database.Prepare("INSERT INTO input VALUES (?1, ?2, ?3, ?4)");
        deleteInputs = database.Prepare("DELETE FROM input WHERE height <= ?1 RETURNING sum");
        insertPool = database.Prepare("INSERT INTO pool VALUES (?1, ?2, ?3, ?4)");
        deletePool = database.Prepare("DELETE FROM pool WHERE id = ?1 RETURNING sum");
        insertEvidence = database.Prepare("INSERT INTO evidence VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING");
        deleteEvidence = database.Prepare("DELETE FROM evidence WHERE height < ?1 RETURNING sum");
        insertEpoch = database.Prepare(EpochRow.InsertSql);
        upsertMiss = database.Prepare(MissRow.UpsertSql);
        deleteMisses = database.Prepare("DELETE FROM miss WHERE height < ?1");
        Head = Head.Read(database, path);
        finalHash = ReadFinalHash();
        nextInput = database.Integer("SELECT max(seq) FROM input") + 1;
        nextEvidence = database.Integer("SELECT max(seq) FROM evidence") + 1;
    }

    /// <summary>The head after the last batch.</summary>
    internal Head Head { get; private set; }

    /// <summary>Stores a batch in one transaction, or nothing of it.</summary>
    internal void Commit(JournalBatch batch)
    {
        BatchOrder.Check(path, (ulong)Head.Height, finalHash, batch);
        var (input, evidence) = (nextInput, nextEvidence);
        var head = database.InTransaction(() =>
        {
            var next = Head with { Batch = Head.Batch + 1 };
            next = next with { Inputs = StoreInputs(batch, next.Inputs, ref input) };
            foreach (var finalization in batch.Finalized)
            {
                Store(finalization);
            }

            StoreMissed(batch);
            next = next with
            {
                Height = Head.Height + batch.Finalized.Length,
                Pool = AddPool(batch, RemovePool(batch, next.Pool)),
                Evidence = AddEvidence(batch, next.Evidence, ref evidence),
            };
            next.Bind(updateHead).Run();
            return database.Changes == 1
                ? next
                : throw new JournalException($"{path}: another process has written to this file: stop it, run `luxtensor db check {path}`, then start again", JournalFault.InUse);
        });
        Head = head;
        (nextInput, nextEvidence) = (input, evidence);
        finalHash = batch.Finalized.IsEmpty ? finalHash : batch.Finalized[^1].Block.Hash;
    }

    public void Dispose() => database.Dispose();

    private Tally StoreInputs(JournalBatch batch, Tally tally, ref long next)
    {
        ulong? final = batch.Finalized.IsEmpty ? null : batch.Finalized[^1].Block.Height;
        Span<byte> height = stackalloc byte[8];
        foreach (var input in batch.Inputs)
        {
            if (input.Height <= final)
            {
                continue; // it would be deleted by this very batch
            }

            BinaryPrimitives.WriteUInt64BigEndian(height, input.Height);
            var sum = SmallRows.SumOfInput(next, height, input.Bytes.Span);
            insertInput.Bind(1, next++).Bind(2, height).Bind(3, sum).Bind(4, input.Bytes.Span).Run();
            tally = tally.With(sum);
        }

        if (final is { } last)
        {
            BinaryPrimitives.WriteUInt64BigEndian(height, last);
            using (deleteInputs.Bind(1, height).Rows())
            {
                while (deleteInputs.Step())
                {
                    tally = tally.Without(deleteInputs.Integer(0));
                }
            }
        }

        return tally;
    }

    private void Store(Finalization finalization)
    {
        var block = finalization.Block;
        BlockRow.Insert(insertBlock, block, finalization.Certificate);
        var height = (long)block.Height;
        var order = new (Hash256 Id, int Position)[block.Transactions.Length];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = (block.Transactions[i].Id, i);
        }

        Array.Sort(order); // neighbours in the index share pages
        foreach (var (id, position) in order)
        {
            insertPlace.Bind(1, id).Bind(2, height).Bind(3, position).Bind(4, SmallRows.SumOfPlace(id, height, position)).Run();
        }

        foreach (var change in finalization.Changes)
        {
            putState.Bind(1, change.Key).Bind(2, change.Value.Span).Run();
        }

        if (finalization.Fixed is { } set)
        {
            EpochRow.Insert(insertEpoch, set);
        }
    }

    private void StoreMissed(JournalBatch batch)
    {
        foreach (var duty in batch.Missed)
        {
            MissRow.Upsert(upsertMiss, duty);
        }

        if (batch.KeepFrom > 0)
        {
            Span<byte> height = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64BigEndian(height, batch.KeepFrom);
            deleteMisses.Bind(1, height).Run();
        }
    }

    private Tally AddPool(JournalBatch batch, Tally tally)
    {
        foreach (var (arrival, transaction) in batch.PoolAdded)
        {
            var row = checked((long)arrival);
            var sum = SmallRows.SumOfPool(row, transaction.Encoded.Span);
            insertPool.Bind(1, row).Bind(2, transaction.Id).Bind(3, sum).Bind(4, transaction.Encoded.Span).Run();
            tally = tally.With(sum);
        }

        return tally;
    }

    private Tally RemovePool(JournalBatch batch, Tally tally)
    {
        foreach (var id in batch.PoolRemoved)
        {
            using (deletePool.Bind(1, id).Rows())
            {
                while (deletePool.Step())
                {
                    tally = tally.Without(deletePool.Integer(0));
                }
            }
        }

        return tally;
    }

    private Tally AddEvidence(JournalBatch batch, Tally tally, ref long next)
    {
        Span<byte> validator = stackalloc byte[Address.Size];
        Span<byte> height = stackalloc byte[8];
        foreach (var evidence in batch.Evidence)
        {
            var ballot = evidence.First.Ballot;
            evidence.First.Validator.CopyTo(validator);
            BinaryPrimitives.WriteUInt64BigEndian(height, ballot.Height);
            var bytes = SmallRows.Encode(evidence);
            var sum = SmallRows.SumOfEvidence(next, bytes);
            insertEvidence.Bind(1, next).Bind(2, validator).Bind(3, height).Bind(4, ballot.Round).Bind(5, (long)ballot.Phase)
                .Bind(6, sum).Bind(7, bytes).Run();
            if (database.Changes == 1) // one offence is kept once
            {
                next++;
                tally = tally.With(sum);
            }
        }

        if (batch.KeepFrom > 0)
        {
            BinaryPrimitives.WriteUInt64BigEndian(height, batch.KeepFrom);
            using (deleteEvidence.Bind(1, height).Rows())
            {
                while (deleteEvidence.Step())
                {
                    tally = tally.Without(deleteEvidence.Integer(0));
                }
            }
        }

        return tally;
    }

    private Hash256 ReadFinalHash()
    {
        using (parentHash.Bind(1, Head.Height).Rows())
        {
            return parentHash.Step() && parentHash.Blob(0) is { Length: Hash256.Size } hash
                ? new Hash256(hash)
                : throw Faults.Damaged(path, $"final block {Head.Height} is missing");
        }
    }
}
