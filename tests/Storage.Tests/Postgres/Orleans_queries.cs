using LuxTensor.Tests.Postgres;
using Npgsql;
using static LuxTensor.Tests.Storage.Postgres.OrleansQuery;

namespace LuxTensor.Tests.Storage.Postgres;

/// <summary>The queries that Orleans' providers read from the schema, sent as they send them: by key, with named parameters.</summary>
[Collection(PostgresCollection.Name)]
public sealed class Orleans_queries(PostgresFixture fixture) : IDisposable
{
    private const string Service = "lux";
    private static readonly DateTime Noon = new(2030, 1, 1, 12, 0, 0, DateTimeKind.Utc);

    private readonly PostgresNodes nodes = new(fixture);

    public void Dispose() => nodes.Dispose();

    [SkippableTheory]
    [InlineData(null)]
    [InlineData("a string key")]
    public async Task Of_two_first_writers_of_a_state_exactly_one_succeeds(string? key)
    {
        const int Writers = 8, Rounds = 10;
        nodes.SchemaOf("node");
        for (var round = 0; round < Rounds; round++)
        {
            using var start = new Barrier(Writers);
            var grain = round;
            var answers = await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Factory.StartNew(
                () =>
                {
                    using var connection = nodes.Connect();
                    start.SignalAndWait();
                    return Write(connection, grain, key, null, [(byte)writer]);
                },
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default)));

