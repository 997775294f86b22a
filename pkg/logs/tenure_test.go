package logs_test

import (
	"context"
	"errors"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// TestGuildsGoAndComeBack: with the guild go its readers, and when it is back its
// ids go on above those that others gave, without a line counting as lost.
func TestGuildsGoAndComeBack(t *testing.T) {
	t.Parallel()
	for name, dir := range map[string]string{"in memory": "", "on disk": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			open := func() *logs.Hub {
				if dir == "" {
					return logs.New(logs.Config{})
				}
				h, err := logs.Open(logs.Config{Dir: dir})
				if err != nil {
					t.Fatal(err)
				}
				return h
			}
			h := open()
			const mine, other, fresh = snowflake.GuildID(1), snowflake.GuildID(2), snowflake.GuildID(3)
			say := func(g snowflake.GuildID, text string) uint64 {
				h.Append(g, "info", logs.TargetScript, text)
				return h.LastID(g)
			}
			first, kept := say(mine, "first"), say(other, "kept")
			second := say(mine, "second")
			reader, stays := h.Subscribe(mine, first), h.Subscribe(other, kept)
			h.Part(func(g snowflake.GuildID) bool { return g == mine })
			if got, _, err := reader.Next(t.Context()); err != nil || len(got) != 1 || got[0].ID != second {
				t.Errorf("the reader got %v, %v", got, err)
			}
			if _, _, err := reader.Next(t.Context()); !errors.Is(err, logs.ErrMoved) {
				t.Errorf("the reader was told %v", err)
			}
			if lines := h.Lines(mine, logs.Query{Limit: 10}); len(lines) != 2 {
				t.Errorf("what was written is %v", lines)
			}

			base := h.Highest() + 1_000_000_000
			h.Raise(base, func(g snowflake.GuildID) bool { return g != other })
			if id := say(mine, "third"); id != base+1 {
				t.Errorf("the id is %d, want %d", id, base+1)
			}
			if id := say(other, "next"); id != kept+1 {
				t.Errorf("the other guild's id is %d, want %d", id, kept+1)
			}
			if id := say(fresh, "new here"); id != base+1 {
				t.Errorf("the new guild's id is %d, want %d", id, base+1)
			}
			if got, _, err := stays.Next(t.Context()); err != nil || len(got) != 1 {
				t.Errorf("the other guild's reader got %v, %v", got, err)
			}
			check := func(when string) {
				t.Helper()
				late := h.Subscribe(mine, first)
				defer late.Close()
				var texts []string
				for len(texts) < 2 {
					got, dropped, err := late.Next(t.Context())
					if err != nil || dropped > 0 {
						t.Fatalf("%s: %v, %d dropped", when, err, dropped)
					}
					for _, e := range got {
						texts = append(texts, e.Message)
					}
				}
				if texts[0] != "second" || texts[1] != "third" {
					t.Errorf("%s: a late reader got %v", when, texts)
				}
				if lines := h.Lines(mine, logs.Query{Limit: 10}); len(lines) != 3 || lines[2].ID != base+1 {
					t.Errorf("%s: the lines are %v", when, lines)
				}
			}
			check("at once")
			if dir == "" {
				return
			}
			if err := h.Sync(t.Context(), mine); err != nil {
				t.Fatal(err)
			}
			check("written")
			if err := h.Close(); err != nil {
				t.Fatal(err)
			}
			h = open()
			defer func() { _ = h.Close() }()
			check("after a restart")
			if id := say(mine, "fourth"); id <= base+1 {
				t.Errorf("the id after a restart is %d", id)
			}
		})
	}
}

// TestReadersOfManyTurns: every line comes once, however often the guild moves.
func TestReadersOfManyTurns(t *testing.T) {
	t.Parallel()
	h, err := logs.Open(logs.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = h.Close() }()
	const guild, turns = snowflake.GuildID(1), 100 // More than a census has ranges.
	all := func(snowflake.GuildID) bool { return true }
	for range turns {
		h.Raise(h.Highest()+1000, all)
		h.Append(guild, "info", logs.TargetScript, "a line")
		h.Part(all)
	}
	if err := h.Sync(context.Background(), guild); err != nil {
		t.Fatal(err)
	}
	got := h.Lines(guild, logs.Query{Limit: 1000})
	for i, e := range got {
		if i > 0 && e.ID <= got[i-1].ID {
			t.Fatalf("ids do not rise: %d after %d", e.ID, got[i-1].ID)
		}
	}
	if len(got) != turns {
		t.Errorf("%d lines", len(got))
	}
}
