package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/secret"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const sealedColumns = `id::text, guild_id, name, tag, allowed_hosts, allow_http, key_id, sealed, created_at, updated_at`

func scanSecret(row pgx.CollectableRow) (secret.Record, error) {
	var r secret.Record
	var guild int64
	if err := row.Scan(&r.ID, &guild, &r.Name, &r.Tag, &r.AllowedHosts, &r.AllowHTTP, &r.KeyID, &r.Sealed, &r.CreatedAt, &r.UpdatedAt); err != nil {
		return secret.Record{}, err
	}
	r.Guild = snowflake.GuildID(guild) //nolint:gosec // Written from one.
	r.CreatedAt, r.UpdatedAt = r.CreatedAt.UTC(), r.UpdatedAt.UTC()
	return r, nil
}

// Secrets implements secret.Store.
func (s *Store) Secrets(ctx context.Context, guild snowflake.GuildID) ([]secret.Record, error) {
	return collect(ctx, s, scanSecret, `SELECT `+sealedColumns+` FROM guild_secrets WHERE guild_id = $1 ORDER BY name`, number(guild))
}

// PutSecret implements secret.Store.
func (s *Store) PutSecret(ctx context.Context, r secret.Record, most int) error {
	if !plain(r.Name, r.Tag, r.KeyID) || !plain(r.AllowedHosts...) {
		return errors.New("a secret's texts must be UTF-8 without NUL")
	}
	return s.write(ctx, callLimit, func(ctx context.Context, tx pgx.Tx) error {
		if err := alone(ctx, tx, "secrets", r.Guild); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `UPDATE guild_secrets SET tag = $4, allowed_hosts = $5, allow_http = $6, key_id = $7, sealed = $8, created_at = $9, updated_at = $10
			WHERE id = $1 AND guild_id = $2 AND name = $3`,
			r.ID, number(r.Guild), r.Name, r.Tag, r.AllowedHosts, r.AllowHTTP, r.KeyID, r.Sealed, stamp(r.CreatedAt), stamp(r.UpdatedAt))
		if err != nil || tag.RowsAffected() > 0 {
			return err
		}
		var have int
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM guild_secrets WHERE guild_id = $1 AND name <> $2`, number(r.Guild), r.Name).Scan(&have); err != nil {
			return err
		}
		if have >= most {
			return secret.TooMany(most)
		}
		_, err = tx.Exec(ctx, `INSERT INTO guild_secrets (id, guild_id, name, tag, allowed_hosts, allow_http, key_id, sealed, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			r.ID, number(r.Guild), r.Name, r.Tag, r.AllowedHosts, r.AllowHTTP, r.KeyID, r.Sealed, stamp(r.CreatedAt), stamp(r.UpdatedAt))
		if conflicts(err) {
			return fault.Wrap(err, fault.Conflict, "secret %s was changed by somebody else at the same time; try again", r.Name)
		}
		return err
	})
}

// DeleteSecret implements secret.Store.
func (s *Store) DeleteSecret(ctx context.Context, guild snowflake.GuildID, name string) (bool, error) {
	if !plain(name) {
		return false, ctx.Err()
	}
	return s.remove(ctx, `DELETE FROM guild_secrets WHERE guild_id = $1 AND name = $2`, number(guild), name)
}

// StaleSecrets implements secret.Store.
func (s *Store) StaleSecrets(ctx context.Context, keyID, after string, limit int) ([]secret.Record, error) {
	return collect(ctx, s, scanSecret, `SELECT `+sealedColumns+` FROM guild_secrets WHERE key_id <> $1 AND ($2 = '' OR id > $2::uuid) ORDER BY id LIMIT $3`, keyID, after, limit)
}

// ResealSecret implements secret.Store.
func (s *Store) ResealSecret(ctx context.Context, id string, was []byte, keyID string, sealed []byte) error {
	return s.write(ctx, callLimit, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE guild_secrets SET key_id = $3, sealed = $4 WHERE id = $1 AND sealed = $2`, id, was, keyID, sealed)
		return err
	})
}
