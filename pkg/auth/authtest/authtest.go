// Package authtest is what every auth.TokenStore must do, as one suite of tests
// that each implementation runs.
package authtest

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/storetest"
)

var epoch = time.Date(2026, 7, 30, 10, 0, 0, 123456000, time.UTC)

// Run tests the stores that open makes. Each call of open must give an empty
// store; reopen gives the same store after a restart.
func Run(t *testing.T, open func(t *testing.T) (store auth.TokenStore, reopen func() auth.TokenStore)) {
	t.Helper()
	storetest.Run(t, func(f storetest.Frame) *suite {
		f.T.Helper()
		store, reopen := open(f.T)
		return &suite{Frame: f, TokenStore: store, reopen: reopen}
	},
		storetest.Row[*suite]{Name: "put and read", Test: (*suite).putAndRead},
		storetest.Row[*suite]{Name: "delete", Test: (*suite).remove},
		storetest.Row[*suite]{Name: "touch", Test: (*suite).touch},
		storetest.Row[*suite]{Name: "many at once", Test: (*suite).manyAtOnce},
	)
}

type suite struct {
	storetest.Frame
	auth.TokenStore
	reopen func() auth.TokenStore
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
		_, err := s.Token(s.Ctx, id)
		s.NotFound("no token", err)
		s.NotFound("no token of nobody", s.DeleteToken(s.Ctx, id, id))
		s.Must(s.TouchToken(s.Ctx, id, epoch))
	}
	none, err := s.Tokens(s.Ctx, "1")
	s.Must(err)
	s.Same("tokens of nobody", len(none), 0)
	full := sample("1", 2)
	small := auth.Token{ID: "small", UserID: "1", Hash: sha256.Sum256(nil), CreatedAt: epoch}
	other := sample("11", 1)
	for _, t := range []auth.Token{full, small, other} {
		local := t
		local.CreatedAt = t.CreatedAt.In(time.FixedZone("CEST", 7200)).Add(999)
		s.Must(s.PutToken(s.Ctx, local))
	}
	for range 2 {
		for _, want := range []auth.Token{full, small, other} {
			got, err := s.Token(s.Ctx, want.ID)
			s.Must(err)
			s.Same("Token", got, want)
		}
		got, err := s.Tokens(s.Ctx, "1")
		s.Must(err)
		s.Same("Tokens", got, []auth.Token{full, small})
		s.TokenStore = s.reopen()
	}
	again := sample("2", 1)
	again.ID = full.ID
	if err := s.PutToken(s.Ctx, again); !fault.Is(err, fault.Conflict) {
		s.T.Errorf("an id that exists: error is %v, want one of %s", err, fault.Conflict)
	}
	got, err := s.Token(s.Ctx, full.ID)
	s.Must(err)
	s.Same("Token after a conflict", got, full)
}

func (s *suite) remove() {
	a, b := sample("1", 1), sample("1", 2)
	s.Must(s.PutToken(s.Ctx, a))
	s.Must(s.PutToken(s.Ctx, b))
	s.NotFound("another user's token", s.DeleteToken(s.Ctx, "2", a.ID))
	s.NotFound("no token", s.DeleteToken(s.Ctx, "1", "none"))
	s.Must(s.DeleteToken(s.Ctx, "1", a.ID))
	s.NotFound("a token twice", s.DeleteToken(s.Ctx, "1", a.ID))
	s.Must(s.TouchToken(s.Ctx, a.ID, epoch.Add(time.Hour)))
	s.TokenStore = s.reopen()
	_, err := s.Token(s.Ctx, a.ID)
	s.NotFound("a deleted token", err)
	got, err := s.Tokens(s.Ctx, "1")
	s.Must(err)
	s.Same("Tokens", got, []auth.Token{b})
}

func (s *suite) touch() {
	want := sample("1", 1)
	s.Must(s.PutToken(s.Ctx, want))
	s.Must(s.TouchToken(s.Ctx, "none", epoch))
	for _, minute := range []int{5, 3, 7} {
		s.Must(s.TouchToken(s.Ctx, want.ID, epoch.Add(time.Duration(minute)*time.Minute)))
	}
	want.LastUsedAt = epoch.Add(7 * time.Minute)
	got, err := s.Token(s.Ctx, want.ID)
	s.Must(err)
	s.Same("Token", got, want)
	list, err := s.Tokens(s.Ctx, "1")
	s.Must(err)
	s.Same("Tokens", list, []auth.Token{want})
}

func (s *suite) manyAtOnce() {
	var wg sync.WaitGroup
	for u := range 4 {
		for i := range 12 {
			wg.Go(func() {
				t := sample(fmt.Sprint(u), i)
				if err := s.PutToken(s.Ctx, t); err != nil {
					s.T.Errorf("put: %s", err)
				}
				if err := s.TouchToken(s.Ctx, t.ID, epoch.Add(time.Hour)); err != nil {
					s.T.Errorf("touch: %s", err)
				}
				if i%3 != 0 {
					return
				}
				if err := s.DeleteToken(s.Ctx, t.UserID, t.ID); err != nil {
					s.T.Errorf("delete: %s", err)
				}
			})
		}
	}
	wg.Wait()
	for u := range 4 {
		got, err := s.Tokens(s.Ctx, fmt.Sprint(u))
		s.Must(err)
		if len(got) != 8 {
			s.T.Errorf("user %d has %d tokens, want 8", u, len(got))
		}
		for _, t := range got {
			s.Same("last use", t.LastUsedAt, epoch.Add(time.Hour))
		}
	}
}
