package local

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/deploy/deploytest"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/embedded"
)

const guildA, guildB = snowflake.GuildID(100), snowflake.GuildID(200)

// database is a store that can be away.
type database struct {
	deploy.Store
	away  atomic.Bool
	asked atomic.Int64
}

func (d *database) gone() error {
	d.asked.Add(1)
	if d.away.Load() {
		return fault.New(fault.Unavailable, "away")
	}
	return nil
}

func (d *database) List(ctx context.Context) ([]deploy.Deployment, error) {
	if err := d.gone(); err != nil {
		return nil, err
	}
	return d.Store.List(ctx)
}

func (d *database) Deployment(ctx context.Context, g snowflake.GuildID) (deploy.Deployment, error) {
	if err := d.gone(); err != nil {
		return deploy.Deployment{}, err
	}
	return d.Store.Deployment(ctx, g)
}

func (d *database) Current(ctx context.Context, g snowflake.GuildID) (deploy.Revision, error) {
	if err := d.gone(); err != nil {
		return deploy.Revision{}, err
	}
	return d.Store.Current(ctx, g)
}

func (d *database) PutRevision(ctx context.Context, r deploy.Revision) error {
	if err := d.gone(); err != nil {
		return err
	}
	return d.Store.PutRevision(ctx, r)
}

func (d *database) Delete(ctx context.Context, g snowflake.GuildID) error {
	if err := d.gone(); err != nil {
		return err
	}
	return d.Store.Delete(ctx, g)
}

func open(t *testing.T) (*Store, *database) {
	t.Helper()
	inner, err := embedded.Open(embedded.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := inner.Close(); err != nil {
			t.Error(err)
		}
	})
	db := &database{Store: inner}
	s, err := Open(filepath.Join(t.TempDir(), "deployments"), db, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s, db
}

func put(t *testing.T, s deploy.Store, r deploy.Revision) deploy.Revision {
	t.Helper()
	if err := s.PutRevision(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	r.Files = nil
	return r
}

func TestCopiesStandInForTheDatabase(t *testing.T) {
	t.Parallel()
	s, db := open(t)
	put(t, s, deploytest.Sample(guildA, 1))
	newest := put(t, s, deploytest.Sample(guildA, 2))
	other := put(t, s, deploytest.Sample(guildB, 1))
	failed := deploytest.Sample(guildB, 9)
	failed.Status = deploy.Failed
	put(t, s, failed)

	db.away.Store(true)
	again, err := Open(s.dir, db, nil) // As a new process has it.
	if err != nil {
		t.Fatal(err)
	}
	all, err := again.Saved().List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []deploy.Deployment{
		{Guild: guildA, Entry: newest.Entry, CreatedAt: newest.DeployedAt, UpdatedAt: newest.DeployedAt, RevisionID: newest.ID},
		{Guild: guildB, Entry: other.Entry, CreatedAt: other.DeployedAt, UpdatedAt: other.DeployedAt, RevisionID: other.ID},
	}
	if diff := cmp.Diff(all, want); diff != "" {
		t.Errorf("List (-got +want):\n%s", diff)
	}
	asked := db.asked.Load()
	for _, w := range []deploy.Revision{newest, other} {
		got, err := again.Saved().Current(t.Context(), w.Guild)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, w); diff != "" {
			t.Errorf("Current (-got +want):\n%s", diff)
		}
	}
	if n := db.asked.Load() - asked; n != 0 {
		t.Errorf("a database that is away was asked %d times more; each may take seconds", n)
	}
	if _, err := again.Saved().Current(t.Context(), 300); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Current of a guild without a copy: %v", err)
	}
	// Others see the truth.
	if _, err := again.Current(t.Context(), guildA); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Current of the store itself: %v", err)
	}
}

func TestTheDatabaseDecides(t *testing.T) {
	t.Parallel()
	s, db := open(t)
	put(t, s, deploytest.Sample(guildA, 1))
	put(t, s, deploytest.Sample(guildB, 1))
	newest := put(t, db.Store, deploytest.Sample(guildA, 2)) // By somebody else.
	got, err := s.Saved().Current(t.Context(), guildA)
	if err != nil {
		t.Fatal(err)
	}
	got.Files = nil
	if diff := cmp.Diff(got, newest); diff != "" {
		t.Errorf("Current (-got +want):\n%s", diff)
	}
	db.away.Store(true)
	if got, err = s.Saved().Current(t.Context(), guildA); err != nil || got.ID != newest.ID {
		t.Errorf("the copy is %s (%v), want %s", got.ID, err, newest.ID)
	}
}

// TestWhatIsLoadedAfterAnOutageIsKept has the database get a revision that did
// not come through here.
func TestWhatIsLoadedAfterAnOutageIsKept(t *testing.T) {
	t.Parallel()
	s, db := open(t)
	put(t, s, deploytest.Sample(guildA, 1))
	newest := put(t, db, deploytest.Sample(guildA, 2))
	if got, err := s.Saved().Stored(t.Context(), guildA); err != nil || got.ID != newest.ID {
		t.Fatalf("got %s, %v", got.ID, err)
	}
	db.away.Store(true)
	if got, err := s.Saved().Current(t.Context(), guildA); err != nil || got.ID != newest.ID {
		t.Errorf("without the database, %s runs, %v; want %s, which ran last", got.ID, err, newest.ID)
	}
	if got, err := s.Saved().Stored(t.Context(), guildA); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a copy %s is given for what the database has, %v", got.ID, err)
	}
}

