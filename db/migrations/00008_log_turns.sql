-- +goose Up

-- Who wrote the lines of a shard's guilds when, where several replicas serve: the
-- ids of a turn's lines are above its base, and below that of the next.
CREATE TABLE log_turns (
    shards   int         NOT NULL CHECK (shards > 0),
    shard    int         NOT NULL CHECK (shard >= 0),
    base     bigint      NOT NULL CHECK (base > 0),
    replica  text        NOT NULL,
    begun_at timestamptz NOT NULL,
    PRIMARY KEY (shards, shard, base)
);
