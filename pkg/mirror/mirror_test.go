package mirror_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/mirror"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const guild snowflake.GuildID = 7

// source is a store with one value.
type source struct {
	mu    sync.Mutex // Guards the members below.
	value string
	err   error
}

func (s *source) set(value string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.value, s.err = value, err
}

func (s *source) read(context.Context, snowflake.GuildID) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.value, s.err
}

var away = fault.New(fault.Unavailable, "away")

func TestWrites(t *testing.T) {
	t.Parallel()
	s := &source{}
	told := 0
	m := mirror.New(mirror.Config[string]{Read: s.read, Changed: func(snowflake.GuildID) { told++ }, Clock: clock.Real})
	write := func(want string, wantErr error, tells int, f func(context.Context) error) {
		t.Helper()
		told = 0
		if err := m.Write(t.Context(), guild, f); !errors.Is(err, wantErr) {
			t.Errorf("got %v, want %v", err, wantErr)
		}
		if got := m.Get(guild); got != want || told != tells {
			t.Errorf("it has %q, want %q; told %d times, want %d", got, want, told, tells)
		}
	}
	if m.Get(guild) != "" {
		t.Error("it has something")
	}
	write("a", nil, 1, func(context.Context) error { s.set("a", nil); return nil })
	refused := fault.New(fault.Conflict, "no")
	write("a", refused, 0, func(context.Context) error { s.set("else", nil); return refused })
	// A write without an answer may have been one.
	write("b", away, 1, func(context.Context) error { s.set("b", nil); return away })
	// Nor can it be read back.
	write("b", nil, 0, func(context.Context) error { s.set("c", away); return nil })
	ended, cancel := context.WithCancel(t.Context())
	s.set("d", nil)
	if err := m.Write(ended, guild, func(context.Context) error { cancel(); return nil }); err != nil || m.Get(guild) != "d" {
		t.Errorf("a caller that went away: %v, %q", err, m.Get(guild))
	}
	if err := m.Write(ended, guild, func(context.Context) error { return nil }); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestWhatCouldNotBeReadIsReadLater(t *testing.T) {
	t.Parallel()
	s := &source{value: "a"}
	told := make(chan snowflake.GuildID, 10)
	c := clock.NewFake(time.Unix(0, 0))
	m := mirror.New(mirror.Config[string]{Read: s.read, Changed: func(g snowflake.GuildID) { told <- g }, Clock: c})
	if err := m.Load(t.Context(), guild); err != nil {
		t.Fatal(err)
	}
	s.set("b", away)
	if err := m.Load(t.Context(), guild); !errors.Is(err, away) || m.Get(guild) != "a" {
		t.Errorf("got %v, %q", err, m.Get(guild))
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	s.set("b", nil)
	for deadline := time.Now().Add(20 * time.Second); len(told) == 0; c.Advance(time.Second) {
		if time.Now().After(deadline) {
			t.Fatal("it was not read again")
		}
		time.Sleep(time.Millisecond)
	}
	if m.Get(guild) != "b" || <-told != guild {
		t.Errorf("it has %q", m.Get(guild))
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestCopies(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "copies")
	s := &source{value: "a"}
	cfg := mirror.Config[string]{Read: s.read, Copies: dir, Clock: clock.Real, Prepare: func(v string) string { return v + "!" }}
	if err := mirror.New(cfg).Load(t.Context(), guild); err != nil {
		t.Fatal(err)
	}
	s.set("", away)
	m := mirror.New(cfg)
	if err := m.Load(t.Context(), guild); !errors.Is(err, away) || m.Get(guild) != "a!" {
		t.Errorf("from the copy: %v, %q", err, m.Get(guild))
	}
	if info, err := os.Stat(filepath.Join(dir, "7.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy: %v, %v", info, err)
	}
	// What the store says counts, and a copy that is damaged does not.
	s.set("b", nil)
	if err := m.Load(t.Context(), guild); err != nil || m.Get(guild) != "b!" {
		t.Errorf("got %v, %q", err, m.Get(guild))
	}
	if err := os.WriteFile(filepath.Join(dir, "7.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.set("", away)
	m = mirror.New(cfg)
	if err := m.Load(t.Context(), guild); !errors.Is(err, away) || m.Get(guild) != "" {
		t.Errorf("from a damaged copy: %v, %q", err, m.Get(guild))
	}
}

// TestAnotherProcessWrites: what may have changed elsewhere is read again, and what
// is of another time is not believed.
func TestAnotherProcessWrites(t *testing.T) {
	t.Parallel()
	s := &source{value: "a"}
	told, wrote := make(chan snowflake.GuildID, 10), 0
	m := mirror.New(mirror.Config[string]{
		Read: s.read, Changed: func(g snowflake.GuildID) { told <- g }, Wrote: func(snowflake.GuildID) { wrote++ }, Clock: clock.Real,
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	if err := m.Load(t.Context(), guild); err != nil {
		t.Fatal(err)
	}
	s.set("b", nil)
	m.Doubt(func(g snowflake.GuildID) bool { return g != guild })
	m.Doubt(func(g snowflake.GuildID) bool { return g == guild })
	if g := <-told; g != guild || m.Get(guild) != "b" || wrote > 0 {
		t.Errorf("told of %d, has %q, wrote %d times", g, m.Get(guild), wrote)
	}
	m.Unlearn(func(snowflake.GuildID) bool { return true })
	if m.Known(guild) || m.Get(guild) != "b" {
		t.Errorf("known: %v, has %q", m.Known(guild), m.Get(guild))
	}
	if err := m.Load(t.Context(), guild); err != nil || !m.Known(guild) {
		t.Errorf("it is not known after a load: %v", err)
	}
	for _, err := range []error{nil, away, fault.New(fault.Conflict, "no")} {
		_ = m.Write(t.Context(), guild, func(context.Context) error { return err })
	}
	if wrote != 2 {
		t.Errorf("it told of %d writes, want those that were not refused", wrote)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