func TestDamagedCopies(t *testing.T) {
	t.Parallel()
	s, db := open(t)
	want := put(t, s, deploytest.Sample(guildA, 1))
	whole, err := os.ReadFile(s.path(guildA))
	if err != nil {
		t.Fatal(err)
	}
	flipped := append([]byte(nil), whole...)
	flipped[len(flipped)-2] ^= 1
	for name, text := range map[string][]byte{
		"empty": {}, "cut": whole[:len(whole)/2], "flipped": flipped, "no hash": whole[len(format)+65:], "other version": append([]byte("flora-deployment-9 "), whole[len(format):]...),
	} {
		if err := os.WriteFile(s.path(guildA), text, 0o600); err != nil {
			t.Fatal(err)
		}
		db.away.Store(true)
		if _, err := s.Saved().Current(t.Context(), guildA); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: a damaged copy was used: %v", name, err)
		}
		if all, err := s.Saved().List(t.Context()); err != nil || len(all) != 0 {
			t.Errorf("%s: List gave %v, %v", name, all, err)
		}
		db.away.Store(false)
		s.away.Store(0)
		if got, err := s.Saved().Current(t.Context(), guildA); err != nil || got.ID != want.ID {
			t.Errorf("%s: the database's revision did not come: %v", name, err)
		}
		if after, err := os.ReadFile(s.path(guildA)); err != nil || string(after) != string(whole) {
			t.Errorf("%s: the copy was not mended: %v", name, err)
		}
	}
	// Another guild's copy under this guild's name.
	if err := os.WriteFile(s.path(guildB), whole, 0o600); err != nil {
		t.Fatal(err)
	}
	db.away.Store(true)
	if _, err := s.Saved().Current(t.Context(), guildB); err == nil {
		t.Error("a guild got another guild's script")
	}
}

func TestRunReconcilesAfterAnOutage(t *testing.T) {
	t.Parallel()
	s, db := open(t)
	put(t, s, deploytest.Sample(guildA, 1))
	put(t, s, deploytest.Sample(guildB, 1))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	calls, ended := make(chan []deploy.Deployment), make(chan error, 1)
	tries := 0
	go func() {
		ended <- s.Run(ctx, func(_ context.Context, all []deploy.Deployment) error {
			if tries++; tries == 1 {
				return errors.New("not yet")
			}
			calls <- all
			return nil
		})
	}()
	db.away.Store(true)
	if _, err := s.Saved().Current(t.Context(), guildA); err != nil {
		t.Fatal(err)
	}
	newest := put(t, db.Store, deploytest.Sample(guildA, 2))
	select {
	case <-calls:
		t.Fatal("it was compared with a database that is away")
	case <-time.After(20 * time.Millisecond): // Nothing to wait for: it must not come.
	}
	db.away.Store(false)
	var all []deploy.Deployment
	select {
	case all = <-calls:
	case <-time.After(time.Minute):
		t.Fatal("nothing was reconciled")
	}
	if len(all) != 2 || all[0].RevisionID != newest.ID {
		t.Errorf("reconciled with %v", all)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestARevisionThatMayBeWrittenIsLookedUp(t *testing.T) {
	t.Parallel()
	s, db := open(t)
	db.away.Store(true)
	if err := s.PutRevision(t.Context(), deploytest.Sample(guildA, 1)); !fault.Is(err, fault.Unavailable) {
		t.Fatal(err)
	}
	select {
	case <-s.doubt:
	default:
		t.Error("nobody will look")
	}
	if empty, err := s.Empty(); err != nil || !empty {
		t.Errorf("there is a copy of what was not acknowledged: %v", err)
	}
}

func TestADeletedDeploymentHasNoCopy(t *testing.T) {
	t.Parallel()
	s, db := open(t)
	kept := put(t, s, deploytest.Sample(guildA, 1))
	db.away.Store(true)
	if err := s.Delete(t.Context(), guildA); !fault.Is(err, fault.Unavailable) {
		t.Errorf("while the database is away: %v", err)
	}
	// Whether it took place is found out when the database is back.
	select {
	case <-s.doubt:
	default:
		t.Error("nothing is to be compared")
	}
	if got, err := s.Saved().Current(t.Context(), guildA); err != nil || got.ID != kept.ID {
		t.Errorf("the copy went too early: %v, %v", got.ID, err)
	}
	db.away.Store(false)
	s.away.Store(0)
	if err := s.Delete(t.Context(), guildA); err != nil {
		t.Fatal(err)
	}
	db.away.Store(true)
	if got, err := s.Saved().Current(t.Context(), guildA); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a deleted deployment runs: %v, %v", got.ID, err)
	}
}
