package cron_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/cron"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const guildA, guildB = snowflake.GuildID(1), snowflake.GuildID(2)

// bench is a running ticker whose clock the test moves.
type bench struct {
	t      *testing.T
	clock  *clock.Fake
	ticker *cron.Ticker
	mu     sync.Mutex
	fired  []cron.Firing
}

func start(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, clock: clock.NewFake(time.Date(2026, 7, 30, 10, 0, 0, 0, time.UTC))}
	b.ticker = cron.NewTicker(b.clock, func(f cron.Firing) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.fired = append(b.fired, f)
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- b.ticker.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %s", err)
		}
	})
	b.settle()
	return b
}

// settle waits until the ticker waits for its next second.
func (b *bench) settle() {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 30*time.Second)
	defer cancel()
	if err := b.clock.WaitPending(ctx, 1); err != nil {
		b.t.Fatalf("the ticker does not wait for its next tick: %s", err)
	}
}

// pass moves the clock by d at once, as for a process that was busy, and gives
// what fired then.
func (b *bench) pass(d time.Duration) []cron.Firing {
	b.t.Helper()
	b.clock.Advance(d)
	b.settle()
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.fired
	b.fired = nil
	return out
}

// seconds moves the clock second by second.
func (b *bench) seconds(n int) (out []cron.Firing) {
	b.t.Helper()
	for range n {
		out = append(out, b.pass(time.Second)...)
	}
	return out
}

func names(fired []cron.Firing) []string {
	out := []string{}
	for _, f := range fired {
		out = append(out, fmt.Sprintf("%s %s %s", f.Guild, f.Name, f.ScheduledAt.Format(time.TimeOnly)))
	}
	return out
}

func check(t *testing.T, got []cron.Firing, want ...string) {
	t.Helper()
	if diff := cmp.Diff(names(got), append([]string{}, want...)); diff != "" {
		t.Errorf("fired (-got +want):\n%s", diff)
	}
}

func TestTickerFiresTheSlot(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.ticker.Set(guildA, []cron.Job{{Name: "five", Expr: "*/5 * * * * *"}, {Name: "minute", Expr: "* * * * *"}})
	b.ticker.Set(guildB, []cron.Job{{Name: "five", Expr: "*/5 * * * * *"}})
	check(t, b.seconds(4))
	check(t, b.seconds(1), "1 five 10:00:05", "2 five 10:00:05")
	check(t, b.pass(5500*time.Millisecond), "1 five 10:00:10", "2 five 10:00:10")
	got := b.seconds(50)
	if len(got) != 21 {
		t.Errorf("50 seconds fired %v", names(got))
	}
	check(t, got[len(got)-3:], "1 five 10:01:00", "1 minute 10:01:00", "2 five 10:01:00")
}

func TestTickerMergesMissedSlots(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.ticker.Set(guildA, []cron.Job{{Name: "ten", Expr: "*/10 * * * * *"}})
	check(t, b.pass(47300*time.Millisecond), "1 ten 10:00:10")
	check(t, b.pass(2*time.Second))
	check(t, b.pass(time.Second), "1 ten 10:00:50")
}

func TestTickerSkipIfRunning(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.ticker.Set(guildA, []cron.Job{{Name: "skips", Expr: "* * * * * *", SkipIfRunning: true}, {Name: "x", Expr: "* * * * * *"}})
	first := b.seconds(1)
	check(t, first, "1 skips 10:00:01", "1 x 10:00:01")
	check(t, b.seconds(2), "1 x 10:00:02", "1 x 10:00:03")
	// A new set of jobs does not forget what runs.
	b.ticker.Set(guildA, []cron.Job{{Name: "skips", Expr: "* * * * * *", SkipIfRunning: true}})
	check(t, b.seconds(1))
	want := []cron.JobStatus{{
		Job:  cron.Job{Guild: guildA, Name: "skips", Expr: "* * * * * *", SkipIfRunning: true},
		Next: b.clock.Now().Add(time.Second), Last: b.clock.Now().Add(-3 * time.Second), Running: 1, Skipped: 3,
	}}
	if diff := cmp.Diff(b.ticker.Jobs(guildA), want); diff != "" {
		t.Errorf("status (-got +want):\n%s", diff)
	}
	first[0].Finished()
	first[0].Finished()
	second := b.seconds(1)
	check(t, second, "1 skips 10:00:05")
	check(t, b.seconds(1))
	second[0].Finished()
	check(t, b.seconds(1), "1 skips 10:00:07")
}