            var winner = Array.IndexOf(answers, 1);
            Assert.Equal(1, answers.Count(static answer => answer == 1));
            Assert.Equal(Writers - 1, answers.Count(static answer => answer is null)); // the provider takes it for a conflict
            using var reader = nodes.Connect();
            Assert.Equal([(byte)winner], Assert.Single(Read(reader, grain, key)).Payload!);
        }

        Assert.Equal((long)Rounds, nodes.Run("SELECT count(*) FROM orleans_state"));
    }

    [SkippableFact]
    public void A_state_is_written_by_whoever_saw_its_version_and_found_by_its_whole_key()
    {
        using var connection = nodes.Connect();
        Assert.Equal(1, Write(connection, 5, null, null, [1]));
        Assert.Equal(1, Write(connection, 5, "", null, [2])); // an empty extension is not none
        Assert.Equal(1, Write(connection, 5, "x", null, [3]));
        Assert.Equal(2, Write(connection, 5, null, 1, [4]));
        Assert.Null(Write(connection, 5, null, 1, [5]));
        Assert.Null(Write(connection, 6, null, 1, [6]));
        Assert.Equal([4], Assert.Single(Read(connection, 5, null)).Payload!);
        Assert.Equal([2], Assert.Single(Read(connection, 5, "")).Payload!);
        Assert.Empty(Read(connection, 6, null));

        Assert.Null(Answer(connection, "ClearStorageKey", [.. KeyOf(5, null), ("GrainStateVersion", 1)]));
        Assert.Equal(3, Answer(connection, "ClearStorageKey", [.. KeyOf(5, null), ("GrainStateVersion", 2)]));
        Assert.Equal((null, 3), Assert.Single(Read(connection, 5, null)));
        Assert.Equal(4, Write(connection, 5, null, 3, [7]));

        Assert.Null(Answer(connection, "DeleteStorageKey", [.. KeyOf(5, "x"), ("GrainStateVersion", 9)]));
        Assert.Equal(2, Answer(connection, "DeleteStorageKey", [.. KeyOf(5, "x"), ("GrainStateVersion", 1)]));
        Assert.Empty(Read(connection, 5, "x"));
    }

    [SkippableFact]
    public async Task Every_change_of_membership_names_the_version_that_it_saw()
    {
        using var connection = nodes.Connect();
        Assert.Equal(true, Answer(connection, "InsertMembershipVersionKey", ("DeploymentId", Service)));
        Assert.Equal(false, Answer(connection, "InsertMembershipVersionKey", ("DeploymentId", Service)));
        Assert.Equal((null, null, 0), Assert.Single(ReadMembers(connection)));

        Assert.Equal(true, Join(connection, port: 1, version: 0));
        Assert.Equal(false, Join(connection, port: 1, version: 1)); // it is there already
        Assert.Equal(false, Join(connection, port: 2, version: 0)); // another change came first
        Assert.Equal(true, Join(connection, port: 2, version: 1));
        Assert.Equal([(1, 3, 2), (2, 3, 2)], ReadMembers(connection));

        Assert.Equal(false, Change(connection, port: 1, version: 1, status: 6));
        Assert.Equal(false, Change(connection, port: 9, version: 2, status: 6));
        Assert.Equal(true, Change(connection, port: 1, version: 2, status: 6));
        Assert.Equal([(1, 6, 3), (2, 3, 3)], ReadMembers(connection));

        // Eight silos that saw the same version: one change.
        using var start = new Barrier(8);
        var joined = await Task.WhenAll(Enumerable.Range(100, 8).Select(port => Task.Factory.StartNew(
            () =>
            {
                using var own = nodes.Connect();
                start.SignalAndWait();
                return Join(own, port, version: 3);
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
        Assert.Single(joined, true);
        Assert.Equal(3, ReadMembers(connection).Count);
        Assert.All(ReadMembers(connection), static row => Assert.Equal(4, row.Version));
    }

    [SkippableFact]
    public void A_silo_is_found_alone_as_a_gateway_and_until_it_is_swept_out()
    {
        using var connection = nodes.Connect();
        Answer(connection, "InsertMembershipVersionKey", ("DeploymentId", Service));
        Join(connection, port: 1, version: 0);
        Join(connection, port: 2, version: 1);
        Change(connection, port: 2, version: 2, status: 6);

        var one = Assert.Single(Rows(connection, "MembershipReadRowKey", static row => (
            Name: row["SiloName"], Host: row["HostName"], Proxy: row["ProxyPort"], Suspects: row["SuspectTimes"], Started: row["StartTime"], Alive: row["IAmAliveTime"]),
            [("DeploymentId", Service), .. Silo(2)]));
        Assert.Equal(("silo", "host", 30_002, "S127.0.0.1:1@1,now", Noon, Noon.AddMinutes(1)), one);
        Assert.Equal(DBNull.Value, Assert.Single(Rows(connection, "MembershipReadRowKey", static row => row["StartTime"], [("DeploymentId", Service), .. Silo(9)])));
        Assert.Equal(
            [("127.0.0.1", 30_001, 1)],
            Rows(connection, "GatewaysQueryKey", static row => ((string)row["Address"], (int)row["ProxyPort"], (int)row["Generation"]), ("DeploymentId", Service), ("Status", 3)));

        Answer(connection, "UpdateIAmAlivetimeKey", [("DeploymentId", Service), .. Silo(1), ("IAmAliveTime", Noon.AddHours(-1))]);
        Answer(connection, "CleanupDefunctSiloEntriesKey", ("DeploymentId", Service), ("IAmAliveTime", Noon));
        Assert.Equal(2, ReadMembers(connection).Count); // one is active, the other was heard of
        Answer(connection, "CleanupDefunctSiloEntriesKey", ("DeploymentId", Service), ("IAmAliveTime", Noon.AddHours(1)));
        Assert.Equal(1, Assert.Single(ReadMembers(connection)).Port);
        Answer(connection, "DeleteMembershipTableEntriesKey", ("DeploymentId", Service));
        Assert.Empty(ReadMembers(connection));
    }

    [SkippableFact]
    public void Reminders_are_found_by_grain_by_name_and_by_range_of_the_ring()
    {
        using var connection = nodes.Connect();
        Assert.Equal(0, Remind(connection, "a", hash: -5));
        Assert.Equal(0, Remind(connection, "b", hash: 5));
        Assert.Equal(1, Remind(connection, "b", hash: 7));
        Assert.Equal(["a", "b"], Names("ReadReminderRowsKey", ("GrainId", "grain/1")));
        Assert.Equal(["b"], Names("ReadReminderRowKey", ("GrainId", "grain/1"), ("ReminderName", "b")));
        Assert.Equal(["b"], Names("ReadRangeRows1Key", ("BeginHash", 6), ("EndHash", 7)));
        Assert.Empty(Names("ReadRangeRows1Key", ("BeginHash", 7), ("EndHash", 9)));
        Assert.Equal(["a"], Names("ReadRangeRows2Key", ("BeginHash", 7), ("EndHash", -5)));
        Assert.Equal(false, Answer(connection, "DeleteReminderRowKey", ("ServiceId", Service), ("GrainId", "grain/1"), ("ReminderName", "b"), ("Version", 0)));
        Assert.Equal(true, Answer(connection, "DeleteReminderRowKey", ("ServiceId", Service), ("GrainId", "grain/1"), ("ReminderName", "b"), ("Version", 1)));
        Answer(connection, "DeleteReminderRowsKey", ("ServiceId", Service));
        Assert.Empty(Names("ReadReminderRowsKey", ("GrainId", "grain/1")));

        List<string> Names(string query, params (string, object?)[] parameters) =>
            [.. Rows(connection, query, static row => (Name: (string)row["ReminderName"], Start: (DateTime)row["StartTime"], Period: (long)row["Period"]), [("ServiceId", Service), .. parameters])
                .Select(static row => row is { Period: 60_000 } && row.Start == Noon ? row.Name : "damaged").Order(StringComparer.Ordinal)];
    }

    private static object? Remind(NpgsqlConnection connection, string name, int hash) => Answer(
        connection, "UpsertReminderRowKey", ("ServiceId", Service), ("GrainHash", hash), ("GrainId", "grain/1"), ("ReminderName", name), ("StartTime", Noon), ("Period", 60_000));

    private static int? Write(NpgsqlConnection connection, int grain, string? key, int? version, byte[] payload) =>
        (int?)Answer(connection, "WriteToStorageKey", [.. KeyOf(grain, key), ("GrainStateVersion", version), ("PayloadBinary", payload)]);

    private static List<(byte[]? Payload, int Version)> Read(NpgsqlConnection connection, int grain, string? key) =>
        Rows(connection, "ReadFromStorageKey", static row => (row["PayloadBinary"] as byte[], (int)row["Version"]), KeyOf(grain, key));

    private static (string, object?)[] KeyOf(int grain, string? key) =>
        [("GrainIdHash", grain), ("GrainIdN0", 0L), ("GrainIdN1", (long)grain), ("GrainTypeHash", 3), ("GrainTypeString", "peer"), ("GrainIdExtensionString", key), ("ServiceId", Service)];

    private static (string, object?)[] Silo(int port) => [("Address", "127.0.0.1"), ("Port", port), ("Generation", 1)];

    private static object? Join(NpgsqlConnection connection, int port, int version) => Answer(
        connection, "InsertMembershipKey",
        [("DeploymentId", Service), ("IAmAliveTime", Noon), ("SiloName", "silo"), ("HostName", "host"), .. Silo(port), ("StartTime", Noon), ("Status", 3), ("ProxyPort", 30_000 + port), ("Version", version)]);

    private static object? Change(NpgsqlConnection connection, int port, int version, int status) => Answer(
        connection, "UpdateMembershipKey",
        [("DeploymentId", Service), .. Silo(port), ("IAmAliveTime", Noon.AddMinutes(1)), ("Status", status), ("SuspectTimes", "S127.0.0.1:1@1,now"), ("Version", version)]);

    private static List<(int? Port, int? Status, int Version)> ReadMembers(NpgsqlConnection connection) =>
        [.. Rows(connection, "MembershipReadAllKey", static row => (row["Port"] as int?, row["Status"] as int?, (int)row["Version"]), ("DeploymentId", Service)).Order()];
}
