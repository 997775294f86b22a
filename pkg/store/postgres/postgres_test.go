package postgres_test

import (
	"os"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/flora-runtime/flora-runtime/db/dbtest"
	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/auth/authtest"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/deploy/deploytest"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

// open opens a store on a database; it is closed with the test.
func open(t *testing.T, cfg postgres.Config) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// observed is a log that a test reads.
func observed() (*zap.Logger, *observer.ObservedLogs) {
	core, lines := observer.New(zapcore.DebugLevel)
	return zap.New(core), lines
}

func TestDeployments(t *testing.T) {
	t.Parallel()
	deploytest.Run(t, func(t *testing.T) (deploy.Store, func() deploy.Store) {
		cfg := postgres.Config{URL: dbtest.Postgres(t), MaxConnections: 4}
		s := open(t, cfg)
		return s, func() deploy.Store {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			return open(t, cfg)
		}
	})
}

func TestTokens(t *testing.T) {
	t.Parallel()
	authtest.Run(t, func(t *testing.T) (auth.TokenStore, func() auth.TokenStore) {
		cfg := postgres.Config{URL: dbtest.Postgres(t), MaxConnections: 4}
		s := open(t, cfg)
		return s, func() auth.TokenStore {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			return open(t, cfg)
		}
	})
}

// ids of a history, as numbers of deploytest.Sample.
func ids(t *testing.T, s deploy.Store, guild snowflake.GuildID) string {
	t.Helper()
	h, err := s.History(t.Context(), guild, deploy.Cursor{}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range h {
		out = append(out, strings.TrimLeft(r.ID[len(r.ID)-12:], "0"))
	}
	return strings.Join(out, " ")
}

func TestOldRevisionsGo(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		revisions int
		bytes     int64
		size      int   // Of every bundle.
		failed    []int // Of revisions 1 to 6.
		want      string
	}{
		"by number":                     {3, 0, 10, nil, "6 5 4"},
		"by size":                       {100, 30_000, 9_000, nil, "6 5 4"},
		"the new one, however large":    {100, 10, 9_000, nil, "6"},
		"the current one stays":         {2, 0, 10, []int{2, 3, 4, 5, 6}, "6 5 1"},
		"failures count for themselves": {2, 0, 10, []int{4, 5, 6}, "6 5 3 2"},
		"and so do their bytes":         {100, 30_000, 9_000, []int{3, 4, 5, 6}, "6 5 4 2 1"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, postgres.Config{URL: dbtest.Postgres(t), KeepRevisions: row.revisions, KeepBytes: row.bytes})
			put := func(guild snowflake.GuildID, n int) {
				r := deploytest.Sample(guild, n)
				r.Bundle = strings.Repeat("x", row.size)
				for _, f := range row.failed {
					if f == n {
						r.Status = deploy.Failed
					}
				}
				if err := s.PutRevision(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			}
			put(2, 1)
			for n := 1; n <= 6; n++ {
				put(1, n)
			}
			if got := ids(t, s, 1); got != row.want {
				t.Errorf("the history holds %s, want %s", got, row.want)
			}
			if got := ids(t, s, 2); got != "1" {
				t.Errorf("another guild's history holds %s, want 1", got)
			}
		})
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	rows := map[string]struct{ url, want string }{
		"no URL":        {"postgres://u:s3cret@host:notaport/x", "database.url"},
		"nobody there":  {"postgres://u:s3cret@127.0.0.1:1/x", "the database at 127.0.0.1:1 cannot be used; see that it runs and that database.url is right"},
		"no such table": {strings.Replace(dbtest.Postgres(t), "flora_test_", "missing_", 1), "does not exist"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := postgres.Open(t.Context(), postgres.Config{URL: row.url})
			if err == nil {
				_ = s.Close()
				t.Fatal("it was opened")
			}
			if !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("got %q, want it to say %q and no password", err, row.want)
			}
		})
	}
}
