using LuxTensor.Core.Blocks;
using LuxTensor.Core.Finality;
using LuxTensor.Core.State;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;
using Npgsql;
using static LuxTensor.Storage.Postgres.PostgresRows;

namespace LuxTensor.Storage.Postgres;

/// <summary>
/// The statements that store a batch, each for all rows of a table at once: as arrays, so that the number of statements, and of
/// journeys to the server, does not grow with the batch.
/// </summary>
internal static class PostgresWrites
{
    /// <summary>Adds the statements of a batch; gives the numbers that the next input and the next evidence get.</summary>
    internal static (long Input, long Evidence) Add(NpgsqlBatch to, JournalBatch batch, long input, long evidence)
    {
        input = AddInputs(to, batch, input);
        AddBlocks(to, [.. batch.Finalized.Select(static one => (one.Block, (Certificate?)one.Certificate))]);
        AddState(to, batch.Finalized.SelectMany(static one => one.Changes));
        AddSets(to, [.. batch.Finalized.Select(static one => one.Fixed).OfType<EpochSnapshot>()]);
        AddMissed(to, batch);
        AddPool(to, batch);
        evidence = AddEvidence(to, batch, evidence);
        return (input, evidence);
    }

    /// <summary>Final blocks, and the places of their transactions.</summary>
    internal static void AddBlocks(NpgsqlBatch to, IReadOnlyCollection<(Block Block, Certificate? Certificate)> blocks)
    {
        if (blocks.Count == 0)
        {
            return;
        }

        var (heights, hashes, sums, certificates, bytes) = (new List<long>(), new List<byte[]>(), new List<long>(), new List<byte[]?>(), new List<byte[]>());
        var (ids, at, positions, placeSums) = (new List<byte[]>(), new List<long>(), new List<int>(), new List<long>());
        foreach (var (block, certificate) in blocks)
        {
            var height = checked((long)block.Height);
            var encoded = BlockRow.Encode(certificate);
            heights.Add(height);
            hashes.Add(block.Hash.ToArray());
            sums.Add(BlockRow.SumOf(height, block.Encoded.Span, encoded, encoded is not null));
            certificates.Add(encoded);
            bytes.Add(block.Encoded.ToArray());
            for (var i = 0; i < block.Transactions.Length; i++)
            {
                var id = block.Transactions[i].Id;
                ids.Add(id.ToArray());
                at.Add(height);
                positions.Add(i);
                placeSums.Add(SmallRows.SumOfPlace(id, height, i));
            }
        }

        to.Add(
            "INSERT INTO block (height, hash, sum, certificate, bytes) SELECT * FROM unnest($1, $2, $3, $4, $5)",
            Integers(heights), Blobs(hashes), Integers(sums), Blobs(certificates), Blobs(bytes));
        if (ids.Count > 0)
        {
            to.Add(
                "INSERT INTO place (id, height, position, sum) SELECT * FROM unnest($1, $2, $3, $4)",
                Blobs(ids), Integers(at), Smalls(positions), Integers(placeSums));
        }
    }

