package bot_test

import (
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/cron"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

const everySecond = `"* * * * * *"`

func TestCronSkipsWhileItRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	w.deploy(guildA, `cron("c", `+everySecond+`, async (ctx) => { console.log("ran " + ctx.msg.scheduledAt); await kv.store("s").get("c"); }, { skipIfRunning: true });`)
	w.tick(1)
	w.wait(guildA, 1, "ran 2026-01-01T00:00:01Z")
	w.tick(2)
	if j := w.job(guildA, "c"); j.Running != 1 || j.Skipped != 2 {
		t.Fatalf("got %+v", j)
	}
	w.ops.release("c")
	w.until("the run to end", func() bool { return w.job(guildA, "c").Running == 0 })
	w.tick(1)
	w.wait(guildA, 1, "ran 2026-01-01T00:00:04Z")
}

func TestACronRunHasItsOwnCPULimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{limits: func(l *bot.Limits) { l.Cron = 100 * time.Millisecond }})
	w.deploy(guildA, `cron("c", `+everySecond+`, () => { for (;;); }, { skipIfRunning: true });`)
	w.tick(1)
	w.wait(guildA, 1, "cron failed: TimeoutError: stopped after 100 ms")
	w.until("the run to end", func() bool { return w.job(guildA, "c").Running == 0 })
}

// TestARunAlwaysEnds fires a job and has its run end in every way there is.
func TestARunAlwaysEnds(t *testing.T) {
	t.Parallel()
	const job = `{"name":"c","expr":"* * * * * *","skipIfRunning":true}`
	for name, end := range map[string]func(w *world, l *puppets, p *puppet, load wire.Load, d wire.Dispatch){
		"settled": func(w *world, _ *puppets, p *puppet, load wire.Load, d wire.Dispatch) {
			p.send(w.t, wire.Settled{Instance: load.Instance, ID: d.ID}, wire.Settled{Instance: load.Instance, ID: d.ID})
		},
		"failed": func(w *world, _ *puppets, p *puppet, load wire.Load, d wire.Dispatch) {
			p.send(w.t, wire.Settled{Instance: load.Instance, ID: d.ID, Failure: &wire.Failure{Text: "Error: no"}})
		},
		"script lost while it ran": func(w *world, _ *puppets, p *puppet, load wire.Load, d wire.Dispatch) {
			p.begin(load, d)
			p.send(w.t, wire.Gone{Instance: load.Instance, Lost: "out of memory"})
		},
		"script lost before it ran, and the next has no such job": func(w *world, _ *puppets, p *puppet, load wire.Load, _ wire.Dispatch) {
			p.send(w.t, wire.Gone{Instance: load.Instance, Lost: "out of memory"})
			again := next[wire.Load](w.t, p)
			p.send(w.t, wire.Declared{Instance: again.Instance, Kind: "cron", Value: job}, wire.Settled{Instance: again.Instance, ID: 1})
		},
		"worker lost while it ran": func(w *world, _ *puppets, p *puppet, load wire.Load, d wire.Dispatch) {
			p.begin(load, d)
			p.die()
		},
		"guild left while it ran": func(w *world, _ *puppets, p *puppet, load wire.Load, d wire.Dispatch) {
			p.begin(load, d)
			w.bot.Leave(guildA)
			next[wire.Unload](w.t, p)
			p.send(w.t, wire.Gone{Instance: load.Instance})
		},
		"guild left before it ran": func(w *world, _ *puppets, p *puppet, load wire.Load, _ wire.Dispatch) {
			w.bot.Leave(guildA)
			next[wire.Unload](w.t, p)
			p.send(w.t, wire.Gone{Instance: load.Instance})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, l, p, load := puppetWorld(t, options{})
			p.send(t, wire.Declared{Instance: load.Instance, Kind: "event", Value: "__cron:c"}, wire.Declared{Instance: load.Instance, Kind: "cron", Value: job})
			w.until("the job", func() bool { return w.job(guildA, "c").Name != "" })
			finished := make(chan struct{}, 8)
			w.bot.Fire(cron.Firing{Guild: guildA, Name: "c", ScheduledAt: w.clock.Now(), Finished: func() { finished <- struct{}{} }})
			d := next[wire.Dispatch](t, p)
			end(w, l, p, load, d)
			select {
			case <-finished:
			case <-time.After(patience):
				t.Fatal("the run never ends")
			}
			// Whatever was still on its way has arrived when the core is closed.
			w.within("the core to close", w.bot.Close)
			if n := len(finished); n != 0 {
				t.Fatalf("the run ended %d times more", n)
			}
		})
	}
}

func TestARunThatIsDroppedEnds(t *testing.T) {
	t.Parallel()
	w, _, p, load := puppetWorld(t, options{limits: func(l *bot.Limits) { l.InFlight, l.Queue = 1, 1 }}, "__cron:c", "interactionCreate")
	finished := make(chan string, 8)
	fire := func(name, run string) {
		w.bot.Fire(cron.Firing{Guild: guildA, Name: name, ScheduledAt: w.clock.Now(), Finished: func() { finished <- run }})
	}
	want := func(run string) {
		t.Helper()
		select {
		case got := <-finished:
			if got != run {
				t.Fatalf("got the end of %s, want %s", got, run)
			}
		default:
			t.Fatalf("the %s run has not ended", run)
		}
	}
	fire("unknown", "unknown")
	want("unknown")
	fire("c", "running")
	first := next[wire.Dispatch](t, p)
	fire("c", "queued")
	fire("c", "dropped")
	want("dropped")
	w.interaction(guildA, "i") // Takes the place of the queued run.
	want("queued")
	p.send(t, wire.Settled{Instance: load.Instance, ID: first.ID})
	if d := next[wire.Dispatch](t, p); d.Event != "interactionCreate" {
		t.Fatalf("got %s", content(d))
	}
	w.until("the running run to end", func() bool { return len(finished) == 1 })
	want("running")
	w.bot.Fire(cron.Firing{Guild: guildB, Name: "c", Finished: func() { finished <- "other" }})
	want("other")
}
