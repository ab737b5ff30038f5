using LuxTensor.Core.Blocks;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;
using LuxTensor.Storage;
using Microsoft.Data.Sqlite;

namespace LuxTensor.Tests.Storage;

public sealed class Database_check : IDisposable
{
    private readonly Folder folder = new();
    private readonly TestChain chain = new();
    private readonly List<Finalization> blocks = [];

    public Database_check()
    {
        using var journal = SqliteJournal.Open(Path, chain.Genesis);
        for (var i = 0; i < 70; i++) // over two epochs
        {
            blocks.Add(chain.Next(2));
        }

        journal.Commit(new JournalBatch { Finalized = [.. blocks] });
        journal.Commit(new JournalBatch
        {
            Inputs = [TestChain.Input(71, 9, 1)],
            PoolAdded = [new PoolEntry(1, chain.Transfer())],
            Evidence = [chain.DoubleVote(2, 70)],
        });
    }

    private string Path => folder["journal.db"];

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_sound_journal_has_no_findings_and_is_left_as_it_is()
    {
        var before = File.ReadAllBytes(Path);
        var report = SqliteJournal.Check(Path, chain.Genesis, transactionSignatures: true);
        Assert.Empty(report.Findings);
        Assert.Equal(
            new DatabaseReport(70, 71, 140, report.StateEntries, 1, 1, 1, report.Findings), report);
        Assert.Equal(before, File.ReadAllBytes(Path));
    }

    [Fact]
    public void Progress_ends_at_the_last_height()
    {
        var told = new List<CheckProgress>();
        SqliteJournal.Check(Path, chain.Genesis, new Told(told));
        Assert.Equal(new CheckProgress(70, 70, 0), told[^1]);
    }

    [Fact]
    public void Each_kind_of_damage_is_named()
    {
        Expect<DatabaseFinding.WrongPlace>("UPDATE place SET position = 1 - position WHERE height = 9");
        Expect<DatabaseFinding.WrongPlace>("DELETE FROM place WHERE height = 9 AND position = 1");
        Expect<DatabaseFinding.ExtraPlaces>("INSERT INTO place VALUES (zeroblob(32), 3, 0, 0)");
        Expect<DatabaseFinding.MissingBlocks>("DELETE FROM block WHERE height = 30");
        Expect<DatabaseFinding.MissingBlocks>("DELETE FROM block WHERE height > 60");
        Expect<DatabaseFinding.DamagedBlock>("UPDATE block SET sum = sum + 1 WHERE height = 30");
        Expect<DatabaseFinding.WrongState>("DELETE FROM state WHERE key = (SELECT min(key) FROM state)");
        Expect<DatabaseFinding.DamagedRow>("UPDATE input SET bytes = x'01'");
        Expect<DatabaseFinding.DamagedRow>("UPDATE evidence SET bytes = x'01'");
        Expect<DatabaseFinding.WrongCount>("DELETE FROM pool");
        Expect<DatabaseFinding.WrongCount>("DELETE FROM evidence");
        Expect<DatabaseFinding.Unreadable>("DELETE FROM head");
    }

    [Fact]
    public void A_certificate_without_a_quorum_is_found_although_its_row_is_whole()
    {
        var block = blocks[^1].Block;
        var whole = blocks[^1].Certificate;
        var path = Rewrite(new Certificate(whole.Ballot, [0b0011], whole.Signatures[..2]), block);
        var finding = Assert.IsType<DatabaseFinding.BadCertificate>(Assert.Single(SqliteJournal.Check(path, chain.Genesis).Findings));
        Assert.Equal(70UL, finding.Of);
        Assert.IsType<VoteRejection.NoQuorum>(finding.Why);
    }

    [Fact]
    public void A_certified_block_that_execution_refuses_is_found()
    {
        var last = blocks[^1].Block;
        var forged = new Block(last.Header with { StateRoot = TestChain.HashOf(1) }, last.Certificate, last.Transactions);
        var findings = SqliteJournal.Check(Rewrite(chain.Certify(forged), forged), chain.Genesis).Findings;
        Assert.Contains(findings, finding => finding is DatabaseFinding.InvalidBlock { Height: 70, Why: BlockRejection.WrongStateRoot });
        Assert.Contains(findings, finding => finding is DatabaseFinding.WrongState);
    }

    [Fact]
    public void A_final_transaction_in_the_pool_is_found()
    {
        using (var journal = SqliteJournal.Open(Path, chain.Genesis))
        {
            journal.Commit(new JournalBatch { PoolAdded = [new PoolEntry(9, blocks[3].Block.Transactions[1])] });
        }

        Assert.Equal(
            new DatabaseFinding.FinalInPool(blocks[3].Block.Transactions[1].Id, 4),
            Assert.Single(SqliteJournal.Check(Path, chain.Genesis).Findings));
    }

    [Fact]
    public void A_missing_file_and_another_chain_are_refused()
    {
        Assert.Contains("does not exist", Assert.Throws<JournalException>(() => SqliteJournal.Check(folder["none"], chain.Genesis)).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["none"]));
        Assert.Contains("another chain", Assert.Throws<JournalException>(() => SqliteJournal.Check(Path, new TestChain(8).Genesis)).Message, StringComparison.Ordinal);
    }

    // A journal whose last row is whole in itself, with another certificate or block.
    private string Rewrite(Certificate certificate, Block block)
    {
        var path = folder["rewritten.db"];
        using var journal = SqliteJournal.Open(path, chain.Genesis);
        journal.Commit(new JournalBatch { Finalized = [.. blocks[..^1], new Finalization(block, certificate, blocks[^1].Changes, blocks[^1].Fixed)] });
        return path;
    }

    private void Expect<T>(string damage)
        where T : DatabaseFinding
    {
        var copy = folder["copy.db"];
        File.Copy(Path, copy, overwrite: true);
        using (var connection = new SqliteConnection($"Data Source={copy};Pooling=False;Foreign Keys=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = damage;
            command.ExecuteNonQuery();
        }

        var findings = SqliteJournal.Check(copy, chain.Genesis).Findings;
        Assert.True(findings.Any(finding => finding is T), $"{damage}: {string.Join("; ", findings.Select(finding => finding.Message))}");
        Assert.All(findings, finding => Assert.NotEmpty(finding.Message));
    }

    private sealed class Told(List<CheckProgress> list) : IProgress<CheckProgress>
    {
        public void Report(CheckProgress value) => list.Add(value);
    }
}
