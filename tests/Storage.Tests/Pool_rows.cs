using LuxTensor.Engine;
using LuxTensor.Storage;

namespace LuxTensor.Tests.Storage;

public sealed class Pool_rows : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("luxtensor-");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void A_transaction_that_leaves_and_comes_again_within_a_batch_is_kept_at_its_new_place()
    {
        var chain = new TestChain();
        var transaction = chain.Transfer();
        var path = Path.Combine(folder.FullName, "node.db");
        using (var journal = SqliteJournal.Open(path, chain.Genesis))
        {
            journal.Commit(new JournalBatch { PoolAdded = [new PoolEntry(1, transaction)] });
            journal.Commit(new JournalBatch { PoolRemoved = [transaction.Id], PoolAdded = [new PoolEntry(2, transaction)] });
        }

        using var again = SqliteJournal.Open(path, chain.Genesis);
        var entry = Assert.Single(again.Load().Pool);

        Assert.Equal((2UL, transaction.Id), (entry.Arrival, entry.Transaction.Id));
    }
}
