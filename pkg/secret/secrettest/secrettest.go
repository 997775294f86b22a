// Package secrettest is what every secret.Store must do, as one suite of tests
// that each implementation runs.
package secrettest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/secret"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/storetest"
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
	storetest.Run(t, func(f storetest.Frame) *suite {
		f.T.Helper()
		store, reopen := open(f.T)
		return &suite{Frame: f, Store: store, reopen: reopen}
	},
		storetest.Row[*suite]{Name: "put, read, delete", Test: (*suite).putReadDelete},
		storetest.Row[*suite]{Name: "somebody else was there", Test: (*suite).conflict},
		storetest.Row[*suite]{Name: "a bounded number", Test: (*suite).bounded},
		storetest.Row[*suite]{Name: "sealing anew", Test: (*suite).reseal},
		storetest.Row[*suite]{Name: "many at once", Test: (*suite).manyAtOnce},
	)
}

type suite struct {
	storetest.Frame
	secret.Store
	reopen func() secret.Store
}

func (s *suite) list(guild snowflake.GuildID) []secret.Record {
	s.T.Helper()
	out, err := s.Secrets(s.Ctx, guild)
	s.Must(err)
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
	s.Same("secrets of nobody", s.list(guildA), []secret.Record{}, cmpopts.EquateEmpty())
	for _, name := range []string{"none", "", "\x00", "\xff", "'"} {
		if deleted, err := s.DeleteSecret(s.Ctx, guildA, name); err != nil || deleted {
			s.T.Errorf("delete %q: %v, %v", name, deleted, err)
		}
	}
	b, a, under := sample(guildA, "b", 1), sample(guildA, "a.-Z", 2), sample(guildA, "B", 3)
	other := sample(guildB, "b", 4)
	for _, r := range []secret.Record{b, a, under, other} {
		s.Must(s.PutSecret(s.Ctx, r, most))
	}
	for range 2 {
		s.Same("in the order of bytes", s.list(guildA), []secret.Record{under, a, b}, cmpopts.EquateEmpty())
		s.Same("of the other", s.list(guildB), []secret.Record{other}, cmpopts.EquateEmpty())
		s.Store = s.reopen()
	}
	b.AllowedHosts, b.AllowHTTP, b.Sealed, b.KeyID, b.UpdatedAt = []string{"*"}, false, []byte("new"), "key2", epoch.Add(2*time.Hour)
	s.Must(s.PutSecret(s.Ctx, b, most))
	s.Same("after a change", s.list(guildA), []secret.Record{under, a, b}, cmpopts.EquateEmpty())
	for _, want := range []bool{true, false} {
		if deleted, err := s.DeleteSecret(s.Ctx, guildA, "b"); err != nil || deleted != want {
			s.T.Errorf("delete: %v, %v, want %v", deleted, err, want)
		}
	}
	s.Store = s.reopen()
	s.Same("after a delete", s.list(guildA), []secret.Record{under, a}, cmpopts.EquateEmpty())
	s.Same("the other's stays", s.list(guildB), []secret.Record{other}, cmpopts.EquateEmpty())
}

func (s *suite) conflict() {
	first := sample(guildA, "name", 1)
	s.Must(s.PutSecret(s.Ctx, first, most))
	second := sample(guildA, "name", 2)
	if err := s.PutSecret(s.Ctx, second, most); !fault.Is(err, fault.Conflict) {
		s.T.Errorf("error is %v, want one of %s", err, fault.Conflict)
	}
	s.Same("after a conflict", s.list(guildA), []secret.Record{first}, cmpopts.EquateEmpty())
}

func (s *suite) bounded() {
	for i := range most {
		s.Must(s.PutSecret(s.Ctx, sample(guildA, fmt.Sprintf("n%d", i), i), most))
	}
	if err := s.PutSecret(s.Ctx, sample(guildA, "one", 99), most); !fault.Is(err, fault.QuotaExceeded) {
		s.T.Errorf("one too many: error is %v, want one of %s", err, fault.QuotaExceeded)
	}
	s.Must(s.PutSecret(s.Ctx, sample(guildA, "n0", 0), most))
	s.Must(s.PutSecret(s.Ctx, sample(guildB, "one", 99), most))
	if n := len(s.list(guildA)); n != most {
		s.T.Errorf("there are %d", n)
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
		s.Must(s.PutSecret(s.Ctx, r, most))
	}
	var got []secret.Record
	for after := ""; ; {
		page, err := s.StaleSecrets(s.Ctx, "key2", after, 4)
		s.Must(err)
		got = append(got, page...)
		if len(page) < 4 {
			break
		}
		after = page[len(page)-1].ID
	}
	s.Same("stale ones, by id", got, old, cmpopts.EquateEmpty())
	r := old[0]
	s.Must(s.ResealSecret(s.Ctx, r.ID, []byte("else"), "key2", []byte("lost")))
	s.Must(s.ResealSecret(s.Ctx, sample(guildA, "none", 77).ID, r.Sealed, "key2", []byte("lost")))
	s.Same("nothing changed", s.list(r.Guild)[0], r, cmpopts.EquateEmpty())
	s.Must(s.ResealSecret(s.Ctx, r.ID, r.Sealed, "key2", []byte("anew")))
	r.KeyID, r.Sealed = "key2", []byte("anew")
	s.Store = s.reopen()
	s.Same("sealed anew", s.list(r.Guild)[0], r, cmpopts.EquateEmpty())
	left, err := s.StaleSecrets(s.Ctx, "key2", "", 100)
	s.Must(err)
	s.Same("stale ones that are left", left, old[1:], cmpopts.EquateEmpty())
}

// manyAtOnce has more writers than there is room.
func (s *suite) manyAtOnce() {
	var wg sync.WaitGroup
	var made atomic.Int64
	for i := range 4 * most {
		wg.Go(func() {
			switch err := s.PutSecret(s.Ctx, sample(guildA, fmt.Sprintf("n%d", i), i), most); {
			case err == nil:
				made.Add(1)
			case !fault.Is(err, fault.QuotaExceeded):
				s.T.Errorf("put: %s", err)
			}
		})
	}
	wg.Wait()
	all := s.list(guildA)
	if made.Load() != most || len(all) != most {
		s.T.Errorf("%d were made, %d are there, want %d", made.Load(), len(all), most)
	}
	if !slices.IsSortedFunc(all, func(a, b secret.Record) int { return strings.Compare(a.Name, b.Name) }) {
		s.T.Error("they are not in order")
	}
}
