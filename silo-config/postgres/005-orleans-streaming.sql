-- The queues of Orleans' ADO.NET stream provider. A message that was taken is hidden for a while and comes back unless it is
-- confirmed with the number of times that it was taken; one that was taken too often, or is too old, becomes a dead letter.

CREATE TABLE IF NOT EXISTS orleans_stream_message (
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

CREATE TABLE IF NOT EXISTS orleans_stream_dead_letter (
    id bigint NOT NULL,
    service text NOT NULL,
    provider text NOT NULL,
    queue text NOT NULL,
    taken integer NOT NULL,
    visible_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    payload bytea NOT NULL,
    died_at timestamptz NOT NULL DEFAULT now(),
    removed_at timestamptz NOT NULL,
    PRIMARY KEY (service, provider, queue, id)
);

-- When a queue is next looked through for dead messages.
CREATE TABLE IF NOT EXISTS orleans_stream_queue (
    service text NOT NULL,
    provider text NOT NULL,
    queue text NOT NULL,
    swept_at timestamptz NOT NULL,
    PRIMARY KEY (service, provider, queue)
);

CREATE OR REPLACE FUNCTION orleans_stream_bury(its_service text, its_provider text, its_queue text, most integer, attempts integer, kept_s integer)
    RETURNS void LANGUAGE sql AS $$
    WITH dying AS (
        SELECT id FROM orleans_stream_message
        WHERE service = its_service AND provider = its_provider AND queue = its_queue
            AND visible_at <= now() AND (taken >= attempts OR expires_at <= now())
        ORDER BY id LIMIT most FOR UPDATE),
    dead AS (
        DELETE FROM orleans_stream_message AS message USING dying
        WHERE message.service = its_service AND message.provider = its_provider AND message.queue = its_queue AND message.id = dying.id
        RETURNING message.*)
    INSERT INTO orleans_stream_dead_letter
        (id, service, provider, queue, taken, visible_at, expires_at, created_at, changed_at, payload, removed_at)
    SELECT id, service, provider, queue, taken, visible_at, expires_at, created_at, changed_at, payload, now() + kept_s * interval '1 second'
    FROM dead
$$;

CREATE OR REPLACE FUNCTION orleans_stream_forget(its_service text, its_provider text, its_queue text, most integer)
    RETURNS void LANGUAGE sql AS $$
    DELETE FROM orleans_stream_dead_letter
    WHERE service = its_service AND provider = its_provider AND queue = its_queue AND id IN (
        SELECT id FROM orleans_stream_dead_letter
        WHERE service = its_service AND provider = its_provider AND queue = its_queue AND removed_at <= now()
        ORDER BY id LIMIT most FOR UPDATE)
$$;

-- Takes the next messages; now and then, whoever comes first looks through the queue before.
CREATE OR REPLACE FUNCTION orleans_stream_take(
    its_service text, its_provider text, its_queue text, most integer, attempts integer, hidden_s integer, kept_s integer, sweep_s integer, sweep_most integer)
    RETURNS SETOF orleans_stream_message LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM orleans_stream_queue
        WHERE service = its_service AND provider = its_provider AND queue = its_queue AND swept_at > now() - sweep_s * interval '1 second')
    THEN
        INSERT INTO orleans_stream_queue AS there VALUES (its_service, its_provider, its_queue, now())
        ON CONFLICT (service, provider, queue) DO UPDATE SET swept_at = now()
            WHERE there.swept_at <= now() - sweep_s * interval '1 second';
        IF FOUND THEN
            PERFORM orleans_stream_bury(its_service, its_provider, its_queue, sweep_most, attempts, kept_s);
            PERFORM orleans_stream_forget(its_service, its_provider, its_queue, sweep_most);
        END IF;
    END IF;
    -- In order of number and without skipping what another holds: whoever waits then finds those messages hidden.
    RETURN QUERY
        WITH next AS (
            SELECT id FROM orleans_stream_message
            WHERE service = its_service AND provider = its_provider AND queue = its_queue
                AND taken < attempts AND visible_at <= now() AND expires_at > now()
            ORDER BY id LIMIT most FOR UPDATE)
        UPDATE orleans_stream_message AS message
        SET taken = message.taken + 1, visible_at = now() + hidden_s * interval '1 second', changed_at = now()
        FROM next
        WHERE message.service = its_service AND message.provider = its_provider AND message.queue = its_queue AND message.id = next.id
        RETURNING message.*;
END $$;

