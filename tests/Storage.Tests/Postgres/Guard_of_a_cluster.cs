using LuxTensor.Core.Voting;
using LuxTensor.Engine;
using LuxTensor.Storage;
using LuxTensor.Tests.Postgres;

namespace LuxTensor.Tests.Storage.Postgres;

/// <summary>What the guard in a shared database does beyond the rules of every guard: generations, races, copies of the database.</summary>
[Collection(PostgresCollection.Name)]
public sealed class Guard_of_a_cluster(PostgresFixture fixture) : IDisposable
{
    private readonly PostgresNodes nodes = new(fixture);
    private readonly TestChain chain = new();

    public void Dispose() => nodes.Dispose();

    [SkippableFact]
    public void A_guard_of_an_earlier_generation_records_and_releases_nothing() // 20 of 20
    {
        var store = nodes.Open(chain);
        using var older = store.OpenGuard(store.OpenWriter().Generation);
        var signed = chain.Vote(0, 1, 0, Phase.Prepare, 1);
        Assert.IsType<GuardDecision.Released>(older.Record(signed));
        using var newer = store.OpenGuard(nodes.OpenWriter(chain).Generation);

        for (var height = 2UL; height < 22; height++)
        {
            Assert.Equal(JournalFault.InUse, Assert.Throws<JournalException>(() => older.Record(chain.Vote(0, height, 0, Phase.Prepare, 1))).Fault);
        }

        Assert.Equal(JournalFault.InUse, Assert.Throws<JournalException>(() => older.Record(signed)).Fault);
        Assert.Equal(JournalFault.InUse, Assert.Throws<JournalException>(() => older.RefuseUpTo(signed.Validator, 90)).Fault);
        Assert.Equal(JournalFault.InUse, Assert.Throws<JournalException>(() => older.VerifyNotOlderThan(signed.Validator, new SigningPosition(90, 0, Phase.Prepare))).Fault);
        Assert.Equal(JournalFault.InUse, Assert.Throws<JournalException>(() => store.OpenGuard(1)).Fault);
        Assert.Equal(1L, nodes.Run("SELECT (SELECT count(*) FROM signed) + (SELECT count(*) FROM watermark) + (SELECT count(*) FROM blocked)"));
        Assert.Equal(new GuardDecision.Released(signed.Signature), newer.Record(signed));
        Assert.IsType<GuardDecision.Released>(newer.Record(chain.Vote(0, 2, 0, Phase.Prepare, 2)));
    }

    [SkippableFact]
    public async Task Once_a_takeover_has_returned_no_older_guard_records_anything()
    {
        var store = nodes.Open(chain);
        using var older = store.OpenGuard(store.OpenWriter().Generation);
        var vote = chain.Vote(0, 0, 0, Phase.Prepare, 1);
        var released = 0;
        var isTaken = false;
        var racing = Enumerable.Range(0, 4).Select(validator => Waiting.OnThread(JournalFault? () =>
        {
            var last = ulong.MaxValue;
            for (var height = 1UL; height < last; height++)
            {
                last = last == ulong.MaxValue && Volatile.Read(ref isTaken) ? height + 10 : last; // it should be refused long before
                var next = vote with { Validator = TestChain.Validators[validator], Ballot = vote.Ballot with { Height = height } };
                if (Record.Exception(() => older.Record(next)) is { } refused)
                {
                    return Assert.IsType<JournalException>(refused).Fault;
                }

                Interlocked.Increment(ref released);
            }

            return null;
        })).ToArray();
        nodes.Until("(SELECT count(*) FROM signed) > 20");
        var newer = nodes.Open(chain);
        newer.OpenWriter();
        var then = (long)nodes.Run("SELECT count(*) FROM signed")!;
        Volatile.Write(ref isTaken, true);

        Assert.All(await Task.WhenAll(racing), fault => Assert.Equal(JournalFault.InUse, fault));
        Assert.Equal(then, nodes.Run("SELECT count(*) FROM signed"));
        Assert.Equal(then, released);
    }

