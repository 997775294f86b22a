package build_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/build"
	"github.com/flora-runtime/flora-runtime/pkg/bundle"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const patience = 20 * time.Second

var archive = []byte("PK...")

// job is a build that the bundler has, and waits for its end.
type job struct {
	in  bundle.Input
	end chan<- result
}

type result struct {
	out bundle.Output
	err error
}

// rig is a service whose bundler does what the test says.
type rig struct {
	*build.Service
	t     *testing.T
	clock *clock.Fake
	jobs  chan job
	stop  context.CancelFunc
	over  chan struct{}
}

func newRig(t *testing.T, l build.Limits) *rig {
	t.Helper()
	r := &rig{t: t, clock: clock.NewFake(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)), jobs: make(chan job), over: make(chan struct{})}
	s, err := build.New(build.Config{Limits: l, Clock: r.clock, Bundle: func(ctx context.Context, in bundle.Input) (bundle.Output, error) {
		end := make(chan result, 1)
		select {
		case r.jobs <- job{in, end}:
		case <-ctx.Done():
			return bundle.Output{}, ctx.Err()
		}
		select {
		case res := <-end:
			return res.out, res.err
		case <-ctx.Done():
			return bundle.Output{}, ctx.Err()
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	r.Service = s
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	go func() {
		defer close(r.over)
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() {
		cancel()
		r.receive("the end of Run", r.over)
	})
	return r
}

func (r *rig) receive(what string, c <-chan struct{}) {
	r.t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		r.t.Fatalf("waited %s for %s", patience, what)
	}
}

func (r *rig) job() job {
	r.t.Helper()
	select {
	case j := <-r.jobs:
		return j
	case <-time.After(patience):
		r.t.Fatalf("waited %s for a build to begin", patience)
	}
	return job{}
}

func (r *rig) submit(guild snowflake.GuildID) build.Build {
	r.t.Helper()
	b, err := r.Submit(guild, "src/main.ts", archive)
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

// ended follows a build's log to its end.
func (r *rig) ended(id string, after uint64) (lines []string, status build.Status) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		next, status, err := r.Follow(ctx, id, after)
		if err != nil {
			r.t.Fatal(err)
		}
		if len(next) == 0 {
			return lines, status
		}
		for _, l := range next {
			if l.ID != after+1 {
				r.t.Errorf("line %d follows %d", l.ID, after)
			}
			lines, after = append(lines, l.Text), l.ID
		}
	}
}

func TestABuild(t *testing.T) {
	t.Parallel()
	r := newRig(t, build.Limits{})
	b := r.submit(1)
	if b.Status != build.Queued || len(b.ID) != 36 {
		t.Errorf("submitted: %+v", b)
	}
	j := r.job()
	if diff := cmp.Diff(bundle.Input{Entry: "src/main.ts", Archive: archive}, j.in); diff != "" {
		t.Error(diff)
	}
	lines, status, err := r.Follow(t.Context(), b.ID, 0)
	if err != nil || status != build.Running || len(lines) != 1 || lines[0].ID != 1 {
		t.Errorf("while it runs: %v %s %v", lines, status, err)
	}
	r.clock.Advance(1500 * time.Millisecond)
	sources := []deploy.File{{Path: "src/main.ts", Contents: "x"}}
	j.end <- result{out: bundle.Output{Code: "code", Map: "map", Warnings: []string{"careful\n  here"}, Sources: sources}}
	log, status := r.ended(b.ID, 0)
	if want := []string{"building src/main.ts: archive of 5 bytes", "careful", "  here", "done in 1.5s: bundle of 4 bytes, 1 own source files"}; status != build.Done || cmp.Diff(want, log) != "" {
		t.Errorf("%s: %s", status, cmp.Diff(want, log))
	}
	if rest, _ := r.ended(b.ID, 3); len(rest) != 1 {
		t.Errorf("after line 3: %q", rest)
	}
	got, err := r.Get(b.ID)
	if err != nil {
		t.Fatal(err)
	}
	at, end := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 1, 0, 0, 1, 500_000_000, time.UTC)
	want := build.Build{ID: b.ID, Guild: 1, Entry: "src/main.ts", Status: build.Done, Logs: log, StartedAt: &at, FinishedAt: &end, Artifact: &build.Artifact{Bundle: "code", SourceMap: "map"}, Sources: sources}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestBuildsThatFail(t *testing.T) {
	t.Parallel()
	r := newRig(t, build.Limits{BundleBytes: func() int { return 3 }})
	for want, res := range map[string]result{
		"build failed: main.ts:1:1":      {err: fault.New(fault.BuildFailed, "build failed: main.ts:1:1")},
		"build failed: the bundle has 4": {out: bundle.Output{Code: "code"}},
		"internal error":                 {err: errors.New("a secret of the inside")},
	} {
		b := r.submit(1)
		r.job().end <- res
		lines, status := r.ended(b.ID, 0)
		got, err := r.Get(b.ID)
		if status != build.Failed || err != nil || !strings.HasPrefix(got.Error, want) || got.Artifact != nil || got.FinishedAt == nil || !strings.HasPrefix(lines[len(lines)-1], want) {
			t.Errorf("want %q, got %+v, %v", want, got, err)
		}
	}
}

func TestSubmitRefuses(t *testing.T) {
	t.Parallel()
	r := newRig(t, build.Limits{})
	for want, f := range map[string]func() error{
		"entry is required": func() error { _, err := r.Submit(1, " ", archive); return err },
		"invalid entry":     func() error { _, err := r.Submit(1, "../x.ts", archive); return err },
		"no zip archive":    func() error { _, err := r.Submit(1, "x.ts", []byte("hello")); return err },
	} {
		if err := f(); !fault.Is(err, fault.BadRequest) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	if _, err := r.Get("nothing"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a build that is not there: %v", err)
	}
	if _, _, err := r.Follow(t.Context(), "nothing", 0); !fault.Is(err, fault.NotFound) {
		t.Errorf("the log of a build that is not there: %v", err)
	}
}

// TestBuildsAreBounded: what runs, what waits, and how often one guild comes.
func TestBuildsAreBounded(t *testing.T) {
	t.Parallel()
	r := newRig(t, build.Limits{AtOnce: 1, Active: 3, ActivePerGuild: 2, MinInterval: time.Second})
	refused := func(guild snowflake.GuildID, code fault.Code, after time.Duration, text string) {
		t.Helper()
		_, err := r.Submit(guild, "main.ts", archive)
		if f := fault.From(err); err == nil || f.Code != code || f.RetryAfter != after || !strings.Contains(f.Message, text) {
			t.Errorf("guild %d: got %v", guild, err)
		}
	}
	first := r.submit(1)
	running := r.job()
	r.clock.Advance(400 * time.Millisecond)
	refused(1, fault.RateLimited, 600*time.Millisecond, "try again in 600ms")
	r.clock.Advance(600 * time.Millisecond)
	second := r.submit(1)
	r.clock.Advance(time.Second)
	refused(1, fault.RateLimited, 5*time.Second, "2 builds of this guild")
	third := r.submit(2)
	refused(3, fault.Unavailable, 5*time.Second, "no more fit")
	for _, b := range []build.Build{second, third} {
		if got, err := r.Get(b.ID); err != nil || got.Status != build.Queued {
			t.Errorf("%+v, %v", got, err)
		}
	}
	running.end <- result{}
	r.ended(first.ID, 0)
	r.submit(3)
	for range 3 { // In the order in which they came.
		r.job().end <- result{}
	}
	r.ended(third.ID, 0)
}

func TestOldBuildsAreForgotten(t *testing.T) {
	t.Parallel()
	runOf := func(r *rig, guild snowflake.GuildID, code string) string {
		b := r.submit(guild)
		r.job().end <- result{out: bundle.Output{Code: code}}
		r.ended(b.ID, 0)
		return b.ID
	}
	run := func(r *rig, code string) string { return runOf(r, 1, code) }
	kept := func(r *rig, ids ...string) (out []bool) {
		for _, id := range ids {
			_, err := r.Get(id)
			out = append(out, err == nil)
		}
		return out
	}
	byNumber := newRig(t, build.Limits{KeepBuilds: 2})
	ids := []string{run(byNumber, "a"), run(byNumber, "b"), run(byNumber, "c")}
	if got := kept(byNumber, ids...); cmp.Diff([]bool{false, true, true}, got) != "" {
		t.Errorf("by number: %v", got)
	}
	bySize := newRig(t, build.Limits{KeepBytes: 10_000})
	ids = []string{run(bySize, strings.Repeat("x", 6000)), run(bySize, strings.Repeat("x", 6000)), run(bySize, "y")}
	if got := kept(bySize, ids...); cmp.Diff([]bool{false, true, true}, got) != "" {
		t.Errorf("by size: %v", got)
	}
	// One guild's builds do not drive out another's.
	shared := newRig(t, build.Limits{KeepBuilds: 3, KeepBytes: 10_000})
	ids = []string{runOf(shared, 2, "a"), run(shared, "b"), run(shared, "c"), run(shared, "d")}
	if got := kept(shared, ids...); cmp.Diff([]bool{true, false, true, true}, got) != "" {
		t.Errorf("of two guilds by number: %v", got)
	}
	ids = append(ids[:1], run(shared, strings.Repeat("x", 6000)), run(shared, strings.Repeat("x", 6000)))
	if got := kept(shared, ids...); cmp.Diff([]bool{true, false, true}, got) != "" {
		t.Errorf("of two guilds by size: %v", got)
	}
	byTime := newRig(t, build.Limits{KeepTime: time.Minute})
	ids = []string{run(byTime, "a")}
	byTime.clock.Advance(59 * time.Second)
	ids = append(ids, run(byTime, "b"))
	byTime.clock.Advance(time.Second)
	if got := kept(byTime, ids...); cmp.Diff([]bool{false, true}, got) != "" {
		t.Errorf("by time: %v", got)
	}
}

func TestLongLogs(t *testing.T) {
	t.Parallel()
	r := newRig(t, build.Limits{})
	b := r.submit(1)
	var text strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&text, "line %d\n", i)
	}
	r.job().end <- result{out: bundle.Output{Warnings: []string{text.String(), strings.Repeat("é", 5000)}}}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, _, err := r.Follow(ctx, b.ID, 1); err != nil {
		t.Fatal(err)
	}
	got, err := r.Get(b.ID)
	if err != nil || len(got.Logs) != 2000 || got.Logs[0] != "line 1002" || len(got.Logs[1998]) > 4100 {
		t.Errorf("%d lines, the first %q, %v", len(got.Logs), got.Logs[0], err)
	}
	lines, _, err := r.Follow(ctx, b.ID, 0)
	if err != nil || lines[0].ID != 1004 || lines[1999].ID != 3003 {
		t.Errorf("ids %d to %d, %v", lines[0].ID, lines[len(lines)-1].ID, err)
	}
}

func TestStopEndsBuilds(t *testing.T) {
	t.Parallel()
	r := newRig(t, build.Limits{AtOnce: 1})
	running, waiting := r.submit(1), r.submit(1)
	r.job()
	r.stop()
	r.receive("the end of Run", r.over)
	for _, b := range []build.Build{running, waiting} {
		if got, err := r.Get(b.ID); err != nil || got.Status != build.Failed || !strings.Contains(got.Error, "the server stopped") {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if _, err := r.Submit(2, "main.ts", archive); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a build after the end: %v", err)
	}
}

func TestAFollowerLeaves(t *testing.T) {
	t.Parallel()
	r := newRig(t, build.Limits{})
	b := r.submit(1)
	j := r.job()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := r.Follow(ctx, b.ID, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	j.end <- result{}
}
