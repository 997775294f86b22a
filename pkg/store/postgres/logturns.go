package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flora-runtime/flora-runtime/pkg/logs/shared"
)

// turnsFor is how long turns are remembered after their end.
const turnsFor = 7 * 24 * time.Hour

// BeginTurn implements shared.Turns. A commit whose answer is lost may leave a turn
// without lines, which changes nothing.
func (s *Store) BeginTurn(ctx context.Context, shard, of int, replica string, least uint64) (base uint64, err error) {
	err = s.write(ctx, callLimit, func(ctx context.Context, tx pgx.Tx) error {
		// One after the other; who reads is not held up.
		if _, err := tx.Exec(ctx, `LOCK TABLE log_turns IN EXCLUSIVE MODE`); err != nil {
			return err
		}
		// The last of each shard stays, so that no base comes again.
		if _, err := tx.Exec(ctx, `
			DELETE FROM log_turns t WHERE EXISTS (
				SELECT 1 FROM log_turns n WHERE n.shards = t.shards AND n.shard = t.shard AND n.base > t.base AND n.begun_at < $1)`, stamp(time.Now().Add(-turnsFor))); err != nil {
			return err
		}
		// With another number of shards, guilds come from any of those before.
		return tx.QueryRow(ctx, `
			INSERT INTO log_turns (shards, shard, base, replica, begun_at)
			SELECT $1, $2, greatest(coalesce(max(base) + $5, 0), (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, $4), $3, clock_timestamp()
			FROM log_turns WHERE shard = $2 OR shards <> $1
			RETURNING base`, of, shard, replica, least, int64(shared.Ahead)).Scan(&base)
	})
	return base, err
}

// LogTurns implements shared.Turns.
func (s *Store) LogTurns(ctx context.Context, shard, of int) ([]shared.Turn, error) {
	return collect(ctx, s, func(row pgx.CollectableRow) (shared.Turn, error) {
		var t shared.Turn
		err := row.Scan(&t.Base, &t.Replica, &t.At)
		return t, err
	}, `SELECT base, replica, begun_at FROM log_turns WHERE shards = $1 AND shard = $2 ORDER BY base`, of, shard)
}

var _ shared.Turns = (*Store)(nil)
