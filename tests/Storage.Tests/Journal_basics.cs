using LuxTensor.Engine;
using LuxTensor.Storage;

namespace LuxTensor.Tests.Storage;

/// <summary>The journal in a SQLite file.</summary>
public sealed class Journal_basics : Journal_contract, IDisposable
{
    private readonly Folder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Loading_reads_no_block_but_the_last_two_whatever_the_chains_length()
    {
        var chain = new TestChain();
        using (var journal = Open(chain, "journal"))
        {
            journal.Commit(new JournalBatch { Finalized = [.. Enumerable.Range(0, 40).Select(_ => chain.Next())] });
        }

        using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={folder["journal.db"]};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "UPDATE block SET bytes = zeroblob(length(bytes)) WHERE height < 39";
            command.ExecuteNonQuery();
        }

        using var again = Open(chain, "journal");
        Assert.Equal(40UL, again.Load().Final.Block.Height);
        Assert.Equal(39UL, again.BlockAt(39)!.Block.Height);
        Assert.Contains("final block 38", Assert.Throws<JournalException>(() => again.BlockAt(38)).Message, StringComparison.Ordinal);
    }

    private protected override IJournal Open(TestChain chain, string name) => SqliteJournal.Open(WhereOf(name), chain.Genesis);

    private protected override IJournal OpenWithoutCache(TestChain chain) =>
        SqliteJournal.Open(WhereOf("journal"), chain.Genesis, new JournalOptions { BlockCacheBytes = 0, Readers = 2 });

    private protected override string WhereOf(string name) => folder[$"{name}.db"];
}
