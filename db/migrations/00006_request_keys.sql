-- +goose Up

-- The key of the request that made a revision, so that one that is sent again
-- makes no second revision, and a digest of what it asked for. They live as long
-- as the revision does. Revisions of older versions, and of requests without a
-- key, have none.
ALTER TABLE deployment_revisions
    ADD COLUMN request_key    text COLLATE "C" CHECK (octet_length(request_key) BETWEEN 1 AND 128),
    ADD COLUMN request_digest text COLLATE "C";

CREATE UNIQUE INDEX deployment_revisions_request ON deployment_revisions (guild_id, request_key) WHERE request_key IS NOT NULL;
