-- +goose Up

-- What scripts may send and never see. A value is sealed with the key key_id
-- names, together with the columns beside it: none of them can be changed alone.
CREATE TABLE guild_secrets (
    id            uuid        NOT NULL PRIMARY KEY,
    guild_id      bigint      NOT NULL CHECK (guild_id > 0),
    name          text        NOT NULL COLLATE "C" CHECK (octet_length(name) BETWEEN 1 AND 256),
    -- The end of the placeholder.
    tag           text        NOT NULL COLLATE "C" CHECK (octet_length(tag) BETWEEN 1 AND 64),
    allowed_hosts text[]      NOT NULL,
    allow_http    boolean     NOT NULL,
    key_id        text        NOT NULL COLLATE "C",
    sealed        bytea       NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    UNIQUE (guild_id, name)
);

-- Random bytes do not get smaller.
ALTER TABLE guild_secrets ALTER COLUMN sealed SET STORAGE EXTERNAL;
