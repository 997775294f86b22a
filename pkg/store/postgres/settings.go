package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flora-runtime/flora-runtime/pkg/settings"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Settings implements settings.Store.
func (s *Store) Settings(ctx context.Context, guild snowflake.GuildID) (out settings.Settings, err error) {
	err = s.read(ctx, func(ctx context.Context, c *pgx.Conn) error {
		err := c.QueryRow(ctx, `SELECT error_replies, error_reply_text, inbound_endpoint FROM guild_settings WHERE guild_id = $1`, number(guild)).
			Scan(&out.ErrorReplies, &out.ErrorText, &out.InboundEndpoint)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	return out, err
}

// PutSettings implements settings.Store.
func (s *Store) PutSettings(ctx context.Context, guild snowflake.GuildID, set settings.Settings) error {
	if !plain(set.ErrorText) {
		return errors.New("a setting's text must be UTF-8 without NUL")
	}
	return s.write(ctx, callLimit, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO guild_settings (guild_id, error_replies, error_reply_text, inbound_endpoint, updated_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (guild_id) DO UPDATE SET error_replies = $2, error_reply_text = $3, inbound_endpoint = $4, updated_at = $5`,
			number(guild), set.ErrorReplies, set.ErrorText, set.InboundEndpoint, stamp(time.Now()))
		return err
	})
}

// Variables implements settings.Store.
func (s *Store) Variables(ctx context.Context, guild snowflake.GuildID) ([]settings.Variable, error) {
	return collect(ctx, s, func(row pgx.CollectableRow) (settings.Variable, error) {
		var v settings.Variable
		err := row.Scan(&v.Name, &v.Value, &v.UpdatedAt)
		v.UpdatedAt = v.UpdatedAt.UTC()
		return v, err
	}, `SELECT name, value, updated_at FROM guild_variables WHERE guild_id = $1 ORDER BY name`, number(guild))
}

// PutVariable implements settings.Store.
func (s *Store) PutVariable(ctx context.Context, guild snowflake.GuildID, v settings.Variable, most int) error {
	if !plain(v.Name, v.Value) {
		return errors.New("a variable's texts must be UTF-8 without NUL")
	}
	return s.write(ctx, callLimit, func(ctx context.Context, tx pgx.Tx) error {
		if err := alone(ctx, tx, "variables", guild); err != nil {
			return err
		}
		var have int
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM guild_variables WHERE guild_id = $1 AND name <> $2`, number(guild), v.Name).Scan(&have); err != nil {
			return err
		}
		if have >= most {
			return settings.TooMany(most)
		}
		_, err := tx.Exec(ctx, `INSERT INTO guild_variables (guild_id, name, value, updated_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (guild_id, name) DO UPDATE SET value = $3, updated_at = $4`, number(guild), v.Name, v.Value, stamp(v.UpdatedAt))
		return err
	})
}

// DeleteVariable implements settings.Store.
func (s *Store) DeleteVariable(ctx context.Context, guild snowflake.GuildID, name string) (bool, error) {
	if !plain(name) {
		return false, ctx.Err()
	}
	return s.remove(ctx, `DELETE FROM guild_variables WHERE guild_id = $1 AND name = $2`, number(guild), name)
}
