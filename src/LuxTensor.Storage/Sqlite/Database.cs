using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace LuxTensor.Storage.Sqlite;

/// <summary>One connection to a database file and the statements prepared on it. Not thread-safe.</summary>
internal sealed class Database : IDisposable
{
    private static readonly bool Initialized = Initialize();

    private readonly SqliteConnection connection;
    private readonly List<Statement> statements = [];
    private readonly Statement begin, commit, rollback;

    private Database(SqliteConnection connection)
    {
        this.connection = connection;
        begin = Prepare("BEGIN IMMEDIATE");
        commit = Prepare("COMMIT");
        rollback = Prepare("ROLLBACK");
    }

    private sqlite3 Handle => connection.Handle!;

    /// <summary>How many rows the last statement changed.</summary>
    internal int Changes => raw.sqlite3_changes(Handle);

    /// <summary>Opens a connection. Nothing is written, and nothing is read yet.</summary>
    /// <exception cref="SqliteException">The file cannot be opened.</exception>
    internal static Database Open(string path, SqliteOpenMode mode, TimeSpan busyTimeout)
    {
        _ = Initialized;
        var settings = new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false };
        var opened = new SqliteConnection(settings.ConnectionString);
        try
        {
            opened.Open();
            _ = raw.sqlite3_busy_timeout(opened.Handle!, (int)busyTimeout.TotalMilliseconds);
            return new Database(opened);
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Makes every commit durable on return, and damage more likely to be noticed where it is read.</summary>
    internal void UseForWriting(int cacheKib, long? maxBytes)
    {
        if (!string.Equals(Text("PRAGMA journal_mode = WAL"), "wal", StringComparison.OrdinalIgnoreCase))
        {
            throw new SqliteException("the database does not take a write-ahead log", raw.SQLITE_CANTOPEN);
        }

        UseForReading(cacheKib);
        Execute("PRAGMA synchronous = FULL");
        Execute("PRAGMA foreign_keys = ON");
        Execute("PRAGMA wal_autocheckpoint = 1000");
        Execute("PRAGMA journal_size_limit = 67108864");
        if (maxBytes is { } bytes)
        {
            Execute(FormattableString.Invariant($"PRAGMA max_page_count = {long.Max(1, bytes / Integer("PRAGMA page_size"))}"));
        }
    }

    /// <summary>
    /// Brings the write-ahead log home and begins it anew, so that what a crash left at its end is never taken for more than
    /// one transaction (see <see cref="WriteAheadLog"/>). Where others use the file, it stays as it is.
    /// </summary>
    internal void RestartLog() => Execute("PRAGMA wal_checkpoint(TRUNCATE)");

    internal void UseForReading(int cacheKib)
    {
        Execute(FormattableString.Invariant($"PRAGMA cache_size = -{cacheKib}"));
        Execute("PRAGMA cell_size_check = ON");
        Execute("PRAGMA trusted_schema = OFF");
        Execute("PRAGMA temp_store = MEMORY");
    }

    /// <summary>Prepares a statement that lives as long as the connection.</summary>
    internal Statement Prepare(string sql)
    {
        var statement = new Statement(Handle, sql);
        statements.Add(statement);
        return statement;
    }

    internal void Execute(string sql) => SqliteException.ThrowExceptionForRC(raw.sqlite3_exec(Handle, sql), Handle);

    /// <summary>The first column of the first row, or 0.</summary>
    internal long Integer(string sql)
    {
        using var statement = new Statement(Handle, sql);
        return statement.Step() ? statement.Integer(0) : 0;
    }

    /// <summary>The first column of the first row, or nothing.</summary>
    internal string Text(string sql)
    {
        using var statement = new Statement(Handle, sql);
        return statement.Step() ? statement.Text(0) : "";
    }

    /// <summary>Runs the body in one transaction that excludes other writers from its start; durable on return.</summary>
    internal T InTransaction<T>(Func<T> body)
    {
        begin.Run();
        try
        {
            var result = body();
            commit.Run();
            return result;
        }
        catch
        {
            Rollback();
            throw;
        }
    }

    /// <inheritdoc cref="InTransaction{T}"/>
    internal void InTransaction(Action body) => InTransaction(() =>
    {
        body();
        return true;
    });

    public void Dispose()
    {
        foreach (var statement in statements)
        {
            statement.Dispose();
        }

        connection.Dispose();
    }

    private void Rollback()
    {
        if (raw.sqlite3_get_autocommit(Handle) != 0)
        {
            return; // SQLite rolled back by itself
        }

        try
        {
            rollback.Run();
        }
        catch (SqliteException)
        {
            // The failure that led here is the one to report; closing the connection undoes what is left.
        }
    }

    private static bool Initialize()
    {
        Batteries_V2.Init();
        return true;
    }
}
