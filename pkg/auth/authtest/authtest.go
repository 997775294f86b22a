// Package authtest is what every auth.TokenStore must do, as one suite of tests
// that each implementation runs.
package authtest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

var epoch = time.Date(2026, 7, 30, 10, 0, 0, 123456000, time.UTC)

// Run tests the stores that open makes. Each call of open must give an empty
// store; reopen gives the same store after a restart.
func Run(t *testing.T, open func(t *testing.T) (store auth.TokenStore, reopen func() auth.TokenStore)) {
	t.Helper()
	rows := []struct {
		name string
		test func(s *suite)
	}{
		{"put and read", (*suite).putAndRead},
		{"delete", (*suite).remove},
		{"touch", (*suite).touch},
		{"many at once", (*suite).manyAtOnce},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			store, reopen := open(t)
			row.test(&suite{t: t, ctx: t.Context(), TokenStore: store, reopen: reopen})
		})
	}
}

type suite struct {
	auth.TokenStore
	t      *testing.T
	ctx    context.Context //nolint:containedctx // The test's.
	reopen func() auth.TokenStore
}

func (s *suite) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *suite) same(what string, got, want any) {
	s.t.Helper()
	if diff := cmp.Diff(got, want); diff != "" {
		s.t.Errorf("%s (-got +want):\n%s", what, diff)
	}
}

func (s *suite) notFound(what string, err error) {
	s.t.Helper()
	if !fault.Is(err, fault.NotFound) {
		s.t.Errorf("%s: error is %v, want one of %s", what, err, fault.NotFound)
	}
}

func sample(user string, n int) auth.Token {
	id := fmt.Sprintf("%s-%04d", user, n)
	return auth.Token{
		ID: id, UserID: user, Username: "ümlaut", Label: "laptop", Hash: sha256.Sum256([]byte(id)),
		CreatedAt: epoch.Add(time.Duration(n) * time.Second), ExpiresAt: epoch.Add(time.Hour),
		Guilds: []snowflake.GuildID{1, 1<<63 - 1}, ReadOnly: true,
	}
}

func (s *suite) putAndRead() {
	for _, id := range []string{"none", "", "\x00", "\xff", "'"} {
		_, err := s.Token(s.ctx, id)
		s.notFound("no token", err)
		s.notFound("no token of nobody", s.DeleteToken(s.ctx, id, id))
		s.must(s.TouchToken(s.ctx, id, epoch))
	}
	none, err := s.Tokens(s.ctx, "1")
	s.must(err)
	s.same("tokens of nobody", len(none), 0)
	full := sample("1", 2)
	small := auth.Token{ID: "small", UserID: "1", Hash: sha256.Sum256(nil), CreatedAt: epoch}
	other := sample("11", 1)
	for _, t := range []auth.Token{full, small, other} {
		local := t
		local.CreatedAt = t.CreatedAt.In(time.FixedZone("CEST", 7200)).Add(999)
		s.must(s.PutToken(s.ctx, local))
	}
	for range 2 {
		for _, want := range []auth.Token{full, small, other} {
			got, err := s.Token(s.ctx, want.ID)
			s.must(err)
			s.same("Token", got, want)
		}
		got, err := s.Tokens(s.ctx, "1")
		s.must(err)
		s.same("Tokens", got, []auth.Token{full, small})
		s.TokenStore = s.reopen()
	}
	again := sample("2", 1)
	again.ID = full.ID
	if err := s.PutToken(s.ctx, again); !fault.Is(err, fault.Conflict) {
		s.t.Errorf("an id that exists: error is %v, want one of %s", err, fault.Conflict)
	}
	got, err := s.Token(s.ctx, full.ID)
	s.must(err)
	s.same("Token after a conflict", got, full)
}

func (s *suite) remove() {
	a, b := sample("1", 1), sample("1", 2)
	s.must(s.PutToken(s.ctx, a))
	s.must(s.PutToken(s.ctx, b))
	s.notFound("another user's token", s.DeleteToken(s.ctx, "2", a.ID))
	s.notFound("no token", s.DeleteToken(s.ctx, "1", "none"))
	s.must(s.DeleteToken(s.ctx, "1", a.ID))
	s.notFound("a token twice", s.DeleteToken(s.ctx, "1", a.ID))
	s.must(s.TouchToken(s.ctx, a.ID, epoch.Add(time.Hour)))
	s.TokenStore = s.reopen()
	_, err := s.Token(s.ctx, a.ID)
	s.notFound("a deleted token", err)
	got, err := s.Tokens(s.ctx, "1")
	s.must(err)
	s.same("Tokens", got, []auth.Token{b})
}

func (s *suite) touch() {
	want := sample("1", 1)
	s.must(s.PutToken(s.ctx, want))
	s.must(s.TouchToken(s.ctx, "none", epoch))
	for _, minute := range []int{5, 3, 7} {
		s.must(s.TouchToken(s.ctx, want.ID, epoch.Add(time.Duration(minute)*time.Minute)))
	}
	want.LastUsedAt = epoch.Add(7 * time.Minute)
	got, err := s.Token(s.ctx, want.ID)
	s.must(err)
	s.same("Token", got, want)
	list, err := s.Tokens(s.ctx, "1")
	s.must(err)
	s.same("Tokens", list, []auth.Token{want})
}

func (s *suite) manyAtOnce() {
	var wg sync.WaitGroup
	for u := range 4 {
		for i := range 12 {
			wg.Go(func() {
				t := sample(fmt.Sprint(u), i)
				if err := s.PutToken(s.ctx, t); err != nil {
					s.t.Errorf("put: %s", err)
				}
				if err := s.TouchToken(s.ctx, t.ID, epoch.Add(time.Hour)); err != nil {
					s.t.Errorf("touch: %s", err)
				}
				if i%3 != 0 {
					return
				}
				if err := s.DeleteToken(s.ctx, t.UserID, t.ID); err != nil {
					s.t.Errorf("delete: %s", err)
				}
			})
		}
	}
	wg.Wait()
	for u := range 4 {
		got, err := s.Tokens(s.ctx, fmt.Sprint(u))
		s.must(err)
		if len(got) != 8 {
			s.t.Errorf("user %d has %d tokens, want 8", u, len(got))
		}
		for _, t := range got {
			s.same("last use", t.LastUsedAt, epoch.Add(time.Hour))
		}
	}
}
