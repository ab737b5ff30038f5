using LuxTensor.Core;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Validators;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Engine.Caching;
using Npgsql;
using static LuxTensor.Storage.Postgres.PostgresRows;

namespace LuxTensor.Storage.Postgres;

/// <summary>
/// Reads of the final chain, which never changes where it is, so that what was read once is kept. Thread-safe.
/// <see cref="FinalHeight"/> asks nobody: it is the highest that this process stored, loaded, was told or came across.
/// </summary>
internal sealed class PostgresReader(PostgresDatabase database, ChainRules rules) : IChainReader
{
    private const int HashWeight = 120;
    private const long SmallCacheBytes = 2 << 20;
    private const string BlockByHeight = "SELECT height, hash, sum, certificate, bytes FROM block WHERE height = $1";
    private const string BlockByHash = "SELECT height, hash, sum, certificate, bytes FROM block WHERE hash = $1";
    private const string SetByEpoch = "SELECT epoch, sum, members FROM epoch WHERE epoch = $1";

    private readonly LruCache<ulong, FinalBlock> blocks = new(database.Options.BlockCacheBytes);
    private readonly LruCache<Hash256, ulong> heights = new(database.Options.BlockCacheBytes == 0 ? 0 : SmallCacheBytes);
    private readonly LruCache<ulong, EpochSnapshot> sets = new(database.Options.BlockCacheBytes == 0 ? 0 : 4 * SmallCacheBytes);
    private ulong finalHeight;

    /// <inheritdoc/>
    public ulong FinalHeight => Volatile.Read(ref finalHeight);

    /// <summary>Takes note of a final height; it never falls.</summary>
    internal void Learn(ulong height)
    {
        for (var known = FinalHeight; height > known;)
        {
            var before = Interlocked.CompareExchange(ref finalHeight, height, known);
            if (before == known)
            {
                return;
            }

            known = before;
        }
    }

    /// <summary>Asks the database for the final height.</summary>
    internal ulong Refresh()
    {
        Learn((ulong)database.Read("reading", connection =>
        {
            using var select = connection.Command("SELECT height FROM writer");
            return select.ExecuteScalar() is long height ? height : throw database.Damaged("the row of the writer is missing");
        }));
        return FinalHeight;
    }

    /// <summary>A block that was just stored is the one most asked for.</summary>
    internal void Remember(FinalBlock block)
    {
        blocks.Put(block.Block.Height, block, BlockRow.Weigh(block));
        heights.Put(block.Block.Hash, block.Block.Height, HashWeight);
    }

    /// <inheritdoc/>
    /// <exception cref="JournalException">The block's row is damaged or cannot be read.</exception>
    public FinalBlock? BlockAt(ulong height)
    {
        if (blocks.TryGet(height, out var known) || height > long.MaxValue)
        {
            return known;
        }

        var final = FinalHeight;
        return Checked(height, final, Noted(First(BlockByHeight, BlockOf, Integer((long)height))));
    }

    /// <inheritdoc cref="BlockAt"/>
    internal async Task<FinalBlock?> BlockAtAsync(ulong height, CancellationToken cancellation)
    {
        if (blocks.TryGet(height, out var known) || height > long.MaxValue)
        {
            return known;
        }

        var final = FinalHeight;
        return Checked(height, final, Noted(await FirstAsync(BlockByHeight, BlockOf, cancellation, Integer((long)height))));
    }

    /// <inheritdoc/>
    /// <exception cref="JournalException">The block's row is damaged or cannot be read.</exception>
    public FinalBlock? BlockBy(Hash256 hash)
    {
        var found = heights.TryGet(hash, out var height) ? BlockAt(height) : Noted(First(BlockByHash, BlockOf, Bytes(hash)));
        return found is null || found.Block.Hash == hash ? found : throw database.Damaged($"the index entry of block {hash}");
    }

    /// <inheritdoc/>
    /// <exception cref="JournalException">The index cannot be read.</exception>
    public ulong? HeightOf(Hash256 hash)
    {
        if (heights.TryGet(hash, out var known))
        {
            return known;
        }

        var found = First<ulong?>("SELECT height FROM block WHERE hash = $1", static row => (ulong)row.GetInt64(0), Bytes(hash));
        if (found is { } height)
        {
            Learn(height); // a row of this table is a final block
            heights.Put(hash, height, HashWeight);
        }

        return found;
    }

