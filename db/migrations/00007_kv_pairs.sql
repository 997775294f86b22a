-- +goose Up

-- Key-value data where kv.engine is "postgres", as pkg/kv lays it out: the first
-- byte of a key says what it is, and keys are in the order of their bytes. What
-- is written often is one row per guild and store, so pages keep room for it.
CREATE TABLE kv_pairs (
    key   bytea NOT NULL PRIMARY KEY,
    value bytea NOT NULL
) WITH (fillfactor = 90);

-- The processes that use the data above, until when they are known to live. One
-- that moves it is alone.
CREATE TABLE kv_processes (
    id    uuid        NOT NULL PRIMARY KEY,
    name  text        NOT NULL,
    moves boolean     NOT NULL,
    until timestamptz NOT NULL
);

-- Archives of a guild's key-value stores.
CREATE TABLE kv_archives (
    guild_id   bigint      NOT NULL CHECK (guild_id > 0),
    id         uuid        NOT NULL,
    created_at timestamptz NOT NULL,
    bytes      bigint      NOT NULL CHECK (bytes >= 0),
    PRIMARY KEY (guild_id, id)
);

-- Chunk n begins where n chunks of the standard size end.
CREATE TABLE kv_archive_chunks (
    guild_id bigint NOT NULL,
    id       uuid   NOT NULL,
    n        int    NOT NULL,
    data     bytea  NOT NULL,
    PRIMARY KEY (guild_id, id, n),
    FOREIGN KEY (guild_id, id) REFERENCES kv_archives (guild_id, id) ON DELETE CASCADE
);

-- Archives are compressed.
ALTER TABLE kv_archive_chunks ALTER COLUMN data SET STORAGE EXTERNAL;

-- The stores in there, for whoever looks into the database: kv_stores is about
-- data that is elsewhere.
CREATE VIEW kv_pair_stores AS
SELECT ('x' || encode(substring(key FROM 2 FOR 8), 'hex'))::bit(64)::bigint AS guild_id,
       convert_from(substring(key FROM 10), 'UTF8') AS store_name,
       encode(substring(value FROM 2 FOR 16), 'hex')::uuid AS id
FROM kv_pairs WHERE key >= '\x02' AND key < '\x03';
