package logs_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// unlimited is a hub's configuration without limits of rate.
func unlimited(dir string) logs.Config {
	return logs.Config{Dir: dir, LinesPerSecond: 1 << 30, Burst: 1 << 30}
}

func open(t *testing.T, cfg logs.Config) *logs.Hub {
	t.Helper()
	h, err := logs.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

func shut(t *testing.T, h *logs.Hub) {
	t.Helper()
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
}

func sync1(t *testing.T, h *logs.Hub, g snowflake.GuildID) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := h.Sync(ctx, g); err != nil {
		t.Fatal(err)
	}
}

func TestLinesOutliveTheProcess(t *testing.T) {
	t.Parallel()
	cfg := unlimited(t.TempDir())
	cfg.Lines = 10
	h := open(t, cfg)
	for i := range 3 {
		say(h, guildA, i*10+1, i*10+10)
		sync1(t, h, guildA)
	}
	h.Append(guildA, "error", logs.TargetRuntime, "crashed")
	say(h, guildB, 1, 1)
	sync1(t, h, guildA)
	if diff := cmp.Diff(messages(h.Lines(guildA, logs.Query{Limit: 100})), append(numbers(1, 30), "crashed")); diff != "" {
		t.Errorf("memory and disk (-got +want):\n%s", diff)
	}
	shut(t, h)
	h = open(t, cfg)
	h.Append(guildA, "warn", logs.TargetScript, "again")
	say(h, guildA, 31, 45)
	sync1(t, h, guildA)
	all := append(append(numbers(1, 30), "crashed", "again"), numbers(31, 45)...)
	kept := h.Lines(guildA, logs.Query{Limit: 100})
	if diff := cmp.Diff(messages(kept), all); diff != "" {
		t.Errorf("after a restart (-got +want):\n%s", diff)
	}
	last := uint64(0)
	for _, e := range kept {
		if e.ID <= last || e.GuildID != "1" || e.Timestamp == 0 {
			t.Errorf("line %+v follows id %d", e, last)
		}
		last = e.ID
	}
	rows := []struct {
		name string
		q    logs.Query
		want []string
	}{
		{"the latest", logs.Query{Limit: 3}, numbers(43, 45)},
		{"the latest, with some from disk", logs.Query{Limit: 17}, append([]string{"crashed", "again"}, numbers(31, 45)...)},
		{"the latest, with one of before", logs.Query{Limit: 18}, append([]string{"30", "crashed", "again"}, numbers(31, 45)...)},
		{"after an id on disk", logs.Query{After: kept[4].ID, Limit: 3}, numbers(6, 8)},
		{"after an id, over the restart", logs.Query{After: kept[28].ID, Limit: 4}, []string{"30", "crashed", "again", "31"}},
		{"after an id in memory", logs.Query{After: kept[len(kept)-2].ID, Limit: 4}, numbers(45, 45)},
		{"after the last", logs.Query{After: last, Limit: 4}, []string{}},
		{"warn and above", logs.Query{Limit: 10, Level: "warn"}, []string{"crashed", "again"}},
		{"errors, after the first line", logs.Query{Limit: 10, Level: "error", After: kept[0].ID}, []string{"crashed"}},
		{"none", logs.Query{}, []string{}},
	}
	for _, row := range rows {
		if diff := cmp.Diff(messages(h.Lines(guildA, row.q)), row.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", row.name, diff)
		}
	}
	if diff := cmp.Diff(messages(h.Lines(guildB, logs.Query{Limit: 10})), numbers(1, 1)); diff != "" {
		t.Errorf("the other guild (-got +want):\n%s", diff)
	}
}

