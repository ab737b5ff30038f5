using LuxTensor.Engine;
using LuxTensor.Tests.Postgres;

namespace LuxTensor.Tests.Storage.Postgres;

/// <summary>Several processes that each believe that they run the node: only the last one that took it over stores anything.</summary>
[Collection(PostgresCollection.Name)]
public sealed class Taking_over(PostgresFixture fixture) : IDisposable
{
    private readonly PostgresNodes nodes = new(fixture);
    private readonly TestChain chain = new();

    public void Dispose() => nodes.Dispose();

    [SkippableFact]
    public void The_older_writer_is_refused_stores_nothing_and_says_so_from_then_on()
    {
        var (one, two) = (chain.Next(), chain.Next());
        using var older = nodes.OpenWriter(chain);
        older.Commit(new JournalBatch { Finalized = [one] });
        using var newer = nodes.OpenWriter(chain);
        Assert.Equal((1UL, 2UL), (older.Generation, newer.Generation));
        Assert.Equal((1UL, 1UL), (newer.Sequence, newer.FinalHeight));

        var before = Everything();
        for (var attempt = 0; attempt < 20; attempt++)
        {
            var refused = Assert.Throws<JournalException>(() => older.Commit(new JournalBatch { Finalized = [two], Inputs = [TestChain.Input(9, 9, 9)] }));
            Assert.Equal(JournalFault.InUse, refused.Fault);
            Assert.Contains("another process took the node over", refused.Message, StringComparison.Ordinal);
        }

        Assert.Equal(JournalFault.InUse, Assert.Throws<JournalException>(() => older.Load()).Fault);
        Assert.Equal(before, Everything());
        newer.Commit(new JournalBatch { Finalized = [two] });
        Assert.Equal(2UL, newer.Load().Final.Block.Height);
    }

    [SkippableFact]
    public void Each_stale_writer_is_refused_at_its_first_commit() // 20 of 20
    {
        var stale = Enumerable.Range(0, 20).Select(_ => nodes.OpenWriter(chain)).ToArray();
        using var last = nodes.OpenWriter(chain);
        var batch = new JournalBatch { Finalized = [chain.Next()] };
        Assert.All(stale, writer => Assert.Equal(JournalFault.InUse, Assert.Throws<JournalException>(() => writer.Commit(batch)).Fault));
        Assert.Equal(1L, nodes.Run("SELECT count(*) FROM block"));
        Assert.Equal(0L, nodes.Run("SELECT sequence FROM writer"));
        last.Commit(batch);
        Assert.Equal(1L, nodes.Run("SELECT height FROM writer"));
    }

    [SkippableFact]
    public async Task A_takeover_waits_for_a_commit_that_is_under_way_and_goes_on_from_it()
    {
        using var older = nodes.OpenWriter(chain);
        using var between = nodes.Connect();
        using var held = between.BeginTransaction();
        Execute(between, "LOCK TABLE block IN EXCLUSIVE MODE");
        var commit = Waiting.OnThread(() => Record.Exception(() => older.Commit(new JournalBatch { Finalized = [chain.Next()] })));
        nodes.Until(Waiting.SomebodyWaits);
        var store = nodes.Open(chain, with: static options => options with { CommandTimeout = TimeSpan.FromMinutes(2) });
        var takeover = Waiting.OnThread(store.OpenWriter);
        nodes.Until("(SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock') >= 2");
        Assert.False(commit.IsCompleted || takeover.IsCompleted);
        held.Rollback();

        Assert.Null(await commit);
        using var newer = await takeover;
        Assert.Equal((1UL, 1UL, 2UL), (newer.Sequence, newer.FinalHeight, newer.Generation));
        Assert.Equal(JournalFault.InUse, Assert.Throws<JournalException>(() => older.Commit(new JournalBatch { Finalized = [chain.Next()] })).Fault);
    }