    /// <inheritdoc/>
    /// <exception cref="JournalException">The index entry is damaged or cannot be read.</exception>
    public TransactionPlace? Locate(Hash256 transactionId)
    {
        var found = First<TransactionPlace?>("SELECT height, position, sum FROM place WHERE id = $1", row =>
        {
            var (height, position) = (row.GetInt64(0), row.GetInt32(1));
            return row.GetInt64(2) == SmallRows.SumOfPlace(transactionId, height, position)
                ? new TransactionPlace((ulong)height, position)
                : throw database.Damaged($"the index entry of transaction {transactionId}");
        }, Bytes(transactionId));
        if (found is { } place)
        {
            Learn(place.Height);
        }

        return found;
    }

    /// <inheritdoc/>
    /// <exception cref="JournalException">The row is damaged or cannot be read.</exception>
    public EpochSnapshot? SetOf(ulong epoch)
    {
        if (epoch > long.MaxValue)
        {
            return null;
        }

        return sets.TryGet(epoch, out var known) ? known : First(SetByEpoch, KeptSet, Integer((long)epoch));
    }

    /// <inheritdoc cref="SetOf"/>
    internal async Task<EpochSnapshot?> SetOfAsync(ulong epoch, CancellationToken cancellation)
    {
        if (epoch > long.MaxValue)
        {
            return null;
        }

        return sets.TryGet(epoch, out var known) ? known : await FirstAsync(SetByEpoch, KeptSet, cancellation, Integer((long)epoch));
    }

    /// <inheritdoc/>
    /// <exception cref="JournalException">The row is damaged or cannot be read.</exception>
    public MissedDuty? MissOf(Address validator, ulong height) => First("SELECT sum, bytes FROM miss WHERE height = $1 AND validator = $2", row =>
    {
        var found = MissRow.Read(validator, height, row.GetInt64(0), row.Blob(1), out var damage);
        return damage is null ? found : throw database.Damaged(damage);
    }, Bytes(BigEndian(height)), Bytes(validator));

    /// <inheritdoc/>
    /// <exception cref="JournalException">A row is damaged or cannot be read.</exception>
    public IReadOnlyList<Evidence> Evidence(int limit) => limit <= 0 ? [] : database.Read("reading", connection =>
    {
        var found = new List<Evidence>();
        using var select = connection.Command("SELECT seq, sum, bytes FROM evidence ORDER BY seq LIMIT $1", Integer(limit));
        using var row = select.ExecuteReader();
        while (row.Read())
        {
            found.Add(PostgresLoading.EvidenceOf(row, database));
        }

        return found;
    });

    // Against the final height of before the read: a block may be stored between the two.
    private FinalBlock? Checked(ulong height, ulong final, FinalBlock? found) =>
        found is null && height <= final ? throw database.Damaged($"final block {height} is missing") : found;

    private FinalBlock BlockOf(NpgsqlDataReader row) => PostgresLoading.BlockOf(row, rules, database.Damaged);

    private EpochSnapshot KeptSet(NpgsqlDataReader row)
    {
        var (epoch, members) = (row.GetInt64(0), row.Blob(2));
        var set = EpochRow.Read(epoch, row.GetInt64(1), members) ?? throw database.Damaged($"the validator set of epoch {epoch}");
        sets.Put((ulong)epoch, set, 512 + (4L * members.Length));
        return set;
    }

    private FinalBlock? Noted(FinalBlock? found)
    {
        if (found is not null)
        {
            Learn(found.Block.Height); // a row of this table is a final block
            Remember(found);
        }

        return found;
    }

    private T? First<T>(string sql, Func<NpgsqlDataReader, T> read, params NpgsqlParameter[] keys) => database.Read("reading", connection =>
    {
        using var select = connection.Command(sql, [.. keys.Select(static key => key.Clone())]); // a parameter belongs to one command
        using var row = select.ExecuteReader();
        return row.Read() ? read(row) : default;
    });

    private Task<T?> FirstAsync<T>(string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellation, params NpgsqlParameter[] keys) =>
        database.UseAsync("reading", async connection =>
        {
            await using var select = connection.Command(sql, [.. keys.Select(static key => key.Clone())]);
            await using var row = await select.ExecuteReaderAsync(cancellation);
            return await row.ReadAsync(cancellation) ? read(row) : default;
        }, cancellation);
}
