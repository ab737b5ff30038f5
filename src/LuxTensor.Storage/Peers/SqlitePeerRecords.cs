using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Engine;
using LuxTensor.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace LuxTensor.Storage;

/// <summary>
/// Records of peers in a SQLite file of their own, so that writing them never keeps the journal waiting. A power cut may lose
/// the last of them. No node stays down because of this file: one that is damaged is set aside, and a new one begun.
/// </summary>
public sealed class SqlitePeerRecords : IPeerRecords, IDisposable
{
    private static readonly Schema Schema = new("peers file", 0x4C58_5450, 1,
    [
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID",
        """
        CREATE TABLE peer (
            id TEXT PRIMARY KEY, banned_until INTEGER NOT NULL, last_contact INTEGER NOT NULL, record BLOB NOT NULL,
            sum INTEGER NOT NULL) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX peer_by_use ON peer (banned_until DESC, last_contact DESC)",
    ]);

    private readonly Database database;
    private readonly Statement load, find, put, delete, trim;
    private readonly Lock gate = new();
    private bool disposed;

    private SqlitePeerRecords(string path, Database database, string? setAside)
    {
        Path = path;
        SetAside = setAside;
        this.database = database;
        load = database.Prepare("SELECT id, record, sum FROM peer ORDER BY banned_until DESC, last_contact DESC, id LIMIT ?1");
        find = database.Prepare("SELECT id, record, sum FROM peer WHERE id = ?1");
        put = database.Prepare("INSERT OR REPLACE INTO peer VALUES (?1, ?2, ?3, ?4, ?5)");
        delete = database.Prepare("DELETE FROM peer WHERE id = ?1");
        trim = database.Prepare("DELETE FROM peer WHERE id IN (SELECT id FROM peer ORDER BY banned_until DESC, last_contact DESC, id LIMIT -1 OFFSET ?1)");
    }

    /// <summary>The file's full path.</summary>
    public string Path { get; }

    /// <summary>Where the damaged file went that this one took the place of; null where there was none.</summary>
    public string? SetAside { get; }

    /// <summary>Opens the records of a chain's peers; makes an empty file where there is none, or where it is damaged.</summary>
    /// <exception cref="JournalException">The file is of another chain, not such a file, of another version, or cannot be written.</exception>
    public static SqlitePeerRecords Open(string path, Genesis genesis)
    {
        path = System.IO.Path.GetFullPath(path);
        try
        {
            return Faults.Guarded(path, "opening", () => OpenFile(path, genesis, null));
        }
        catch (JournalException damaged) when (damaged.Fault == JournalFault.Damaged)
        {
            return Faults.Guarded(path, "replacing a damaged file", () =>
            {
                var aside = path + ".damaged";
                File.Move(path, aside, overwrite: true);
                File.Delete(path + "-wal");
                File.Delete(path + "-shm");
                return OpenFile(path, genesis, aside);
            });
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<PeerRecord>> LoadAsync(int most, CancellationToken cancellation) => Do<IReadOnlyList<PeerRecord>>("reading peers", () =>
    {
        var records = new List<PeerRecord>();
        using (load.Bind(1, most).Rows())
        {
            while (load.Step())
            {
                if (Read(load) is { } record)
                {
                    records.Add(record);
                }
            }
        }

        return records;
    });

    /// <inheritdoc/>
    public Task<PeerRecord?> FindAsync(PeerId peer, CancellationToken cancellation) => Do("reading a peer", () =>
    {
        if (!PeerRows.IsStorable(peer))
        {
            return null;
        }

        using (find.BindText(1, peer.Name).Rows())
        {
            return find.Step() ? Read(find) : null;
        }
    });

    /// <inheritdoc/>
    public Task SaveAsync(IReadOnlyCollection<PeerRecord> batch, IReadOnlyCollection<PeerId> forgotten, CancellationToken cancellation) => Do("storing peers", () =>
    {
        database.InTransaction(() =>
        {
            foreach (var record in batch.Where(static record => PeerRows.IsStorable(record.Id)))
            {
                var (id, bytes) = (record.Id.Name, record.Encode());
                put.BindText(1, id).Bind(2, PeerRows.BannedUntil(record)).Bind(3, PeerRows.LastContact(record)).Bind(4, bytes).Bind(5, PeerRows.SumOf(id, bytes)).Run();
            }

            foreach (var peer in forgotten.Where(PeerRows.IsStorable))
            {
                delete.BindText(1, peer.Name).Run();
            }
        });
        return true;
    });

    /// <inheritdoc/>
    public Task TrimAsync(int most, CancellationToken cancellation) => Do("deleting peers", () =>
    {
        trim.Bind(1, most).Run();
        return true;
    });

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (!disposed)
            {
                disposed = true;
                database.Dispose();
            }
        }
    }

    private static PeerRecord? Read(Statement row) => PeerRows.Read(row.Text(0), row.Blob(1), row.Integer(2));

    private static SqlitePeerRecords OpenFile(string path, Genesis genesis, string? setAside)
    {
        Schema.CreateIfAbsent(path, created => Identity.Write(created, genesis.Rules.ChainId, genesis.Hash));
        var database = Database.Open(path, SqliteOpenMode.ReadWrite, TimeSpan.FromSeconds(5));
        try
        {
            Schema.Verify(database, path);
            if (Identity.Contradiction(database, genesis.Rules.ChainId, genesis.Hash) is { } why)
            {
                throw new JournalException($"{path} holds the peers of another chain: {why}. Name this chain's folder, or remove the file", JournalFault.Foreign);
            }

            database.UseForWriting(256, null);
            database.Execute("PRAGMA synchronous = NORMAL"); // losing the last of it costs little, waiting for the disk would cost more
            if (!string.Equals(database.Text("PRAGMA quick_check(1)"), "ok", StringComparison.Ordinal))
            {
                throw Faults.Damaged(path, "quick_check");
            }

            return new SqlitePeerRecords(path, database, setAside);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    // On the caller's thread: one transaction of a few hundred rows, which waits for no disk.
    private Task<T> Do<T>(string doing, Func<T> body)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            return Task.FromResult(Faults.Guarded(Path, doing, body));
        }
    }
}
