using LuxTensor.Core.Consensus;
using LuxTensor.Engine;
using Npgsql;
using NpgsqlTypes;
using static LuxTensor.Storage.Postgres.PostgresRows;

namespace LuxTensor.Storage.Postgres;

/// <summary>Records of peers in the node's schema. Storing does not wait for the disk.</summary>
internal sealed class PostgresPeers(PostgresDatabase database) : IPeerRecords
{
    private const string Put =
        "INSERT INTO peer (id, banned_until, last_contact, record, sum) SELECT * FROM unnest($1, $2, $3, $4, $5) "
        + "ON CONFLICT (id) DO UPDATE SET banned_until = excluded.banned_until, last_contact = excluded.last_contact, record = excluded.record, sum = excluded.sum";

    /// <inheritdoc/>
    public Task<IReadOnlyList<PeerRecord>> LoadAsync(int most, CancellationToken cancellation) => database.UseAsync<IReadOnlyList<PeerRecord>>("reading peers", async connection =>
    {
        await using var select = connection.Command("SELECT id, record, sum FROM peer ORDER BY banned_until DESC, last_contact DESC, id LIMIT $1", Small(most));
        await using var row = await select.ExecuteReaderAsync(cancellation);
        var records = new List<PeerRecord>();
        while (await row.ReadAsync(cancellation))
        {
            if (Read(row) is { } record)
            {
                records.Add(record);
            }
        }

        return records;
    }, cancellation);

    /// <inheritdoc/>
    public Task<PeerRecord?> FindAsync(PeerId peer, CancellationToken cancellation) => PeerRows.IsStorable(peer)
        ? database.UseAsync("reading a peer", async connection =>
        {
            await using var select = connection.Command("SELECT id, record, sum FROM peer WHERE id = $1", new NpgsqlParameter<string> { TypedValue = peer.Name });
            await using var row = await select.ExecuteReaderAsync(cancellation);
            return await row.ReadAsync(cancellation) ? Read(row) : null;
        }, cancellation)
        : Task.FromResult<PeerRecord?>(null);

    /// <inheritdoc/>
    public Task SaveAsync(IReadOnlyCollection<PeerRecord> batch, IReadOnlyCollection<PeerId> forgotten, CancellationToken cancellation) => database.UseAsync("storing peers", async connection =>
    {
        // In order of id, so that two processes which store the same peers wait for each other and never for a circle.
        PeerRecord[] records = [.. batch.Where(static record => PeerRows.IsStorable(record.Id)).DistinctBy(static record => record.Id).OrderBy(static record => record.Id.Name, StringComparer.Ordinal)];
        string[] gone = [.. forgotten.Where(PeerRows.IsStorable).Select(static peer => peer.Name).Order(StringComparer.Ordinal)];
        byte[][] encoded = [.. records.Select(static record => record.Encode())];
        string[] ids = [.. records.Select(static record => record.Id.Name)];
        await using var step = new NpgsqlBatch(connection);
        step.Add("SELECT set_config('synchronous_commit', 'off', true)").Add(
                Put, Texts(ids), Integers([.. records.Select(PeerRows.BannedUntil)]), Integers([.. records.Select(PeerRows.LastContact)]),
                Blobs(encoded), Integers([.. ids.Zip(encoded, static (id, bytes) => PeerRows.SumOf(id, bytes))]))
            .Add("DELETE FROM peer WHERE id = ANY ($1)", Texts(gone));
        return await step.ExecuteNonQueryAsync(cancellation);
    }, cancellation);

    /// <inheritdoc/>
    public Task TrimAsync(int most, CancellationToken cancellation) => database.UseAsync("deleting peers", async connection =>
    {
        await using var delete = connection.Command(
            "DELETE FROM peer WHERE id IN (SELECT id FROM peer ORDER BY banned_until DESC, last_contact DESC, id OFFSET $1)", Small(most));
        return await delete.ExecuteNonQueryAsync(cancellation);
    }, cancellation);

    private static PeerRecord? Read(NpgsqlDataReader row) => PeerRows.Read(row.GetString(0), row.Blob(1), row.GetInt64(2));

    private static NpgsqlParameter Texts(string[] values) => new() { Value = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };
}