    [SkippableFact]
    public async Task A_takeover_waits_for_a_record_that_is_under_way()
    {
        var store = nodes.Open(chain);
        using var older = store.OpenGuard(store.OpenWriter().Generation);
        using var between = nodes.Connect();
        using var held = between.BeginTransaction();
        using (var hold = new Npgsql.NpgsqlCommand("LOCK TABLE signed IN EXCLUSIVE MODE", between)) // it can be read, not written
        {
            hold.ExecuteNonQuery();
        }

        var record = Waiting.OnThread(() => older.Record(chain.Vote(0, 1, 0, Phase.Prepare, 1)));
        nodes.Until(Waiting.SomebodyWaits);
        var newer = nodes.Open(chain, with: static options => options with { CommandTimeout = TimeSpan.FromMinutes(2) });
        var takeover = Waiting.OnThread(newer.OpenWriter);
        nodes.Until("(SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock') >= 2");
        Assert.False(record.IsCompleted || takeover.IsCompleted);
        held.Rollback();

        var generation = (await takeover).Generation;
        Assert.IsType<GuardDecision.Released>(await record);
        Assert.IsType<GuardDecision.DoubleSign>(newer.OpenGuard(generation).Record(chain.Vote(0, 1, 0, Phase.Prepare, 2)));
    }

    [SkippableFact]
    public void Without_a_generation_a_guard_records_what_others_carried_here() // GRD-5
    {
        var store = nodes.Open(chain);
        var learning = store.OpenGuard(null);
        store.OpenWriter();
        using var signing = store.OpenGuard(store.OpenWriter().Generation);
        var seen = chain.Vote(0, 5, 0, Phase.Precommit, 1);
        Assert.IsType<GuardDecision.Released>(learning.Record(seen));
        Assert.Equal(
            new GuardDecision.DoubleSign(seen.Ballot.BlockHash, TestChain.HashOf(2)), signing.Record(chain.Vote(0, 5, 0, Phase.Precommit, 2)));
    }

    [SkippableFact]
    public async Task Of_different_votes_at_once_one_is_released_and_of_the_same_vote_one_signature()
    {
        var generation = nodes.OpenWriter(chain).Generation;
        var guards = Enumerable.Range(0, 8).Select(i => nodes.Open(chain).OpenGuard(i % 4 == 3 ? null : generation)).ToArray();
        for (var height = 1UL; height <= 10; height++)
        {
            var different = Enumerable.Range(0, 8).Select(i => chain.Vote(0, height, 0, Phase.Prepare, (byte)(i + 1))).ToArray();
            var answers = await Waiting.AtOnce(8, i => guards[i].Record(different[i]));
            var winner = Assert.Single(answers.OfType<GuardDecision.Released>());
            var block = different.Single(vote => vote.Signature == winner.Signature).Ballot.BlockHash;
            Assert.All(answers.OfType<GuardDecision.DoubleSign>(), refused => Assert.Equal(block, refused.Signed));
            Assert.Equal(7, answers.OfType<GuardDecision.DoubleSign>().Count());

            // The same vote, each time with another signature: one of them is the signature, for all.
            var same = chain.Vote(0, height, 0, Phase.Precommit, 1);
            var signatures = await Waiting.AtOnce(8, i => guards[i].Record(same with { Signature = different[i].Signature }));
            Assert.Single(signatures.Select(static answer => Assert.IsType<GuardDecision.Released>(answer).Signature).Distinct());
        }
    }

    [SkippableFact]
    public void On_another_database_system_nothing_is_released_until_the_operator_accepts()
    {
        var store = nodes.Open(chain, with: static options => options with { AcceptNewTimeline = true });
        using var guard = store.OpenGuard(store.OpenWriter().Generation);
        using var learning = store.OpenGuard(null);
        var signed = chain.Vote(0, 5, 0, Phase.Prepare, 1);
        Assert.IsType<GuardDecision.Released>(guard.Record(signed));
        nodes.Run("UPDATE guard_origin SET system_identifier = system_identifier + 1");

        foreach (var vote in new[] { signed, chain.Vote(0, 6, 0, Phase.Prepare, 1), chain.Vote(1, 6, 0, Phase.Prepare, 1) })
        {
            Assert.Contains("accept", Assert.IsType<GuardDecision.Blocked>(guard.Record(vote)).Reason, StringComparison.Ordinal);
        }

        Assert.NotNull(guard.BlockedForAll());
        Assert.NotNull(guard.VerifyNotOlderThan(signed.Validator, new SigningPosition(5, 0, Phase.Prepare)));
        Assert.IsType<GuardDecision.Blocked>(nodes.Open(chain).OpenGuard(1).Record(signed));
        Assert.IsType<GuardDecision.Released>(learning.Record(chain.Vote(2, 6, 0, Phase.Prepare, 1)));
        Assert.Equal(2L, nodes.Run("SELECT count(*) FROM signed"));

        Assert.True(guard.Accept(refuseUpTo: 8));
        Assert.False(guard.Accept());
        Assert.Null(guard.BlockedForAll());
        Assert.Equal(new GuardDecision.Released(signed.Signature), guard.Record(signed));
        Assert.IsType<GuardDecision.BelowWatermark>(guard.Record(chain.Vote(0, 8, 3, Phase.Precommit, 1)));
        Assert.IsType<GuardDecision.Released>(guard.Record(chain.Vote(0, 9, 0, Phase.Prepare, 1)));
    }

