-- The memory of one node: its chain, what it signed, and the votes that are being collected. One schema holds one node.
-- Applied by `silo db migrate` with search_path set to that schema; never change a script that was applied, add the next one.
--
-- Who may write is decided by writer.generation. Everything that a generation stores runs in one transaction that first calls
-- fence(), which holds a shared advisory lock to the transaction's end; a takeover waits for that lock alone. So once a takeover
-- is committed, no transaction of an earlier generation is under way, and none can begin.

CREATE TABLE IF NOT EXISTS writer (
    one smallint PRIMARY KEY DEFAULT 1 CHECK (one = 1),
    chain_id numeric(20) NOT NULL,
    genesis bytea NOT NULL CHECK (length(genesis) = 32),
    generation bigint NOT NULL CHECK (generation >= 0),
    sequence bigint NOT NULL CHECK (sequence >= 0),
    height bigint NOT NULL CHECK (height >= 0)
);

-- Rows that nothing else vouches for carry a checksum of their content (sum). Heights that come from outside are 8 bytes, most
-- significant first, since they may exceed a bigint.

CREATE TABLE IF NOT EXISTS block (
    height bigint PRIMARY KEY CHECK (height >= 0),
    hash bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
    sum bigint NOT NULL,
    certificate bytea CHECK ((certificate IS NULL) = (height = 0)),
    bytes bytea NOT NULL
);
ALTER TABLE block ALTER COLUMN bytes SET STORAGE EXTERNAL; -- hashes and signatures do not compress

CREATE TABLE IF NOT EXISTS place (
    id bytea PRIMARY KEY CHECK (length(id) = 32),
    height bigint NOT NULL,
    position integer NOT NULL,
    sum bigint NOT NULL
);

CREATE TABLE IF NOT EXISTS state (
    key bytea PRIMARY KEY CHECK (length(key) = 32),
    value bytea NOT NULL
);

CREATE TABLE IF NOT EXISTS epoch (
    epoch bigint PRIMARY KEY,
    sum bigint NOT NULL,
    members bytea NOT NULL
);

CREATE TABLE IF NOT EXISTS input (
    seq bigint PRIMARY KEY,
    height bytea NOT NULL CHECK (length(height) = 8),
    sum bigint NOT NULL,
    bytes bytea NOT NULL
);

CREATE TABLE IF NOT EXISTS pool (
    arrival bigint PRIMARY KEY CHECK (arrival >= 0),
    id bytea NOT NULL UNIQUE CHECK (length(id) = 32),
    sum bigint NOT NULL,
    bytes bytea NOT NULL
);

CREATE TABLE IF NOT EXISTS evidence (
    seq bigint PRIMARY KEY,
    validator bytea NOT NULL CHECK (length(validator) = 20),
    height bytea NOT NULL CHECK (length(height) = 8),
    round bigint NOT NULL,
    phase smallint NOT NULL,
    sum bigint NOT NULL,
    bytes bytea NOT NULL,
    UNIQUE (validator, height, round, phase)
);
CREATE INDEX IF NOT EXISTS evidence_height ON evidence (height);

CREATE TABLE IF NOT EXISTS miss (
    height bytea NOT NULL CHECK (length(height) = 8),
    validator bytea NOT NULL CHECK (length(validator) = 20),
    sum bigint NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (height, validator)
);

-- What this operator's keys signed, unique by place: the constraint that no two signatures get past.

CREATE TABLE IF NOT EXISTS signed (
    validator bytea NOT NULL CHECK (length(validator) = 20),
    height bigint NOT NULL,
    round bigint NOT NULL,
    phase smallint NOT NULL,
    epoch bigint NOT NULL,
    block bytea NOT NULL CHECK (length(block) = 32),
    signature bytea NOT NULL CHECK (length(signature) = 64),
    sum bigint NOT NULL,
    PRIMARY KEY (validator, height, round, phase)
);

CREATE TABLE IF NOT EXISTS watermark (
    validator bytea PRIMARY KEY CHECK (length(validator) = 20),
    height bigint NOT NULL,
    round bigint NOT NULL,
    phase smallint NOT NULL,
    sum bigint NOT NULL
);

CREATE TABLE IF NOT EXISTS blocked (
    validator bytea PRIMARY KEY CHECK (length(validator) = 20),
    height bigint NOT NULL,
    round bigint NOT NULL,
    phase smallint NOT NULL,
    sum bigint NOT NULL
);

-- On which database system, and on which of its timelines, the guard's records were made. A restored or promoted copy differs.
CREATE TABLE IF NOT EXISTS guard_origin (
    one smallint PRIMARY KEY DEFAULT 1 CHECK (one = 1),
    system_identifier bigint NOT NULL,
    timeline text NOT NULL
);

-- Votes of heights that are not final yet.
CREATE TABLE IF NOT EXISTS vote (
    height bigint NOT NULL,
    round bigint NOT NULL,
    phase smallint NOT NULL,
    validator bytea NOT NULL CHECK (length(validator) = 20),
    block bytea NOT NULL CHECK (length(block) = 32),
    epoch bigint NOT NULL,
    signature bytea NOT NULL CHECK (length(signature) = 64),
    sum bigint NOT NULL,
    place bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (height, round, phase, validator, block)
);

