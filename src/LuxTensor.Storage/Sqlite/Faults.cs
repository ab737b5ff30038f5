using LuxTensor.Engine;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace LuxTensor.Storage.Sqlite;

/// <summary>Failures of a database file in words: the file, the cause and what to do.</summary>
internal static class Faults
{
    /// <summary>The stored data is not what was stored.</summary>
    internal static JournalException Damaged(string path, string where) =>
        new($"database damaged at {path}: {where}. Run `luxtensor db check {path}`, then restore the file from a copy or let the node fetch the chain anew", JournalFault.Damaged);

    /// <summary>What a failure means for whoever runs the node.</summary>
    internal static JournalException Of(string path, string doing, Exception failure)
    {
        JournalException Failed(string why, JournalFault fault = JournalFault.Failed) => new($"{path}: {doing} failed: {why}", fault, failure);

        return failure switch
        {
            JournalException known => known,
            SqliteException { SqliteErrorCode: raw.SQLITE_FULL } =>
                Failed("the disk is full, or the file has its largest allowed size: free some space and start again"),
            SqliteException { SqliteErrorCode: raw.SQLITE_IOERR } it =>
                Failed($"the disk reported an error ({it.SqliteExtendedErrorCode}): check the disk, then start again"),
            SqliteException { SqliteErrorCode: raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB or raw.SQLITE_FORMAT } it =>
                new JournalException(Damaged(path, $"{doing} found: {it.Message}").Message, JournalFault.Damaged, it),
            SqliteException { SqliteErrorCode: raw.SQLITE_BUSY or raw.SQLITE_LOCKED } =>
                Failed("another process holds the file: stop it, then start again", JournalFault.InUse),
            SqliteException { SqliteErrorCode: raw.SQLITE_READONLY or raw.SQLITE_CANTOPEN or raw.SQLITE_PERM or raw.SQLITE_AUTH } =>
                Failed("the file or its folder cannot be written: check that they exist and who owns them", JournalFault.InUse),
            SqliteException { SqliteErrorCode: raw.SQLITE_CONSTRAINT } it =>
                Failed($"it contradicts what is stored ({it.Message}): is another process writing this file?"),
            SqliteException { SqliteErrorCode: raw.SQLITE_ERROR or raw.SQLITE_SCHEMA } it =>
                new JournalException(Damaged(path, $"{doing} found: {it.Message}").Message, JournalFault.Damaged, it),
            UnauthorizedAccessException or DirectoryNotFoundException =>
                Failed("the file or its folder cannot be written: check that they exist and who owns them", JournalFault.InUse),
            _ => Failed(failure.Message),
        };
    }

    /// <summary>Runs a step on a file and puts its failures into words.</summary>
    internal static T Guarded<T>(string path, string doing, Func<T> body)
    {
        try
        {
            return body();
        }
        catch (Exception failure) when (failure is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw Of(path, doing, failure);
        }
    }
}
