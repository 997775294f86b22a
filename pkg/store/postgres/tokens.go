package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const columns = `id, user_id, username, label, hash, created_at, last_used_at, expires_at, guild_ids, read_only`

func scanToken(row pgx.CollectableRow) (auth.Token, error) {
	var t auth.Token
	var hash []byte
	var used, expires *time.Time
	var guilds []int64
	if err := row.Scan(&t.ID, &t.UserID, &t.Username, &t.Label, &hash, &t.CreatedAt, &used, &expires, &guilds, &t.ReadOnly); err != nil {
		return auth.Token{}, err
	}
	if len(hash) != len(t.Hash) {
		return auth.Token{}, damaged(errors.New("a token's hash is no SHA-256"))
	}
	copy(t.Hash[:], hash)
	t.CreatedAt, t.LastUsedAt, t.ExpiresAt = t.CreatedAt.UTC(), moment(used), moment(expires)
	if guilds != nil {
		t.Guilds = make([]snowflake.GuildID, len(guilds))
	}
	for i, g := range guilds {
		t.Guilds[i] = snowflake.GuildID(g) //nolint:gosec // Written from one.
	}
	return t, nil
}

func moment(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// stamp keeps the zero time apart from all others.
func stamp(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Microsecond)
	return &t
}

// PutToken implements auth.TokenStore.
func (s *Store) PutToken(ctx context.Context, t auth.Token) error {
	if t.ID == "" || t.UserID == "" || !plain(t.ID, t.UserID, t.Username, t.Label) {
		return errors.New("a token needs an id and an owner, and its texts must be UTF-8 without NUL")
	}
	var guilds []int64
	if t.Guilds != nil {
		guilds = make([]int64, len(t.Guilds))
	}
	for i, g := range t.Guilds {
		guilds[i] = number(g)
	}
	return s.write(ctx, callLimit, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO user_tokens (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			t.ID, t.UserID, t.Username, t.Label, t.Hash[:], stamp(t.CreatedAt), stamp(t.LastUsedAt), stamp(t.ExpiresAt), guilds, t.ReadOnly)
		if conflicts(err) {
			return fault.New(fault.Conflict, "token %s already exists", t.ID)
		}
		return err
	})
}

// Token implements auth.TokenStore.
func (s *Store) Token(ctx context.Context, id string) (auth.Token, error) {
	found, err := s.tokens(ctx, id, `SELECT `+columns+` FROM user_tokens WHERE id = $1`)
	if err != nil {
		return auth.Token{}, err
	}
	if len(found) == 0 {
		return auth.Token{}, fault.New(fault.NotFound, "token not found")
	}
	return found[0], nil
}

// Tokens implements auth.TokenStore.
func (s *Store) Tokens(ctx context.Context, userID string) ([]auth.Token, error) {
	return s.tokens(ctx, userID, `SELECT `+columns+` FROM user_tokens WHERE user_id = $1 ORDER BY created_at DESC, id`)
}

func (s *Store) tokens(ctx context.Context, arg, query string) ([]auth.Token, error) {
	if !plain(arg) {
		return nil, ctx.Err()
	}
	return collect(ctx, s, scanToken, query, arg)
}

// DeleteToken implements auth.TokenStore.
func (s *Store) DeleteToken(ctx context.Context, userID, id string) error {
	missing := fault.New(fault.NotFound, "token not found")
	if !plain(userID, id) {
		return missing
	}
	removed, err := s.remove(ctx, `DELETE FROM user_tokens WHERE id = $1 AND user_id = $2`, id, userID)
	if err == nil && !removed {
		return missing
	}
	return err
}

// TouchToken implements auth.TokenStore.
func (s *Store) TouchToken(ctx context.Context, id string, at time.Time) error {
	if !plain(id) {
		return ctx.Err()
	}
	return s.write(ctx, callLimit, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE user_tokens SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)`, id, stamp(at))
		return err
	})
}
