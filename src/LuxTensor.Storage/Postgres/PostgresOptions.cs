namespace LuxTensor.Storage;

/// <summary>Which database and which schema of it hold a node, and how they are used.</summary>
public sealed record PostgresOptions
{
    /// <summary>
    /// The connection string in Npgsql's form; its search path, its pool's size and its limits of time are replaced. It names the
    /// server itself, or a pooler in session mode: one in transaction mode forgets the search path.
    /// </summary>
    public required string ConnectionString { get; init; }

    /// <summary>The node's schema: small letters, digits and underscores. Nodes that share a database have one each.</summary>
    public string Schema { get; init; } = PostgresSchema.DefaultName;

    /// <summary>
    /// How long one statement may take, and how long a takeover leaves the transactions of the earlier writer before it ends their
    /// sessions: a quarter of it.
    /// </summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Most connections that write, as many again that read, and as many for votes and peers.</summary>
    public int PoolSize { get; init; } = 8;

    /// <summary>Most bytes of decoded blocks kept in memory for readers; about 64 MiB.</summary>
    public long BlockCacheBytes { get; init; } = 64 << 20;

    /// <summary>
    /// Votes that the guard keeps for each validator, at least; below the oldest one kept, every position is refused. A validator
    /// signs about three a height.
    /// </summary>
    public int KeptVotes { get; init; } = 10_000;

    /// <summary>
    /// Lets the guard go on after a promotion of a standby without being asked. Only where replication is synchronous: then the
    /// standby has every record. A copy on another database system is never accepted by this.
    /// </summary>
    public bool AcceptNewTimeline { get; init; }
}