-- Makes the transaction durable on the client's word of success, and short: a client that stops in the middle of it must not
-- hold up a takeover. A stricter setting of the operator's stays.
CREATE OR REPLACE FUNCTION durable(patience_ms integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('synchronous_commit') NOT IN ('on', 'remote_apply') THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    PERFORM set_config('statement_timeout', patience_ms::text, true); -- from the next statement on
    PERFORM set_config('lock_timeout', patience_ms::text, true); -- at once
END $$;

-- Lets the transaction go on where the generation is the newest, and keeps it so until the transaction ends. Each statement of a
-- volatile function sees what is committed by then, so the row is read after the lock is held.
CREATE OR REPLACE FUNCTION fence(mine bigint, patience_ms integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    newest bigint;
BEGIN
    PERFORM durable(patience_ms);
    PERFORM pg_advisory_xact_lock_shared('writer'::regclass::oid::integer, 1);
    SELECT generation INTO newest FROM writer;
    IF newest IS DISTINCT FROM mine THEN
        RAISE EXCEPTION 'generation % was replaced by %', mine, newest USING ERRCODE = 'LX001';
    END IF;
END $$;

-- The first step of a commit: takes the next number for it.
CREATE OR REPLACE FUNCTION advance(mine bigint, previous bigint, final_height bigint, patience_ms integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM fence(mine, patience_ms);
    UPDATE writer SET sequence = sequence + 1, height = final_height WHERE generation = mine AND sequence = previous;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'commit % is not the last one any more', previous USING ERRCODE = 'LX001';
    END IF;
END $$;

-- Begins a step of the guard for one validator: such steps come one after the other, whichever process they are of.
CREATE OR REPLACE FUNCTION guard_enter(mine bigint, whose bytea, patience_ms integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF mine IS NULL THEN
        PERFORM durable(patience_ms);
    ELSE
        PERFORM fence(mine, patience_ms);
    END IF;
    PERFORM pg_advisory_xact_lock('signed'::regclass::oid::integer, ('x' || encode(substr(whose, 1, 4), 'hex'))::bit(32)::integer);
END $$;

-- Why this database may lack records that were made; null where there is no reason to think so. The timeline is that of the
-- running server and not of its last checkpoint, which may be older than a promotion.
CREATE OR REPLACE FUNCTION guard_doubt(any_timeline boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    here_system bigint := (SELECT system_identifier FROM pg_control_system());
    here_timeline text := left(pg_walfile_name(pg_current_wal_lsn()), 8);
    there guard_origin%ROWTYPE;
BEGIN
    SELECT * INTO there FROM guard_origin;
    IF NOT FOUND THEN
        INSERT INTO guard_origin (system_identifier, timeline) VALUES (here_system, here_timeline) ON CONFLICT DO NOTHING;
        RETURN NULL;
    ELSIF there.system_identifier <> here_system THEN
        RETURN format('its records were made on the database system %s and this is %s, a copy', there.system_identifier, here_system);
    ELSIF there.timeline = here_timeline THEN
        RETURN NULL;
    ELSIF any_timeline THEN
        UPDATE guard_origin SET timeline = here_timeline;
        RETURN NULL;
    END IF;
    RETURN format('its records were made on timeline %s of the database and this is timeline %s, a restored or promoted copy', there.timeline, here_timeline);
END $$;

-- Records a vote where nothing speaks against it, and tells all that the answer follows from.
CREATE OR REPLACE FUNCTION guard_record(
    mine bigint, any_timeline boolean, whose bytea, its_height bigint, its_round bigint, its_phase smallint, its_epoch bigint,
    its_block bytea, its_signature bytea, its_sum bigint, patience_ms integer,
    OUT inserted boolean, OUT doubt text,
    OUT signed_epoch bigint, OUT signed_block bytea, OUT signed_signature bytea, OUT signed_sum bigint,
    OUT mark_height bigint, OUT mark_round bigint, OUT mark_phase smallint, OUT mark_sum bigint,
    OUT lack_height bigint, OUT lack_round bigint, OUT lack_phase smallint, OUT lack_sum bigint) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM guard_enter(mine, whose, patience_ms);
    IF mine IS NOT NULL THEN
        doubt := guard_doubt(any_timeline);
    END IF;
    SELECT epoch, block, signature, sum INTO signed_epoch, signed_block, signed_signature, signed_sum
        FROM signed WHERE validator = whose AND height = its_height AND round = its_round AND phase = its_phase;
    SELECT height, round, phase, sum INTO mark_height, mark_round, mark_phase, mark_sum FROM watermark WHERE validator = whose;
    SELECT height, round, phase, sum INTO lack_height, lack_round, lack_phase, lack_sum FROM blocked WHERE validator = whose;
    inserted := doubt IS NULL AND signed_sum IS NULL AND lack_sum IS NULL
        AND (mark_sum IS NULL OR (its_height, its_round, its_phase) > (mark_height, mark_round, mark_phase));
    IF inserted THEN
        INSERT INTO signed VALUES (whose, its_height, its_round, its_phase, its_epoch, its_block, its_signature, its_sum);
    END IF;
END $$;