    [SkippableFact]
    public async Task A_writer_that_hangs_in_the_middle_of_a_commit_is_cut_off_and_nothing_of_it_is_stored()
    {
        var block = chain.Next();
        using var older = nodes.OpenWriter(chain);
        using var between = nodes.Connect();
        using var held = between.BeginTransaction();
        Execute(between, "LOCK TABLE pool IN EXCLUSIVE MODE"); // one of the last tables that a commit writes
        var commit = Waiting.OnThread(() => Record.Exception(() => older.Commit(
            new JournalBatch { Finalized = [block], PoolAdded = [new PoolEntry(1, TestChain.Waiting(1))] })));
        nodes.Until(Waiting.SomebodyWaits);
        using var newer = nodes.Open(chain, with: static options => options with { CommandTimeout = TimeSpan.FromSeconds(4) }).OpenWriter();

        Assert.Equal(JournalFault.Failed, Assert.IsType<JournalException>(await commit).Fault);
        Assert.Throws<JournalException>(() => older.Commit(new JournalBatch()));
        held.Rollback();
        Assert.Equal((0UL, 0UL), (newer.Sequence, newer.FinalHeight));
        newer.Commit(new JournalBatch { Finalized = [block] });
        Assert.Empty(newer.Load().Pool);
    }

    [SkippableFact]
    public async Task A_block_that_becomes_final_while_it_is_asked_for_is_not_missing()
    {
        var store = nodes.Open(chain);
        using var between = nodes.Connect();
        using var held = between.BeginTransaction();
        Execute(between, "LOCK TABLE block");
        var (first, second) = (Waiting.OnThread(() => store.Reader.BlockAt(1)), store.BlockAtAsync(1, CancellationToken.None));
        nodes.Until("(SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock') >= 2");
        store.Learn(1);
        held.Rollback();

        Assert.Null(await first);
        Assert.Null(await second);
    }

    [SkippableFact]
    public async Task Of_many_takeovers_at_once_each_has_its_own_generation_and_only_the_highest_stores()
    {
        nodes.Open(chain);
        var stores = Enumerable.Range(0, 8).Select(_ => nodes.Open(chain)).ToArray();
        var writers = await Waiting.AtOnce(8, i => stores[i].OpenWriter());
        Assert.Equal(Enumerable.Range(1, 8).Select(static number => (ulong)number), writers.Select(static writer => writer.Generation).Order());

        var block = chain.Next();
        var stored = await Waiting.AtOnce(8, i => Record.Exception(() => writers[i].Commit(new JournalBatch { Finalized = [block] })) is null);
        Assert.Equal([8UL], writers.Where((_, i) => stored[i]).Select(static writer => writer.Generation));
    }

    [SkippableFact]
    public async Task What_a_replica_loads_is_of_one_commit_while_others_are_stored()
    {
        const int Blocks = 40;
        var store = nodes.Open(chain);
        using var writer = store.OpenWriter();
        var replica = nodes.Open(chain);
        var done = false;
        var loading = Waiting.OnThread(() =>
        {
            var seen = new List<(ulong Sequence, ulong Height, int Inputs, int Pool)>();
            do
            {
                var snapshot = replica.Load();
                seen.Add((snapshot.Sequence, snapshot.Contents.Final.Block.Height, snapshot.Contents.Inputs.Count, snapshot.Contents.Pool.Count));
            }
            while (!Volatile.Read(ref done));

            return seen;
        });
        for (var i = 1UL; i <= Blocks; i++)
        {
            writer.Commit(new JournalBatch { Finalized = [chain.Next(1)], Inputs = [TestChain.Input(i + 1, 10, (int)i)], PoolAdded = [new PoolEntry(i, TestChain.Waiting(i))] });
            Assert.Equal(i, writer.Sequence);
        }

        Volatile.Write(ref done, true);
        Assert.All(await loading, seen => Assert.Equal((seen.Sequence, seen.Sequence > 0 ? 1 : 0, (int)seen.Sequence), (seen.Height, seen.Inputs, seen.Pool)));
        Assert.Equal((ulong)Blocks, replica.Load().Sequence);
    }

