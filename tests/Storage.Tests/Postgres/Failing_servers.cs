using LuxTensor.Core.Voting;
using LuxTensor.Engine;
using LuxTensor.Tests.Postgres;

namespace LuxTensor.Tests.Storage.Postgres;

/// <summary>The server is killed, stopped, frozen, or fails at the moment of commit.</summary>
[Collection(PostgresCollection.Name)]
public sealed class Failing_servers(PostgresFixture fixture) : IDisposable
{
    private readonly PostgresNodes nodes = new(fixture);

    public void Dispose() => nodes.Dispose();

    [SkippableFact]
    public async Task After_kill_9_everything_acknowledged_is_there_as_a_whole_and_no_other_part()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var acknowledged = 0UL;
        for (var kill = 0; kill < 3; kill++)
        {
            using var enough = new SemaphoreSlim(0);
            using var journal = nodes.OpenWriter(new TestChain());
            var committing = Waiting.OnThread(() =>
            {
                var chain = new TestChain();
                try
                {
                    for (var height = 1UL; ; height++)
                    {
                        var batch = Kill_9.BatchOf(chain, height);
                        if (height > journal.FinalHeight)
                        {
                            journal.Commit(batch);
                            Volatile.Write(ref acknowledged, height);
                            enough.Release();
                        }
                    }
                }
                catch (Exception failure)
                {
                    return failure;
                }
            });
            for (var commits = random.Next(1, 30); commits > 0; commits--)
            {
                await enough.WaitAsync();
            }

            nodes.Server.Kill();
            Assert.Equal(JournalFault.Failed, Assert.IsType<JournalException>(await committing).Fault);
            nodes.Server.Start();
            Assert.Contains("opened again", Assert.Throws<JournalException>(() => journal.Commit(new JournalBatch())).Message, StringComparison.Ordinal);

            using var again = nodes.OpenWriter(new TestChain());
            Assert.True(again.FinalHeight >= acknowledged && again.FinalHeight <= acknowledged + 1, $"seed {seed}: {again.FinalHeight}, acknowledged {acknowledged}");
            Assert.Equal(again.FinalHeight, again.Sequence);
            Kill_9.AssertHolds(again, $"seed {seed}, kill {kill}");
            acknowledged = again.FinalHeight;
        }
    }

    [SkippableFact]
    public async Task After_kill_9_every_released_signature_is_remembered()
    {
        var chain = new TestChain();
        var store = nodes.Open(chain);
        using var guard = store.OpenGuard(store.OpenWriter().Generation);
        var vote = chain.Vote(0, 0, 0, Phase.Precommit, 1);
        var released = 0UL;
        using var enough = new SemaphoreSlim(0);
        var signing = Waiting.OnThread(() => Record.Exception((Action)(() =>
        {
            for (var height = 1UL; ; height++)
            {
                guard.Record(vote with { Ballot = vote.Ballot with { Height = height } });
                Volatile.Write(ref released, height);
                enough.Release();
            }
        })));
        for (var records = 0; records < 40; records++)
        {
            await enough.WaitAsync();
        }

        nodes.Server.Kill();
        Assert.IsType<JournalException>(await signing);
        nodes.Server.Start();

        var other = chain.Vote(0, 0, 0, Phase.Precommit, 2);
        for (var height = 1UL; height <= released; height++)
        {
            Assert.IsType<GuardDecision.DoubleSign>(guard.Record(other with { Ballot = other.Ballot with { Height = height } }));
        }
    }

    [SkippableFact]
    public async Task After_a_restart_reads_records_and_votes_go_on_without_being_asked_twice()
    {
        var chain = new TestChain();
        var store = nodes.Open(chain, with: static options => options with { BlockCacheBytes = 0 });
        using var journal = store.OpenWriter();
        using var guard = store.OpenGuard(journal.Generation);
        journal.Commit(new JournalBatch { Finalized = [chain.Next()] });
        guard.Record(chain.Vote(0, 1, 0, Phase.Prepare, 1));
        await store.Votes.AppendAsync(VoteRun.Of([chain.Vote(0, 1, 0, Phase.Prepare, 1)]), default);
        await Waiting.AtOnce(4, _ => store.Reader.BlockAt(1)!.Block.Height); // several connections at rest
        nodes.Server.Stop();
        Assert.Contains("can the server be reached", Assert.Throws<JournalException>(() => store.Reader.BlockAt(1)).Message, StringComparison.Ordinal);
        nodes.Server.Start();

        Assert.Equal(1UL, store.Reader.BlockAt(1)!.Block.Height);
        Assert.IsType<GuardDecision.Released>(guard.Record(chain.Vote(0, 2, 0, Phase.Prepare, 1)));
        Assert.Single(await store.Votes.ReadAsync(1, default));
        Assert.Equal(1UL, store.Load().Sequence);
        nodes.Server.Stop();
        nodes.Server.Start();
        using var next = store.OpenWriter();
        next.Commit(new JournalBatch { Finalized = [chain.Next()] });
        await Waiting.AtOnce(4, i => GuardOf(next.Generation).Record(chain.Vote(i, 3, 0, Phase.Prepare, 1)));
        nodes.Server.Stop();
        nodes.Server.Start();
        Assert.Throws<JournalException>(() => next.Commit(new JournalBatch())); // its connection was gone: what came of it is unknown
        using var last = store.OpenWriter();
        last.Commit(new JournalBatch { Finalized = [chain.Next()] });
        Assert.Equal(3UL, last.Sequence);

        ISigningGuard GuardOf(ulong generation) => store.OpenGuard(generation);
    }

    [SkippableFact]
    public void A_frozen_server_fails_within_the_command_timeout_and_is_used_again_when_it_goes_on()
    {
        var chain = new TestChain();
        var store = nodes.Open(chain, with: static options => options with { BlockCacheBytes = 0, CommandTimeout = TimeSpan.FromSeconds(1) });
        using var journal = store.OpenWriter();
        nodes.Server.Freeze();
        try
        {
            Assert.Equal(JournalFault.Failed, Assert.Throws<JournalException>(() => journal.Commit(new JournalBatch { Finalized = [chain.Next()] })).Fault);
        }
        finally
        {
            nodes.Server.Thaw();
        }

        // Whether the server still carried it out, once it went on, only the server knows.
        using var again = nodes.OpenWriter(chain);
        Assert.Equal(again.FinalHeight, again.Sequence);
        Assert.Equal(again.FinalHeight, again.Load().Final.Block.Height);
    }

    [SkippableFact]
    public void A_batch_that_fails_at_the_moment_of_commit_is_not_acknowledged()
    {
        var chain = new TestChain();
        using var journal = nodes.OpenWriter(chain);
        nodes.Run(
            """
            CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'at the last moment'; END $$;
            CREATE CONSTRAINT TRIGGER fails AFTER INSERT ON block DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail();
            """);
        var failure = Assert.Throws<JournalException>(() => journal.Commit(new JournalBatch { Finalized = [chain.Next()] }));
        Assert.Contains("at the last moment", failure.Message, StringComparison.Ordinal);
        Assert.Equal(0UL, journal.FinalHeight);
        Assert.Equal(0UL, nodes.OpenWriter(chain).Sequence);
    }

    [SkippableFact]
    public void Commits_and_signatures_wait_for_the_disk_even_where_the_server_need_not()
    {
        var chain = new TestChain();
        nodes.Run(
            """
            CREATE TABLE seen (what text, setting text);
            CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN INSERT INTO seen VALUES (TG_TABLE_NAME, current_setting('synchronous_commit')); RETURN NULL; END $$;
            CREATE CONSTRAINT TRIGGER sees AFTER INSERT ON block DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION see();
            CREATE CONSTRAINT TRIGGER sees AFTER INSERT ON signed DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION see();
            CREATE CONSTRAINT TRIGGER sees AFTER INSERT ON watermark DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION see();
            """);
        nodes.Run("ALTER ROLE tester SET synchronous_commit = off");
        try
        {
            var store = nodes.Open(chain);
            var vote = chain.Vote(0, 1, 0, Phase.Prepare, 1);
            nodes.Run("TRUNCATE seen");
            using var journal = store.OpenWriter();
            journal.Commit(new JournalBatch { Finalized = [chain.Next()] });
            using var guard = store.OpenGuard(journal.Generation);
            guard.Record(vote);
            store.OpenGuard(null).Record(chain.Vote(1, 1, 0, Phase.Prepare, 1));
            guard.RefuseUpTo(vote.Validator, 1);
        }
        finally
        {
            nodes.Run("ALTER ROLE tester RESET synchronous_commit");
        }

        Assert.Equal("block on;signed on;signed on;watermark on", nodes.Run("SELECT string_agg(what || ' ' || setting, ';' ORDER BY what) FROM seen"));
    }

    [SkippableFact]
    public async Task A_commit_whose_answer_is_lost_stops_the_writer_and_the_store_tells_the_next_one_that_it_is_there()
    {
        var chain = new TestChain();
        using var journal = nodes.OpenWriter(chain);
        nodes.Run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
        nodes.Run("SELECT pg_reload_conf()");
        var committing = Waiting.OnThread(() => Record.Exception((Action)(() =>
        {
            while (true) // until the setting has arrived everywhere: from then on a commit waits for a standby that never answers
            {
                journal.Commit(new JournalBatch { Finalized = [chain.Next()] });
            }
        })));
        try
        {
            nodes.Until("EXISTS (SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep')");
            nodes.Run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
            Assert.Equal(JournalFault.Failed, Assert.IsType<JournalException>(await committing).Fault);
        }
        finally
        {
            nodes.Run("ALTER SYSTEM RESET synchronous_standby_names");
            nodes.Run("SELECT pg_reload_conf()");
        }

        Assert.Equal(journal.FinalHeight, chain.Tip.Height - 1);
        Assert.Contains("opened again", Assert.Throws<JournalException>(() => journal.Commit(new JournalBatch())).Message, StringComparison.Ordinal);
        using var next = nodes.OpenWriter(chain);
        Assert.Equal((chain.Tip.Height, chain.Tip.Height), (next.Sequence, next.FinalHeight));
        next.Commit(new JournalBatch { Finalized = [chain.Next()] });
    }
}
