using LuxTensor.Core;
using LuxTensor.Core.Validators;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Storage.Postgres;
using Npgsql;
using static LuxTensor.Storage.Postgres.PostgresRows;

namespace LuxTensor.Storage;

/// <summary>
/// The memory of a clustered node in a schema of a PostgreSQL database. Thread-safe. What a process may still write is decided by
/// the database alone (see <c>001-chain.sql</c>); everything here may be told wrongly that it runs the node.
/// </summary>
public sealed class PostgresStore : IClusterStore
{
    // The fence's lock, as the scripts take it.
    private const string Key = "'writer'::regclass::oid::integer, 1";

    private readonly PostgresDatabase database;
    private readonly PostgresReader reader;
    private readonly Genesis genesis;

    private PostgresStore(PostgresDatabase database, Genesis genesis)
    {
        this.database = database;
        this.genesis = genesis;
        reader = new PostgresReader(database, genesis.Rules);
        Votes = new PostgresVotes(database, genesis.Rules.ChainId);
        Peers = new PostgresPeers(database);
    }

    /// <inheritdoc/>
    /// <remarks>Its final height is the highest that this process stored, loaded, came across, or was told by <see cref="Learn"/>.</remarks>
    public IChainReader Reader => reader;

    /// <inheritdoc/>
    public Task<FinalBlock?> BlockAtAsync(ulong height, CancellationToken cancellation) => reader.BlockAtAsync(height, cancellation);

    /// <inheritdoc/>
    public Task<EpochSnapshot?> SetOfAsync(ulong epoch, CancellationToken cancellation) => reader.SetOfAsync(epoch, cancellation);

    /// <inheritdoc/>
    public IVoteStore Votes { get; }

    /// <inheritdoc/>
    public IPeerRecords Peers { get; }

    /// <summary>Server, database and schema, for messages.</summary>
    public string Where => database.Where;

