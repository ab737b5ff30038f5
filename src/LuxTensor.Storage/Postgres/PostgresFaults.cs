using LuxTensor.Engine;
using Npgsql;

namespace LuxTensor.Storage.Postgres;

/// <summary>Failures of the shared database in words: where, the cause and what to do. None names a password.</summary>
internal static class PostgresFaults
{
    /// <summary>The code with which the scripts refuse a generation that was replaced.</summary>
    internal const string Replaced = "LX001";

    /// <summary>The stored data is not what was stored.</summary>
    internal static JournalException Damaged(string where, string what) =>
        new($"{where} is damaged: {what}. Restore the database from a copy, or name an empty schema and let the node fetch the chain anew", JournalFault.Damaged);

    /// <summary>What a failure means for whoever runs the node.</summary>
    internal static JournalException Of(string where, string doing, Exception failure)
    {
        JournalException Failed(string why, JournalFault fault = JournalFault.Failed) => new($"{where}: {doing} failed: {why}", fault, failure);

        return failure switch
        {
            JournalException known => known,
            PostgresException { SqlState: Replaced } it =>
                Failed($"another process took the node over ({it.MessageText}); this one must load the node's state again", JournalFault.InUse),
            PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } it => Failed($"it contradicts what is stored ({it.MessageText})"),
            PostgresException { SqlState: PostgresErrorCodes.DiskFull } => Failed("the database's disk is full: free some space"),
            PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } it =>
                Failed($"{it.MessageText}: let the role of the connection string own the schema", JournalFault.Foreign),
            PostgresException { SqlState: PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedFunction or PostgresErrorCodes.UndefinedColumn } it =>
                Failed($"{it.MessageText}: run `luxtensor-silo db migrate`", JournalFault.Foreign),
            PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName or PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } it =>
                Failed($"{it.MessageText}: correct the connection string", JournalFault.Foreign),
            PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction } =>
                Failed("the server is a standby: name the primary, or set Target Session Attributes=primary in the connection string"),
            PostgresException { SqlState: PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.LockNotAvailable } =>
                Failed("it took longer than the command timeout allows: is the server overloaded, or does another session hold locks?"),
            PostgresException { SqlState: PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted } it => Damaged(where, it.MessageText),
            PostgresException it => Failed($"{it.MessageText} ({it.SqlState})"),
            NpgsqlException { InnerException: TimeoutException } => Failed("the server did not answer in time"),
            NpgsqlException it => Failed($"{it.InnerException?.Message ?? it.Message}: can the server be reached?"),
            _ => Failed(failure.Message),
        };
    }

    /// <summary>Whether a failure comes from the server or the way to it.</summary>
    internal static bool IsFromServer(Exception failure) =>
        failure is NpgsqlException or IOException or TimeoutException or System.Net.Sockets.SocketException;

    /// <summary>Whether the connection is gone, so that a read, or a step that may be taken twice, is worth another one.</summary>
    internal static bool IsLostConnection(Exception failure) => failure switch
    {
        PostgresException it => it.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown,
        NpgsqlException it => it.InnerException is IOException or System.Net.Sockets.SocketException or null && it.IsTransient,
        _ => false,
    };
}
