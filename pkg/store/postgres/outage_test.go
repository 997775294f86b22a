package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flora-runtime/flora-runtime/db/dbtest"
	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/deploy/deploytest"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres"
)

// patience bounds every wait.
const patience = 60 * time.Second

// eventually waits until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("after %s: not yet %s", patience, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// unavailable reports an error that is not a fault.Unavailable with the time
// after which to try again.
func unavailable(err error) error {
	if f, ok := errors.AsType[*fault.Fault](err); !ok || f.Code != fault.Unavailable || f.RetryAfter <= 0 {
		return fmt.Errorf("error is %w, want one of %s that says when to try again", err, fault.Unavailable)
	}
	return nil
}

// load uses a store from several goroutines until it is stopped. Each writes
// into a guild of its own, so that it knows what must be there.
type load struct {
	good, refused atomic.Int64
	acknowledged  [workers]int // The last revision that was.
	begun         [workers]int
	cancel        context.CancelFunc
	done          sync.WaitGroup
}

const workers = 6

func startLoad(t *testing.T, s *postgres.Store) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	l := &load{cancel: cancel}
	for w := range workers {
		l.done.Go(func() {
			for n := 1; ctx.Err() == nil; n++ {
				l.begun[w] = n
				guild := snowflake.GuildID(w + 1) //nolint:gosec // Small.
				// Not cancelled, as deploys are not.
				err := s.PutRevision(context.Background(), deploytest.Sample(guild, n))
				if err == nil {
					l.acknowledged[w] = n
					_, err = s.Current(context.Background(), guild)
				}
				if err == nil {
					_, err = s.Tokens(context.Background(), "1")
				}
				if err == nil {
					l.good.Add(1)
				} else if err = unavailable(err); err == nil {
					l.refused.Add(1)
				}
				if err != nil {
					t.Errorf("worker %d, revision %d: %s", w, n, err)
					return
				}
			}
		})
	}
	return l
}

// stop ends the load.
func (l *load) stop() {
	l.cancel()
	l.done.Wait()
}

// finish ends the load and compares what was acknowledged with what is there:
// each revision is whole and the newest acknowledged one is current, or one
// that came after it without an answer.
func (l *load) finish(t *testing.T, s *postgres.Store) {
	t.Helper()
	l.stop()
	for w := range workers {
		check(t, s, snowflake.GuildID(w+1), l.acknowledged[w], l.begun[w]) //nolint:gosec // Small.
	}
}

func check(t *testing.T, s *postgres.Store, guild snowflake.GuildID, acknowledged, begun int) {
	t.Helper()
	current, err := s.Current(t.Context(), guild)
	if fault.Is(err, fault.NotFound) && acknowledged == 0 {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	if _, err := fmt.Sscanf(current.ID[len(current.ID)-12:], "%d", &n); err != nil {
		t.Fatal(err)
	}
	if n < acknowledged || n > begun {
		t.Errorf("guild %s: revision %d is current; %d was acknowledged, %d begun", guild, n, acknowledged, begun)
	}
	want := deploytest.Sample(guild, n)
	if current.Bundle != want.Bundle || len(current.Files) != len(want.Files) {
		t.Errorf("guild %s: revision %d is not whole", guild, n)
	}
	h, err := s.History(t.Context(), guild, deploy.Cursor{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(h) == 0 || h[0].ID != current.ID {
		t.Errorf("guild %s: the history does not start with the current revision", guild)
	}
	all, err := s.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if d.Guild == guild && !d.UpdatedAt.Equal(current.DeployedAt) {
			t.Errorf("guild %s: the deployment is of %s, its revision of %s", guild, d.UpdatedAt, current.DeployedAt)
		}
	}
}

// TestOutage takes the database away from a store that is in use.
func TestOutage(t *testing.T) {
	t.Parallel()
	rows := map[string]struct{ away, back func(s *dbtest.Server) error }{
		"stopped": {(*dbtest.Server).Stop, (*dbtest.Server).Start},
		"killed":  {(*dbtest.Server).Kill, (*dbtest.Server).Start},
		"hanging": {(*dbtest.Server).Pause, (*dbtest.Server).Resume},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := dbtest.OwnPostgres(t)
			log, lines := observed()
			s := open(t, postgres.Config{URL: server.URL, Log: log})
			l := startLoad(t, s)
			defer l.stop()
			for range 2 {
				before := l.good.Load()
				eventually(t, "used", func() bool { return l.good.Load() > before+workers })
				if err := row.away(server); err != nil {
					t.Fatal(err)
				}
				refused := l.refused.Load()
				eventually(t, "refused", func() bool { return l.refused.Load() > refused+2 })
				if err := row.back(server); err != nil {
					t.Fatal(err)
				}
			}
			before := l.good.Load()
			eventually(t, "healed", func() bool { return l.good.Load() > before+workers })
			l.finish(t, s)
			for _, message := range []string{"the database does not answer; what needs it is refused until it does", "the database answers again"} {
				if n := lines.FilterMessage(message).Len(); n < 2 {
					t.Errorf("the log says %q %d times, want it for each outage", message, n)
				}
			}
		})
	}
}

