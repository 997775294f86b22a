// Package settingstest is what every settings.Store must do, as one suite of
// tests that each implementation runs.
package settingstest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/settings"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	guildA snowflake.GuildID = 100000000000000001
	guildB snowflake.GuildID = 1<<63 - 1
)

var epoch = time.Date(2026, 7, 30, 10, 0, 0, 123456000, time.UTC)

// Run tests the stores that open makes. Each call of open must give an empty
// store; reopen gives the same store after a restart.
func Run(t *testing.T, open func(t *testing.T) (store settings.Store, reopen func() settings.Store)) {
	t.Helper()
	rows := []struct {
		name string
		test func(s *suite)
	}{
		{"settings", (*suite).settings},
		{"variables", (*suite).variables},
		{"a bounded number", (*suite).bounded},
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
	settings.Store
	t      *testing.T
	ctx    context.Context //nolint:containedctx // The test's.
	reopen func() settings.Store
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

func (s *suite) settings() {
	get := func(guild snowflake.GuildID) settings.Settings {
		s.t.Helper()
		out, err := s.Settings(s.ctx, guild)
		s.must(err)
		return out
	}
	s.same("at first", get(guildA), settings.Settings{})
	full := settings.Settings{ErrorReplies: true, ErrorText: "Ümlaut 'quoted' \U0001f600\n", InboundEndpoint: true}
	s.must(s.PutSettings(s.ctx, guildA, full))
	s.must(s.PutSettings(s.ctx, guildB, settings.Settings{InboundEndpoint: true}))
	for range 2 {
		s.same("set", get(guildA), full)
		s.same("the other's", get(guildB), settings.Settings{InboundEndpoint: true})
		s.Store = s.reopen()
	}
	s.must(s.PutSettings(s.ctx, guildA, settings.Settings{}))
	s.same("set back", get(guildA), settings.Settings{})
}

func (s *suite) list(guild snowflake.GuildID) []settings.Variable {
	s.t.Helper()
	out, err := s.Variables(s.ctx, guild)
	s.must(err)
	return out
}

const most = 10

func (s *suite) variables() {
	s.same("of nobody", s.list(guildA), []settings.Variable{})
	v := func(name, value string, n int) settings.Variable {
		return settings.Variable{Name: name, Value: value, UpdatedAt: epoch.Add(time.Duration(n) * time.Second)}
	}
	b, a, c := v("b", "", 1), v("A", strings.Repeat("é", 10_000), 2), v("b.c", "'\n", 3)
	for _, one := range []settings.Variable{b, a, c} {
		s.must(s.PutVariable(s.ctx, guildA, one, most))
	}
	s.must(s.PutVariable(s.ctx, guildB, v("b", "other", 1), most))
	for range 2 {
		s.same("by name", s.list(guildA), []settings.Variable{a, b, c})
		s.Store = s.reopen()
	}
	b = v("b", "new", 9)
	s.must(s.PutVariable(s.ctx, guildA, b, most))
	s.same("changed", s.list(guildA), []settings.Variable{a, b, c})
	for name, want := range map[string]bool{"none": false, "": false, "\x00": false, "b": true} {
		if deleted, err := s.DeleteVariable(s.ctx, guildA, name); err != nil || deleted != want {
			s.t.Errorf("delete %q: %v, %v", name, deleted, err)
		}
	}
	s.Store = s.reopen()
	s.same("after a delete", s.list(guildA), []settings.Variable{a, c})
	s.same("the other's", s.list(guildB), []settings.Variable{v("b", "other", 1)})
}

func (s *suite) bounded() {
	var wg sync.WaitGroup
	var made atomic.Int64
	for i := range 4 * most {
		wg.Go(func() {
			switch err := s.PutVariable(s.ctx, guildA, settings.Variable{Name: fmt.Sprintf("n%d", i), UpdatedAt: epoch}, most); {
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
	all[0].Value = "changed"
	s.must(s.PutVariable(s.ctx, guildA, all[0], most))
	s.same("one that is there", s.list(guildA)[0], all[0])
}
