package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// PutKVStores implements kv.Index. A commit whose answer is lost may be told as
// a failure: doing it again is the same.
func (s *Store) PutKVStores(ctx context.Context, guild snowflake.GuildID, stores []kv.Registered) error {
	names, ids, created := make([]string, len(stores)), make([]string, len(stores)), make([]any, len(stores))
	for i, r := range stores {
		names[i], ids[i], created[i] = r.Name, r.ID, stamp(r.CreatedAt)
	}
	return s.write(ctx, callLimit, func(ctx context.Context, tx pgx.Tx) error {
		// So that no two lists mix.
		if err := alone(ctx, tx, "kv stores", guild); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM kv_stores WHERE guild_id = $1 AND store_name <> ALL ($2)`, number(guild), names); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			INSERT INTO kv_stores (guild_id, store_name, id, created_at)
			SELECT $1, s.name, s.id, s.created_at FROM unnest($2::text[], $3::uuid[], $4::timestamptz[]) AS s (name, id, created_at)
			ON CONFLICT (guild_id, store_name) DO UPDATE SET id = excluded.id, created_at = excluded.created_at`,
			number(guild), names, ids, created)
		return err
	})
}

// KVStores implements kv.Index.
func (s *Store) KVStores(ctx context.Context, guild snowflake.GuildID) ([]kv.Registered, error) {
	return collect(ctx, s, func(row pgx.CollectableRow) (kv.Registered, error) {
		var r kv.Registered
		err := row.Scan(&r.Name, &r.ID, &r.CreatedAt)
		r.CreatedAt = r.CreatedAt.UTC()
		return r, err
	}, `SELECT store_name, id::text, created_at FROM kv_stores WHERE guild_id = $1 ORDER BY store_name`, number(guild))
}

// KVGuilds implements kv.Index.
func (s *Store) KVGuilds(ctx context.Context) ([]snowflake.GuildID, error) {
	return collect(ctx, s, func(row pgx.CollectableRow) (snowflake.GuildID, error) {
		var guild int64
		err := row.Scan(&guild)
		return snowflake.GuildID(guild), err //nolint:gosec // A check of the table.
	}, `SELECT DISTINCT guild_id FROM kv_stores ORDER BY guild_id`)
}
