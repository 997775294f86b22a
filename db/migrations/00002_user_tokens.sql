-- +goose Up

-- API tokens. Of a token only the SHA-256 is kept.
CREATE TABLE user_tokens (
    id           text        NOT NULL COLLATE "C" PRIMARY KEY,
    user_id      text        NOT NULL COLLATE "C",
    username     text        NOT NULL,
    label        text        NOT NULL,
    hash         bytea       NOT NULL CHECK (octet_length(hash) = 32),
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz,
    expires_at   timestamptz,
    -- NULL is all guilds of the user.
    guild_ids    bigint[],
    read_only    boolean     NOT NULL
);

CREATE INDEX user_tokens_owner ON user_tokens (user_id, created_at DESC, id);