    [SkippableFact]
    public void After_the_database_was_restored_nothing_is_released_unless_new_timelines_are_accepted()
    {
        var store = nodes.Open(chain);
        var generation = store.OpenWriter().Generation;
        using var guard = store.OpenGuard(generation);
        Assert.IsType<GuardDecision.Released>(guard.Record(chain.Vote(0, 5, 0, Phase.Prepare, 1)));
        nodes.Server.RestartRestored();

        var blocked = Assert.IsType<GuardDecision.Blocked>(guard.Record(chain.Vote(0, 6, 0, Phase.Prepare, 1)));
        Assert.Contains("timeline", blocked.Reason, StringComparison.Ordinal);
        Assert.Equal(1L, nodes.Run("SELECT count(*) FROM signed"));
        using var trusting = nodes.Open(chain, with: static options => options with { AcceptNewTimeline = true }).OpenGuard(generation);
        Assert.IsType<GuardDecision.Released>(trusting.Record(chain.Vote(0, 6, 0, Phase.Prepare, 1)));
        Assert.IsType<GuardDecision.Released>(guard.Record(chain.Vote(0, 7, 0, Phase.Prepare, 1)));
    }

    [SkippableTheory]
    [InlineData("UPDATE signed SET block = set_byte(block, 0, 255 - get_byte(block, 0))", "the vote of")]
    [InlineData("UPDATE watermark SET height = height - 1", "the watermark row")]
    [InlineData("UPDATE blocked SET height = height - 1", "the blocked row")]
    public void A_changed_row_releases_nothing(string change, string found)
    {
        var store = nodes.Open(chain);
        using var guard = store.OpenGuard(store.OpenWriter().Generation);
        var vote = chain.Vote(0, 5, 0, Phase.Prepare, 1);
        guard.Record(vote);
        guard.RefuseUpTo(vote.Validator, 3);
        guard.VerifyNotOlderThan(vote.Validator, new SigningPosition(9, 0, Phase.Prepare));
        nodes.Run(change);

        var damage = Assert.Throws<JournalException>(() => guard.Record(vote));
        Assert.Equal(JournalFault.Damaged, damage.Fault);
        Assert.Contains(found, damage.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Records_move_between_the_databases_and_files_of_an_operator()
    {
        using var folder = new Folder();
        var store = nodes.Open(chain);
        using var guard = store.OpenGuard(store.OpenWriter().Generation);
        guard.Record(chain.Vote(0, 5, 1, Phase.Precommit, 1));
        guard.Record(chain.Vote(1, 7, 0, Phase.Prepare, 1));
        using var file = new MemoryStream();
        Assert.Equal(new InterchangeSummary(2, 2), Interchange.Export(guard, file));

        using var sqlite = SqliteSigningGuard.Open(folder["guard.db"], GuardOptions.For(chain.Genesis));
        file.Position = 0;
        Assert.Equal(new InterchangeSummary(2, 2), Interchange.Import(sqlite, file));
        Assert.IsType<GuardDecision.BelowWatermark>(sqlite.Record(chain.Vote(0, 5, 1, Phase.Prepare, 2)));

        sqlite.Record(chain.Vote(0, 20, 0, Phase.Prepare, 1));
        using var back = new MemoryStream();
        Interchange.Export(sqlite, back);
        back.Position = 0;
        using var other = nodes.Open(chain, "other").OpenGuard(null);
        Interchange.Import(other, back);
        Assert.Equal([TestChain.Validators[0], TestChain.Validators[1]], other.Validators().OrderBy(TestChain.Validators.IndexOf));
        Assert.IsType<GuardDecision.BelowWatermark>(other.Record(chain.Vote(0, 20, 0, Phase.Prepare, 2)));
        Assert.IsType<GuardDecision.Released>(other.Record(chain.Vote(0, 20, 0, Phase.Precommit, 2)));
    }
}
