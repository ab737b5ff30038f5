namespace LuxTensor.Tests.SeededFaults;

/// <content>The store that several processes share. Its tests need a PostgreSQL server's programs.</content>
internal static partial class Faults
{
    private const string Chain = "silo-config/postgres/001-chain.sql";
    private const string Postgres = "src/LuxTensor.Storage/Postgres/";

    private static Fault[] SharedStore =>
    [
        new("stale generation not refused", "GRD-1", Chain, "IF newest IS DISTINCT FROM mine THEN", "IF newest IS NULL THEN"),
        new("step does not hold the fence", "GRD-1", Chain, "PERFORM pg_advisory_xact_lock_shared('writer'::regclass::oid::integer, 1);", "PERFORM 1;"),
        new("takeover does not wait", "GRD-1", Postgres + "PostgresStore.cs", ".Add($\"SELECT pg_advisory_xact_lock({Key})\")", ".Add(\"SELECT 1\")"),
        new("hanging writer not cut off", "FIN-9", Postgres + "PostgresStore.cs", "database.Write(\"ending the earlier writer's session\", EndHolders);", "_ = busy;"),
        new("steps of one validator side by side", "GRD-2", Chain, "PERFORM pg_advisory_xact_lock('signed'::regclass::oid::integer,", "PERFORM abs("),
        new("other database system not noticed", "GRD-3", Chain, "ELSIF there.system_identifier <> here_system THEN", "ELSIF FALSE THEN"),
        new("other timeline not noticed", "GRD-3", Chain, "ELSIF there.timeline = here_timeline THEN", "ELSIF there.timeline IS NOT NULL THEN"),
        new("commit and signature not durable", "GRD-1", Chain, "IF current_setting('synchronous_commit') NOT IN ('on', 'remote_apply') THEN", "IF FALSE THEN"),
        new("writer goes on after a lost answer", "FIN-9", Postgres + "PostgresJournal.cs", "private JournalException Fail(JournalException cause) => failure = cause;", "private JournalException Fail(JournalException cause) => failure is null ? cause : failure;"),
        new("replica loads two moments", "FIN-9", Postgres + "PostgresLoading.cs", "IsolationLevel.RepeatableRead", "IsolationLevel.ReadCommitted"),
    ];
}
