package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/db/dbtest"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/kv/kvtest"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres"
)

// TestKVStoresOutage: while the database is away scripts write as always, and
// afterwards the index has what it missed.
func TestKVStoresOutage(t *testing.T) {
	t.Parallel()
	server := dbtest.OwnPostgres(t)
	s := open(t, postgres.Config{URL: server.URL})
	m := kv.NewFollower(s, clock.Real, zap.NewNop())
	db, err := kv.Open(kv.Config{Dir: t.TempDir(), Limits: kv.DefaultLimits(), CacheBytes: 1 << 20, StoresChanged: m.Mark})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	wg.Go(func() {
		if err := m.Run(ctx, db); err != nil {
			t.Error(err)
		}
	})
	set := func(guild snowflake.GuildID, store string) {
		t.Helper()
		if err := db.Set(t.Context(), guild, store, "k", "v", kv.SetOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	set(1, "before")
	kvtest.Eventually(t, db, s, 1)
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for i := range 50 {
		set(snowflake.GuildID(1+i%5), fmt.Sprintf("meanwhile%d", i)) //nolint:gosec // Small.
	}
	if err := db.DeleteStore(t.Context(), 1, "before"); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > patience/2 {
		t.Errorf("the writes took %s while the database was away", took)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	kvtest.Eventually(t, db, s, 1, 2, 3, 4, 5)
}
