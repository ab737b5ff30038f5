using LuxTensor.Engine;
using LuxTensor.Storage;
using LuxTensor.Tests.Postgres;

namespace LuxTensor.Tests.Storage.Postgres;

[Collection(PostgresCollection.Name)]
public sealed class Schema_of_a_node(PostgresFixture fixture) : IDisposable
{
    private readonly PostgresNodes nodes = new(fixture);
    private readonly TestChain chain = new();

    public void Dispose() => nodes.Dispose();

    [SkippableFact]
    public void Migrating_again_changes_nothing()
    {
        var schema = nodes.SchemaOf("node");
        using (var writer = nodes.OpenWriter(chain))
        {
            writer.Commit(new JournalBatch { Finalized = [chain.Next()] });
        }

        const string Everything =
            """
            SELECT (SELECT string_agg(row::text, ';' ORDER BY version) FROM schema_version AS row)
                || (SELECT string_agg(row::text, ';' ORDER BY querykey) FROM orleansquery AS row)
                || (SELECT string_agg(table_name || column_name || data_type, ';' ORDER BY table_name, ordinal_position)
                    FROM information_schema.columns WHERE table_schema = current_schema())
                || (SELECT sequence || ' ' || height FROM writer)
            """;
        var before = nodes.Run(Everything);
        Assert.Empty(PostgresSchema.Migrate(nodes.Server.ConnectionString, schema));
        Assert.Equal(before, nodes.Run(Everything));
        PostgresSchema.Verify(nodes.Server.ConnectionString, schema);
    }

    [SkippableFact]
    public void Each_script_can_be_applied_to_what_it_made()
    {
        nodes.SchemaOf("node");
        foreach (var script in PostgresSchema.Scripts)
        {
            nodes.Run("DELETE FROM schema_version WHERE version = " + script.Version);
            Assert.Equal(script, Assert.Single(PostgresSchema.Migrate(nodes.Server.ConnectionString, nodes.SchemaOf("node"))));
        }

        nodes.OpenWriter(chain).Commit(new JournalBatch { Finalized = [chain.Next()] });
    }

    [SkippableFact]
    public async Task Many_that_migrate_at_once_apply_each_script_once()
    {
        var (connection, schema) = (nodes.Server.ConnectionString, PostgresServer.NewSchema());
        var applied = await Waiting.AtOnce(6, _ => PostgresSchema.Migrate(connection, schema));
        Assert.Equal(PostgresSchema.Scripts, applied.SelectMany(static scripts => scripts));
        PostgresSchema.Verify(connection, schema);
    }

    [SkippableFact]
    public void The_scripts_are_numbered_without_gaps()
    {
        Assert.Equal(Enumerable.Range(1, PostgresSchema.Scripts.Length), PostgresSchema.Scripts.Select(static script => script.Version));
        Assert.Equal("001-chain.sql", PostgresSchema.Scripts[0].Name);
    }

    [SkippableFact]
    public void A_missing_schema_is_refused_with_what_to_do()
    {
        var options = new PostgresOptions { ConnectionString = nodes.Server.ConnectionString, Schema = PostgresServer.NewSchema() };
        var missing = Assert.Throws<JournalException>(() => PostgresStore.Open(options, chain.Genesis));
        Assert.Equal(JournalFault.Foreign, missing.Fault);
        Assert.Contains("silo db migrate", missing.Message, StringComparison.Ordinal);
        Assert.Contains(options.Schema, missing.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Older_newer_and_changed_schemas_are_refused_with_both_versions()
    {
        var last = PostgresSchema.Scripts[^1];
        Refused($"DELETE FROM schema_version WHERE version = {last.Version}", migrates: true, $"version {last.Version - 1}", $"version {last.Version}", "silo db migrate");
        Refused($"INSERT INTO schema_version VALUES ({last.Version + 7}, 'future.sql', 'x')", migrates: false, $"version {last.Version + 7}", $"version {last.Version}", "update the program");
        Refused("UPDATE schema_version SET sha256 = 'abc' WHERE version = 1", migrates: false, "001-chain.sql", "abc");
    }

    [SkippableFact]
    public void Nodes_of_two_chains_share_a_database_and_not_a_schema()
    {
        var other = new TestChain(chainId: 8);
        using var one = nodes.OpenWriter(chain, "one");
        using var two = nodes.OpenWriter(other, "two");
        one.Commit(new JournalBatch { Finalized = [chain.Next()] });
        Assert.Equal(0UL, nodes.Open(other, "two").Refresh());
        two.Commit(new JournalBatch { Finalized = [other.Next(), other.Next()] });
        Assert.Equal(1UL, nodes.Open(chain, "one").Reader.FinalHeight);
        Assert.Equal(2UL, nodes.Open(other, "two").Reader.FinalHeight);

        var foreign = Assert.Throws<JournalException>(() => nodes.Open(other, "one"));
        Assert.Equal(JournalFault.Foreign, foreign.Fault);
        Assert.Contains("holds another chain", foreign.Message, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("Upper")]
    [InlineData("1st")]
    [InlineData("a;b")]
    [InlineData("a\"b")]
    [InlineData("a234567890123456789012345678901234567890123456789012345678901234")]
    public void A_name_that_could_be_more_than_a_name_is_refused(string schema) =>
        Assert.Contains("no name for a schema", Assert.Throws<JournalException>(() => PostgresSchema.Migrate("Host=127.0.0.1", schema)).Message, StringComparison.Ordinal);

    [SkippableFact]
    public void No_message_repeats_a_password()
    {
        const string Password = "not-to-be-seen";
        var wrong = new Npgsql.NpgsqlConnectionStringBuilder(nodes.Server.ConnectionString) { Password = Password }.ConnectionString;
        foreach (var text in new[] { wrong, $"Host=127.0.0.1;Port={Password}", $"Host=127.0.0.1;{Password}", $"Host=127.0.0.1;Port=1;Password={Password}" })
        {
            var refused = Assert.Throws<JournalException>(() => PostgresSchema.Verify(text, nodes.SchemaOf("node")));
            Assert.DoesNotContain(Password, refused.ToString(), StringComparison.Ordinal);
        }
    }

    private void Refused(string change, bool migrates, params string[] words)
    {
        var name = "n" + Guid.NewGuid().ToString("N");
        var options = nodes.OptionsOf(name);
        nodes.Run(change, name);
        var refused = Assert.Throws<JournalException>(() => PostgresStore.Open(options, chain.Genesis));
        Assert.Equal(JournalFault.Foreign, refused.Fault);
        Assert.All(words, word => Assert.Contains(word, refused.Message, StringComparison.Ordinal));
        Assert.Equal(refused.Message, Assert.Throws<JournalException>(() => PostgresSchema.Verify(options.ConnectionString, options.Schema)).Message);
        if (!migrates)
        {
            Assert.Equal(refused.Message, Assert.Throws<JournalException>(() => PostgresSchema.Migrate(options.ConnectionString, options.Schema)).Message);
        }
    }
}
