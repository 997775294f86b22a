package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// body is the large part of a revision.
type body struct {
	Files     []deploy.File     `json:"files,omitempty"`
	SourceMap *deploy.SourceMap `json:"source_map,omitempty"`
	Bundle    string            `json:"bundle,omitempty"`
}

func number(guild snowflake.GuildID) int64 { return int64(guild) } //nolint:gosec // Ids end at 2^63-1.

const deploymentColumns = `guild_id, entry, created_at, updated_at, revision_id`

// List implements deploy.Store.
func (s *Store) List(ctx context.Context) ([]deploy.Deployment, error) {
	return collect(ctx, s, deploymentOf, `SELECT `+deploymentColumns+` FROM deployments ORDER BY guild_id`)
}

// Deployment implements deploy.Store.
func (s *Store) Deployment(ctx context.Context, guild snowflake.GuildID) (d deploy.Deployment, err error) {
	err = s.read(ctx, func(ctx context.Context, c *pgx.Conn) error {
		rows, err := c.Query(ctx, `SELECT `+deploymentColumns+` FROM deployments WHERE guild_id = $1`, number(guild))
		if err != nil {
			return err
		}
		d, err = pgx.CollectExactlyOneRow(rows, deploymentOf)
		if errors.Is(err, pgx.ErrNoRows) {
			return fault.New(fault.NotFound, "Resource not found: deployment not found")
		}
		return err
	})
	return d, err
}

func deploymentOf(row pgx.CollectableRow) (deploy.Deployment, error) {
	var d deploy.Deployment
	var guild int64
	err := row.Scan(&guild, &d.Entry, &d.CreatedAt, &d.UpdatedAt, &d.RevisionID)
	d.Guild = snowflake.GuildID(guild) //nolint:gosec // A check of the table.
	d.CreatedAt, d.UpdatedAt = d.CreatedAt.UTC(), d.UpdatedAt.UTC()
	return d, err
}

// Current implements deploy.Store.
func (s *Store) Current(ctx context.Context, guild snowflake.GuildID) (deploy.Revision, error) {
	return s.one(ctx, fault.New(fault.NotFound, "Resource not found: deployment not found"), `
		SELECT r.document, r.body FROM deployments d JOIN deployment_revisions r ON r.guild_id = d.guild_id AND r.id = d.revision_id
		WHERE d.guild_id = $1`, []any{number(guild)})
}

// Revision implements deploy.Store.
func (s *Store) Revision(ctx context.Context, guild snowflake.GuildID, id string) (deploy.Revision, error) {
	missing := fault.New(fault.NotFound, "Resource not found: Deployment revision not found")
	if !plain(id) {
		return deploy.Revision{}, missing
	}
	return s.one(ctx, missing, `SELECT document, body FROM deployment_revisions WHERE guild_id = $1 AND id = $2`, []any{number(guild), id})
}

// ByRequest implements deploy.Store.
func (s *Store) ByRequest(ctx context.Context, guild snowflake.GuildID, key string) (deploy.Revision, error) {
	missing := fault.New(fault.NotFound, "Resource not found: no request with this key")
	if !plain(key) {
		return deploy.Revision{}, missing
	}
	request := deploy.RequestKey{Key: key}
	r, err := s.one(ctx, missing, `SELECT document, body, request_digest FROM deployment_revisions WHERE guild_id = $1 AND request_key = $2`, []any{number(guild), key}, &request.Digest)
	if err != nil {
		return deploy.Revision{}, err
	}
	r.Request = request
	return r, nil
}