    [SkippableFact]
    public void Another_process_reads_what_the_writer_stored_and_learns_of_it_by_what_it_finds()
    {
        using var writer = nodes.OpenWriter(chain);
        var reader = nodes.Open(chain);
        var blocks = Enumerable.Range(0, 4).Select(_ => chain.Next()).ToArray();
        writer.Commit(new JournalBatch { Finalized = [.. blocks] });

        Assert.Equal(0UL, reader.Reader.FinalHeight);
        Assert.Equal(blocks[0].Block.Hash, reader.Reader.BlockAt(1)!.Block.Hash);
        Assert.Equal(1UL, reader.Reader.FinalHeight);
        Assert.Equal(new TransactionPlace(2, 1), reader.Reader.Locate(blocks[1].Block.Transactions[1].Id));
        Assert.Equal(2UL, reader.Reader.FinalHeight);
        Assert.Equal(3UL, reader.Reader.BlockBy(blocks[2].Block.Hash)!.Block.Height);
        Assert.Equal(3UL, reader.Reader.FinalHeight);
        Assert.Equal(4UL, reader.Refresh());
        reader.Learn(2);
        Assert.Equal(4UL, reader.Reader.FinalHeight);
        Assert.Null(reader.Reader.BlockAt(5));
        Assert.Null(reader.Reader.BlockAt(ulong.MaxValue));
    }

    [SkippableTheory]
    [InlineData("UPDATE block SET bytes = set_byte(bytes, 40, 255 - get_byte(bytes, 40)) WHERE height = 2", "final block 2")]
    [InlineData("DELETE FROM block WHERE height = 2", "final block 2 is missing")]
    [InlineData("UPDATE writer SET height = 1", "the last final block should be 1")]
    [InlineData("UPDATE state SET value = set_byte(value, 0, 255 - get_byte(value, 0)) WHERE key = (SELECT key FROM state ORDER BY key LIMIT 1)", "the state's root")]
    [InlineData("DELETE FROM state WHERE key = (SELECT key FROM state ORDER BY key LIMIT 1)", "the state's root")]
    [InlineData("UPDATE input SET height = decode('0000000000000007', 'hex')", "input")]
    [InlineData("UPDATE pool SET arrival = 5", "pool entry")]
    [InlineData("UPDATE epoch SET members = set_byte(members, 3, 255 - get_byte(members, 3)) WHERE epoch = 1", "the validator set of epoch 1")]
    [InlineData("UPDATE evidence SET bytes = set_byte(bytes, 3, 255 - get_byte(bytes, 3))", "evidence")]
    [InlineData("DELETE FROM writer", "the row of the writer is missing")]
    public void Changed_rows_are_found_when_a_node_starts(string change, string found)
    {
        var store = nodes.Open(chain);
        using (var writer = store.OpenWriter())
        {
            writer.Commit(new JournalBatch
            {
                Finalized = [chain.Next(), chain.Next()],
                Inputs = [TestChain.Input(3, 10, 1)],
                PoolAdded = [new PoolEntry(1, TestChain.Waiting(1))],
                Evidence = [chain.DoubleVote(1, 1)],
            });
        }

        nodes.Run(change);
        var damage = Assert.Throws<JournalException>(() => store.Load());
        Assert.Equal(JournalFault.Damaged, damage.Fault);
        Assert.Contains(found, damage.Message, StringComparison.Ordinal);
        Assert.Contains(store.Where, damage.Message, StringComparison.Ordinal);
    }

    private static void Execute(Npgsql.NpgsqlConnection connection, string sql)
    {
        using var command = new Npgsql.NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }

    private string Everything() => string.Join('\n', ((string[])["writer", "block", "place", "state", "epoch", "input", "pool", "evidence", "miss"])
        .Select(table => (string)nodes.Run($"SELECT coalesce(string_agg(row::text, ';' ORDER BY row::text), '') FROM {table} AS row")!));
}
