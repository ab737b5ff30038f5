using LuxTensor.Core.Voting;
using LuxTensor.Engine;
using LuxTensor.Storage;

namespace LuxTensor.Tests.Storage;

public sealed class Kill_9 : IDisposable
{
    private readonly Folder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>The batch that makes a height final: the same in the process that is killed and in the test.</summary>
    internal static JournalBatch BatchOf(TestChain chain, ulong height)
    {
        var finalization = chain.Next(1);
        var vote = chain.Vote(0, height, 0, Phase.Prepare, 1);
        return new JournalBatch
        {
            Inputs = [TestChain.Input(height, 300, (int)height), TestChain.Input(height + 1, 6_000, (int)height), TestChain.Input(height + 2, 40, (int)height)],
            Finalized = [finalization],
            PoolAdded = [new PoolEntry(height, TestChain.Waiting(height))],
            PoolRemoved = height % 2 == 0 ? [TestChain.Waiting(height - 1).Id] : [],
            Evidence = [new LuxTensor.Core.Finality.Evidence(vote, chain.Vote(0, height, 0, Phase.Prepare, 2))],
        };
    }

    [Fact]
    public void Every_acknowledged_batch_is_there_as_a_whole_and_no_other_part()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var path = folder["journal.db"];
        var acknowledged = 0UL;
        for (var kill = 0; kill < 4; kill++)
        {
            using (var child = new Child("journal", path))
            {
                for (var wait = random.Next(1, 40); wait > 0; wait--)
                {
                    acknowledged = ulong.Parse(child.Read() ?? throw new InvalidOperationException($"seed {seed}: {child.Errors}"));
                }

                acknowledged = child.Kill().Select(ulong.Parse).Append(acknowledged).Max();
            }

            using var journal = SqliteJournal.Open(path, new TestChain().Genesis);
            Assert.True(journal.FinalHeight >= acknowledged && journal.FinalHeight <= acknowledged + 1, $"seed {seed}: {journal.FinalHeight}, acknowledged {acknowledged}");
            AssertHolds(journal, $"seed {seed}, kill {kill}");
        }

        var report = SqliteJournal.Check(path, new TestChain().Genesis);
        Assert.Empty(report.Findings);
        Assert.Equal((long)report.FinalHeight + 1, report.Blocks);
    }

    [Fact]
    public void A_released_signature_is_remembered_by_the_guard()
    {
        var chain = new TestChain();
        var path = folder["guard.db"];
        var released = new List<ulong>();
        for (var kill = 0UL; kill < 3; kill++)
        {
            using var child = new Child("guard", path, "1", $"{kill * 1_000_000}", "1000000");
            Assert.Equal("open", child.Read());
            child.Write("go");
            for (var i = 0; i < 30; i++)
            {
                released.Add(ulong.Parse(child.Read()!));
            }

            released.AddRange(child.Kill().Select(ulong.Parse));
        }

        using var guard = SqliteSigningGuard.Open(path, GuardOptions.For(chain.Genesis));
        var other = chain.Vote(0, 0, 0, Phase.Precommit, 2);
        Assert.All(released, height => Assert.IsType<GuardDecision.DoubleSign>(guard.Record(other with { Ballot = other.Ballot with { Height = height } })));
    }

    [Fact]
    public void Two_processes_with_one_key_release_one_block_a_position()
    {
        var path = folder["guard.db"];
        using var first = new Child("guard", path, "1", "0", "150");
        using var second = new Child("guard", path, "2", "0", "150");
        Assert.Equal("open", first.Read());
        Assert.Equal("open", second.Read());
        first.Write("go");
        second.Write("go");
        var (one, two) = (first.Rest(), second.Rest());
        Assert.Empty(one.Intersect(two));
        Assert.Equal(150, one.Count + two.Count);
    }

    [Fact]
    public void A_journal_that_another_process_has_open_is_refused_at_once_and_free_after_its_death()
    {
        var path = folder["journal.db"];
        var genesis = new TestChain().Genesis;
        using (var child = new Child("open", path))
        {
            Assert.Equal("open", child.Read());
            Assert.Contains("is open already", Assert.Throws<JournalException>(() => SqliteJournal.Open(path, genesis)).Message, StringComparison.Ordinal);
            Assert.Contains("is open already", Assert.Throws<JournalException>(() => SqliteJournal.Check(path, genesis)).Message, StringComparison.Ordinal);
            child.Kill();
        }

        using var journal = SqliteJournal.Open(path, genesis);
        Assert.Equal(JournalFault.InUse, Assert.Throws<JournalException>(() => SqliteJournal.Open(path, genesis)).Fault);
        Assert.Contains("is open already", Assert.Throws<JournalException>(() => SqliteJournal.Open(path, genesis)).Message, StringComparison.Ordinal);
    }

    /// <summary>What a journal with that many batches must hold, from the beginning.</summary>
    internal static void AssertHolds(IJournal journal, string label)
    {
        var chain = new TestChain();
        var inputs = new List<JournalInput>();
        var pool = new List<PoolEntry>();
        for (var height = 1UL; height <= journal.FinalHeight; height++)
        {
            var batch = BatchOf(chain, height);
            Assert.Equal(chain.Tip.Hash, journal.BlockAt(height)!.Block.Hash);
            Assert.Equal(chain.TipCertificate!.Hash, journal.BlockAt(height)!.Certificate!.Hash);
            Assert.Equal(new TransactionPlace(height, 0), journal.Locate(chain.Tip.Block.Transactions[0].Id));
            inputs.AddRange(batch.Inputs);
            inputs.RemoveAll(input => input.Height <= height);
            pool.AddRange(batch.PoolAdded);
            pool.RemoveAll(entry => batch.PoolRemoved.Contains(entry.Transaction.Id));
        }

        var state = chain.Tip.After;
        var expected = new JournalContents(new FinalBlock(chain.Tip.Block, chain.TipCertificate), [], [], inputs, pool) { Ledger = state };
        Assert.True(expected.Digest() == journal.Load().Digest(), label);
        Assert.Equal((int)journal.FinalHeight, journal.Evidence(int.MaxValue).Count);
    }
}
