package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/cron"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// kept keeps the memories as a process does, until its end.
func kept(t *testing.T, file string, all map[snowflake.GuildID]bot.Memory) {
	t.Helper()
	m := openMemories(file, zap.NewNop())
	for guild, memory := range all {
		m.Keep(guild, memory)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := m.run(ended); err != nil {
		t.Fatal(err)
	}
}

func remembered(t *testing.T, n int) map[snowflake.GuildID]bot.Memory {
	t.Helper()
	out := map[snowflake.GuildID]bot.Memory{}
	for i := range n {
		guild := snowflake.GuildID(100000000000000001 + i)
		out[guild] = bot.Memory{
			Revision: fmt.Sprint("r", i), Events: []string{"cron:c", "messageCreate"}, Marks: []string{"!"}, Commands: "sum",
			Crons: []cron.Job{{Guild: guild, Name: "c", Expr: "* * * * *", SkipIfRunning: true, Backoff: []int64{1, 2}}},
		}
	}
	return out
}

func TestMemories(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "scripts.jsonl")
	want := remembered(t, 3)
	kept(t, file, want)
	lines := func() int {
		t.Helper()
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(text), "\n")
	}
	same := func() {
		t.Helper()
		m := openMemories(file, zap.NewNop())
		for guild, memory := range want {
			if got, ok := m.Recall(guild); !ok || cmp.Diff(memory, got) != "" {
				t.Errorf("guild %s: %v %s", guild, ok, cmp.Diff(memory, got))
			}
		}
	}
	same()
	// What the file has is not written again, and what changed is.
	kept(t, file, want)
	if n := lines(); n != 4 {
		t.Errorf("the file has %d lines", n)
	}
	for guild, memory := range want {
		memory.Revision += "b"
		want[guild] = memory
	}
	kept(t, file, want)
	if n := lines(); n != 7 {
		t.Errorf("the file has %d lines", n)
	}
	same()
	// A line that was cut off is left out; the others count.
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(text, `{"guild":"1`...), 0o600); err != nil {
		t.Fatal(err)
	}
	same()
	kept(t, file, remembered(t, 4))
	for guild := range remembered(t, 4) {
		if _, ok := openMemories(file, zap.NewNop()).Recall(guild); !ok {
			t.Errorf("guild %s was written after a line that was cut off, and is lost", guild)
		}
	}
}

// TestMemoriesOfOthers: those of another version are not believed, nor is a file
// that is something else.
func TestMemoriesOfOthers(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"another version": `{"version":"another"}` + "\n" + `{"guild":"100000000000000001","revision":"r"}` + "\n",
		"damaged":         "\x00\x01\n",
		"empty":           "",
		"a header alone":  `{"version":"` + Version + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "scripts.jsonl")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			core, _ := observer.New(zap.DebugLevel)
			if _, ok := openMemories(file, zap.New(core)).Recall(100000000000000001); ok {
				t.Error("it is believed")
			}
			want := remembered(t, 2)
			kept(t, file, want)
			for guild := range want {
				if _, ok := openMemories(file, zap.NewNop()).Recall(guild); !ok {
					t.Errorf("guild %s is not known afterwards", guild)
				}
			}
		})
	}
}

// TestMemoriesStaySmall has one guild deploy again and again.
func TestMemoriesStaySmall(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "scripts.jsonl")
	m := openMemories(file, zap.NewNop())
	for i := range 3000 {
		m.Keep(1, bot.Memory{Revision: fmt.Sprint(i)})
		if err := m.flush(); err != nil {
			t.Fatal(err)
		}
	}
	m = openMemories(file, zap.NewNop())
	if got, _ := m.Recall(1); got.Revision != "2999" {
		t.Errorf("it has %q", got.Revision)
	}
	text, err := os.ReadFile(file)
	if err != nil || strings.Count(string(text), "\n") != 2 {
		t.Errorf("the file has %d lines after a start (%v)", strings.Count(string(text), "\n"), err)
	}
}
