// Package postgres keeps deployments, revisions, API tokens, secrets, settings and
// the list of key-value stores in Postgres.
//
// What was acknowledged is committed, and what is written together is one
// transaction. A connection may be lost at any moment: what certainly did not
// happen is tried once more on another connection, and while the database cannot
// be reached every method fails with fault.Unavailable, until it can.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/db/migrations"
	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/secret"
	"github.com/flora-runtime/flora-runtime/pkg/settings"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	// callLimit bounds a method, its wait for a connection included, so that a
	// database that hangs holds no request up for long.
	callLimit = 5 * time.Second
	// writeLimit bounds the writing of a revision, which may have many megabytes.
	writeLimit = 30 * time.Second
	// settleLimit bounds the time in which it is found out whether a commit took
	// place. It is longer than most outages: what is not known in the end leaves
	// the runtime with one revision and the database with another.
	settleLimit = time.Minute
	// connectLimit bounds one attempt to connect.
	connectLimit = 3 * time.Second
)

// What the server ends by itself, should this process be gone or hang: a
// statement, the wait for a lock, and a transaction that nobody goes on with.
var serverLimits = map[string]time.Duration{
	"statement_timeout":                   writeLimit,
	"lock_timeout":                        callLimit,
	"idle_in_transaction_session_timeout": 2 * writeLimit,
}

// Config of a Store.
type Config struct {
	// URL is where the database is: "postgres://user:password@host:5432/flora".
	// Its parameters are those of libpq and of pgxpool, such as sslmode and
	// pool_max_conns.
	URL string
	Log *zap.Logger // nil logs nothing.
	// MaxConnections bounds the connections to the database, unless the URL has
	// pool_max_conns. 0 is 10.
	MaxConnections int
	// KeepRevisions and KeepBytes bound a guild's history, see
	// deploy.KeepRevisions, which are the standard.
	KeepRevisions int
	KeepBytes     int64

	// Set by tests: committing is called before each commit, settling stands for
	// settleLimit.
	committing func(ctx context.Context, tx pgx.Tx)
	settling   time.Duration
}

// Store implements the stores below.
type Store struct {
	cfg  Config
	pool *pgxpool.Pool
	down atomic.Bool // The log says that the database does not answer.
	// reached is closed once the schema is known to be the newest; before, every
	// method fails with fault.Unavailable.
	reached chan struct{}
}

var (
	_ deploy.Store    = (*Store)(nil)
	_ auth.TokenStore = (*Store)(nil)
	_ secret.Store    = (*Store)(nil)
	_ settings.Store  = (*Store)(nil)
	_ kv.Index        = (*Store)(nil)
)

// Open connects to the database and brings its schema to the newest step.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	s, err := OpenLater(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if err := s.reach(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// OpenLater is Open for a database that may not be there yet: Run reaches it.
func OpenLater(ctx context.Context, cfg Config) (*Store, error) {
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	if cfg.MaxConnections <= 0 {
		cfg.MaxConnections = 10
	}
	if cfg.KeepRevisions <= 0 {
		cfg.KeepRevisions = deploy.KeepRevisions
	}
	if cfg.KeepBytes <= 0 {
		cfg.KeepBytes = deploy.KeepBytes
	}
	if cfg.settling <= 0 {
		cfg.settling = settleLimit
	}
	pc, err := parse(cfg.URL)
	if err != nil {
		return nil, err
	}
	if !strings.Contains(cfg.URL, "pool_max_conns") {
		pc.MaxConns = int32(min(cfg.MaxConnections, 10_000)) //nolint:gosec // Bounded.
	}
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	return &Store{cfg: cfg, pool: pool, reached: make(chan struct{})}, nil
}

// reach brings the schema to the newest step and opens the store.
func (s *Store) reach(ctx context.Context) error {
	pc := s.pool.Config()
	if _, err := migrate(ctx, pc, s.cfg.Log); err != nil {
		return err
	}
	c := pc.ConnConfig
	s.cfg.Log.Info("deployments and tokens are in Postgres", zap.String("host", c.Host), zap.Uint16("port", c.Port), zap.String("database", c.Database))
	close(s.reached)
	return nil
}

// The pauses between attempts to reach the database for the first time.
const firstReach, lastReach = 500 * time.Millisecond, 10 * time.Second

// Run reaches the database of OpenLater, however long that takes, and returns
// when ctx ends, or when the database is there and cannot be used.
func (s *Store) Run(ctx context.Context) error {
	for pause := firstReach; ; pause = min(2*pause, lastReach) {
		err := s.reach(ctx)
		if err == nil {
			<-ctx.Done()
			return nil
		}
		if ctx.Err() == nil && !missing(err) {
			return err
		}
		if s.down.CompareAndSwap(false, true) {
			s.cfg.Log.Error("the database cannot be reached; it is tried again until it can", zap.Error(err))
		}
		if !clock.Sleep(ctx, clock.Real, pause) {
			return nil
		}
	}
}

// Reached is closed once the database was reached.
func (s *Store) Reached() <-chan struct{} { return s.reached }

// Migrate brings the schema of the database at the address to the newest step.
func Migrate(ctx context.Context, url string, log *zap.Logger) (migrations.Result, error) {
	pc, err := parse(url)
	if err != nil {
		return migrations.Result{}, err
	}
	return migrate(ctx, pc, log)
}

