package sdkbundle_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/isolate"
	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
)

func TestHandlersOfAnEvent(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, script string
		logs         []string
		failure      string // The dispatch's; its first line.
		reported     []string
	}{
		{name: "in order, each awaited", script: `
			on("e", async () => { await null; await null; console.log("a"); });
			on("e", () => new Promise((r) => setTimeout(() => { console.log("b"); r(); }, 1)));
			on("e", () => console.log("c"));`, logs: []string{"a", "b", "c"}},
		{name: "a failure stops nobody", script: `
			on("e", () => { throw new Error("one"); });
			on("e", async () => { await null; throw new TypeError("two"); });
			on("e", () => { throw "three"; });
			on("e", () => console.log("last"));`, logs: []string{"last"}, failure: "Error: one", reported: []string{"TypeError: two", "Uncaught: \"three\""}},
		{name: "each gets a context of its own", script: `
			on("e", (ctx) => { ctx.mark = 1; ctx.msg.mark = 2; });
			on("e", (ctx) => console.log(ctx.mark, ctx.msg.mark));`, logs: []string{"undefined 2"}},
		{name: "thenables are awaited", script: `
			on("e", () => ({ then(ok) { console.log("then"); ok(); } }));
			on("e", () => console.log("b"));`, logs: []string{"then", "b"}},
		{name: "what is returned does not matter", script: `
			on("e", () => ({})); on("e", () => 5); on("e", () => () => {}); on("e", () => console.log("b"));`, logs: []string{"b"}},
		{name: "a handler added meanwhile waits for the next event", script: `
			on("e", () => { on("e", () => console.log("late")); console.log("a"); });`, logs: []string{"a"}},
		{name: "handlers get no receiver", script: `on("e", function () { console.log(this); });`, logs: []string{"undefined"}},
		{name: "names of Object.prototype", script: `on("constructor", () => {}); on("e", () => console.log("b"));`, logs: []string{"b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := isolatetest.Load(t, tt.script, isolatetest.Options{})
			f := r.Dispatch("e", `{}`)
			got := ""
			if f != nil {
				got, _, _ = strings.Cut(f.Text, "\n")
			}
			if got != tt.failure {
				t.Errorf("got failure %q, want %q", got, tt.failure)
			}
			var said, reported []string
			for _, l := range r.Logs() {
				if l.Level == isolate.Error {
					first, _, _ := strings.Cut(l.Text, "\n")
					reported = append(reported, first)
				} else {
					said = append(said, l.Text)
				}
			}
			if diff := cmp.Diff(tt.logs, said); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.reported, reported); diff != "" {
				t.Errorf("reported (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnhandledEventsAndBrokenPayloadsSettle(t *testing.T) {
	t.Parallel()
	r := isolatetest.Load(t, `on("e", () => console.log("ran"));`, isolatetest.Options{})
	if f := r.Dispatch("other", `{}`); f != nil {
		t.Errorf("an event without handlers failed: %s", f.Text)
	}
	if f := r.Dispatch("e", `{"a":`); f == nil || f.Message != "the event's payload is not JSON" {
		t.Errorf("got %+v", f)
	}
	if len(r.Logs()) != 0 {
		t.Errorf("got %v", r.Logs())
	}
}

func TestCronHandlers(t *testing.T) {
	t.Parallel()
	r := isolatetest.Load(t, `
		cron("tick", "*/5 * * * *", ({ name, scheduledAt, msg }) => console.log(name, scheduledAt, msg.name === name, msg.scheduledAt === scheduledAt));
		cron("tock", "@hourly", (ctx) => ctx.reply("x"));`, isolatetest.Options{})
	if f := r.Dispatch("__cron:tick", `{"name":"tick","scheduledAt":"2026-01-02T03:05:00Z"}`); f != nil {
		t.Fatal(f.Text)
	}
	if diff := cmp.Diff([]string{"tick 2026-01-02T03:05:00Z true true"}, logs(r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	f := r.Dispatch("__cron:tock", `{"name":"tock","scheduledAt":"2026-01-02T03:00:00Z"}`)
	if f == nil || !strings.HasPrefix(f.Text, "Error: reply: the event __cron:tock has no channel") {
		t.Errorf("got %+v", f)
	}
}

// refusing is a host that declines cron jobs.
type refusing struct {
	mu       sync.Mutex // Guards the members below.
	declared []string
	settled  chan *isolate.Failure
	lines    []string
}

func (h *refusing) Op(isolate.OpCall) {}
func (h *refusing) Log(_ isolate.Level, text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, text)
}
func (h *refusing) Settled(_ uint64, f *isolate.Failure) { h.settled <- f }
func (h *refusing) Declare(kind isolate.Declaration, value string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if kind == isolate.Cron {
		return errors.New("invalid cron expression \"x\"")
	}
	h.declared = append(h.declared, string(kind)+" "+value)
	return nil
}
func (h *refusing) Limit(isolate.Hit) {}
func (h *refusing) Gone(error)        {}

func TestARefusedCronJobHasNoHandler(t *testing.T) {
	t.Parallel()
	h := &refusing{settled: make(chan *isolate.Failure, 1)}
	g := isolate.Start(isolate.Config{
		Blob: isolatetest.Blob(t), Info: `{"guildId":"1","applicationId":"2","maxTimers":512}`, Host: h, Slots: isolate.NewSlots(1), Name: "bundle.js",
		Source: `try { cron("a", "x", () => {}); } catch (e) { console.log(e.message); }`,
	})
	defer g.Stop()
	select {
	case f := <-h.settled:
		if f != nil {
			t.Fatal(f.Text)
		}
	case <-time.After(patience):
		t.Fatal("the script did not load")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if diff := cmp.Diff([]string{`invalid cron expression "x"`}, h.lines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(h.declared) != 0 {
		t.Errorf("declared %q all the same", h.declared)
	}
}

// TestErrorsOfErrorsAreBounded: a tree of errors, and a chain, are told in part.
func TestErrorsOfErrorsAreBounded(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]string{
		"parts of parts": `const make = (depth) => Object.assign(new AggregateError(depth === 0 ? [] : Array.from({ length: 8 }, () => make(depth - 1)), "m"), { stack: "" }); throw make(5)`,
		"causes":         `let e = new Error("last"); for (let i = 0; i < 1e4; i++) e = new Error("m".repeat(100), { cause: e }); throw e`,
		"without end":    `const make = () => ({ __proto__: Error.prototype, stack: "", name: "E", message: "m", get cause() { return make(); }, get errors() { return [make(), make()]; } }); throw make()`,
		"members":        `throw Object.assign(new Error("m"), Object.fromEntries(Array.from({ length: 1e4 }, (_, i) => ["k" + i, "v".repeat(100)])))`,
		"a stack":        `const e = new Error("m"); e.stack = "    at x\n".repeat(1e6); throw e`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := isolatetest.Load(t, `on("e", () => { `+code+` });`, isolatetest.Options{Limits: isolate.Limits{TurnCPU: patience}})
			f := r.Dispatch("e", `{}`)
			if f == nil || len(f.Text) > 17<<10 || strings.Count(f.Text, "m\n") > 100 {
				t.Errorf("%.2000s", f)
			}
		})
	}
}

func TestThrownThingsAreDescribed(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, code, want string }{
		{"error", `throw new TypeError("bad")`, "TypeError: bad\n    at file:///guild/100000000000000001/bundle.js:1:23"},
		{"cause", `throw new Error("a", { cause: new RangeError("b") })`, "Error: a\n    at file:///guild/100000000000000001/bundle.js:1:23\nCaused by: RangeError: b\n    at file:///guild/100000000000000001/bundle.js:1:47"},
		{"cause that is no error", `throw Object.assign(new Error("a", { cause: { b: 1 } }), { stack: "" })`, "Error: a\nCaused by: { b: 1 }"},
		{"many", `throw Object.assign(new AggregateError([new Error("x"), 5], "many"), { stack: "" })`, "AggregateError: many\n[0] Error: x\n    at file:///guild/100000000000000001/bundle.js:1:57\n[1] 5"},
		{"text", `throw "a text"`, "Uncaught: \"a text\""},
		{"nothing", `throw undefined`, "Uncaught: undefined"},
		{"object", `throw { code: 5 }`, "Uncaught: { code: 5 }"},
		{"message that throws", `throw Object.defineProperty(new Error(), "message", { get() { throw 1; } })`, "Error: the thrown value cannot be shown: looking at it throws"},
		{"stack that throws", `throw Object.defineProperty(new Error("m"), "stack", { get() { throw 1; } })`, "Error: m"},
		{"proxy that throws", `throw new Proxy({}, { getPrototypeOf() { throw 1; } })`, "Uncaught: {}"},
		{"cycle of causes", `const e = new Error("a"); e.stack = ""; e.cause = e; throw e`, "Error: a\nCaused by: [an error above]"},
		{"nested parts", `throw Object.assign(new AggregateError([Object.assign(new AggregateError([1], "in", { cause: 2 }), { stack: "" })], "out"), { stack: "" })`, "AggregateError: out\n[0] AggregateError: in\n[0][0] 1\n[0] Caused by: 2"},
		{"many parts", `throw Object.assign(new AggregateError([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], "out"), { stack: "" })`, "AggregateError: out\n[0] 1\n[1] 2\n[2] 3\n[3] 4\n[4] 5\n[5] 6\n[6] 7\n[7] 8\n[...] 2 more"},
		{"members", `throw Object.assign(new Error("m"), { stack: "", code: "C", status: 5 })`, "Error: m {\n  code: \"C\",\n  status: 5\n}"},
		{"a part above", `const e = new AggregateError([], "m"); e.stack = ""; e.errors = [e]; throw e`, "AggregateError: m\n[0] [an error above]"},
		{"odd name", `throw Object.assign(new Error("m"), { name: 5, stack: "" })`, "Error: m"},
	}
	for _, tt := range tests {
		r := isolatetest.Load(t, `on("e", () => { `+tt.code+` });`, isolatetest.Options{})
		f := r.Dispatch("e", `{}`)
		if f == nil {
			t.Errorf("%s: no failure", tt.name)
			continue
		}
		if diff := cmp.Diff(tt.want, f.Text); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestThrownThingsAreBounded(t *testing.T) {
	t.Parallel()
	for _, code := range []string{
		`throw new Error("x".repeat(1e7))`,
		`throw Object.assign(new Error(), { name: "n".repeat(1e7) })`,
		`throw Object.assign(new Error("m"), { stack: "\n    at x".repeat(1e6) })`,
		`throw "x".repeat(1e7)`,
		`throw new AggregateError(Array.from({ length: 1e4 }, () => new Error("y".repeat(1e4))))`,
	} {
		r := isolatetest.Load(t, `on("e", () => { `+code+` });`, isolatetest.Options{Limits: isolate.Limits{TurnCPU: patience}})
		f := r.Dispatch("e", `{}`)
		if f == nil {
			t.Errorf("%s: no failure", code)
			continue
		}
		if n := len(f.Name) + len(f.Message) + len(f.Stack) + len(f.Text); n > 64*1024 {
			t.Errorf("%s: the description has %d bytes", code, n)
		}
	}
}

func TestTimersAndMicrotasks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, script string
		want         []string
	}{
		{"arguments", `setTimeout((...a) => console.log(a), 1, 1, "b");`, []string{"[ 1, \"b\" ]"}},
		{"no delay, no number", `setTimeout(() => console.log("a")); setTimeout(() => console.log("b"), "x");`, []string{"a", "b"}},
		{"cleared", `const id = setTimeout(() => console.log("no"), 1); clearTimeout(id); clearTimeout(id); clearInterval("none"); setTimeout(() => console.log("yes"), 3);`, []string{"yes"}},
		{"clear by text", `clearTimeout(String(setTimeout(() => console.log("no"), 1))); setTimeout(() => console.log("yes"), 3);`, []string{"yes"}},
		{"interval clears itself", `let n = 0; const id = setInterval(() => { console.log(++n); if (n === 2) { clearInterval(id); setTimeout(() => console.log("end"), 5); } }, 1);`, []string{"1", "2", "end"}},
		{"a callback that throws", `setTimeout(() => { throw new Error("t"); }, 1); setTimeout(() => console.log("after"), 3);`, []string{"Error: t", "after"}},
		{"a callback that rejects", `setTimeout(async () => { throw new Error("t"); }, 1); setTimeout(() => console.log("after"), 3);`, []string{"Error: t", "after"}},
		{"microtasks", `queueMicrotask(() => console.log("b")); queueMicrotask(() => { throw new Error("m"); }); queueMicrotask(() => console.log("c")); console.log("a");`, []string{"a", "b", "Error: m", "c"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := isolatetest.Load(t, tt.script, isolatetest.Options{})
			last := tt.want[len(tt.want)-1]
			r.WaitLog(last, func(l isolatetest.Line) bool { return l.Text == last })
			var got []string
			for _, text := range logs(r) {
				first, _, _ := strings.Cut(text, "\n")
				got = append(got, first)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
