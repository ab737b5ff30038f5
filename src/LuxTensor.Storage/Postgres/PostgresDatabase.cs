using System.Data;
using LuxTensor.Engine;
using Npgsql;

namespace LuxTensor.Storage.Postgres;

/// <summary>
/// The pools of connections to a node's schema, and the ways in which they are used. Steps that hold a thread and steps that wait without
/// one have pools of their own: a step without a thread needs one to go on, and where all threads wait for the connection that it has, it
/// would get none. Thread-safe.
/// </summary>
internal sealed class PostgresDatabase : IDisposable
{
    private readonly NpgsqlDataSource writes, reads, steps;

    internal PostgresDatabase(PostgresOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.PoolSize, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.CommandTimeout, TimeSpan.FromMilliseconds(100), nameof(options));
        PostgresSchema.CheckName(options.Schema);
        Options = options;
        var connection = PostgresSchema.Parse(options.ConnectionString);
        Where = PostgresSchema.Describe(connection, options.Schema);
        connection.SearchPath = options.Schema;
        connection.MaxPoolSize = options.PoolSize;
        connection.MinPoolSize = int.Min(connection.MinPoolSize, options.PoolSize);
        // The server ends a statement that takes too long, and says so; the client's limit, a little later, is for servers that say
        // nothing. Those are not asked to cancel either: that would be another wait.
        connection.CommandTimeout = 1 + (int)Math.Ceiling(options.CommandTimeout.TotalSeconds);
        connection.CancellationTimeout = -1;
        connection.Timeout = int.Min(connection.Timeout is 0 ? int.MaxValue : connection.Timeout, connection.CommandTimeout);
        connection.MaxAutoPrepare = 40;
        connection.KeepAlive = connection.KeepAlive == 0 ? 30 : connection.KeepAlive;
        writes = NpgsqlDataSource.Create(connection);
        reads = NpgsqlDataSource.Create(connection);
        connection.WriteBufferSize = 64 << 10; // votes come by the megabyte
        steps = NpgsqlDataSource.Create(connection);
    }

    internal PostgresOptions Options { get; }

    /// <summary>Server, database and schema, for messages.</summary>
    internal string Where { get; }

    /// <summary>How long the server may work on a statement, milliseconds.</summary>
    internal int PatienceMs => (int)Options.CommandTimeout.TotalMilliseconds;

    /// <summary>Reads on a connection; once more where the first one turns out to be gone.</summary>
    /// <exception cref="JournalException">The database cannot be read or holds something else.</exception>
    internal T Read<T>(string doing, Func<NpgsqlConnection, T> body) => Use(reads, doing, again: true, body);

    /// <summary>Runs a step that may be taken twice without harm; once more where the first connection turns out to be gone.</summary>
    /// <exception cref="JournalException">It failed.</exception>
    internal T WriteAgain<T>(string doing, Func<NpgsqlConnection, T> body) => Use(writes, doing, again: true, body);

    /// <summary>Runs a step once.</summary>
    /// <exception cref="JournalException">It failed; whether the server carried it out is then unknown.</exception>
    internal T Write<T>(string doing, Func<NpgsqlConnection, T> body) => Use(writes, doing, again: false, body);

    /// <summary>Runs a step that may be taken twice without harm, without a thread; once more where the connection turns out to be gone.</summary>
    /// <exception cref="JournalException">It failed.</exception>
    internal async Task<T> UseAsync<T>(string doing, Func<NpgsqlConnection, Task<T>> body, CancellationToken cancellation)
    {
        try
        {
            try
            {
                return await StepAsync();
            }
            catch (Exception lost) when (PostgresFaults.IsLostConnection(lost) && !cancellation.IsCancellationRequested)
            {
                Clear();
                return await StepAsync();
            }
        }
        catch (Exception failure) when (PostgresFaults.IsFromServer(failure))
        {
            throw PostgresFaults.Of(Where, doing, failure);
        }

        async Task<T> StepAsync()
        {
            await using var connection = await steps.OpenConnectionAsync(cancellation);
            return await body(connection);
        }
    }

    /// <summary>Forgets the connections that are at rest, after one turned out to be gone.</summary>
    internal void Clear()
    {
        reads.Clear();
        writes.Clear();
        steps.Clear();
    }

    internal JournalException Damaged(string what) => PostgresFaults.Damaged(Where, what);

    /// <summary>Runs a body in a transaction that is committed where it returns.</summary>
    internal static T InTransaction<T>(NpgsqlConnection connection, Func<T> body, IsolationLevel isolation = IsolationLevel.ReadCommitted)
    {
        using var transaction = connection.BeginTransaction(isolation);
        var result = body();
        transaction.Commit();
        return result;
    }

    public void Dispose()
    {
        reads.Dispose();
        writes.Dispose();
        steps.Dispose();
    }

    private T Use<T>(NpgsqlDataSource pool, string doing, bool again, Func<NpgsqlConnection, T> body)
    {
        try
        {
            try
            {
                using var connection = pool.OpenConnection();
                return body(connection);
            }
            catch (Exception lost) when (PostgresFaults.IsLostConnection(lost))
            {
                Clear(); // the others are of the same server
                if (!again)
                {
                    throw;
                }

                using var connection = pool.OpenConnection();
                return body(connection);
            }
        }
        catch (Exception failure) when (PostgresFaults.IsFromServer(failure))
        {
            throw PostgresFaults.Of(Where, doing, failure);
        }
    }
}
