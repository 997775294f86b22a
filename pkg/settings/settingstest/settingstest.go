// Package settingstest is what every settings.Store must do, as one suite of
// tests that each implementation runs.
package settingstest

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/settings"
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
func Run(t *testing.T, open func(t *testing.T) (store settings.Store, reopen func() settings.Store)) {
	t.Helper()
	storetest.Run(t, func(f storetest.Frame) *suite {
		f.T.Helper()
		store, reopen := open(f.T)
		return &suite{Frame: f, Store: store, reopen: reopen}
	},
		storetest.Row[*suite]{Name: "settings", Test: (*suite).settings},
		storetest.Row[*suite]{Name: "variables", Test: (*suite).variables},
		storetest.Row[*suite]{Name: "a bounded number", Test: (*suite).bounded},
	)
}

type suite struct {
	storetest.Frame
	settings.Store
	reopen func() settings.Store
}

func (s *suite) settings() {
	get := func(guild snowflake.GuildID) settings.Settings {
		s.T.Helper()
		out, err := s.Settings(s.Ctx, guild)
		s.Must(err)
		return out
	}
	s.Same("at first", get(guildA), settings.Settings{}, cmpopts.EquateEmpty())
	full := settings.Settings{ErrorReplies: true, ErrorText: "Ümlaut 'quoted' \U0001f600\n", InboundEndpoint: true}
	s.Must(s.PutSettings(s.Ctx, guildA, full))
	s.Must(s.PutSettings(s.Ctx, guildB, settings.Settings{InboundEndpoint: true}))
	for range 2 {
		s.Same("set", get(guildA), full, cmpopts.EquateEmpty())
		s.Same("the other's", get(guildB), settings.Settings{InboundEndpoint: true}, cmpopts.EquateEmpty())
		s.Store = s.reopen()
	}
	s.Must(s.PutSettings(s.Ctx, guildA, settings.Settings{}))
	s.Same("set back", get(guildA), settings.Settings{}, cmpopts.EquateEmpty())
}

func (s *suite) list(guild snowflake.GuildID) []settings.Variable {
	s.T.Helper()
	out, err := s.Variables(s.Ctx, guild)
	s.Must(err)
	return out
}

const most = 10

func (s *suite) variables() {
	s.Same("of nobody", s.list(guildA), []settings.Variable{}, cmpopts.EquateEmpty())
	v := func(name, value string, n int) settings.Variable {
		return settings.Variable{Name: name, Value: value, UpdatedAt: epoch.Add(time.Duration(n) * time.Second)}
	}
	b, a, c := v("b", "", 1), v("A", strings.Repeat("é", 10_000), 2), v("b.c", "'\n", 3)
	for _, one := range []settings.Variable{b, a, c} {
		s.Must(s.PutVariable(s.Ctx, guildA, one, most))
	}
	s.Must(s.PutVariable(s.Ctx, guildB, v("b", "other", 1), most))
	for range 2 {
		s.Same("by name", s.list(guildA), []settings.Variable{a, b, c}, cmpopts.EquateEmpty())
		s.Store = s.reopen()
	}
	b = v("b", "new", 9)
	s.Must(s.PutVariable(s.Ctx, guildA, b, most))
	s.Same("changed", s.list(guildA), []settings.Variable{a, b, c}, cmpopts.EquateEmpty())
	for name, want := range map[string]bool{"none": false, "": false, "\x00": false, "b": true} {
		if deleted, err := s.DeleteVariable(s.Ctx, guildA, name); err != nil || deleted != want {
			s.T.Errorf("delete %q: %v, %v", name, deleted, err)
		}
	}
	s.Store = s.reopen()
	s.Same("after a delete", s.list(guildA), []settings.Variable{a, c}, cmpopts.EquateEmpty())
	s.Same("the other's", s.list(guildB), []settings.Variable{v("b", "other", 1)}, cmpopts.EquateEmpty())
}

func (s *suite) bounded() {
	var wg sync.WaitGroup
	var made atomic.Int64
	for i := range 4 * most {
		wg.Go(func() {
			switch err := s.PutVariable(s.Ctx, guildA, settings.Variable{Name: fmt.Sprintf("n%d", i), UpdatedAt: epoch}, most); {
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
	all[0].Value = "changed"
	s.Must(s.PutVariable(s.Ctx, guildA, all[0], most))
	s.Same("one that is there", s.list(guildA)[0], all[0], cmpopts.EquateEmpty())
}
