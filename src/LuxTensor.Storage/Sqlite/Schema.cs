using System.Collections.Immutable;
using LuxTensor.Engine;
using Microsoft.Data.Sqlite;

namespace LuxTensor.Storage.Sqlite;

/// <summary>The tables of one kind of file. A file is used only where its id, its version and every table are exactly these.</summary>
/// <param name="Kind">What the file is, for messages.</param>
/// <param name="ApplicationId">SQLite's application id.</param>
/// <param name="Version">SQLite's user version: 1 for the first.</param>
/// <param name="Tables">The statements that make the tables, as SQLite stores them.</param>
internal sealed record Schema(string Kind, int ApplicationId, int Version, ImmutableArray<string> Tables)
{
    /// <summary>
    /// Makes a new file in full beside its place and moves it there in one step, so that a crash leaves a whole file or
    /// none. Leaves everything alone where there is a file already.
    /// </summary>
    internal void CreateIfAbsent(string path, Action<Database> fill)
    {
        if (File.Exists(path))
        {
            return;
        }

        if (new FileInfo(path + "-wal") is { Exists: true, Length: > 0 } log)
        {
            // SQLite would play an old file's log into the new one.
            throw new JournalException($"{path} is missing, and its write-ahead log {log.FullName} is there: restore the file, or remove the log as well", JournalFault.Foreign);
        }

        if (Path.GetDirectoryName(path) is { Length: > 0 } folder)
        {
            Directory.CreateDirectory(folder);
        }

        var draft = $"{path}.{Guid.NewGuid():N}.new";
        try
        {
            using (var database = Database.Open(draft, SqliteOpenMode.ReadWriteCreate, TimeSpan.Zero))
            {
                database.Execute("PRAGMA journal_mode = WAL"); // now: later, another process may have the file open
                database.InTransaction(() =>
                {
                    foreach (var table in Tables)
                    {
                        database.Execute(table);
                    }

                    database.Execute(FormattableString.Invariant($"PRAGMA application_id = {ApplicationId}"));
                    database.Execute(FormattableString.Invariant($"PRAGMA user_version = {Version}"));
                    fill(database);
                });
            }

            File.Move(draft, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another process was faster: its file is the one.
        }
        finally
        {
            File.Delete(draft);
        }
    }

    /// <summary>Makes sure that the file is of this kind, before anything in it is changed.</summary>
    /// <exception cref="JournalException">It is not.</exception>
    internal void Verify(Database database, string path)
    {
        if (new FileInfo(path).Length == 0)
        {
            throw Faults.Damaged(path, "the file is empty");
        }

        var id = database.Integer("PRAGMA application_id");
        if (id != ApplicationId)
        {
            throw new JournalException($"{path} is not a LuxTensor {Kind}: name another file, or restore this one from a copy", JournalFault.Foreign);
        }

        var version = database.Integer("PRAGMA user_version");
        if (version != Version)
        {
            throw new JournalException(
                version > Version
                    ? $"{path} was written by a newer LuxTensor (schema {version}, this one knows {Version}): update the program"
                    : $"{path} has the unknown schema {version} (this program knows {Version}): restore the file from a copy",
                JournalFault.Foreign);
        }

        var stored = new HashSet<string>(StringComparer.Ordinal);
        var statement = database.Prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL");
        using (statement.Rows())
        {
            while (statement.Step())
            {
                stored.Add(statement.Text(0));
            }
        }

        if (!stored.SetEquals(Tables))
        {
            throw Faults.Damaged(path, "its tables are not those of its schema version");
        }
    }
}