// TestStreamOverRestarts reads what is in memory, on disk and comes, each line
// once.
func TestStreamOverRestarts(t *testing.T) {
	t.Parallel()
	cfg := unlimited(t.TempDir())
	cfg.Lines = 300
	var after uint64
	read := 0
	take := func(h *logs.Hub, to int) {
		t.Helper()
		s := h.Subscribe(guildA, after)
		defer s.Close()
		for read < to {
			entries, dropped := next(t, s)
			for _, e := range entries {
				if read++; e.Message != fmt.Sprint(read) || dropped != 0 || e.ID <= after {
					t.Fatalf("line %d is %q with id %d after %d, %d dropped", read, e.Message, e.ID, after, dropped)
				}
				after = e.ID
			}
		}
	}
	for round := range 4 {
		h := open(t, cfg)
		from := round * 600
		say(h, guildA, from+1, from+400)
		sync1(t, h, guildA)
		take(h, from+350)
		say(h, guildA, from+401, from+600)
		sync1(t, h, guildA)
		if round%2 == 0 {
			take(h, from+500)
		}
		shut(t, h)
	}
	take(open(t, cfg), 2400)
}

// TestDroppedLinesAreCountedOnDisk has files turn while a reader is away.
func TestDroppedLinesAreCountedOnDisk(t *testing.T) {
	t.Parallel()
	cfg := unlimited(t.TempDir())
	cfg.Lines, cfg.DiskBytes = 20, 1
	total, first := 0, uint64(0)
	for round := range 3 {
		h := open(t, cfg)
		for range 40 {
			for range 10 {
				total++
				h.Append(guildA, "info", logs.TargetScript, fmt.Sprintf("%d %s", total, strings.Repeat("x", 1000)))
			}
			sync1(t, h, guildA)
			if first == 0 {
				first = h.Lines(guildA, logs.Query{Limit: 100})[0].ID
			}
		}
		s := h.Subscribe(guildA, first)
		entries, dropped := next(t, s)
		var n int
		if _, err := fmt.Sscan(entries[0].Message, &n); err != nil {
			t.Fatal(err)
		}
		if dropped == 0 && round > 0 || int(dropped) != n-2 { //nolint:gosec // Small.
			t.Errorf("round %d: the reader of line 1 gets line %d and %d dropped", round, n, dropped)
		}
		for n < total {
			more := entries
			if len(more) > 0 {
				_, _ = fmt.Sscan(more[len(more)-1].Message, &n)
			}
			if n < total {
				if entries, dropped = next(t, s); dropped != 0 {
					t.Errorf("%d dropped after line %d", dropped, n)
				}
			}
		}
		s.Close()
		shut(t, h)
	}
	if size := folder(t, cfg.Dir); size > 300<<10 {
		t.Errorf("%d bytes are on disk", size)
	}
}

func folder(t *testing.T, dir string) (size int64) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	return size
}

// TestTheLargestGoFirst bounds all guilds together: who writes little keeps it.
func TestTheLargestGoFirst(t *testing.T) {
	t.Parallel()
	cfg := unlimited(t.TempDir())
	cfg.DiskBytes, cfg.DiskTotal = 1<<20, 1<<20
	h := open(t, cfg)
	say(h, 100, 1, 3)
	for g := snowflake.GuildID(1); g <= 4; g++ {
		for range 60 {
			h.Append(g, "info", logs.TargetScript, strings.Repeat("y", 10_000))
		}
		sync1(t, h, g)
	}
	shut(t, h)
	if size := folder(t, cfg.Dir); size > 1<<20+1000 {
		t.Errorf("%d bytes are on disk", size)
	}
	h = open(t, cfg)
	if diff := cmp.Diff(messages(h.Lines(100, logs.Query{Limit: 10})), numbers(1, 3)); diff != "" {
		t.Errorf("the small guild (-got +want):\n%s", diff)
	}
}

