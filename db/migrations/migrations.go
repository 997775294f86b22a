// Package migrations holds the Postgres schema as numbered steps and brings a
// database to the newest. Steps only go forward, and one that was released is
// never changed; each leaves the database usable by the version before it, which
// may still be running, or be put back.
package migrations

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"go.uber.org/zap"
)

//go:embed *.sql
var steps embed.FS

// lockID is the advisory lock that replicas which start together take in turn:
// "flora" in ASCII.
const lockID = 0x666c6f7261

// lockSeconds bounds the wait for another replica that is migrating.
const lockSeconds = 300

// duplicateTable is a SQLSTATE.
const duplicateTable = "42P07"

// Result says what Up did.
type Result struct {
	From, To int64 // Numbers of the last step before and after; 0 is an empty database.
	Applied  []string
}

// Up applies the steps that the database of conn lacks, each in a transaction of
// its own. Several callers may run at once: one works, the others wait.
func Up(ctx context.Context, conn *pgx.ConnConfig, log *zap.Logger) (Result, error) {
	return up(ctx, conn, log, steps, math.MaxInt64)
}

func up(ctx context.Context, conn *pgx.ConnConfig, log *zap.Logger, from fs.FS, last int64) (result Result, err error) {
	config := conn.Copy()
	// A step may take longer than a request. Its waits for locks stay short, since
	// the requests of runtimes that run would queue behind them.
	delete(config.RuntimeParams, "statement_timeout")
	delete(config.RuntimeParams, "idle_in_transaction_session_timeout")
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(lockID), lock.WithLockTimeout(1, lockSeconds))
	if err != nil {
		return Result{}, fmt.Errorf("prepare the migrations' lock: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, from,
		goose.WithSessionLocker(locker), goose.WithTableName("flora_migrations"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return Result{}, fmt.Errorf("read the migrations: %w", err)
	}
	known := p.ListSources()
	last = min(last, known[len(known)-1].Version)
	done, err := p.UpTo(ctx, last)
	for _, r := range done {
		log.Info("database migrated", zap.String("step", r.Source.Path), zap.Duration("took", r.Duration))
		result.Applied = append(result.Applied, r.Source.Path)
	}
	if state, ok := errors.AsType[*pgconn.PgError](err); ok && state.Code == duplicateTable {
		return result, fmt.Errorf("migrate the database: it holds tables of something else, such as the original Flora; name an empty database in database.url: %w", err)
	}
	if err != nil {
		return result, fmt.Errorf("migrate the database: %w", err)
	}
	if result.To, err = p.GetDBVersion(ctx); err != nil {
		return result, fmt.Errorf("read the database's version: %w", err)
	}
	if newest := known[len(known)-1].Version; result.To > newest {
		log.Warn("the database was migrated by a newer version of Flora", zap.Int64("step", result.To), zap.Int64("newest_known", newest))
	}
	result.From = result.To
	if len(done) > 0 {
		result.From = done[0].Source.Version - 1
	}
	return result, nil
}
