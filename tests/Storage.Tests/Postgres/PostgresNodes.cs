using LuxTensor.Engine;
using LuxTensor.Storage;
using LuxTensor.Tests.Postgres;

namespace LuxTensor.Tests.Storage.Postgres;

/// <summary>All tests on the one server of this assembly.</summary>
[CollectionDefinition(Name)]
public sealed class PostgresCollection : ICollectionFixture<PostgresFixture>
{
    public const string Name = "PostgreSQL";
}

/// <summary>The nodes of a test: a schema for each, and as many openings of it as the test makes.</summary>
internal sealed class PostgresNodes(PostgresFixture fixture) : IDisposable
{
    private readonly Dictionary<string, string> schemas = [];
    private readonly List<PostgresStore> stores = [];

    public PostgresServer Server => fixture.Server;

    /// <summary>The schema of a node, made and migrated where it is new.</summary>
    public string SchemaOf(string name)
    {
        lock (schemas)
        {
            if (!schemas.TryGetValue(name, out var schema))
            {
                schemas.Add(name, schema = PostgresServer.NewSchema());
                PostgresSchema.Migrate(Server.ConnectionString, schema);
            }

            return schema;
        }
    }

    public PostgresOptions OptionsOf(string name) => new() { ConnectionString = Server.ConnectionString, Schema = SchemaOf(name) };

    /// <summary>Another process's view of a node: with connections of its own.</summary>
    public PostgresStore Open(TestChain chain, string name = "node", Func<PostgresOptions, PostgresOptions>? with = null)
    {
        var options = OptionsOf(name);
        var store = PostgresStore.Open(with?.Invoke(options) ?? options, chain.Genesis);
        lock (stores)
        {
            stores.Add(store);
        }

        return store;
    }

    /// <summary>A connection beside the stores', to look at rows, to change them, or to hold locks.</summary>
    public Npgsql.NpgsqlConnection Connect(string name = "node")
    {
        var connection = new Npgsql.NpgsqlConnection(PostgresSchema.ConnectionStringFor(Server.ConnectionString, SchemaOf(name)) + ";Pooling=false");
        connection.Open();
        return connection;
    }

    /// <summary>Runs SQL; gives the first value of the first row.</summary>
    public object? Run(string sql, string name = "node")
    {
        using var connection = Connect(name);
        using var command = new Npgsql.NpgsqlCommand(sql, connection);
        return command.ExecuteScalar();
    }

    public void Dispose() => stores.ForEach(static store => store.Dispose());
}

internal static class Opened
{
    /// <summary>The journal of a new opening of the node.</summary>
    public static IFencedJournal OpenWriter(this PostgresNodes nodes, TestChain chain, string name = "node") => nodes.Open(chain, name).OpenWriter();
}
