-- Orleans' reminders. A silo asks for those of its part of the ring: a range of hashes, which may run over the end.

CREATE TABLE IF NOT EXISTS orleans_reminder (
    service text NOT NULL,
    grain text NOT NULL,
    name text NOT NULL,
    starts_at timestamptz NOT NULL,
    period_ms bigint NOT NULL,
    grain_hash integer NOT NULL,
    version integer NOT NULL,
    PRIMARY KEY (service, grain, name)
);
CREATE INDEX IF NOT EXISTS orleans_reminder_hash ON orleans_reminder (service, grain_hash);

INSERT INTO orleansquery (querykey, querytext) VALUES
('UpsertReminderRowKey', $q$
    INSERT INTO orleans_reminder AS there (service, grain, name, starts_at, period_ms, grain_hash, version)
    VALUES (CAST(@ServiceId AS text), CAST(@GrainId AS text), CAST(@ReminderName AS text), CAST(@StartTime AS timestamptz),
        CAST(@Period AS bigint), CAST(@GrainHash AS integer), 0)
    ON CONFLICT (service, grain, name) DO UPDATE SET starts_at = excluded.starts_at, period_ms = excluded.period_ms,
        grain_hash = excluded.grain_hash, version = there.version + 1
    RETURNING version AS Version
$q$),
('ReadReminderRowsKey', $q$
    SELECT grain AS GrainId, name AS ReminderName, starts_at AS StartTime, period_ms AS Period, version AS Version FROM orleans_reminder
    WHERE service = CAST(@ServiceId AS text) AND grain = CAST(@GrainId AS text)
$q$),
('ReadReminderRowKey', $q$
    SELECT grain AS GrainId, name AS ReminderName, starts_at AS StartTime, period_ms AS Period, version AS Version FROM orleans_reminder
    WHERE service = CAST(@ServiceId AS text) AND grain = CAST(@GrainId AS text) AND name = CAST(@ReminderName AS text)
$q$),
('ReadRangeRows1Key', $q$
    SELECT grain AS GrainId, name AS ReminderName, starts_at AS StartTime, period_ms AS Period, version AS Version FROM orleans_reminder
    WHERE service = CAST(@ServiceId AS text) AND grain_hash > CAST(@BeginHash AS integer) AND grain_hash <= CAST(@EndHash AS integer)
$q$),
('ReadRangeRows2Key', $q$
    SELECT grain AS GrainId, name AS ReminderName, starts_at AS StartTime, period_ms AS Period, version AS Version FROM orleans_reminder
    WHERE service = CAST(@ServiceId AS text) AND (grain_hash > CAST(@BeginHash AS integer) OR grain_hash <= CAST(@EndHash AS integer))
$q$),
('DeleteReminderRowKey', $q$
    WITH gone AS (
        DELETE FROM orleans_reminder WHERE service = CAST(@ServiceId AS text) AND grain = CAST(@GrainId AS text)
            AND name = CAST(@ReminderName AS text) AND version = CAST(@Version AS integer)
        RETURNING 1)
    SELECT count(*) > 0 FROM gone
$q$),
('DeleteReminderRowsKey', $q$
    DELETE FROM orleans_reminder WHERE service = CAST(@ServiceId AS text)
$q$)
ON CONFLICT (querykey) DO UPDATE SET querytext = excluded.querytext;
