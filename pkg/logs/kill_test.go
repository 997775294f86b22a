package logs_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		if err := writeUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// writeUntilKilled says the ids that a reader gets, and those of lines that are
// on disk for good.
func writeUntilKilled(dir string) error {
	cfg := unlimited(dir)
	h, err := logs.Open(cfg)
	if err != nil {
		return err
	}
	var out sync.Mutex
	say := func(what string, guild snowflake.GuildID, id uint64) {
		out.Lock()
		defer out.Unlock()
		fmt.Printf("%s %d %d\n", what, guild, id)
	}
	for g := snowflake.GuildID(1); g <= 3; g++ {
		go func() {
			for n := 0; ; n++ {
				h.Append(g, "info", logs.TargetScript, fmt.Sprint(n))
				id := h.LastID(g)
				say("seen", g, id)
				if n%10 == 9 {
					h.Append(g, "error", logs.TargetRuntime, "crash")
					id := h.LastID(g)
					if err := h.Sync(context.Background(), g); err != nil {
						panic(err)
					}
					say("kept", g, id)
				}
			}
		}()
	}
	select {}
}

// TestKilledProcess kills a process that writes, again and again: what it had
// synced is there, and no id is used again.
func TestKilledProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	highest, kept := map[snowflake.GuildID]uint64{}, map[snowflake.GuildID]map[uint64]bool{}
	for round := range 5 {
		before := map[snowflake.GuildID]uint64{}
		for g, id := range highest {
			before[g] = id
		}
		killAfter(t, dir, 100+round*150, func(what string, g snowflake.GuildID, id uint64) {
			if id <= before[g] {
				t.Errorf("round %d: id %d of guild %d was used before, up to %d", round, id, g, before[g])
			}
			highest[g] = max(highest[g], id)
			if what == "kept" {
				if kept[g] == nil {
					kept[g] = map[uint64]bool{}
				}
				kept[g][id] = true
			}
		})
		h, err := logs.Open(unlimited(dir))
		if err != nil {
			t.Fatal(err)
		}
		for g, ids := range kept {
			last := uint64(0)
			there := map[uint64]bool{}
			for _, e := range h.Lines(g, logs.Query{Limit: 100_000}) {
				if e.ID <= last {
					t.Errorf("round %d: id %d follows %d", round, e.ID, last)
				}
				last, there[e.ID] = e.ID, true
			}
			for id := range ids {
				if !there[id] {
					t.Errorf("round %d: line %d of guild %d was synced and is gone", round, id, g)
				}
			}
			highest[g] = max(highest[g], h.LastID(g))
		}
		shut(t, h)
	}
}

// killAfter runs the writing process, reads so many of its lines, kills it and
// reads the rest.
func killAfter(t *testing.T, dir string, lines int, each func(what string, g snowflake.GuildID, id uint64)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for r := bufio.NewReader(out); ; {
		line, err := r.ReadString('\n')
		if errors.Is(err, io.EOF) {
			break // A line that was cut off says nothing.
		}
		if err != nil {
			t.Fatal(err)
		}
		var what string
		var g, id uint64
		if _, err := fmt.Sscan(line, &what, &g, &id); err != nil {
			t.Fatalf("the process says %q: %s", line, err)
		}
		each(what, snowflake.GuildID(g), id)
		if seen++; seen == lines {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || seen < lines {
		t.Fatalf("the process ended by itself after %d lines: %v", seen, err)
	}
}
