package postgres_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/db/dbtest"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/deploy/deploytest"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres"
)

// TestReplicasDeployToTheSameGuild has several stores write revisions of one
// guild at once, more than its history keeps.
func TestReplicasDeployToTheSameGuild(t *testing.T) {
	t.Parallel()
	const replicas, each, keep = 3, 20, 5
	address := dbtest.Postgres(t)
	var stores []*postgres.Store
	for range replicas {
		stores = append(stores, open(t, postgres.Config{URL: address, MaxConnections: 4, KeepRevisions: keep}))
	}
	var wg sync.WaitGroup
	for i, s := range stores {
		wg.Go(func() { // One after the other, as a runtime does.
			for n := range each {
				r := deploytest.Sample(1, i*each+n+1)
				r.DeployedAt = time.Now()
				if n%3 == 2 {
					r.Status = deploy.Failed
				}
				if err := s.PutRevision(t.Context(), r); err != nil {
					t.Errorf("replica %d, revision %d: %s", i, n, err)
				}
				if _, err := s.Current(t.Context(), 1); err != nil && n%3 != 2 {
					t.Errorf("replica %d, after revision %d: %s", i, n, err)
				}
			}
		})
	}
	wg.Wait()
	current, err := stores[0].Current(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	h, err := stores[1].History(t.Context(), 1, deploy.Cursor{}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, r := range h {
		found = found || r.ID == current.ID
	}
	// Failures count for themselves, and the current one may be beyond the bound.
	if len(h) < 2*keep || len(h) > 2*keep+1 || !found {
		t.Errorf("the history holds %d revisions, want %d; the current one is in it: %v", len(h), 2*keep, found)
	}
	all, err := stores[2].List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 || !all[0].UpdatedAt.Equal(current.DeployedAt) || current.Status != deploy.Success {
		t.Errorf("got %+v, and current is %s of %s", all, current.Status, current.DeployedAt)
	}
}

// TestALargeRevision is about as large as the limits allow.
func TestALargeRevision(t *testing.T) {
	t.Parallel()
	s := open(t, postgres.Config{URL: dbtest.Postgres(t)})
	want := deploytest.Sample(1, 1)
	want.Bundle = strings.Repeat("console.log('é');\n", 8<<20/19)
	want.SourceMap.Contents = strings.Repeat("AAAA;", 2<<20)
	want.Files[0].Contents = strings.Repeat("console.log();\n", 1<<20/15)
	if err := s.PutRevision(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	got, err := s.Current(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if got.Bundle != want.Bundle || got.SourceMap.Contents != want.SourceMap.Contents || !cmp.Equal(got.Files, want.Files) {
		t.Error("it is not what was stored")
	}
}