// TestConnectionsThatAreKilled ends connections at random moments of
// transactions: what is stored then is nothing of a revision or all of it, and
// the same as what the caller was told.
func TestConnectionsThatAreKilled(t *testing.T) {
	t.Parallel()
	address := dbtest.Postgres(t)
	s := open(t, postgres.Config{URL: address, MaxConnections: workers})
	killer, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = killer.Close(context.Background()) }()
	l := startLoad(t, s)
	defer l.stop()
	const rounds = 20
	killed := 0
	for round := range rounds {
		before := l.good.Load()
		eventually(t, fmt.Sprintf("used in round %d", round), func() bool { return l.good.Load() > before })
		// One of those that are in a transaction now, after a random while.
		time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond)
		n := 0
		if err := killer.QueryRow(t.Context(), `
			SELECT count(pg_terminate_backend(pid)) FROM (
				SELECT pid FROM pg_stat_activity
				WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'flora'
				ORDER BY xact_start IS NULL, random() LIMIT 2
			) victims`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		killed += n
	}
	l.finish(t, s)
	t.Logf("%d connections killed, %d rounds of work done, %d refused", killed, l.good.Load(), l.refused.Load())
	if killed < rounds {
		t.Errorf("only %d connections were killed", killed)
	}
	var orphans int
	if err := killer.QueryRow(t.Context(), `
		SELECT count(*) FROM deployments d LEFT JOIN deployment_revisions r ON r.guild_id = d.guild_id AND r.id = d.revision_id
		WHERE r.id IS NULL OR r.deployed_at <> d.updated_at`).Scan(&orphans); err != nil || orphans != 0 {
		t.Errorf("%d deployments without their revision, %v", orphans, err)
	}
}

// kill ends the connection of the transaction from outside and waits until the
// server is done with it.
func kill(ctx context.Context, address string, pid uint32) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	ended := false
	err = conn.QueryRow(ctx, "SELECT pg_terminate_backend($1, 60000)", pid).Scan(&ended)
	if err == nil && !ended {
		err = errors.New("the connection did not end")
	}
	return err
}

// TestConnectionLostBeforeTheCommit does not leave the caller in the dark: the
// commit did not take place, so it is tried again, and if that fails as well,
// nothing is stored.
func TestConnectionLostBeforeTheCommit(t *testing.T) {
	t.Parallel()
	for kills, refused := range map[int64]bool{1: false, 2: true} {
		address := dbtest.Postgres(t)
		var commits atomic.Int64
		s := open(t, postgres.Config{URL: address}.BeforeCommit(func(ctx context.Context, tx pgx.Tx) {
			// Every other one looks whether the one before took place.
			if n := commits.Add(1); n%2 == 1 && n < 2*kills {
				if err := kill(ctx, address, tx.Conn().PgConn().PID()); err != nil {
					t.Error(err)
				}
			}
		}))
		want := deploytest.Sample(1, 1)
		err := s.PutRevision(t.Context(), want)
		if refused {
			if err := unavailable(err); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Current(t.Context(), 1); !fault.Is(err, fault.NotFound) {
				t.Errorf("error is %v, want one of %s", err, fault.NotFound)
			}
			err = s.PutRevision(t.Context(), want)
		}
		if err != nil {
			t.Errorf("after %d kills: %s", kills, err)
		}
	}
}