func TestTornAndDamagedFiles(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name string
		edit func(b []byte) []byte
		want []string
	}{
		{"as it was", func(b []byte) []byte { return b }, numbers(1, 9)},
		{"the last line is torn", func(b []byte) []byte { return b[:len(b)-5] }, append(numbers(1, 4), numbers(6, 9)...)},
		{"only the last line break is missing", func(b []byte) []byte { return b[:len(b)-1] }, append(numbers(1, 4), numbers(6, 9)...)},
		{"zeros at the end", func(b []byte) []byte { return append(b, make([]byte, 300_000)...) }, numbers(1, 9)},
		{"zeros in the middle", func(b []byte) []byte {
			i := bytes.Index(b, []byte(`"message":"3"`))
			copy(b[i:], make([]byte, 40))
			return b
		}, append(numbers(1, 2), numbers(5, 9)...)},
		{"no census", func(b []byte) []byte { return b[bytes.IndexByte(b, '\n')+1:] }, numbers(1, 9)},
		{"nothing", func([]byte) []byte { return nil }, numbers(6, 9)},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			cfg := unlimited(t.TempDir())
			h := open(t, cfg)
			say(h, guildA, 1, 5)
			shut(t, h)
			name := filepath.Join(cfg.Dir, "1.log")
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, row.edit(b), 0o600); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				h = open(t, cfg)
				if len(h.Lines(guildA, logs.Query{Limit: 1})) > 0 && h.Lines(guildA, logs.Query{Limit: 1})[0].Message == "9" {
					break
				}
				say(h, guildA, 6, 9)
				shut(t, h)
			}
			if diff := cmp.Diff(messages(h.Lines(guildA, logs.Query{Limit: 100})), row.want); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
		})
	}
}

// TestIDsAreNeverUsedAgain sets the clock back, and takes away the note of ids.
func TestIDsAreNeverUsedAgain(t *testing.T) {
	t.Parallel()
	c := clock.NewFake(epoch)
	cfg := unlimited(t.TempDir())
	cfg.Clock = c
	highest := uint64(0)
	for i, before := range []func(){
		func() {},
		func() { c.Advance(time.Hour) },
		func() { cfg.Clock = clock.NewFake(epoch.Add(-24 * 365 * time.Hour)) },
		func() { _ = os.Remove(filepath.Join(cfg.Dir, "ids")) },
	} {
		before()
		h := open(t, cfg)
		if last := h.LastID(guildA); last < highest {
			t.Errorf("round %d: LastID is %d after %d", i, last, highest)
		}
		say(h, guildA, 1, 50)
		for _, e := range h.Lines(guildA, logs.Query{Limit: 50}) {
			if e.ID <= highest {
				t.Fatalf("round %d: id %d after %d", i, e.ID, highest)
			}
			highest = e.ID
		}
		shut(t, h)
	}
	if err := os.WriteFile(filepath.Join(cfg.Dir, "ids"), []byte("many\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := logs.Open(cfg); err == nil || !strings.Contains(err.Error(), "ids is damaged; remove it") {
		t.Errorf("a damaged note of ids: %v", err)
	}
}

// TestBrokenDiskHoldsNobodyUp puts a folder where the guild's file should be.
func TestBrokenDiskHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	core, said := observer.New(zap.InfoLevel)
	cfg := unlimited(t.TempDir())
	cfg.Lines, cfg.Log = 100, zap.New(core)
	var written, unwritten atomic.Int64
	cfg.Written = func(n int) { written.Add(int64(n)) }
	cfg.Unwritten = func(n int) { unwritten.Add(int64(n)) }
	h := open(t, cfg)
	name := filepath.Join(cfg.Dir, "1.log")
	if err := os.Mkdir(name, 0o700); err != nil {
		t.Fatal(err)
	}
	h.Append(guildA, "error", logs.TargetRuntime, "0")
	if err := h.Sync(t.Context(), guildA); err == nil {
		t.Error("the write into a folder did not fail")
	}
	s := h.Subscribe(guildA, h.LastID(guildA))
	say(h, guildA, 1, 250)
	if diff := cmp.Diff(messages(h.Lines(guildA, logs.Query{Limit: 100})), numbers(151, 250)); diff != "" {
		t.Errorf("in memory (-got +want):\n%s", diff)
	}
	if n := unwritten.Load(); n != 151 {
		t.Errorf("%d lines are counted as not written, want 151", n)
	}
	if entries, dropped := next(t, s); dropped != 150 || len(entries) != 100 {
		t.Errorf("a reader gets %d lines and %d dropped", len(entries), dropped)
	}
	say(h, guildB, 1, 1)
	sync1(t, h, guildB) // The others' files are well.
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	sync1(t, h, guildA)
	shut(t, h)
	if n := written.Load(); n != 101 {
		t.Errorf("%d lines are counted as written, want 101", n)
	}
	lines := map[string]int{}
	for _, e := range said.All() {
		lines[e.Message]++
	}
	if n := lines["log lines cannot be written to disk; the latest stay in memory, and are tried again"]; n > 1 {
		t.Errorf("the failure was told %d times", n)
	}
	h = open(t, cfg)
	if diff := cmp.Diff(messages(h.Lines(guildA, logs.Query{Limit: 200})), numbers(151, 250)); diff != "" {
		t.Errorf("after a restart (-got +want):\n%s", diff)
	}
}