func migrate(ctx context.Context, pc *pgxpool.Config, log *zap.Logger) (migrations.Result, error) {
	// Told apart from a step that fails: the remedy is another one.
	if err := ping(ctx, pc.ConnConfig); err != nil {
		return migrations.Result{}, err
	}
	return migrations.Up(ctx, pc.ConnConfig, log)
}

// Ping tries whether the database at the address can be used.
func Ping(ctx context.Context, url string) error {
	pc, err := parse(url)
	if err != nil {
		return err
	}
	return ping(ctx, pc.ConnConfig)
}

func ping(ctx context.Context, c *pgx.ConnConfig) error {
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return fmt.Errorf("the database at %s:%d cannot be used; see that it runs and that database.url is right: %w", c.Host, c.Port, err)
	}
	if err := conn.Close(ctx); err != nil {
		return fmt.Errorf("close a connection to the database: %w", err)
	}
	return nil
}

// parse reads an address; the error does not show its password.
func parse(url string) (*pgxpool.Config, error) {
	pc, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("database.url: %w", err)
	}
	c := pc.ConnConfig
	if c.ConnectTimeout == 0 || !strings.Contains(url, "connect_timeout") {
		c.ConnectTimeout = connectLimit
	}
	for name, limit := range serverLimits {
		if _, ok := c.RuntimeParams[name]; !ok {
			c.RuntimeParams[name] = strconv.FormatInt(limit.Milliseconds(), 10)
		}
	}
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "flora"
	}
	return pc, nil
}

// Close waits for the methods that run and closes all connections. Methods
// called later fail.
func (s *Store) Close() error {
	s.pool.Close()
	return nil
}

// read runs f, which writes nothing, on a connection.
func (s *Store) read(ctx context.Context, f func(ctx context.Context, conn *pgx.Conn) error) error {
	return s.try(ctx, callLimit, func(ctx context.Context, c *pgx.Conn) (bool, error) {
		err := f(ctx, c)
		return again(c, err), err
	})
}

// collect reads rows.
func collect[T any](ctx context.Context, s *Store, scan pgx.RowToFunc[T], query string, args ...any) (out []T, err error) {
	err = s.read(ctx, func(ctx context.Context, c *pgx.Conn) error {
		rows, err := c.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, scan)
		return err
	})
	return out, err
}

// write runs f in a transaction. An errUncertain says that the connection was
// lost in the commit.
func (s *Store) write(ctx context.Context, limit time.Duration, f func(ctx context.Context, tx pgx.Tx) error) error {
	return s.try(ctx, limit, func(ctx context.Context, c *pgx.Conn) (bool, error) {
		// A database that hangs is found out here, not after all of the limit.
		brief, cancel := context.WithTimeout(ctx, callLimit)
		tx, err := c.Begin(brief)
		hangs := brief.Err() != nil
		cancel()
		if err != nil {
			return again(c, err) && !hangs, err
		}
		if err := f(ctx, tx); err != nil {
			retry := again(c, err)
			if e := tx.Rollback(ctx); e != nil && !c.IsClosed() {
				err = errors.Join(err, e)
			}
			return retry, err
		}
		if s.cfg.committing != nil {
			s.cfg.committing(ctx, tx)
		}
		err = tx.Commit(ctx)
		if err != nil && c.IsClosed() {
			return false, fmt.Errorf("%w: %w", errUncertain, err)
		}
		return again(c, err), err
	})
}

// remove deletes rows by a statement and reports whether there were any.
func (s *Store) remove(ctx context.Context, statement string, args ...any) (removed bool, err error) {
	err = s.write(ctx, callLimit, func(ctx context.Context, tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, statement, args...)
		removed = tag.RowsAffected() > 0
		return err
	})
	return removed && err == nil, err
}

// alone makes the transaction the only one that writes such things of the
// guild. When it is granted, those before have ended.
func alone(ctx context.Context, tx pgx.Tx, what string, guild snowflake.GuildID) error {
	_, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, "flora "+what+" "+guild.String())
	return err
}

// errUncertain is in the error of a commit without an answer.
var errUncertain = errors.New("the connection was lost in a commit")

// try calls f with a connection, a second time if f says that this can help.
func (s *Store) try(ctx context.Context, limit time.Duration, f func(ctx context.Context, c *pgx.Conn) (again bool, err error)) error {
	select {
	case <-s.reached:
	default:
		return s.outcome(ctx, &unreachableError{errors.New("it was not reached since the start")})
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for last := false; ; last = true {
		brief, done := context.WithTimeout(limited, callLimit)
		conn, err := s.pool.Acquire(brief)
		done()
		if err != nil {
			return s.outcome(ctx, &unreachableError{err})
		}
		again, err := f(limited, conn.Conn())
		lost := conn.Conn().IsClosed()
		if lost || demoted(err) {
			// The other connections most likely are of no use either.
			s.pool.Reset()
		}
		conn.Release()
		if lost {
			err = &unreachableError{err}
		}
		if !again || last || limited.Err() != nil {
			return s.outcome(ctx, err)
		}
	}
}

// plain reports whether Postgres can hold the text as such.
func plain(texts ...string) bool {
	for _, text := range texts {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return false
		}
	}
	return true
}