    /// <summary>State entries; of several with one key the last.</summary>
    internal static void AddState(NpgsqlBatch to, IEnumerable<StateChange> changes)
    {
        var last = new Dictionary<Crypto.Hash256, ReadOnlyMemory<byte>>();
        foreach (var change in changes)
        {
            last[change.Key] = change.Value;
        }

        if (last.Count > 0)
        {
            to.Add(
                "INSERT INTO state (key, value) SELECT * FROM unnest($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                Blobs([.. last.Keys.Select(static key => key.ToArray())]), Blobs([.. last.Values.Select(static value => value.ToArray())]));
        }
    }

    /// <summary>Validator sets.</summary>
    internal static void AddSets(NpgsqlBatch to, IReadOnlyCollection<EpochSnapshot> sets)
    {
        if (sets.Count > 0)
        {
            long[] epochs = [.. sets.Select(static set => checked((long)set.Epoch))];
            byte[][] members = [.. sets.Select(static set => set.EncodeMembers())];
            to.Add(
                "INSERT INTO epoch (epoch, sum, members) SELECT * FROM unnest($1, $2, $3)",
                Integers(epochs), Integers([.. epochs.Zip(members, static (epoch, bytes) => EpochRow.SumOf(epoch, bytes))]), Blobs(members));
        }
    }

    private static long AddInputs(NpgsqlBatch to, JournalBatch batch, long next)
    {
        ulong? final = batch.Finalized.IsEmpty ? null : batch.Finalized[^1].Block.Height;
        if (final is { } last)
        {
            to.Add("DELETE FROM input WHERE height <= $1", Bytes(BigEndian(last)));
        }

        JournalInput[] kept = [.. batch.Inputs.Where(input => final is null || input.Height > final)];
        if (kept.Length == 0)
        {
            return next;
        }

        long[] numbers = [.. kept.Select((_, i) => next + i)];
        byte[][] heights = [.. kept.Select(static input => BigEndian(input.Height))];
        byte[][] bytes = [.. kept.Select(static input => input.Bytes.ToArray())];
        to.Add(
            "INSERT INTO input (seq, height, sum, bytes) SELECT * FROM unnest($1, $2, $3, $4)",
            Integers(numbers), Blobs(heights), Integers([.. numbers.Select((seq, i) => SmallRows.SumOfInput(seq, heights[i], bytes[i]))]), Blobs(bytes));
        return next + kept.Length;
    }

    private static void AddMissed(NpgsqlBatch to, JournalBatch batch)
    {
        var last = new Dictionary<(ulong, Core.Address), MissedDuty>();
        foreach (var duty in batch.Missed)
        {
            last[(duty.Height, duty.Validator)] = duty;
        }

        if (last.Count > 0)
        {
            MissedDuty[] duties = [.. last.Values];
            byte[][] validators = [.. duties.Select(static duty => duty.Validator.ToBytes())];
            byte[][] bytes = [.. duties.Select(MissRow.Encode)];
            to.Add(
                "INSERT INTO miss (height, validator, sum, bytes) SELECT * FROM unnest($1, $2, $3, $4) "
                + "ON CONFLICT (height, validator) DO UPDATE SET sum = excluded.sum, bytes = excluded.bytes",
                Blobs([.. duties.Select(static duty => BigEndian(duty.Height))]), Blobs(validators),
                Integers([.. duties.Select((duty, i) => MissRow.SumOf(duty.Height, validators[i], bytes[i]))]), Blobs(bytes));
        }

        if (batch.KeepFrom > 0)
        {
            to.Add("DELETE FROM miss WHERE height < $1", Bytes(BigEndian(batch.KeepFrom)));
        }
    }

    private static void AddPool(NpgsqlBatch to, JournalBatch batch)
    {
        if (!batch.PoolRemoved.IsEmpty)
        {
            to.Add("DELETE FROM pool WHERE id = ANY($1)", Blobs([.. batch.PoolRemoved.Select(static id => id.ToArray())]));
        }

        if (!batch.PoolAdded.IsEmpty)
        {
            long[] arrivals = [.. batch.PoolAdded.Select(static entry => checked((long)entry.Arrival))];
            byte[][] bytes = [.. batch.PoolAdded.Select(static entry => entry.Transaction.Encoded.ToArray())];
            to.Add(
                "INSERT INTO pool (arrival, id, sum, bytes) SELECT * FROM unnest($1, $2, $3, $4)",
                Integers(arrivals), Blobs([.. batch.PoolAdded.Select(static entry => entry.Transaction.Id.ToArray())]),
                Integers([.. arrivals.Select((arrival, i) => SmallRows.SumOfPool(arrival, bytes[i]))]), Blobs(bytes));
        }
    }

    private static long AddEvidence(NpgsqlBatch to, JournalBatch batch, long next)
    {
        if (!batch.Evidence.IsEmpty)
        {
            Evidence[] all = [.. batch.Evidence];
            long[] numbers = [.. all.Select((_, i) => next + i)];
            byte[][] bytes = [.. all.Select(SmallRows.Encode)];
            to.Add(
                "INSERT INTO evidence (seq, validator, height, round, phase, sum, bytes) SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7) "
                + "ON CONFLICT DO NOTHING", // one offence is kept once
                Integers(numbers), Blobs([.. all.Select(static one => one.First.Validator.ToBytes())]),
                Blobs([.. all.Select(static one => BigEndian(one.First.Ballot.Height))]),
                Integers([.. all.Select(static one => (long)one.First.Ballot.Round)]), Shorts([.. all.Select(static one => (short)one.First.Ballot.Phase)]),
                Integers([.. numbers.Select((seq, i) => SmallRows.SumOfEvidence(seq, bytes[i]))]), Blobs(bytes));
            next += all.Length;
        }

        if (batch.KeepFrom > 0)
        {
            to.Add("DELETE FROM evidence WHERE height < $1", Bytes(BigEndian(batch.KeepFrom)));
        }

        return next;
    }
}