    /// <summary>Opens the store of a chain; where the schema holds none yet, puts its genesis there.</summary>
    /// <exception cref="JournalException">The database cannot be reached, its schema is missing or of another version, or it holds another chain.</exception>
    public static PostgresStore Open(PostgresOptions options, Genesis genesis)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.KeptVotes, nameof(options));
        var database = new PostgresDatabase(options);
        try
        {
            var height = database.WriteAgain("opening", connection =>
            {
                PostgresSchema.Verify(connection, database.Where);
                return Find(database, connection, genesis)
                    ?? PostgresDatabase.InTransaction(connection, () => Find(database, Locked(connection), genesis) ?? Fill(connection, genesis));
            });
            var store = new PostgresStore(database, genesis);
            store.reader.Learn((ulong)height);
            return store;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Takes note of a final height that another process stored, so that <see cref="Reader"/> shows it.</summary>
    public void Learn(ulong finalHeight) => reader.Learn(finalHeight);

    /// <summary>Asks the database for the final height, and takes note of it.</summary>
    /// <exception cref="JournalException">It cannot be read.</exception>
    public ulong Refresh() => reader.Refresh();

    /// <inheritdoc/>
    public IFencedJournal OpenWriter()
    {
        // A transaction of the earlier writer's that is under way is left some time; then its session ends, since its process may be frozen.
        var grace = int.Max(database.PatienceMs / 4, 50);
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                var from = database.WriteAgain("taking the node over", connection => PostgresDatabase.InTransaction(connection, () => TakeOver(connection, grace)));
                reader.Learn((ulong)from.Height);
                return new PostgresJournal(database, reader, genesis, from);
            }
            catch (JournalException busy) when (attempt < 3 && busy.InnerException is PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable })
            {
                database.Write("ending the earlier writer's session", EndHolders);
            }
        }
    }

    /// <inheritdoc/>
    public JournalSnapshot Load()
    {
        var snapshot = PostgresLoading.Load(database, genesis);
        reader.Learn(snapshot.Contents.Final.Block.Height);
        return snapshot;
    }

    /// <inheritdoc cref="IClusterStore.OpenGuard"/>
    /// <exception cref="JournalException">The generation was replaced, or the database cannot be reached.</exception>
    public PostgresSigningGuard OpenGuard(ulong? generation)
    {
        var guard = new PostgresSigningGuard(database, genesis, (long?)generation);
        guard.CheckOrigin();
        return guard;
    }

    /// <inheritdoc/>
    ISigningGuard IClusterStore.OpenGuard(ulong? generation) => OpenGuard(generation);

    /// <summary>Closes the connections; journals and guards of this store are of no use any more.</summary>
    public void Dispose() => database.Dispose();

    private Takeover TakeOver(NpgsqlConnection connection, int graceMs)
    {
        using var batch = new NpgsqlBatch(connection);
        batch.Add("SELECT durable($1), set_config('lock_timeout', $2, true)", Small(database.PatienceMs), new NpgsqlParameter<string> { TypedValue = $"{graceMs}ms" })
            .Add($"SELECT pg_advisory_xact_lock({Key})")
            .Add("UPDATE writer SET generation = generation + 1 RETURNING generation, sequence, height")
            .Add("SELECT (SELECT hash FROM block WHERE height = writer.height), (SELECT coalesce(max(seq), 0) FROM input), (SELECT coalesce(max(seq), 0) FROM evidence) FROM writer");
        using var row = batch.ExecuteReader();
        for (var skipped = 0; skipped < 2; skipped++)
        {
            row.NextResult();
        }

        if (!row.Read())
        {
            throw database.Damaged("the row of the writer is missing");
        }

        var (generation, sequence, height) = (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2));
        row.NextResult();
        return row.Read() && !row.IsDBNull(0)
            ? new Takeover(generation, sequence, height, new Hash256(row.Blob(0)), row.GetInt64(1) + 1, row.GetInt64(2) + 1)
            : throw database.Damaged($"final block {height} is missing");
    }

    private static bool EndHolders(NpgsqlConnection connection)
    {
        using var end = connection.Command(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid() AND objsubid = 2 "
            + "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND classid = 'writer'::regclass::oid AND objid = 1");
        end.ExecuteNonQuery();
        return true;
    }

    private static NpgsqlConnection Locked(NpgsqlConnection connection)
    {
        connection.Command($"SELECT pg_advisory_xact_lock({Key})").ExecuteNonQuery();
        return connection;
    }

    /// <summary>The final height of the chain that the schema holds; null where it holds none.</summary>
    private static long? Find(PostgresDatabase database, NpgsqlConnection connection, Genesis genesis)
    {
        using var select = connection.Command("SELECT chain_id, genesis, height FROM writer");
        using var row = select.ExecuteReader();
        if (!row.Read())
        {
            return null;
        }

        var (chain, hash) = ((ulong)row.GetDecimal(0), new Hash256(row.Blob(1)));
        return chain == genesis.Rules.ChainId && hash == genesis.Hash
            ? row.GetInt64(2)
            : throw new JournalException(
                $"{database.Where} holds another chain: its chain id is {chain} and its genesis {hash}, expected {genesis.Rules.ChainId} and {genesis.Hash}. Name this chain's schema, or an empty one",
                JournalFault.Foreign);
    }

    private static long Fill(NpgsqlConnection connection, Genesis genesis)
    {
        using var batch = new NpgsqlBatch(connection);
        PostgresWrites.AddBlocks(batch, [(genesis.Block, null)]);
        PostgresWrites.AddState(batch, genesis.Changes);
        PostgresWrites.AddSets(batch, [.. genesis.Sets]);
        batch.Add(
            "INSERT INTO writer (chain_id, genesis, generation, sequence, height) VALUES ($1, $2, 0, 0, 0)",
            Decimal(genesis.Rules.ChainId), Bytes(genesis.Hash));
        batch.ExecuteNonQuery();
        return 0;
    }
}
