package isolate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/isolate"
	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
)

func TestStopInterruptsEveryTurnThatWaits(t *testing.T) {
	r := isolatetest.Load(t, `on("messageCreate", () => { console.log("spinning"); for (;;); });`,
		isolatetest.Options{Limits: isolate.Limits{TurnCPU: time.Hour}})
	var ids []uint64
	for range 3 {
		ids = append(ids, r.Begin("messageCreate", `{}`))
	}
	r.WaitLog("the loop", func(l isolatetest.Line) bool { return l.Text == "spinning" })
	stop(t, r)
	if f := r.Settle(ids[0]); f == nil || f.Text != "Error: the script was stopped" {
		t.Fatalf("got %+v, want the true reason", f)
	}
	if n := len(r.Logs()); n != 1 {
		t.Fatalf("%d handlers began", n)
	}
}

// stop stops the script, and fails the test when that takes for ever.
func stop(t *testing.T, r *isolatetest.Rig) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); r.Stop() }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("it does not stop")
	}
}

// idle is a Host that nobody asks anything.
type idle struct{ gone chan error }

func (idle) Op(isolate.OpCall)                         {}
func (idle) Log(isolate.Level, string)                 {}
func (idle) Settled(uint64, *isolate.Failure)          {}
func (idle) Declare(isolate.Declaration, string) error { return nil }
func (idle) Limit(isolate.Hit)                         {}
func (i idle) Gone(lost error)                         { i.gone <- lost }

func TestStopDuringTheLoad(t *testing.T) {
	blob := isolatetest.Blob(t)
	// Every moment of the start is met by one of these.
	for i := range 40 {
		h := idle{make(chan error, 1)}
		g := isolate.Start(isolate.Config{
			Blob: blob, Host: h, Slots: isolate.NewSlots(1), Source: `for (;;);`, Info: `{}`,
			Limits: isolate.Limits{LoadCPU: time.Hour, LoadWall: time.Hour},
		})
		if i%4 > 0 {
			wait := time.NewTimer(time.Duration(i) * 200 * time.Microsecond)
			<-wait.C
		}
		done := make(chan struct{})
		go func() { defer close(done); g.Stop() }()
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			t.Fatalf("start %d does not stop", i)
		}
		if err := <-h.gone; err != nil {
			t.Fatalf("start %d: %v", i, err)
		}
	}
}

func TestTimersAndEventsDoNotStarveEachOther(t *testing.T) {
	r := isolatetest.Load(t, `
		let ticks = 0, events = 0, busy = () => { const end = Date.now() + 2; while (Date.now() < end); };
		setInterval(() => { ticks++; busy(); }, 1);
		on("messageCreate", () => { events++; busy(); console.log("t" + ticks + " e" + events); });`, isolatetest.Options{})
	var ids []uint64
	for range 20 {
		for range 20 {
			ids = append(ids, r.Begin("messageCreate", `{}`))
		}
		if f := r.Settle(ids[len(ids)-1]); f != nil {
			t.Fatal(f)
		}
	}
	var ticks, events int
	logs := r.Logs()
	if _, err := fmt.Sscanf(logs[len(logs)-1].Text, "t%d e%d", &ticks, &events); err != nil {
		t.Fatal(err)
	}
	if events != 400 || ticks < 19 {
		t.Fatalf("%d ticks beside %d events", ticks, events)
	}
}

func TestAnIntervalMayClearItself(t *testing.T) {
	r := isolatetest.Load(t, `
		let n = 0;
		const id = setInterval(() => { n++; clearInterval(id); clearInterval(id); if (n > 1) console.log("twice"); }, 1);
		let m = 0;
		const other = setInterval(() => { clearInterval(other); setInterval(() => { if (++m === 3) console.log("third"); }, 1); throw new Error("in the callback"); }, 1);`,
		isolatetest.Options{Limits: isolate.Limits{Timers: 2}})
	r.WaitLog("its successor", func(l isolatetest.Line) bool { return l.Text == "third" })
	if slices.ContainsFunc(r.Logs(), func(l isolatetest.Line) bool { return l.Text == "twice" }) {
		t.Fatal("a cleared interval fired")
	}
}

func TestTimersEndWithTheirIsolate(t *testing.T) {
	r := isolatetest.Load(t, `on("messageCreate", async () => {
		setInterval(() => console.log("tick"), 1);
		await new Promise(() => {});
	});`, isolatetest.Options{})
	id := r.Begin("messageCreate", `{}`)
	r.WaitLog("a tick", func(l isolatetest.Line) bool { return l.Text == "tick" })
	stop(t, r)
	if f := r.Settle(id); f == nil {
		t.Fatal("the dispatch settled well")
	}
	n := len(r.Logs())
	r.Begin("messageCreate", `{}`) // Nobody is there.
	if got := len(r.Logs()); got != n {
		t.Fatalf("%d lines after the end", got-n)
	}
}

