-- Orleans' grain storage. A state is found by its full key, which is unique: of two activations that write it for the first time, one
-- succeeds and the other is told that somebody was faster. An answer without a row means that the version was not the one expected.

CREATE TABLE IF NOT EXISTS orleans_state (
    id_hash integer NOT NULL,
    type_hash integer NOT NULL,
    id_high bigint NOT NULL,
    id_low bigint NOT NULL,
    extension text,
    type text NOT NULL,
    service text NOT NULL,
    payload bytea,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX IF NOT EXISTS orleans_state_key
    ON orleans_state (id_hash, type_hash, id_high, id_low, type, service, (extension IS NULL), coalesce(extension, ''));

INSERT INTO orleansquery (querykey, querytext) VALUES
('WriteToStorageKey', $q$
    WITH made AS (
        INSERT INTO orleans_state (id_hash, type_hash, id_high, id_low, extension, type, service, payload, version)
        SELECT CAST(@GrainIdHash AS integer), CAST(@GrainTypeHash AS integer), CAST(@GrainIdN0 AS bigint), CAST(@GrainIdN1 AS bigint),
            CAST(@GrainIdExtensionString AS text), CAST(@GrainTypeString AS text), CAST(@ServiceId AS text), CAST(@PayloadBinary AS bytea), 1
        WHERE CAST(@GrainStateVersion AS integer) IS NULL
        ON CONFLICT DO NOTHING
        RETURNING version),
    changed AS (
        UPDATE orleans_state SET payload = CAST(@PayloadBinary AS bytea), version = version + 1, changed_at = now()
        WHERE id_hash = CAST(@GrainIdHash AS integer) AND type_hash = CAST(@GrainTypeHash AS integer)
            AND id_high = CAST(@GrainIdN0 AS bigint) AND id_low = CAST(@GrainIdN1 AS bigint)
            AND type = CAST(@GrainTypeString AS text) AND service = CAST(@ServiceId AS text)
            AND extension IS NOT DISTINCT FROM CAST(@GrainIdExtensionString AS text)
            AND version = CAST(@GrainStateVersion AS integer)
        RETURNING version)
    SELECT version AS NewGrainStateVersion FROM made UNION ALL SELECT version FROM changed
$q$),
('ReadFromStorageKey', $q$
    SELECT payload AS PayloadBinary, version AS Version FROM orleans_state
    WHERE id_hash = CAST(@GrainIdHash AS integer) AND type_hash = CAST(@GrainTypeHash AS integer)
        AND id_high = CAST(@GrainIdN0 AS bigint) AND id_low = CAST(@GrainIdN1 AS bigint)
        AND type = CAST(@GrainTypeString AS text) AND service = CAST(@ServiceId AS text)
        AND extension IS NOT DISTINCT FROM CAST(@GrainIdExtensionString AS text)
$q$),
('ClearStorageKey', $q$
    UPDATE orleans_state SET payload = NULL, version = version + 1, changed_at = now()
    WHERE id_hash = CAST(@GrainIdHash AS integer) AND type_hash = CAST(@GrainTypeHash AS integer)
        AND id_high = CAST(@GrainIdN0 AS bigint) AND id_low = CAST(@GrainIdN1 AS bigint)
        AND type = CAST(@GrainTypeString AS text) AND service = CAST(@ServiceId AS text)
        AND extension IS NOT DISTINCT FROM CAST(@GrainIdExtensionString AS text)
        AND version = CAST(@GrainStateVersion AS integer)
    RETURNING version AS NewGrainStateVersion
$q$),
('DeleteStorageKey', $q$
    DELETE FROM orleans_state
    WHERE id_hash = CAST(@GrainIdHash AS integer) AND type_hash = CAST(@GrainTypeHash AS integer)
        AND id_high = CAST(@GrainIdN0 AS bigint) AND id_low = CAST(@GrainIdN1 AS bigint)
        AND type = CAST(@GrainTypeString AS text) AND service = CAST(@ServiceId AS text)
        AND extension IS NOT DISTINCT FROM CAST(@GrainIdExtensionString AS text)
        AND version = CAST(@GrainStateVersion AS integer)
    RETURNING version + 1 AS NewGrainStateVersion
$q$)
ON CONFLICT (querykey) DO UPDATE SET querytext = excluded.querytext;