// one reads a whole revision, and into more what the query gives beyond it.
func (s *Store) one(ctx context.Context, missing error, query string, args []any, more ...any) (deploy.Revision, error) {
	var document, large []byte
	err := s.read(ctx, func(ctx context.Context, c *pgx.Conn) error {
		err := c.QueryRow(ctx, query, args...).Scan(append([]any{&document, &large}, more...)...)
		if errors.Is(err, pgx.ErrNoRows) {
			return missing
		}
		return err
	})
	if err != nil {
		return deploy.Revision{}, err
	}
	r, err := decode(document)
	if err != nil {
		return deploy.Revision{}, err
	}
	var b body
	if large, err = unpack(large); err != nil {
		return deploy.Revision{}, damaged(err)
	}
	if err := json.Unmarshal(large, &b); err != nil {
		return deploy.Revision{}, damaged(err)
	}
	r.Files, r.SourceMap, r.Bundle = b.Files, b.SourceMap, b.Bundle
	return r, nil
}

func decode(document []byte) (r deploy.Revision, err error) {
	if err := json.Unmarshal(document, &r); err != nil {
		return deploy.Revision{}, damaged(err)
	}
	return r, nil
}

func damaged(err error) error {
	return fault.Wrap(err, fault.Internal, "storage is damaged; the operator must restore a backup")
}

// record is a revision as it is stored.
type record struct {
	deploy.Revision
	document, body []byte
	bodyBytes      int64 // Before it was packed.
}

func encode(r deploy.Revision) (record, error) {
	large, err := json.Marshal(body{r.Files, r.SourceMap, r.Bundle})
	if err != nil {
		return record{}, fmt.Errorf("encode a revision: %w", err)
	}
	r.DeployedAt = deploy.Time(r.DeployedAt)
	r.Files, r.SourceMap, r.Bundle = nil, nil, ""
	document, err := json.Marshal(r)
	if err != nil {
		return record{}, fmt.Errorf("encode a revision: %w", err)
	}
	packed, err := pack(large)
	return record{r, document, packed, int64(len(large))}, err
}

// PutRevision implements deploy.Store. When the connection is lost in the commit,
// it finds out whether that took place, and tries again if not; only if it
// cannot find out, it answers a fault.Unavailable for a revision that may be
// stored.
func (s *Store) PutRevision(ctx context.Context, r deploy.Revision) error {
	if err := r.Validate(); err != nil {
		return err
	}
	if !plain(r.ID, r.Entry) {
		return fault.New(fault.InvalidInput, "the id or the entry of a revision holds a NUL or is not UTF-8")
	}
	rec, err := encode(r)
	if err != nil {
		return err
	}
	for range 2 {
		err = s.write(ctx, writeLimit, func(ctx context.Context, tx pgx.Tx) error { return s.put(ctx, tx, rec) })
		if !errors.Is(err, errUncertain) {
			return err
		}
		stored, unknown := s.settle(ctx, rec, err)
		if stored || unknown != nil {
			return unknown
		}
	}
	return err
}

func (s *Store) put(ctx context.Context, tx pgx.Tx, r record) error {
	if err := alone(ctx, tx, "deployments", r.Guild); err != nil {
		return err
	}
	guild := number(r.Guild)
	_, err := tx.Exec(ctx, `
		INSERT INTO deployment_revisions (guild_id, id, status, deployed_at, document, body, body_bytes, request_key, request_digest)
		VALUES ($1, $2, $3, $4, $5, $6, $7, nullif($8, ''), nullif($9, ''))`,
		guild, r.ID, string(r.Status), r.DeployedAt, r.document, r.body, r.bodyBytes, r.Request.Key, r.Request.Digest)
	if conflicts(err) {
		return fault.New(fault.Conflict, "revision %s already exists, or its request's key was used before", r.ID)
	}
	if err != nil {
		return err
	}
	if r.Status == deploy.Success {
		if _, err := tx.Exec(ctx, `
			INSERT INTO deployments (guild_id, revision_id, entry, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
			ON CONFLICT (guild_id) DO UPDATE SET revision_id = excluded.revision_id, entry = excluded.entry, updated_at = excluded.updated_at`,
			guild, r.ID, r.Entry, r.DeployedAt); err != nil {
			return err
		}
	}
	// What the history holds beyond its bounds, now that this one is in it.
	_, err = tx.Exec(ctx, `
		DELETE FROM deployment_revisions r
		USING (
			SELECT id, row_number() OVER newer AS place, sum(body_bytes) OVER newer AS bytes
			FROM deployment_revisions WHERE guild_id = $1 AND id <> $2 AND status = $6
			WINDOW newer AS (ORDER BY deployed_at DESC, id DESC ROWS UNBOUNDED PRECEDING)
		) old
		WHERE r.guild_id = $1 AND r.id = old.id AND (old.place >= $3 OR old.bytes + $4 > $5)
			AND NOT EXISTS (SELECT FROM deployments d WHERE d.guild_id = r.guild_id AND d.revision_id = r.id)`,
		guild, r.ID, s.cfg.KeepRevisions, r.bodyBytes, s.cfg.KeepBytes, string(r.Status))
	return err
}