// TestAnswerLostInTheCommit commits, and loses the answer: the store finds out
// that the revision is stored.
func TestAnswerLostInTheCommit(t *testing.T) {
	t.Parallel()
	address := dbtest.Postgres(t)
	var once sync.Once
	cfg := postgres.Config{URL: address}.BeforeCommit(func(ctx context.Context, tx pgx.Tx) {
		once.Do(func() {
			if _, err := tx.Exec(ctx, "COMMIT"); err != nil {
				t.Error(err)
			}
			if err := kill(ctx, address, tx.Conn().PgConn().PID()); err != nil {
				t.Error(err)
			}
		})
	})
	s := open(t, cfg)
	want := deploytest.Sample(1, 1)
	if err := s.PutRevision(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	got, err := s.Current(t.Context(), 1)
	if err != nil || got.ID != want.ID {
		t.Errorf("got %s, %v", got.ID, err)
	}
}

// TestServerLostInTheCommit takes the server away with the answer to a commit
// that took place. The store waits for the server to come back, and looks; if
// it waits in vain, it does not pretend to know.
func TestServerLostInTheCommit(t *testing.T) {
	t.Parallel()
	server := dbtest.OwnPostgres(t)
	log, lines := observed()
	var once *sync.Once
	cfg := postgres.Config{URL: server.URL, Log: log}.BeforeCommit(func(ctx context.Context, tx pgx.Tx) {
		once.Do(func() {
			if _, err := tx.Exec(ctx, "COMMIT"); err != nil {
				t.Error(err)
			}
			if err := server.Kill(); err != nil {
				t.Error(err)
			}
		})
	})
	rows := map[string]struct {
		settling time.Duration
		back     bool
	}{"it comes back": {patience, true}, "it stays away": {100 * time.Millisecond, false}}
	n := 0
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			s := open(t, cfg.Settling(row.settling))
			n++
			once = new(sync.Once)
			lines.TakeAll()
			done := make(chan error, 1)
			go func() { done <- s.PutRevision(context.Background(), deploytest.Sample(1, n)) }()
			eventually(t, "away", func() bool { return lines.FilterMessageSnippet("does not answer").Len() > 0 })
			if !row.back {
				err := <-done
				if unavailable(err) != nil || !strings.Contains(fault.From(err).Message, "it is not known whether it is") {
					t.Errorf("got %v", err)
				}
			}
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
			if row.back {
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
			if got, err := s.Current(t.Context(), 1); err != nil || got.ID != deploytest.Sample(1, n).ID {
				t.Errorf("current is %s, %v", got.ID, err)
			}
			if err := s.PutRevision(t.Context(), deploytest.Sample(1, n)); !fault.Is(err, fault.Conflict) {
				t.Errorf("a second time: error is %v, want one of %s", err, fault.Conflict)
			}
		})
	}
}

// TestIdleConnectionsThatDied costs no caller anything: what did not begin is
// begun again.
func TestIdleConnectionsThatDied(t *testing.T) {
	t.Parallel()
	address := dbtest.Postgres(t)
	s := open(t, postgres.Config{URL: address, MaxConnections: 4})
	killer, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = killer.Close(context.Background()) }()
	var wg sync.WaitGroup
	for round := range 5 {
		for range 8 { // Opens all four.
			wg.Go(func() {
				if _, err := s.List(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if _, err := killer.Exec(t.Context(), "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"); err != nil {
			t.Fatal(err)
		}
		if err := s.PutToken(t.Context(), auth.Token{ID: fmt.Sprint("t", round), UserID: "1", CreatedAt: time.Now()}); err != nil {
			t.Errorf("round %d: %s", round, err)
		}
	}
}

// TestCallersWhoGiveUp get their own error, not that of a database that is away.
func TestCallersWhoGiveUp(t *testing.T) {
	t.Parallel()
	server := dbtest.OwnPostgres(t)
	log, lines := observed()
	s := open(t, postgres.Config{URL: server.URL, Log: log})
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := s.List(ctx); !errors.Is(err, context.DeadlineExceeded) || fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.List(t.Context()); err != nil {
		t.Error(err)
	}
	if n := lines.FilterMessageSnippet("does not answer").Len(); n != 0 {
		t.Errorf("the log blames the database %d times", n)
	}
}

// TestADatabaseThatIsReadOnly is one that a standby serves: it can be read, and
// is written again when connections lead to one that takes writes.
func TestADatabaseThatIsReadOnly(t *testing.T) {
	t.Parallel()
	address := dbtest.Postgres(t)
	first := open(t, postgres.Config{URL: address}) // Makes the tables.
	if err := first.PutRevision(t.Context(), deploytest.Sample(1, 1)); err != nil {
		t.Fatal(err)
	}
	operator, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = operator.Close(context.Background()) }()
	set := func(what string) {
		t.Helper()
		if _, err := operator.Exec(t.Context(), "ALTER DATABASE "+operator.Config().Database+" "+what); err != nil {
			t.Fatal(err)
		}
	}
	set("SET default_transaction_read_only = on")
	s := open(t, postgres.Config{URL: address, MaxConnections: 2})
	if err := unavailable(s.PutRevision(t.Context(), deploytest.Sample(1, 2))); err != nil {
		t.Error(err)
	}
	if got, err := s.Current(t.Context(), 1); err != nil || got.ID != deploytest.Sample(1, 1).ID {
		t.Errorf("current is %s, %v", got.ID, err)
	}
	set("RESET default_transaction_read_only")
	// Of connections from before, each may be asked once.
	eventually(t, "written", func() bool { return s.PutRevision(t.Context(), deploytest.Sample(1, 3)) == nil })
}
