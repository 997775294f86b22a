package app

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

func TestActivityOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "activity.json")
	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for process, now := range []map[snowflake.GuildID]time.Time{
		{1: noon, 2: noon.Add(time.Hour)},
		{1: noon.Add(2 * time.Hour), 2: noon}, // A clock that was set back moves nothing back.
	} {
		a := openActivity(file, zap.NewNop())
		if process == 0 && !a.last(1).Before(noon) {
			t.Errorf("a guild without events was active at %s", a.last(1))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := a.run(ctx, func() map[snowflake.GuildID]time.Time { return now }); err != nil {
			t.Fatal(err)
		}
	}
	a := openActivity(file, zap.NewNop())
	for guild, want := range map[snowflake.GuildID]time.Time{1: noon.Add(2 * time.Hour), 2: noon.Add(time.Hour)} {
		if got := a.last(guild); !got.Equal(want) {
			t.Errorf("guild %s was active at %s, want %s", guild, got.UTC(), want)
		}
	}
}

// TestActivityIsOnlyAHint starts with every file that can be in its place.
func TestActivityIsOnlyAHint(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		make func(file string) error
		last int64
		said int
	}{
		"none":     {func(string) error { return nil }, 0, 0},
		"whole":    {func(file string) error { return os.WriteFile(file, []byte(`{"7":5}`), 0o600) }, 5, 0},
		"torn":     {func(file string) error { return os.WriteFile(file, []byte(`{"7":`), 0o600) }, 0, 1},
		"null":     {func(file string) error { return os.WriteFile(file, []byte(`null`), 0o600) }, 0, 1},
		"a folder": {func(file string) error { return os.Mkdir(file, 0o700) }, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "activity.json")
			if err := row.make(file); err != nil {
				t.Fatal(err)
			}
			core, said := observer.New(zap.InfoLevel)
			a := openActivity(file, zap.New(core))
			if got := a.last(7); !got.Equal(time.Unix(row.last, 0)) {
				t.Errorf("the guild was last active %s", got)
			}
			if said.Len() != row.said {
				t.Errorf("the log has %v", said.All())
			}
			a.times[7] = 6 // It can be written.
		})
	}
}
