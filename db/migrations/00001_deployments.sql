-- +goose Up

-- What a guild deployed, successes and failures. Columns are what queries use;
-- the rest is the document that the API shows. It is json, not jsonb, and the
-- body is bytes, because both may hold what a script's author wrote: any
-- character, NUL too.
CREATE TABLE deployment_revisions (
    guild_id    bigint      NOT NULL CHECK (guild_id > 0),
    id          text        NOT NULL COLLATE "C" CHECK (octet_length(id) BETWEEN 1 AND 64),
    status      text        NOT NULL CHECK (status IN ('success', 'failed')),
    deployed_at timestamptz NOT NULL,
    document    json        NOT NULL,
    -- Sources, source map and bundle, as one JSON document, compressed with zstd.
    body        bytea       NOT NULL,
    -- Of the document.
    body_bytes  bigint      NOT NULL CHECK (body_bytes >= 0),
    PRIMARY KEY (guild_id, id)
);

-- Nothing is gained by compressing it again.
ALTER TABLE deployment_revisions ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE INDEX deployment_revisions_history ON deployment_revisions (guild_id, deployed_at DESC, id DESC);

-- What a guild runs.
CREATE TABLE deployments (
    guild_id    bigint      NOT NULL PRIMARY KEY,
    revision_id text        NOT NULL COLLATE "C",
    entry       text        NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    FOREIGN KEY (guild_id, revision_id) REFERENCES deployment_revisions (guild_id, id)
);
