namespace LuxTensor.Tests.Postgres;

/// <summary>One server for all tests of a collection, started by the first that needs it. It does not sync: kills of processes lose nothing by that.</summary>
public sealed class PostgresFixture : IDisposable
{
    private readonly Lazy<PostgresServer> server = new(static () => PostgresServer.Start(fsync: false));

    /// <summary>The server; skips the test where there is none (see <see cref="PostgresServer.Require"/>).</summary>
    public PostgresServer Server
    {
        get
        {
            PostgresServer.Require();
            return server.Value;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (server.IsValueCreated)
        {
            server.Value.Dispose();
        }
    }
}
