-- +goose Up

-- The key-value stores that there are, for whoever looks into the database. The
-- runtime's own key-value data is what counts; this follows it.
CREATE TABLE kv_stores (
    guild_id   bigint      NOT NULL CHECK (guild_id > 0),
    store_name text        NOT NULL COLLATE "C" CHECK (octet_length(store_name) BETWEEN 1 AND 1024),
    id         uuid        NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (guild_id, store_name)
);
