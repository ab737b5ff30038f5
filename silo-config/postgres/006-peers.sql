-- What a node remembers of its peers: reputation, bans, what they proved, where they were. Written behind, in batches; what a
-- crash of the server loses is found out again. The record is the program's own encoding, with a checksum; the other columns
-- repeat of it what rows are looked for by. Times are milliseconds since 1970.

CREATE TABLE IF NOT EXISTS peer (
    id text COLLATE "C" PRIMARY KEY,
    banned_until bigint NOT NULL,
    last_contact bigint NOT NULL,
    record bytea NOT NULL,
    sum bigint NOT NULL
);

CREATE INDEX IF NOT EXISTS peer_by_use ON peer (banned_until DESC, last_contact DESC);
