-- Orleans' cluster membership. Orleans' ADO.NET providers send only what stands in orleansquery, under the keys that they know, with
-- the parameters that they know; everything else here has names of our own.

CREATE TABLE IF NOT EXISTS orleansquery (
    querykey text PRIMARY KEY,
    querytext text NOT NULL
);

-- One row a cluster: its version counts the changes of membership, and every change must name the version that it saw.
CREATE TABLE IF NOT EXISTS orleans_cluster (
    cluster text PRIMARY KEY,
    version integer NOT NULL DEFAULT 0,
    changed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS orleans_silo (
    cluster text NOT NULL REFERENCES orleans_cluster ON DELETE CASCADE,
    address text NOT NULL,
    port integer NOT NULL,
    generation integer NOT NULL,
    name text NOT NULL,
    host text NOT NULL,
    status integer NOT NULL,
    proxy_port integer NOT NULL,
    suspected_by text,
    started_at timestamptz NOT NULL,
    alive_at timestamptz NOT NULL,
    PRIMARY KEY (cluster, address, port, generation)
);

INSERT INTO orleansquery (querykey, querytext) VALUES
('InsertMembershipVersionKey', $q$
    WITH made AS (
        INSERT INTO orleans_cluster (cluster) VALUES (CAST(@DeploymentId AS text)) ON CONFLICT DO NOTHING RETURNING 1)
    SELECT count(*) > 0 FROM made
$q$),
-- A change takes the cluster's row first: of two that saw the same version, the second finds another one there.
('InsertMembershipKey', $q$
    WITH change AS (
        UPDATE orleans_cluster SET version = version + 1, changed_at = now()
        WHERE cluster = CAST(@DeploymentId AS text) AND version = CAST(@Version AS integer) AND NOT EXISTS (
            SELECT 1 FROM orleans_silo WHERE cluster = CAST(@DeploymentId AS text) AND address = CAST(@Address AS text)
                AND port = CAST(@Port AS integer) AND generation = CAST(@Generation AS integer))
        RETURNING cluster),
    made AS (
        INSERT INTO orleans_silo (cluster, address, port, generation, name, host, status, proxy_port, started_at, alive_at)
        SELECT cluster, CAST(@Address AS text), CAST(@Port AS integer), CAST(@Generation AS integer), CAST(@SiloName AS text),
            CAST(@HostName AS text), CAST(@Status AS integer), CAST(@ProxyPort AS integer), CAST(@StartTime AS timestamptz),
            CAST(@IAmAliveTime AS timestamptz)
        FROM change RETURNING 1)
    SELECT count(*) > 0 FROM made
$q$),
('UpdateMembershipKey', $q$
    WITH change AS (
        UPDATE orleans_cluster SET version = version + 1, changed_at = now()
        WHERE cluster = CAST(@DeploymentId AS text) AND version = CAST(@Version AS integer) AND EXISTS (
            SELECT 1 FROM orleans_silo WHERE cluster = CAST(@DeploymentId AS text) AND address = CAST(@Address AS text)
                AND port = CAST(@Port AS integer) AND generation = CAST(@Generation AS integer))
        RETURNING cluster),
    changed AS (
        UPDATE orleans_silo AS silo SET status = CAST(@Status AS integer), suspected_by = CAST(@SuspectTimes AS text),
            alive_at = CAST(@IAmAliveTime AS timestamptz)
        FROM change WHERE silo.cluster = change.cluster AND silo.address = CAST(@Address AS text)
            AND silo.port = CAST(@Port AS integer) AND silo.generation = CAST(@Generation AS integer)
        RETURNING 1)
    SELECT count(*) > 0 FROM changed
$q$),
('UpdateIAmAlivetimeKey', $q$
    UPDATE orleans_silo SET alive_at = CAST(@IAmAliveTime AS timestamptz)
    WHERE cluster = CAST(@DeploymentId AS text) AND address = CAST(@Address AS text)
        AND port = CAST(@Port AS integer) AND generation = CAST(@Generation AS integer)
$q$),
-- The cluster's version is told even where no silo matches.
('MembershipReadRowKey', $q$
    SELECT silo.address AS Address, silo.port AS Port, silo.generation AS Generation, silo.name AS SiloName, silo.host AS HostName,
        silo.status AS Status, silo.proxy_port AS ProxyPort, silo.suspected_by AS SuspectTimes, silo.started_at AS StartTime,
        silo.alive_at AS IAmAliveTime, whole.version AS Version
    FROM orleans_cluster AS whole LEFT JOIN orleans_silo AS silo ON silo.cluster = whole.cluster AND silo.address = CAST(@Address AS text)
        AND silo.port = CAST(@Port AS integer) AND silo.generation = CAST(@Generation AS integer)
    WHERE whole.cluster = CAST(@DeploymentId AS text)
$q$),
('MembershipReadAllKey', $q$
    SELECT silo.address AS Address, silo.port AS Port, silo.generation AS Generation, silo.name AS SiloName, silo.host AS HostName,
        silo.status AS Status, silo.proxy_port AS ProxyPort, silo.suspected_by AS SuspectTimes, silo.started_at AS StartTime,
        silo.alive_at AS IAmAliveTime, whole.version AS Version
    FROM orleans_cluster AS whole LEFT JOIN orleans_silo AS silo ON silo.cluster = whole.cluster
    WHERE whole.cluster = CAST(@DeploymentId AS text)
$q$),
('GatewaysQueryKey', $q$
    SELECT address AS Address, proxy_port AS ProxyPort, generation AS Generation FROM orleans_silo
    WHERE cluster = CAST(@DeploymentId AS text) AND status = CAST(@Status AS integer) AND proxy_port > 0
$q$),
('DeleteMembershipTableEntriesKey', $q$
    DELETE FROM orleans_cluster WHERE cluster = CAST(@DeploymentId AS text)
$q$),
-- All but active silos (3), of which nothing was heard since.
('CleanupDefunctSiloEntriesKey', $q$
    DELETE FROM orleans_silo
    WHERE cluster = CAST(@DeploymentId AS text) AND status <> 3 AND alive_at < CAST(@IAmAliveTime AS timestamptz)
$q$)
ON CONFLICT (querykey) DO UPDATE SET querytext = excluded.querytext;
