package dbtest_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/rueidis"

	"github.com/flora-runtime/flora-runtime/db/dbtest"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

func TestADatabasePerTest(t *testing.T) {
	t.Parallel()
	for range 2 { // Both are empty.
		conn, err := pgx.Connect(t.Context(), dbtest.Postgres(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), "CREATE TABLE mine (id int)"); err != nil {
			t.Error(err)
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// stoppable checks that the server answers, is stopped, answers again, is
// paused and goes on.
func stoppable(t *testing.T, s *dbtest.Server, use func(ctx context.Context) error) {
	t.Helper()
	step := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %s", what, err)
		}
	}
	for range 2 {
		step("use", use(t.Context()))
		step("stop", s.Stop())
		if use(t.Context()) == nil {
			t.Fatal("it answers while it is stopped")
		}
		step("start", s.Start())
		step("use after a start", use(t.Context()))
		step("pause", s.Pause())
		short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		if use(short) == nil {
			t.Fatal("it answers while it is paused")
		}
		cancel()
		step("resume", s.Resume())
	}
}

func TestPostgresStopsAndPauses(t *testing.T) {
	t.Parallel()
	s := dbtest.OwnPostgres(t)
	stoppable(t, s, func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, s.URL)
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	})
}

func TestRedisStopsAndPauses(t *testing.T) {
	t.Parallel()
	s := dbtest.OwnRedis(t)
	stoppable(t, s, func(ctx context.Context) error {
		o, err := rueidis.ParseURL(s.URL)
		if err != nil {
			return err
		}
		c, err := rueidis.NewClient(o)
		if err != nil {
			return err
		}
		defer c.Close()
		return c.Do(ctx, c.B().Ping().Build()).Error()
	})
}
