package app

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap"

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
		a, err := openActivity(file, zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		if process == 0 && !a.last(1).Before(noon) {
			t.Errorf("a guild without events was active at %s", a.last(1))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := a.run(ctx, func() map[snowflake.GuildID]time.Time { return now }); err != nil {
			t.Fatal(err)
		}
	}
	a, err := openActivity(file, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	for guild, want := range map[snowflake.GuildID]time.Time{1: noon.Add(2 * time.Hour), 2: noon.Add(time.Hour)} {
		if got := a.last(guild); !got.Equal(want) {
			t.Errorf("guild %s was active at %s, want %s", guild, got.UTC(), want)
		}
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if a, err = openActivity(file, zap.NewNop()); err != nil || !a.last(1).Before(noon) {
		t.Errorf("a damaged file: %v", err)
	}
}