func TestTickerSetAndClear(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.ticker.Set(guildA, []cron.Job{
		{Name: "kept", Expr: "*/10 * * * * *"}, {Name: "changed", Expr: "*/10 * * * * *"}, {Name: "gone", Expr: "*/10 * * * * *"},
	})
	b.ticker.Set(guildB, []cron.Job{{Name: "other", Expr: "*/10 * * * * *"}})
	b.ticker.Set(guildA, []cron.Job{
		{Name: "kept", Expr: "*/10 * * * * *"}, {Name: "changed", Expr: "*/15 * * * * *"}, {Name: "new", Expr: "*/10 * * * * *"},
		{Name: "new", Expr: "* * * * * *"},
	})
	check(t, b.seconds(10), "1 kept 10:00:10", "1 new 10:00:10", "2 other 10:00:10")
	check(t, b.seconds(5), "1 changed 10:00:15")
	b.ticker.Clear(guildA)
	if got := b.ticker.Jobs(guildA); len(got) != 0 {
		t.Errorf("jobs after Clear: %v", got)
	}
	check(t, b.seconds(5), "2 other 10:00:20")
	b.ticker.Clear(guildA)
	// A slot that was due but not ticked yet survives a Set that changes nothing.
	b.ticker.Set(guildA, []cron.Job{{Name: "due", Expr: "30 * * * * *"}})
	b.clock.Advance(9 * time.Second)
	b.settle()
	b.ticker.Set(guildA, []cron.Job{{Name: "due", Expr: "30 * * * * *"}})
	check(t, b.seconds(1), "1 due 10:00:30", "2 other 10:00:30")
}

func TestTickerListsWhatNeverRuns(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.ticker.Set(guildA, []cron.Job{
		{Name: "never", Expr: "0 0 30 2 *"}, {Name: "past", Expr: "0 0 0 1 1 * 2020"}, {Name: "bad", Expr: "0 0 * * +MON"}, {Name: "ok", Expr: "@hourly"},
	})
	got := b.ticker.Jobs(guildA)
	warned := []string{}
	for _, j := range got {
		if j.Warning != "" {
			warned = append(warned, j.Name)
		}
	}
	if diff := cmp.Diff(warned, []string{"bad", "never", "past"}); diff != "" {
		t.Errorf("warned jobs (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(got[2], cron.JobStatus{
		Job: cron.Job{Guild: guildA, Name: "ok", Expr: "@hourly"}, Next: time.Date(2026, 7, 30, 11, 0, 0, 0, time.UTC),
	}); diff != "" {
		t.Errorf("status (-got +want):\n%s", diff)
	}
	check(t, b.pass(50*time.Minute))
	check(t, b.pass(10*time.Minute), "1 ok 11:00:00")
}

func TestTickerManyJobs(t *testing.T) {
	t.Parallel()
	b := start(t)
	const guilds, each = 200, 10
	for g := range guilds {
		var jobs []cron.Job
		for i := range each {
			jobs = append(jobs, cron.Job{Name: fmt.Sprint(i), Expr: fmt.Sprintf("%d * * * *", i)})
		}
		b.ticker.Set(snowflake.GuildID(g+1), jobs) //nolint:gosec // Small.
	}
	check(t, b.seconds(59))
	fired := b.seconds(1)
	if len(fired) != guilds {
		t.Fatalf("%d jobs fired, want %d", len(fired), guilds)
	}
	at := time.Date(2026, 7, 30, 10, 1, 0, 0, time.UTC)
	i := slices.IndexFunc(fired, func(f cron.Firing) bool { return f.Name != "1" || !f.ScheduledAt.Equal(at) })
	if i >= 0 {
		t.Errorf("fired %v", fired[i])
	}
}

func TestTickerConcurrentUse(t *testing.T) {
	t.Parallel()
	b := start(t)
	var wg sync.WaitGroup
	for g := snowflake.GuildID(1); g <= 8; g++ {
		wg.Go(func() {
			for i := range 50 {
				b.ticker.Set(g, []cron.Job{{Name: "a", Expr: "* * * * * *", SkipIfRunning: i%2 == 0}})
				b.ticker.Jobs(g)
				if i%10 == 9 {
					b.ticker.Clear(g)
				}
			}
		})
	}
	for range 20 {
		for _, f := range b.pass(time.Second) {
			f.Finished()
		}
	}
	wg.Wait()
	for g := snowflake.GuildID(1); g <= 8; g++ {
		if jobs := b.ticker.Jobs(g); !cmp.Equal(jobs, []cron.JobStatus{}, cmpopts.EquateEmpty()) {
			t.Errorf("guild %s still has %v", g, jobs)
		}
	}
}

// BenchmarkTick is one second of 10,000 jobs of which none is due, and one in
// which all are.
func BenchmarkTick(b *testing.B) {
	for _, row := range []struct{ name, expr string }{{"idle", "0 0 1 1 *"}, {"due", "* * * * * *"}} {
		b.Run(row.name, func(b *testing.B) {
			c := clock.NewFake(time.Date(2026, 7, 30, 10, 0, 0, 0, time.UTC))
			fired := 0
			ticker := cron.NewTicker(c, func(f cron.Firing) { fired++; f.Finished() })
			for g := range 10_000 {
				ticker.Set(snowflake.GuildID(g+1), []cron.Job{{Name: "a", Expr: row.expr}}) //nolint:gosec // Small.
			}
			ctx, cancel := context.WithCancel(b.Context())
			ended := make(chan error)
			go func() { ended <- ticker.Run(ctx) }()
			for b.Loop() {
				if err := c.WaitPending(ctx, 1); err != nil {
					b.Fatal(err)
				}
				c.Advance(time.Second)
			}
			_ = c.WaitPending(ctx, 1)
			cancel()
			if err := <-ended; err != nil {
				b.Error(err)
			}
			b.ReportMetric(float64(fired)/float64(b.N), "fired/op")
		})
	}
}