func TestAPromiseThatSettlesAfterItsDispatchExpired(t *testing.T) {
	r := isolatetest.Load(t, `
		let let_go = [];
		on("messageCreate", async (ctx) => {
			if (ctx.msg.content === "go") { for (const f of let_go) f(); return; }
			await new Promise((resolve) => let_go.push(resolve));
			console.log("late");
			try { await kv.store("s").get("k"); } catch (e) { console.log("refused " + e.name); }
			throw new Error("later still");
		});`, isolatetest.Options{Ops: ops, Limits: isolate.Limits{PendingOps: 4096}})
	// More than the isolate remembers.
	const n, remembered = 1100, 1024
	var ids []uint64
	for range n {
		ids = append(ids, r.BeginFor("messageCreate", `{"content":"wait"}`, time.Millisecond))
	}
	for _, id := range ids {
		if f := r.Settle(id); f == nil || f.Name != "TimeoutError" {
			t.Fatalf("dispatch %d: got %+v", id, f)
		}
	}
	if f := r.Dispatch("messageCreate", `{"content":"go"}`); f != nil {
		t.Fatal(f)
	}
	r.Until("all of them to go on", func() bool { return r.CountLocked("late") == n })
	r.Until("the latest of them to be refused", func() bool { return r.CountLocked("refused TimeoutError") == remembered })
	if got := len(r.Calls()); got != n-remembered {
		t.Fatalf("%d calls came through, want those of the %d that are forgotten", got, n-remembered)
	}
	if f := r.Dispatch("messageCreate", `{"content":"go"}`); f != nil {
		t.Fatal(f)
	}
}

func TestATurnThatIsStoppedWhileItSettles(t *testing.T) {
	r := isolatetest.Load(t, `
		on("messageCreate", async (ctx) => {
			if (ctx.msg.content === "hi") return;
			const e = new Error("x");
			// Describing the failure runs the script's own code.
			Object.defineProperty(e, "stack", { get() { for (;;); } });
			Object.defineProperty(e, "message", { get() { for (;;); } });
			throw e;
		});`, isolatetest.Options{Limits: isolate.Limits{TurnCPU: 100 * time.Millisecond}})
	if f := r.Dispatch("messageCreate", `{"content":"trap"}`); f == nil {
		t.Fatal("it settled well")
	}
	if f := r.Dispatch("messageCreate", `{"content":"hi"}`); f != nil {
		t.Fatal(f)
	}
}

func TestArgumentsOfOpsAreBounded(t *testing.T) {
	r := isolatetest.Load(t, `
		on("messageCreate", async (ctx) => {
			const size = Number(ctx.msg.content), s = "x".repeat(size);
			let n = 0, refused = "";
			for (let i = 0; i < 10; i++) {
				const p = kv.store("s").set("k", s);
				p.then(() => {}, (e) => { refused = e.name; });
				n++;
			}
			await null; await null; await null;
			console.log(size + " " + refused);
		});`, isolatetest.Options{Ops: ops, Answer: pendingOps, Limits: isolate.Limits{OpBytes: 1000}})
	for _, row := range []struct {
		size, calls int
		refused     string
	}{{1000, 0, "RangeError"}, {900, 4, "RangeError"}} {
		before := len(r.Calls())
		if f := r.Dispatch("messageCreate", fmt.Sprintf(`{"content":"%d"}`, row.size)); f != nil {
			t.Fatal(f)
		}
		if got := len(r.Calls()) - before; got != row.calls {
			t.Errorf("%d bytes: %d calls came through, want %d", row.size, got, row.calls)
		}
		r.WaitLog("the refusal", func(l isolatetest.Line) bool { return l.Text == fmt.Sprint(row.size, " ", row.refused) })
	}
	for _, c := range r.Calls() {
		r.Resolve(c.ID, true, "null")
	}
	before := len(r.Calls())
	if f := r.Dispatch("messageCreate", `{"content":"900"}`); f != nil || len(r.Calls())-before != 4 {
		t.Fatalf("%d calls after the others were answered (%v)", len(r.Calls())-before, f)
	}
}

func TestTextsThatLeaveTheIsolateAreBounded(t *testing.T) {
	r := isolatetest.Load(t, `on("messageCreate", () => { console.log("é".repeat(1 << 20)); throw new Error("é".repeat(1 << 20)); });`, isolatetest.Options{})
	f := r.Dispatch("messageCreate", `{}`)
	if f == nil || len(f.Message) > 70<<10 || len(f.Text) > 70<<10 || len(f.Stack) > 70<<10 {
		t.Fatalf("got a failure of %d bytes", len(f.Text))
	}
	if l := r.Logs(); len(l) != 1 || len(l[0].Text) > 70<<10 || strings.Contains(l[0].Text, "\ufffd") {
		t.Fatalf("got %d lines, the first of %d bytes", len(l), len(l[0].Text))
	}
}
