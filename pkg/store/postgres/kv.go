package postgres

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	// processLease is how long a process counts as alive after it was heard of.
	processLease = 30 * time.Second
	// processMemory is how long after that its notes of commits stay. It is much
	// longer than settleLimit: one that lives may still look for them.
	processMemory = 10 * time.Minute
	// archiveLimit bounds an export, an import, and the deletion of a store.
	archiveLimit = 10 * time.Minute
)

// Tags of pairs that only this engine has, see pkg/kv for the others.
const tagCommit = 0x70 // process, guild -> the number of its last commit

// KVConfig of a KV.
type KVConfig struct {
	// MaxConnections bounds the connections for key-value data, which has its
	// own, so that neither it nor deployments wait for the other. 0 is 10.
	MaxConnections int
	// Name tells others which process this is; "" is the host and the process id.
	Name string
	// Exclusive is for who moves the data. It fails where another process uses it,
	// and keeps others from it while it calls Turn.
	Exclusive bool

	// committing is set by tests: it is called before each commit of a write.
	committing func(ctx context.Context, c *pgx.Conn)
}

// KV is a kv.Engine that any number of processes may have open.
type KV struct {
	cfg     KVConfig
	s       *Store // With connections of its own.
	process uuid.UUID
	known   atomic.Bool // The process is registered,
	ready   atomic.Bool // and the data may be used.

	base context.Context //nolint:containedctx // The engine's own life.
	stop context.CancelFunc
	work sync.WaitGroup

	mu      sync.Mutex // Guards lanes and closed.
	lanes   map[snowflake.GuildID]*lane
	closed  bool
	commits atomic.Uint64 // Numbers this process's commits.
}

var (
	_ kv.Engine   = (*KV)(nil)
	_ kv.Archives = (*KV)(nil)
)

// KV makes an engine for key-value data in the same database. The caller closes it
// before the Store.
func (s *Store) KV(ctx context.Context, cfg KVConfig) (*KV, error) {
	if cfg.MaxConnections <= 0 {
		cfg.MaxConnections = 10
	}
	if cfg.Name == "" {
		host, err := os.Hostname()
		if err != nil {
			return nil, fmt.Errorf("ask for the host's name: %w", err)
		}
		cfg.Name = fmt.Sprintf("%s (process %d)", host, os.Getpid())
	}
	pc := s.pool.Config()
	pc.MaxConns = int32(min(cfg.MaxConnections, 10_000)) //nolint:gosec // Bounded.
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	k := &KV{cfg: cfg, s: &Store{cfg: s.cfg, pool: pool, reached: s.reached}, process: uuid.New(), lanes: map[snowflake.GuildID]*lane{}}
	k.base, k.stop = context.WithCancel(context.WithoutCancel(ctx))
	return k, nil
}

// Close implements kv.Engine. What was begun is ended first.
//
//nolint:contextcheck // It has a limit of its own.
func (k *KV) Close() error {
	k.mu.Lock()
	closed := k.closed
	k.closed = true
	k.mu.Unlock()
	if closed {
		return nil
	}
	k.work.Wait()
	if k.known.Load() {
		ctx, cancel := context.WithTimeout(k.base, callLimit)
		if _, err := k.s.remove(ctx, `DELETE FROM kv_processes WHERE id = $1`, k.process); err != nil {
			k.s.cfg.Log.Warn("the database still counts this process as one that uses key-value data, for some seconds", zap.Error(err))
		}
		cancel()
	}
	k.stop()
	return k.s.Close()
}

// try is Store.try once the data may be used.
func (k *KV) try(ctx context.Context, limit time.Duration, f func(ctx context.Context, c *pgx.Conn) (again bool, err error)) error {
	if !k.ready.Load() {
		if err := k.register(ctx); err != nil {
			return err
		}
	}
	return k.s.try(ctx, limit, f)
}

// register makes this one of the processes that use the data, and then looks
// whether somebody moves it: whoever does that looks in the opposite order.
func (k *KV) register(ctx context.Context) error {
	k.known.Store(true)
	if _, err := k.alive(ctx); err != nil {
		return err
	}
	others, err := collect(ctx, k.s, pgx.RowTo[string], `SELECT name FROM kv_processes WHERE until > now() AND id <> $1 AND (moves OR $2) ORDER BY name`, k.process, k.cfg.Exclusive)
	switch {
	case err != nil:
		return err
	case len(others) > 0 && k.cfg.Exclusive:
		return fmt.Errorf("the key-value data in Postgres is in use by %s; stop that first (after a crash it counts for %s more)", strings.Join(others, ", "), processLease)
	case len(others) > 0:
		return fault.New(fault.Unavailable, "the key-value data is being moved by %s; wait until that has ended", others[0])
	}
	if !k.cfg.Exclusive {
		err = k.s.read(ctx, func(ctx context.Context, c *pgx.Conn) error {
			return kv.CheckState(ctx, &kvReader{c: c, ctx: ctx})
		})
	}
	if err == nil {
		k.ready.Store(true)
	}
	return err
}

// Ready fails where the data is not to be used, or the database is away.
func (k *KV) Ready(ctx context.Context) error {
	if k.ready.Load() {
		return nil
	}
	return k.register(ctx)
}

// alive says that this process lives, and whether it is the first that does.
func (k *KV) alive(ctx context.Context) (first bool, err error) {
	err = k.s.write(ctx, callLimit, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO kv_processes (id, name, moves, until) VALUES ($1, $2, $3, now() + $4)
			ON CONFLICT (id) DO UPDATE SET until = excluded.until`, k.process, k.cfg.Name, k.cfg.Exclusive, processLease); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `SELECT id = $1 FROM kv_processes WHERE until > now() ORDER BY id LIMIT 1`, k.process).Scan(&first)
	})
	return first, err
}

// Turn implements kv.Engine: the first of the living processes sweeps.
func (k *KV) Turn(ctx context.Context) (bool, error) {
	if !k.ready.Load() {
		if err := k.register(ctx); err != nil {
			return false, err
		}
	}
	first, err := k.alive(ctx)
	if err != nil || !first {
		return false, err
	}
	gone, err := k.s.remove(ctx, `DELETE FROM kv_processes WHERE until < now() - $1::interval`, processMemory)
	if err == nil && gone {
		_, err = k.s.remove(ctx, `DELETE FROM kv_pairs WHERE key >= $1 AND key < $2
			AND NOT EXISTS (SELECT FROM kv_processes p WHERE substring(kv_pairs.key FROM 2 FOR 16) = uuid_send(p.id))`,
			[]byte{tagCommit}, []byte{tagCommit + 1})
	}
	return true, err
}

// Shared implements kv.Engine.
func (k *KV) Shared() bool { return true }

// Room implements kv.Engine: the database says by itself when it is full.
func (k *KV) Room() error { return nil }

func kvClosed() error {
	return fault.New(fault.Unavailable, "kv storage is closed; try again when the runtime has restarted")
}
