package isolate_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/isolate"
	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
)

// kvGet is an op that every test here may leave pending.
var ops = []string{"op_kv_get", "op_kv_set"}

func pendingOps(isolatetest.Call) (string, bool, bool) { return "", false, false }

func TestDispatchesOverlapAtTheirAwaits(t *testing.T) {
	r := isolatetest.Load(t, `
		on("messageCreate", async (ctx) => {
			console.log("begin " + ctx.msg.content);
			const v = await kv.store("s").get(ctx.msg.content);
			console.log("end " + ctx.msg.content + " " + v);
		});`, isolatetest.Options{Ops: ops, Answer: pendingOps})
	a := r.Begin("messageCreate", `{"content":"a"}`)
	b := r.Begin("messageCreate", `{"content":"b"}`)
	calls := r.WaitCalls(2, "op_kv_get")
	r.Resolve(calls[1].ID, true, `"second"`)
	if f := r.Settle(b); f != nil {
		t.Fatal(f)
	}
	r.Resolve(calls[0].ID, true, `"first"`)
	if f := r.Settle(a); f != nil {
		t.Fatal(f)
	}
	var got []string
	for _, l := range r.Logs() {
		got = append(got, l.Text)
	}
	want := []string{"begin a", "begin b", "end b second", "end a first"}
	if !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	if calls[0].Dispatch != a || calls[1].Dispatch != b {
		t.Fatalf("ops are blamed on the wrong dispatches: %+v", calls)
	}
}

func TestTimersRunBetweenEvents(t *testing.T) {
	r := isolatetest.Load(t, `
		let n = 0;
		const id = setInterval(() => { n++; console.log("tick " + n); if (n === 3) clearInterval(id); }, 1);
		setTimeout((a, b) => console.log("late " + a + b), 5, "x", "y");
		const never = setTimeout(() => console.log("never"), 1); clearTimeout(never);`, isolatetest.Options{})
	r.WaitLog("the third tick", func(l isolatetest.Line) bool { return l.Text == "tick 3" })
	r.WaitLog("the timeout", func(l isolatetest.Line) bool { return l.Text == "late xy" })
	if slices.ContainsFunc(r.Logs(), func(l isolatetest.Line) bool { return l.Text == "never" }) {
		t.Fatal("a cleared timer fired")
	}
}

func TestALoopIsStoppedAndTheScriptGoesOn(t *testing.T) {
	r := isolatetest.Load(t, `
		on("messageCreate", (ctx) => { if (ctx.msg.content === "spin") for (;;); console.log("answered"); });`,
		isolatetest.Options{Limits: isolate.Limits{TurnCPU: 100 * time.Millisecond}})
	f := r.Dispatch("messageCreate", `{"content":"spin"}`)
	if f == nil || f.Name != "TimeoutError" || !strings.Contains(f.Message, "100 ms of CPU") {
		t.Fatalf("got %+v, want a TimeoutError that names the limit", f)
	}
	if f := r.Dispatch("messageCreate", `{"content":"hi"}`); f != nil {
		t.Fatal(f)
	}
	if logs := r.Logs(); len(logs) != 1 || logs[0].Text != "answered" {
		t.Fatalf("got %v", logs)
	}
}

func TestAHandlerThatNeverEndsIsGivenUp(t *testing.T) {
	// The load has the short limit here; a dispatch's comes with the event.
	r, f := isolatetest.TryLoad(t, `
		try { await kv.store("s").get("k"); } catch (e) { console.log(e.name + " " + e.code); }`,
		isolatetest.Options{Ops: ops, Answer: pendingOps, Limits: isolate.Limits{LoadWall: 50 * time.Millisecond}})
	if f == nil || f.Name != "TimeoutError" {
		t.Fatalf("got %+v, want a TimeoutError", f)
	}
	r.WaitLog("the rejected op", func(l isolatetest.Line) bool { return l.Text == "TimeoutError TIMEOUT" })
}

func TestLimitsOfPendingWork(t *testing.T) {
	r := isolatetest.Load(t, `
		on("messageCreate", () => {
			let n = 0;
			try { for (;;) { kv.store("s").get("k").catch(() => {}); n++; if (n > 50) break; } } catch (e) { console.log(e.name) }
			let t = 0;
			try { for (;;) { setTimeout(() => {}, 100000); t++; } } catch (e) { console.log(t + " " + e.name) }
		});`, isolatetest.Options{Ops: ops, Answer: pendingOps, Limits: isolate.Limits{PendingOps: 10, Timers: 20}})
	if f := r.Dispatch("messageCreate", `{}`); f != nil {
		t.Fatal(f)
	}
	if n := len(r.Calls("op_kv_get")); n != 10 {
		t.Errorf("got %d ops through, want 10", n)
	}
	if !slices.ContainsFunc(r.Logs(), func(l isolatetest.Line) bool { return l.Text == "20 RangeError" }) {
		t.Errorf("got %v, want a RangeError after 20 timers", r.Logs())
	}
}

func TestErrorsBlameTheirOwnDispatch(t *testing.T) {
	r := isolatetest.Load(t, `
		on("messageCreate", async () => { Promise.reject(new Error("stray")); await null; });
		on("messageDelete", () => { throw new RangeError("mine"); });`, isolatetest.Options{})
	if f := r.Dispatch("messageCreate", `{}`); f != nil {
		t.Fatalf("a background rejection failed the dispatch: %+v", f)
	}
	r.WaitLog("the rejection", func(l isolatetest.Line) bool {
		return l.Level == isolate.Error && strings.Contains(l.Text, "stray")
	})
	f := r.Dispatch("messageDelete", `{}`)
	if f == nil || f.Name != "RangeError" || !strings.Contains(f.Text, "bundle.js:3:") {
		t.Fatalf("got %+v, want the author's position", f)
	}
}

func TestStopInterruptsATurn(t *testing.T) {
	r := isolatetest.Load(t, `on("messageCreate", () => { console.log("spinning"); for (;;); });`,
		isolatetest.Options{Limits: isolate.Limits{TurnCPU: time.Hour}})
	id := r.Begin("messageCreate", `{}`)
	r.WaitLog("the loop", func(l isolatetest.Line) bool { return l.Text == "spinning" })
	r.Stop()
	if f := r.Settle(id); f == nil {
		t.Fatal("the dispatch settled well")
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		isolatetest.Load(b, `on("messageCreate", (c) => c.reply("pong"))`, isolatetest.Options{}).Stop()
	}
}

func BenchmarkDispatch(b *testing.B) {
	r := isolatetest.Load(b, `on("messageCreate", async (c) => { await null; })`, isolatetest.Options{})
	payload := `{"id":"1234567890123456","channelId":"223456789012345678","guildId":"323456789012345678","content":"!ping","author":{"id":"423456789012345678","username":"alice"}}`
	b.ResetTimer()
	for b.Loop() {
		if f := r.Dispatch("messageCreate", payload); f != nil {
			b.Fatal(f)
		}
	}
}

func BenchmarkOpInTheWorker(b *testing.B) {
	r := isolatetest.Load(b, `on("messageCreate", async (c) => { for (let i = 0; i < 100; i++) await kv.store("s").get("k") })`, isolatetest.Options{Ops: ops})
	for b.Loop() {
		if f := r.Dispatch("messageCreate", `{}`); f != nil {
			b.Fatal(f)
		}
	}
}