// TestManyGuildsAreFewFiles counts what is open.
func TestManyGuildsAreFewFiles(t *testing.T) {
	t.Parallel()
	const guilds = 1000
	cfg := unlimited(t.TempDir())
	h := open(t, cfg)
	for g := range guilds {
		say(h, snowflake.GuildID(g+1), 1, 3)
	}
	shut(t, h)
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	if len(open) > 300 {
		t.Errorf("%d files are open", len(open))
	}
}

// TestReadersAndWritersOverDisk counts every line: those read and those that are
// lost are all that were written. Lines may leave memory before they come to disk.
func TestReadersAndWritersOverDisk(t *testing.T) {
	t.Parallel()
	cfg := unlimited(t.TempDir())
	cfg.Lines, cfg.DiskBytes = 50, 1
	readAndWrite(t, open(t, cfg), 4, 4, 1000)
}

// crashDir names the environment variable that makes the test binary the
// process that is killed.
const crashDir = "FLORA_LOGS_CRASH_DIR"

func FuzzFile(f *testing.F) {
	f.Add([]byte(`{"since":5,"unused":[[7,9]]}` + "\n" + `{"id":6,"timestamp":1,"level":"info","target":"flora:js","message":"x"}` + "\n{\"id\":7,"))
	f.Add([]byte("\x00\x00\n{}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		for _, name := range []string{"1.log", "1.1.log"} {
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		h := open(t, unlimited(dir))
		h.Lines(guildA, logs.Query{Limit: 100})
		h.Append(guildA, "info", logs.TargetScript, "new")
		sync1(t, h, guildA)
		got := h.Lines(guildA, logs.Query{Limit: 100})
		if len(got) == 0 || got[len(got)-1].Message != "new" {
			t.Errorf("the new line is not the last of %v", got)
		}
		shut(t, h)
		got = open(t, unlimited(dir)).Lines(guildA, logs.Query{Limit: 1})
		if len(got) != 1 || got[0].Message != "new" {
			t.Errorf("the new line is not on disk: %v", got)
		}
	})
}

func BenchmarkAppendToDisk(b *testing.B) {
	h, err := logs.Open(unlimited(b.TempDir()))
	if err != nil {
		b.Fatal(err)
	}
	line := strings.Repeat("a log line ", 10)
	for b.Loop() {
		h.Append(guildA, "info", logs.TargetScript, line)
	}
	_ = h.Close()
}

// BenchmarkSync is what a deployment waits for, and how long the line of a crash
// is in memory only.
func BenchmarkSync(b *testing.B) {
	h, err := logs.Open(unlimited(b.TempDir()))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		h.Append(guildA, "error", logs.TargetRuntime, "crashed")
		if err := h.Sync(b.Context(), guildA); err != nil {
			b.Fatal(err)
		}
	}
	_ = h.Close()
}