-- Receipts are id:taken, separated by bars; a negative one gives its message back at once. The answer names those that were the last.
CREATE OR REPLACE FUNCTION orleans_stream_settle(its_service text, its_provider text, its_queue text, receipts text)
    RETURNS SETOF orleans_stream_message LANGUAGE sql AS $$
    WITH receipt AS (
        SELECT split_part(part, ':', 1)::bigint AS id, split_part(part, ':', 2)::integer AS taken
        FROM unnest(string_to_array(receipts, '|')) AS part),
    held AS (
        SELECT message.id, receipt.taken < 0 AS is_back FROM orleans_stream_message AS message
        JOIN receipt ON receipt.id = message.id AND abs(receipt.taken) = message.taken
        WHERE message.service = its_service AND message.provider = its_provider AND message.queue = its_queue
        ORDER BY message.id FOR UPDATE OF message),
    done AS (
        DELETE FROM orleans_stream_message AS message USING held
        WHERE NOT held.is_back AND message.service = its_service AND message.provider = its_provider AND message.queue = its_queue AND message.id = held.id
        RETURNING message.*),
    back AS (
        UPDATE orleans_stream_message AS message SET visible_at = now(), changed_at = now() FROM held
        WHERE held.is_back AND message.service = its_service AND message.provider = its_provider AND message.queue = its_queue AND message.id = held.id
        RETURNING message.*)
    SELECT * FROM done UNION ALL SELECT * FROM back
$$;

-- A message that could not be delivered is tried again, or dies where it was tried often enough.
CREATE OR REPLACE FUNCTION orleans_stream_fail(its_service text, its_provider text, its_queue text, its_id bigint, attempts integer, kept_s integer)
    RETURNS void LANGUAGE sql AS $$
    WITH again AS (
        UPDATE orleans_stream_message SET visible_at = now(), changed_at = now()
        WHERE service = its_service AND provider = its_provider AND queue = its_queue AND id = its_id AND taken < attempts
        RETURNING id),
    dead AS (
        DELETE FROM orleans_stream_message
        WHERE service = its_service AND provider = its_provider AND queue = its_queue AND id = its_id AND taken >= attempts
        RETURNING *)
    INSERT INTO orleans_stream_dead_letter
        (id, service, provider, queue, taken, visible_at, expires_at, created_at, changed_at, payload, removed_at)
    SELECT id, service, provider, queue, taken, visible_at, expires_at, created_at, changed_at, payload, now() + kept_s * interval '1 second'
    FROM dead
$$;

INSERT INTO orleansquery (querykey, querytext) VALUES
('QueueStreamMessageKey', $q$
    INSERT INTO orleans_stream_message (service, provider, queue, payload, expires_at)
    VALUES (CAST(@ServiceId AS text), CAST(@ProviderId AS text), CAST(@QueueId AS text), CAST(@Payload AS bytea),
        now() + CAST(@ExpiryTimeout AS integer) * interval '1 second')
    RETURNING service AS ServiceId, provider AS ProviderId, queue AS QueueId, id AS MessageId
$q$),
('GetStreamMessagesKey', $q$
    SELECT service AS ServiceId, provider AS ProviderId, queue AS QueueId, id AS MessageId, taken AS Dequeued, visible_at AS VisibleOn,
        expires_at AS ExpiresOn, created_at AS CreatedOn, changed_at AS ModifiedOn, payload AS Payload
    FROM orleans_stream_take(
        CAST(@ServiceId AS text), CAST(@ProviderId AS text), CAST(@QueueId AS text), CAST(@MaxCount AS integer), CAST(@MaxAttempts AS integer),
        CAST(@VisibilityTimeout AS integer), CAST(@RemovalTimeout AS integer), CAST(@EvictionInterval AS integer), CAST(@EvictionBatchSize AS integer))
$q$),
('ConfirmStreamMessagesKey', $q$
    SELECT service AS ServiceId, provider AS ProviderId, queue AS QueueId, id AS MessageId
    FROM orleans_stream_settle(CAST(@ServiceId AS text), CAST(@ProviderId AS text), CAST(@QueueId AS text), CAST(@Items AS text))
$q$),
('FailStreamMessageKey', $q$
    SELECT orleans_stream_fail(
        CAST(@ServiceId AS text), CAST(@ProviderId AS text), CAST(@QueueId AS text), CAST(@MessageId AS bigint), CAST(@MaxAttempts AS integer),
        CAST(@RemovalTimeout AS integer))
$q$),
('EvictStreamMessagesKey', $q$
    SELECT orleans_stream_bury(
        CAST(@ServiceId AS text), CAST(@ProviderId AS text), CAST(@QueueId AS text), CAST(@MaxCount AS integer), CAST(@MaxAttempts AS integer),
        CAST(@RemovalTimeout AS integer))
$q$),
('EvictStreamDeadLettersKey', $q$
    SELECT orleans_stream_forget(CAST(@ServiceId AS text), CAST(@ProviderId AS text), CAST(@QueueId AS text), CAST(@MaxCount AS integer))
$q$)
ON CONFLICT (querykey) DO UPDATE SET querytext = excluded.querytext;
