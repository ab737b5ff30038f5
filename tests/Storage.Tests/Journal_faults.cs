using LuxTensor.Engine;
using LuxTensor.Storage;
using Microsoft.Data.Sqlite;

namespace LuxTensor.Tests.Storage;

public sealed class Journal_faults : IDisposable
{
    private readonly Folder folder = new();
    private readonly TestChain chain = new();

    private string Path => folder["journal.db"];

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("INSERT ON block")]
    [InlineData("INSERT ON place")]
    [InlineData("UPDATE ON state")]
    [InlineData("INSERT ON input")]
    [InlineData("DELETE ON input")]
    [InlineData("INSERT ON pool")]
    [InlineData("DELETE ON pool")]
    [InlineData("INSERT ON evidence")]
    [InlineData("UPDATE ON head")]
    public void A_fault_at_any_statement_leaves_nothing_of_the_batch(string statement)
    {
        var waiting = chain.Transfer();
        string before;
        using (var journal = Open())
        {
            journal.Commit(new JournalBatch { PoolAdded = [new PoolEntry(1, waiting)], Inputs = [TestChain.Input(1, 10, 1)], Finalized = [] });
            before = journal.Load().Digest();
            Foreign($"CREATE TRIGGER fault AFTER {statement} BEGIN SELECT RAISE(ABORT, 'a fault'); END");
            var failure = Assert.Throws<JournalException>(() => journal.Commit(new JournalBatch
            {
                Inputs = [TestChain.Input(2, 10, 2)],
                PoolAdded = [new PoolEntry(2, chain.Transfer())],
                PoolRemoved = [waiting.Id],
                Finalized = [chain.Next([waiting])],
                Evidence = [chain.DoubleVote(0, 1)],
            }));
            Assert.Contains("a fault", failure.Message, StringComparison.Ordinal);
            Assert.Equal(0UL, journal.FinalHeight);
        }

        Foreign("DROP TRIGGER fault");
        using var again = Open();
        Assert.Equal(before, again.Load().Digest());
        Assert.Null(again.Locate(waiting.Id));
        Assert.Empty(again.Evidence(9));
    }

    [Fact]
    public void A_full_disk_is_named_and_loses_nothing_acknowledged()
    {
        var acknowledged = 0UL;
        string before = "";
        using (var journal = Open(new JournalOptions { MaxBytes = 400_000 }))
        {
            void Fill()
            {
                while (acknowledged < 1_000)
                {
                    before = journal.Load().Digest();
                    journal.Commit(new JournalBatch { Finalized = [chain.Next(40)], Inputs = [TestChain.Input(5_000, 2_000, (int)acknowledged)] });
                    acknowledged++;
                }
            }

            var failure = Assert.Throws<JournalException>(Fill);
            Assert.Contains("disk is full", failure.Message, StringComparison.Ordinal);
            Assert.Equal(JournalFault.Failed, failure.Fault);
            Assert.Contains(Path, failure.Message, StringComparison.Ordinal);
            Assert.True(acknowledged > 3, $"{acknowledged}");
        }

        using var again = Open();
        Assert.Equal(acknowledged, again.FinalHeight);
        Assert.Equal(before, again.Load().Digest());
    }

    [Fact]
    public void A_foreign_writer_is_noticed_by_the_number_of_the_batch_and_by_the_height()
    {
        using (var journal = Open())
        {
            Foreign("UPDATE head SET batch = batch + 1");
            var failure = Assert.Throws<JournalException>(() => journal.Commit(new JournalBatch { Inputs = [TestChain.Input(1, 1, 1)] }));
            Assert.Contains("another process", failure.Message, StringComparison.Ordinal);
        }

        Foreign("UPDATE head SET batch = batch - 1");
        using (var journal = Open())
        {
            Foreign("INSERT INTO block SELECT 1, randomblob(32), sum, x'00', bytes FROM block");
            var failure = Assert.Throws<JournalException>(() => journal.Commit(new JournalBatch { Finalized = [chain.Next()] }));
            Assert.Contains("another process", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_foreign_process_that_holds_the_file_is_named()
    {
        using var journal = Open(new JournalOptions { BusyTimeout = TimeSpan.FromMilliseconds(1) });
        using var foreign = Connect();
        Run(foreign, "BEGIN IMMEDIATE");
        var failure = Assert.Throws<JournalException>(() => journal.Commit(new JournalBatch { Inputs = [TestChain.Input(1, 1, 1)] }));
        Assert.Contains("another process holds the file", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_chain_and_another_genesis_of_the_same_chain_id_are_refused()
    {
        Open().Dispose();
        var failure = Assert.Throws<JournalException>(() => SqliteJournal.Open(Path, new TestChain(8).Genesis));
        Assert.Contains("holds another chain: its chain id", failure.Message, StringComparison.Ordinal);
        Foreign("UPDATE meta SET value = zeroblob(32) WHERE name = 'genesis hash'");
        failure = Assert.Throws<JournalException>(() => Open());
        Assert.Contains("holds another chain: its genesis hash", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PRAGMA user_version = 3", "newer LuxTensor")]
    [InlineData("PRAGMA user_version = 0", "unknown schema 0")]
    [InlineData("PRAGMA application_id = 1", "not a LuxTensor journal")]
    [InlineData("CREATE TABLE more (x)", "tables are not those")]
    [InlineData("DROP TABLE pool", "tables are not those")]
    [InlineData("DELETE FROM head", "head row is missing")]
    [InlineData("DELETE FROM meta", "holds another chain")]
    public void A_file_of_another_version_or_shape_is_refused_unchanged(string change, string said)
    {
        Open().Dispose();
        Foreign(change);
        var before = File.ReadAllBytes(Path);
        Assert.Contains(said, Assert.Throws<JournalException>(() => Open()).Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(Path));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    [InlineData(10_000)]
    public void A_file_that_is_no_database_is_refused_unchanged(int length)
    {
        var bytes = new byte[length];
        new Random(1).NextBytes(bytes);
        File.WriteAllBytes(Path, bytes);
        var failure = Assert.Throws<JournalException>(() => Open());
        Assert.Contains(Path, failure.Message, StringComparison.Ordinal);
        Assert.Contains("database damaged", failure.Message, StringComparison.Ordinal);
        Assert.Equal(bytes, File.ReadAllBytes(Path));
    }

    [Fact]
    public void The_log_of_a_file_that_is_gone_is_not_played_into_a_new_one()
    {
        byte[] log;
        using (var journal = Open())
        {
            journal.Commit(new JournalBatch { Finalized = [chain.Next()] });
            using var stream = new FileStream(Path + "-wal", FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            log = new byte[stream.Length];
            stream.ReadExactly(log);
        }

        File.Delete(Path);
        File.WriteAllBytes(Path + "-wal", log);
        Assert.Contains("its write-ahead log", Assert.Throws<JournalException>(() => Open()).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path));
        File.Delete(Path + "-wal");
        using var anew = Open();
        Assert.Equal(0UL, anew.FinalHeight);
    }

    [Fact]
    public void A_closed_journal_says_so()
    {
        var journal = Open();
        journal.Dispose();
        journal.Dispose();
        Assert.Throws<ObjectDisposedException>(() => journal.Commit(new JournalBatch()));
        Assert.Throws<ObjectDisposedException>(() => journal.Load());
        Assert.Throws<ObjectDisposedException>(() => journal.BlockAt(0));
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_named()
    {
        File.WriteAllText(folder["file"], "");
        var path = System.IO.Path.Combine(folder["file"], "journal.db"); // below a file there are no files, whoever asks
        var failure = Assert.Throws<JournalException>(() => SqliteJournal.Open(path, chain.Genesis));
        Assert.Contains(path, failure.Message, StringComparison.Ordinal);
        if (OperatingSystem.IsLinux())
        {
            failure = Assert.Throws<JournalException>(() => SqliteJournal.Open("/sys/journal.db", chain.Genesis));
            Assert.Contains("cannot be written", failure.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("UPDATE input SET bytes = x'00'", "input")]
    [InlineData("DELETE FROM input WHERE seq = 2", "1 inputs are there, 2 were stored")]
    [InlineData("UPDATE input SET seq = 9 WHERE seq = 1", "input")]
    [InlineData("UPDATE pool SET arrival = 77", "pool entry")]
    [InlineData("DELETE FROM pool", "0 pool entries are there, 1 were stored")]
    [InlineData("UPDATE state SET value = zeroblob(length(value)) WHERE key = (SELECT max(key) FROM state)", "the state's root")]
    [InlineData("DELETE FROM state WHERE key = (SELECT max(key) FROM state)", "the state's root")]
    [InlineData("DELETE FROM place; DELETE FROM block WHERE height = 2", "final block 2 is missing")]
    [InlineData("DELETE FROM place; DELETE FROM block WHERE height = 1", "final block 1 is missing")]
    [InlineData("UPDATE block SET bytes = zeroblob(length(bytes)) WHERE height = 2", "final block 2")]
    [InlineData("UPDATE block SET certificate = (SELECT certificate FROM block WHERE height = 1) WHERE height = 2", "final block 2")]
    [InlineData("UPDATE head SET pool = 0, pool_sum = 0", "the head row")]
    public void A_row_that_is_lost_or_changed_is_found_when_loading(string change, string said)
    {
        using (var journal = Open())
        {
            journal.Commit(new JournalBatch { Finalized = [chain.Next(), chain.Next()] });
            journal.Commit(new JournalBatch { Inputs = [TestChain.Input(3, 5, 1), TestChain.Input(3, 5, 2)], PoolAdded = [new PoolEntry(1, chain.Transfer())] });
        }

        Foreign(change);
        var failure = Assert.Throws<JournalException>(() =>
        {
            using var journal = Open();
            journal.Load();
        });
        Assert.Contains(said, failure.Message, StringComparison.Ordinal);
        Assert.Contains("db check", failure.Message, StringComparison.Ordinal);
    }

    private void Foreign(string sql)
    {
        using var connection = Connect();
        Run(connection, sql);
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={Path};Pooling=False;Foreign Keys=False");
        connection.Open();
        return connection;
    }

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private SqliteJournal Open(JournalOptions? options = null) => SqliteJournal.Open(Path, chain.Genesis, options);
}