// Delete implements deploy.Store. When it is not known whether a first attempt
// took place, a deployment that is gone is one that it deleted.
func (s *Store) Delete(ctx context.Context, guild snowflake.GuildID) error {
	missing := fault.New(fault.NotFound, "Resource not found: deployment not found")
	remove := func(ctx context.Context, tx pgx.Tx) error {
		if err := alone(ctx, tx, "deployments", guild); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `DELETE FROM deployments WHERE guild_id = $1`, number(guild))
		if err == nil && tag.RowsAffected() == 0 {
			return missing
		}
		return err
	}
	err := s.write(ctx, callLimit, remove)
	if !errors.Is(err, errUncertain) {
		return err
	}
	if err = s.write(context.WithoutCancel(ctx), callLimit, remove); errors.Is(err, missing) {
		return nil
	}
	return err
}

// The pause before settle looks again doubles from one to the other.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 2 * time.Second
)

// settle finds out whether the commit that got no answer took place.
func (s *Store) settle(ctx context.Context, r record, lost error) (stored bool, err error) {
	// Whoever gave up must still not leave it open what runs.
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.settling)
	defer cancel()
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		err := s.write(limited, callLimit, func(ctx context.Context, tx pgx.Tx) error {
			if err := alone(ctx, tx, "deployments", r.Guild); err != nil {
				return err
			}
			return tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM deployment_revisions WHERE guild_id = $1 AND id = $2)`, number(r.Guild), r.ID).Scan(&stored)
		})
		if err == nil {
			return stored, nil
		}
		if !clock.Sleep(limited, clock.Real, pause) {
			f := fault.Wrap(errors.Join(lost, err), fault.Unavailable, "the database went away while the deployment was stored, and it is not known whether it is; look at the history before you deploy again")
			f.RetryAfter = retryAfter
			return false, f
		}
	}
}

// History implements deploy.Store.
func (s *Store) History(ctx context.Context, guild snowflake.GuildID, before deploy.Cursor, limit int) ([]deploy.Revision, error) {
	if limit <= 0 {
		return []deploy.Revision{}, ctx.Err()
	}
	if !plain(before.ID) {
		return nil, fault.New(fault.BadRequest, "the cursor's id holds a NUL or is not UTF-8")
	}
	query, args := `SELECT document FROM deployment_revisions WHERE guild_id = $1 ORDER BY deployed_at DESC, id DESC LIMIT $2`, []any{number(guild), limit}
	if !before.IsZero() {
		query = `SELECT document FROM deployment_revisions WHERE guild_id = $1 AND (deployed_at, id) < ($3, $4) ORDER BY deployed_at DESC, id DESC LIMIT $2`
		args = append(args, deploy.Time(before.DeployedAt), before.ID)
	}
	return collect(ctx, s, func(row pgx.CollectableRow) (deploy.Revision, error) {
		var document []byte
		if err := row.Scan(&document); err != nil {
			return deploy.Revision{}, err
		}
		return decode(document)
	}, query, args...)
}
