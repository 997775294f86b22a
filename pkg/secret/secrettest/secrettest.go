// Package secrettest is what every secret.Store must do, as one suite of tests
// that each implementation runs.
package secrettest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/secret"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	guildA snowflake.GuildID = 100000000000000001
	guildB snowflake.GuildID = 1<<63 - 1
)

var epoch = time.Date(2026, 7, 30, 10, 0, 0, 123456000, time.UTC)

// Run tests the stores that open makes. Each call of open must give an empty
// store; reopen gives the same store after a restart.
func Run(t *testing.T, open func(t *testing.T) (store secret.Store, reopen func() secret.Store)) {
	t.Helper()
	rows := []struct {
		name string
		test func(s *suite)
	}{
		{"put, read, delete", (*suite).putReadDelete},
		{"somebody else was there", (*suite).conflict},
		{"a bounded number", (*suite).bounded},
		{"sealing anew", (*suite).reseal},
		{"many at once", (*suite).manyAtOnce},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			store, reopen := open(t)
			row.test(&suite{t: t, ctx: t.Context(), Store: store, reopen: reopen})
		})
	}
}

type suite struct {
	secret.Store
	t      *testing.T
	ctx    context.Context //nolint:containedctx // The test's.
	reopen func() secret.Store
}

func (s *suite) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *suite) same(what string, got, want any) {
	s.t.Helper()
	if diff := cmp.Diff(got, want, cmpopts.EquateEmpty()); diff != "" {
		s.t.Errorf("%s (-got +want):\n%s", what, diff)
	}
}

func (s *suite) list(guild snowflake.GuildID) []secret.Record {
	s.t.Helper()
	out, err := s.Secrets(s.ctx, guild)
	s.must(err)
	return out
}

// sample makes a record whose id sorts like n.
func sample(guild snowflake.GuildID, name string, n int) secret.Record {
	return secret.Record{
		Secret: secret.Secret{
			ID: fmt.Sprintf("%08d-0000-4000-8000-%012d", n, uint64(guild)%1e9), Guild: guild, Name: name, AllowedHosts: []string{"*.example.com", "api.example.org"}, AllowHTTP: n%2 == 1,
			CreatedAt: epoch.Add(time.Duration(n) * time.Second), UpdatedAt: epoch.Add(time.Hour),
		},
		Tag: fmt.Sprintf("%012x", n), KeyID: "key1", Sealed: fmt.Appendf([]byte{0, 255}, "%d", n),
	}
}

const most = 10

func (s *suite) putReadDelete() {
	s.same("secrets of nobody", s.list(guildA), []secret.Record{})
	for _, name := range []string{"none", "", "\x00", "\xff", "'"} {
		if deleted, err := s.DeleteSecret(s.ctx, guildA, name); err != nil || deleted {
			s.t.Errorf("delete %q: %v, %v", name, deleted, err)
		}
	}
	b, a, under := sample(guildA, "b", 1), sample(guildA, "a.-Z", 2), sample(guildA, "B", 3)
	other := sample(guildB, "b", 4)
	for _, r := range []secret.Record{b, a, under, other} {
		s.must(s.PutSecret(s.ctx, r, most))
	}
	for range 2 {
		s.same("in the order of bytes", s.list(guildA), []secret.Record{under, a, b})
		s.same("of the other", s.list(guildB), []secret.Record{other})
		s.Store = s.reopen()
	}
	b.AllowedHosts, b.AllowHTTP, b.Sealed, b.KeyID, b.UpdatedAt = []string{"*"}, false, []byte("new"), "key2", epoch.Add(2*time.Hour)
	s.must(s.PutSecret(s.ctx, b, most))
	s.same("after a change", s.list(guildA), []secret.Record{under, a, b})
	for _, want := range []bool{true, false} {
		if deleted, err := s.DeleteSecret(s.ctx, guildA, "b"); err != nil || deleted != want {
			s.t.Errorf("delete: %v, %v, want %v", deleted, err, want)
		}
	}
	s.Store = s.reopen()
	s.same("after a delete", s.list(guildA), []secret.Record{under, a})
	s.same("the other's stays", s.list(guildB), []secret.Record{other})
}

func (s *suite) conflict() {
	first := sample(guildA, "name", 1)
	s.must(s.PutSecret(s.ctx, first, most))
	second := sample(guildA, "name", 2)
	if err := s.PutSecret(s.ctx, second, most); !fault.Is(err, fault.Conflict) {
		s.t.Errorf("error is %v, want one of %s", err, fault.Conflict)
	}
	s.same("after a conflict", s.list(guildA), []secret.Record{first})
}

func (s *suite) bounded() {
	for i := range most {
		s.must(s.PutSecret(s.ctx, sample(guildA, fmt.Sprintf("n%d", i), i), most))
	}
	if err := s.PutSecret(s.ctx, sample(guildA, "one", 99), most); !fault.Is(err, fault.QuotaExceeded) {
		s.t.Errorf("one too many: error is %v, want one of %s", err, fault.QuotaExceeded)
	}
	s.must(s.PutSecret(s.ctx, sample(guildA, "n0", 0), most))
	s.must(s.PutSecret(s.ctx, sample(guildB, "one", 99), most))
	if n := len(s.list(guildA)); n != most {
		s.t.Errorf("there are %d", n)
	}
}

func (s *suite) reseal() {
	var old []secret.Record
	for i := range 7 {
		r := sample([]snowflake.GuildID{guildA, guildB}[i%2], fmt.Sprintf("n%d", i), i)
		if i == 3 {
			r.KeyID = "key2"
		} else {
			old = append(old, r)
		}
		s.must(s.PutSecret(s.ctx, r, most))
	}
	var got []secret.Record
	for after := ""; ; {
		page, err := s.StaleSecrets(s.ctx, "key2", after, 4)
		s.must(err)
		got = append(got, page...)
		if len(page) < 4 {
			break
		}
		after = page[len(page)-1].ID
	}
	s.same("stale ones, by id", got, old)
	r := old[0]
	s.must(s.ResealSecret(s.ctx, r.ID, []byte("else"), "key2", []byte("lost")))
	s.must(s.ResealSecret(s.ctx, sample(guildA, "none", 77).ID, r.Sealed, "key2", []byte("lost")))
	s.same("nothing changed", s.list(r.Guild)[0], r)
	s.must(s.ResealSecret(s.ctx, r.ID, r.Sealed, "key2", []byte("anew")))
	r.KeyID, r.Sealed = "key2", []byte("anew")
	s.Store = s.reopen()
	s.same("sealed anew", s.list(r.Guild)[0], r)
	left, err := s.StaleSecrets(s.ctx, "key2", "", 100)
	s.must(err)
	s.same("stale ones that are left", left, old[1:])
}

// manyAtOnce has more writers than there is room.
func (s *suite) manyAtOnce() {
	var wg sync.WaitGroup
	var made atomic.Int64
	for i := range 4 * most {
		wg.Go(func() {
			switch err := s.PutSecret(s.ctx, sample(guildA, fmt.Sprintf("n%d", i), i), most); {
			case err == nil:
				made.Add(1)
			case !fault.Is(err, fault.QuotaExceeded):
				s.t.Errorf("put: %s", err)
			}
		})
	}
	wg.Wait()
	all := s.list(guildA)
	if made.Load() != most || len(all) != most {
		s.t.Errorf("%d were made, %d are there, want %d", made.Load(), len(all), most)
	}
	if !slices.IsSortedFunc(all, func(a, b secret.Record) int { return strings.Compare(a.Name, b.Name) }) {
		s.t.Error("they are not in order")
	}
}
