-- Orleans' streams through PostgreSQL, for those who choose them. What travels here is a wake-up: the truth is in the journal, and
-- whoever misses an event reads it there. So what expired or failed too often is deleted, and there are no dead letters.

CREATE TABLE IF NOT EXISTS orleans_stream (
    id bigint GENERATED ALWAYS AS IDENTITY,
    service text NOT NULL,
    provider text NOT NULL,
    queue text NOT NULL,
    taken integer NOT NULL DEFAULT 0,
    visible_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    payload bytea NOT NULL,
    PRIMARY KEY (service, provider, queue, id)
);
-- Rows live for milliseconds; without this the table would be mostly dead ones.
ALTER TABLE orleans_stream SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

INSERT INTO orleansquery (querykey, querytext) VALUES
('QueueStreamMessageKey', $q$
    INSERT INTO orleans_stream (service, provider, queue, expires_at, payload)
    VALUES (CAST(@ServiceId AS text), CAST(@ProviderId AS text), CAST(@QueueId AS text),
        now() + make_interval(secs => CAST(@ExpiryTimeout AS integer)), CAST(@Payload AS bytea))
    RETURNING service AS ServiceId, provider AS ProviderId, queue AS QueueId, id AS MessageId
$q$),
('GetStreamMessagesKey', $q$
    WITH gone AS (
        DELETE FROM orleans_stream
        WHERE service = CAST(@ServiceId AS text) AND provider = CAST(@ProviderId AS text) AND queue = CAST(@QueueId AS text)
            AND visible_at <= now() AND (taken >= CAST(@MaxAttempts AS integer) OR expires_at <= now())),
    batch AS (
        SELECT id FROM orleans_stream
        WHERE service = CAST(@ServiceId AS text) AND provider = CAST(@ProviderId AS text) AND queue = CAST(@QueueId AS text)
            AND visible_at <= now() AND taken < CAST(@MaxAttempts AS integer) AND expires_at > now()
        ORDER BY id LIMIT CAST(@MaxCount AS integer) FOR UPDATE),
    given AS (
        UPDATE orleans_stream AS message
        SET taken = taken + 1, changed_at = now(), visible_at = now() + make_interval(secs => CAST(@VisibilityTimeout AS integer))
        FROM batch
        WHERE message.service = CAST(@ServiceId AS text) AND message.provider = CAST(@ProviderId AS text)
            AND message.queue = CAST(@QueueId AS text) AND message.id = batch.id
        RETURNING message.*)
    SELECT service AS ServiceId, provider AS ProviderId, queue AS QueueId, id AS MessageId, taken AS Dequeued, visible_at AS VisibleOn,
        expires_at AS ExpiresOn, created_at AS CreatedOn, changed_at AS ModifiedOn, payload AS Payload
    FROM given ORDER BY id
$q$),
-- Items are "id:receipt", separated by "|". A receipt is how often the message had been taken: one that was taken again since is
-- not the caller's any more. A negative receipt gives the message back.
('ConfirmStreamMessagesKey', $q$
    WITH item AS (
        SELECT CAST(split_part(written, ':', 1) AS bigint) AS id, CAST(split_part(written, ':', 2) AS integer) AS receipt
        FROM unnest(string_to_array(CAST(@Items AS text), '|')) AS written),
    done AS (
        DELETE FROM orleans_stream AS message USING item
        WHERE message.service = CAST(@ServiceId AS text) AND message.provider = CAST(@ProviderId AS text)
            AND message.queue = CAST(@QueueId AS text) AND message.id = item.id AND item.receipt > 0 AND message.taken = item.receipt
        RETURNING message.*),
    returned AS (
        UPDATE orleans_stream AS message SET visible_at = now(), changed_at = now() FROM item
        WHERE message.service = CAST(@ServiceId AS text) AND message.provider = CAST(@ProviderId AS text)
            AND message.queue = CAST(@QueueId AS text) AND message.id = item.id AND item.receipt < 0 AND message.taken = -item.receipt
        RETURNING message.*)
    SELECT service AS ServiceId, provider AS ProviderId, queue AS QueueId, id AS MessageId FROM done
    UNION ALL SELECT service, provider, queue, id FROM returned
$q$),
('FailStreamMessageKey', $q$
    WITH gone AS (
        DELETE FROM orleans_stream
        WHERE service = CAST(@ServiceId AS text) AND provider = CAST(@ProviderId AS text) AND queue = CAST(@QueueId AS text)
            AND id = CAST(@MessageId AS bigint) AND taken >= CAST(@MaxAttempts AS integer))
    UPDATE orleans_stream SET visible_at = now(), changed_at = now()
    WHERE service = CAST(@ServiceId AS text) AND provider = CAST(@ProviderId AS text) AND queue = CAST(@QueueId AS text)
        AND id = CAST(@MessageId AS bigint) AND taken < CAST(@MaxAttempts AS integer)
$q$),
('EvictStreamMessagesKey', $q$
    DELETE FROM orleans_stream
    WHERE service = CAST(@ServiceId AS text) AND provider = CAST(@ProviderId AS text) AND queue = CAST(@QueueId AS text)
        AND visible_at <= now() AND (taken >= CAST(@MaxAttempts AS integer) OR expires_at <= now())
$q$),
('EvictStreamDeadLettersKey', $q$
    SELECT 1 WHERE false
$q$)
ON CONFLICT (querykey) DO UPDATE SET querytext = excluded.querytext;
