using LuxTensor.Tests.Postgres;
using Npgsql;
using static LuxTensor.Tests.Storage.Postgres.OrleansQuery;

namespace LuxTensor.Tests.Storage.Postgres;

/// <summary>The queues of Orleans' stream provider.</summary>
[Collection(PostgresCollection.Name)]
public sealed class Orleans_streams(PostgresFixture fixture) : IDisposable
{
    private const int Attempts = 2;
    private static readonly (string, object?)[] Queue = [("ServiceId", "s"), ("ProviderId", "p"), ("QueueId", "q")];

    private readonly PostgresNodes nodes = new(fixture);

    public void Dispose() => nodes.Dispose();

    [SkippableFact]
    public void A_message_that_was_taken_is_hidden_until_it_is_confirmed_or_given_back()
    {
        using var connection = nodes.Connect();
        var ids = Enumerable.Range(1, 3).Select(i => Add(connection, (byte)i)).ToArray();
        Assert.Equal([(ids[0], 1, (byte)1), (ids[1], 1, (byte)2)], Take(connection, most: 2));
        Assert.Equal([(ids[2], 1, (byte)3)], Take(connection, most: 2));
        Assert.Empty(Take(connection));

        Assert.Equal([ids[0]], Settle(connection, $"{ids[0]}:1|{ids[1]}:7")); // the second receipt is not the last
        Assert.Equal([ids[1]], Settle(connection, $"{ids[1]}:-1"));
        Assert.Equal([(ids[1], 2, (byte)2)], Take(connection));
        Assert.Empty(Settle(connection, $"{ids[1]}:1"));
        Assert.Equal([ids[1]], Settle(connection, $"{ids[1]}:2"));
        Assert.Equal(1L, nodes.Run("SELECT count(*) FROM orleans_stream_message"));
    }

    [SkippableFact]
    public void A_message_that_fails_too_often_or_is_too_old_becomes_a_dead_letter_and_is_forgotten()
    {
        using var connection = nodes.Connect();
        var (failing, old) = (Add(connection, 1), Add(connection, 2, expiry: 0));
        Take(connection); // the old one is found dead
        Fail(connection, failing);
        Assert.Equal([(failing, 2, (byte)1)], Take(connection));
        Fail(connection, failing);
        Assert.Empty(Take(connection));
        Answer(connection, "EvictStreamMessagesKey", [.. Queue, ("MaxCount", 10), ("MaxAttempts", Attempts), ("RemovalTimeout", 600)]);
        Assert.Equal($"{failing} 2;{old} 0", nodes.Run("SELECT string_agg(id || ' ' || taken, ';' ORDER BY id) FROM orleans_stream_dead_letter"));
        Assert.Equal(0L, nodes.Run("SELECT count(*) FROM orleans_stream_message"));
        nodes.Run($"UPDATE orleans_stream_dead_letter SET removed_at = now() WHERE id = {old}");
        Answer(connection, "EvictStreamDeadLettersKey", [.. Queue, ("MaxCount", 10)]);
        Assert.Equal(1L, nodes.Run("SELECT count(*) FROM orleans_stream_dead_letter"));
    }

    [SkippableFact]
    public async Task Of_several_that_take_at_once_each_message_goes_to_one()
    {
        using var connection = nodes.Connect();
        var ids = Enumerable.Range(0, 60).Select(i => Add(connection, (byte)i)).ToArray();
        var taken = await Waiting.AtOnce(4, _ =>
        {
            using var own = nodes.Connect();
            var all = new List<long>();
            while (Take(own, most: 7) is { Count: > 0 } some)
            {
                all.AddRange(some.Select(static message => message.Id));
            }

            return all;
        });
        Assert.Equal(ids, taken.SelectMany(static some => some).Order());
    }

    private static long Add(NpgsqlConnection connection, byte payload, int expiry = 600) =>
        Assert.Single(Rows(connection, "QueueStreamMessageKey", static row => (long)row["MessageId"], [.. Queue, ("Payload", new[] { payload }), ("ExpiryTimeout", expiry)]));

    private static List<(long Id, int Taken, byte Payload)> Take(NpgsqlConnection connection, int most = 10) =>
        [.. Rows(connection, "GetStreamMessagesKey", static row =>
            {
                Assert.Equal(("s", "p", "q"), ((string)row["ServiceId"], (string)row["ProviderId"], (string)row["QueueId"]));
                Assert.True((DateTime)row["ExpiresOn"] > (DateTime)row["CreatedOn"] && (DateTime)row["VisibleOn"] > (DateTime)row["ModifiedOn"]);
                return ((long)row["MessageId"], (int)row["Dequeued"], ((byte[])row["Payload"])[0]);
            }, [.. Queue, ("MaxCount", most), ("MaxAttempts", Attempts), ("VisibilityTimeout", 600), ("RemovalTimeout", 600), ("EvictionInterval", 0), ("EvictionBatchSize", 10)]).Order()];

    private static List<long> Settle(NpgsqlConnection connection, string receipts) =>
        Rows(connection, "ConfirmStreamMessagesKey", static row => (long)row["MessageId"], [.. Queue, ("Items", receipts)]);

    private static void Fail(NpgsqlConnection connection, long id) =>
        Answer(connection, "FailStreamMessageKey", [.. Queue, ("MessageId", id), ("MaxAttempts", Attempts), ("RemovalTimeout", 600)]);
}
