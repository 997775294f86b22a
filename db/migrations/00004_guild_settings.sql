-- +goose Up

-- The switches of guilds that changed one.
CREATE TABLE guild_settings (
    guild_id         bigint      NOT NULL PRIMARY KEY CHECK (guild_id > 0),
    error_replies    boolean     NOT NULL,
    error_reply_text text        NOT NULL,
    inbound_endpoint boolean     NOT NULL,
    updated_at       timestamptz NOT NULL
);

-- Plain variables of scripts.
CREATE TABLE guild_variables (
    guild_id   bigint      NOT NULL CHECK (guild_id > 0),
    name       text        NOT NULL COLLATE "C" CHECK (octet_length(name) BETWEEN 1 AND 256),
    value      text        NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (guild_id, name)
);
