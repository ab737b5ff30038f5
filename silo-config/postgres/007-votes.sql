-- Votes of heights that are not final yet, a row a batch: for each ballot its fields, the number of those who signed it, and each
-- one's address and signature. They are said again where they are lost, so none of it goes through the write-ahead log: after a
-- crash of the server, or on a promoted standby, the table is empty.
CREATE UNLOGGED TABLE IF NOT EXISTS vote_batch (
    place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    height bigint NOT NULL,
    votes bytea NOT NULL,
    sum bigint NOT NULL
);

CREATE INDEX IF NOT EXISTS vote_batch_height ON vote_batch (height);

-- Signatures do not compress.
ALTER TABLE vote_batch ALTER COLUMN votes SET STORAGE EXTERNAL;

-- The table "vote" of script 001 is written by silos of the version before alone. A later script may drop it.
