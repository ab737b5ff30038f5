using LuxTensor.Core;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Validators;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using Npgsql;
using static LuxTensor.Storage.Postgres.PostgresRows;

namespace LuxTensor.Storage.Postgres;

/// <summary>
/// The journal of one generation. A batch is one journey to the server: its statements are one transaction there, of which the
/// first takes the next number for this generation or refuses. After any failed commit nothing more is stored, because what the
/// server did with it may be unknown: whoever runs the node opens the store for writing again and loads.
/// </summary>
internal sealed class PostgresJournal : IFencedJournal
{
    private readonly PostgresDatabase database;
    private readonly PostgresReader reader;
    private readonly Genesis genesis;
    private readonly Lock gate = new();
    private readonly long generation;
    private ulong finalHeight, sequence;
    private Hash256 finalHash;
    private long nextInput, nextEvidence;
    private JournalException? failure;
    private bool disposed;

    internal PostgresJournal(PostgresDatabase database, PostgresReader reader, Genesis genesis, Takeover from)
    {
        this.database = database;
        this.reader = reader;
        this.genesis = genesis;
        generation = from.Generation;
        (finalHeight, sequence, finalHash) = ((ulong)from.Height, (ulong)from.Sequence, from.FinalHash);
        (nextInput, nextEvidence) = (from.NextInput, from.NextEvidence);
    }

    /// <inheritdoc/>
    public ulong Generation => (ulong)generation;

    /// <inheritdoc/>
    public ulong Sequence => Volatile.Read(ref sequence);

    /// <inheritdoc/>
    public ulong FinalHeight => Volatile.Read(ref finalHeight);

    /// <inheritdoc/>
    public JournalContents Load()
    {
        lock (gate)
        {
            ThrowIfUnusable();
            var snapshot = PostgresLoading.Load(database, genesis);
            return snapshot.Sequence == sequence
                ? snapshot.Contents
                : throw Fail(new JournalException(
                    $"{database.Where}: commit {snapshot.Sequence} is stored, this process knows {sequence}: another process took the node over", JournalFault.InUse));
        }
    }

    /// <inheritdoc/>
    public void Commit(JournalBatch batch)
    {
        lock (gate)
        {
            ThrowIfUnusable();
            try
            {
                BatchOrder.Check(database.Where, finalHeight, finalHash, batch);
                Store(batch);
            }
            catch (Exception cause)
            {
                throw Fail(PostgresFaults.Of(database.Where, "storing a batch", cause));
            }

            foreach (var (block, certificate, _, _) in batch.Finalized)
            {
                reader.Remember(new FinalBlock(block, certificate));
                finalHash = block.Hash;
            }

            Volatile.Write(ref sequence, sequence + 1);
            Volatile.Write(ref finalHeight, finalHeight + (ulong)batch.Finalized.Length);
            reader.Learn(finalHeight);
        }
    }

    /// <inheritdoc/>
    public FinalBlock? BlockAt(ulong height) => height > FinalHeight ? null : reader.BlockAt(height);

    /// <inheritdoc/>
    public FinalBlock? BlockBy(Hash256 hash) => reader.BlockBy(hash) is { } found && found.Block.Height <= FinalHeight ? found : null;

    /// <inheritdoc/>
    public ulong? HeightOf(Hash256 hash) => reader.HeightOf(hash) is { } height && height <= FinalHeight ? height : null;

    /// <inheritdoc/>
    public TransactionPlace? Locate(Hash256 transactionId) =>
        reader.Locate(transactionId) is { } place && place.Height <= FinalHeight ? place : null;

    /// <inheritdoc/>
    public EpochSnapshot? SetOf(ulong epoch) => reader.SetOf(epoch);

    /// <inheritdoc/>
    public MissedDuty? MissOf(Address validator, ulong height) => reader.MissOf(validator, height);

    /// <inheritdoc/>
    public IReadOnlyList<Evidence> Evidence(int limit) => reader.Evidence(limit);

    /// <summary>Stores nothing more. The connections are the store's.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
        }
    }

    private void Store(JournalBatch batch)
    {
        var (input, evidence) = database.Write("storing a batch", connection =>
        {
            // Without a transaction around it a batch is one by itself, and the server never waits for its client in the middle.
            using var statements = new NpgsqlBatch(connection);
            statements.Add(
                "SELECT advance($1, $2, $3, $4)", Integer(generation), Integer((long)sequence),
                Integer((long)finalHeight + batch.Finalized.Length), Small(database.PatienceMs));
            var next = PostgresWrites.Add(statements, batch, nextInput, nextEvidence);
            statements.ExecuteNonQuery();
            return next;
        });
        (nextInput, nextEvidence) = (input, evidence);
    }

    private JournalException Fail(JournalException cause) => failure = cause;

    private void ThrowIfUnusable()
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        if (failure is not null)
        {
            throw new JournalException(
                $"{database.Where} takes nothing more from this process until it is opened again, because an earlier batch failed: {failure.Message}", failure.Fault, failure);
        }
    }
}

/// <summary>Where a new generation begins.</summary>
internal readonly record struct Takeover(long Generation, long Sequence, long Height, Hash256 FinalHash, long NextInput, long NextEvidence);
