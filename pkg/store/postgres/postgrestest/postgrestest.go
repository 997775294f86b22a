// Package postgrestest has tests of key-value data run a second time, on Postgres:
// those that a test called TestPostgres runs as its own. Their package runs its
// tests through dbtest.Main.
package postgrestest

import (
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/flora-runtime/flora-runtime/db/dbtest"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres"
)

// Active says whether the test is about Postgres.
func Active(t *testing.T) bool {
	t.Helper()
	return strings.HasPrefix(t.Name(), "TestPostgres/")
}

// Rounds is how often something is done: briefly on Postgres, where everything
// takes longer, unless there is time.
func Rounds(t *testing.T, full, brief int) int {
	t.Helper()
	if Active(t) && os.Getenv("FLORA_SOAK") == "" {
		return brief
	}
	return full
}

// databases are the addresses of those that stand for folders.
var databases sync.Map

// shared is the address of the database that stands for all memories.
var shared atomic.Pointer[string]

// Share has all that is in memory elsewhere be in one database, until the test
// ends: to make one takes a second. The tests have guilds of their own.
func Share(t *testing.T) {
	t.Helper()
	address := dbtest.Postgres(t)
	shared.Store(&address)
}

// Open opens key-value data where the test is about: in the folder, or in the
// database that stands for it. The caller closes it.
func Open(t *testing.T, cfg kv.Config) (*kv.DB, error) {
	t.Helper()
	if !Active(t) {
		return kv.Open(cfg)
	}
	folder := cfg.Dir
	if cfg.Memory {
		folder = t.Name()
	}
	if cfg.Archives == "" {
		cfg.Archives = cfg.Dir + "-archives"
		if cfg.Memory {
			cfg.Archives = t.TempDir()
		}
	}
	address, ok := databases.Load(folder)
	if one := shared.Load(); one != nil && cfg.Memory {
		address = *one
	} else if !ok {
		address = dbtest.Postgres(t)
		databases.Store(folder, address)
	}
	s, err := postgres.Open(t.Context(), postgres.Config{URL: address.(string), MaxConnections: 2}) //nolint:forcetypeassert // Set above.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	engine, err := s.KV(t.Context(), postgres.KVConfig{MaxConnections: 4})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Engine, cfg.Kept = engine, engine
	return kv.Open(cfg)
}
