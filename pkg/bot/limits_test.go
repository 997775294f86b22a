package bot_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/limit"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// counted is the metric of a limit.
func (w *world) counted(name limit.Name) int {
	w.t.Helper()
	families, err := w.hits.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "flora_limit_hits_total" && len(m.GetLabel()) == 1 && m.GetLabel()[0].GetValue() == string(name) {
				return int(m.GetCounter().GetValue())
			}
		}
	}
	w.t.Fatalf("there is no metric of %s", name)
	return 0
}

// TestEveryLimit has a script run into each limit: the log says so in one line,
// the metric counts it, and the next event is answered, by the same isolate or
// by a new one.
func TestEveryLimit(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		code    string
		limit   limit.Name
		hits    int // At least.
		line    string
		rebuilt bool
	}{
		"CPU of a turn":   {code: `for (;;);`, limit: limit.TurnCPU, hits: 1, line: "dispatch failed: TimeoutError: stopped after 200 ms of CPU without a pause"},
		"CPU of a timer":  {code: `setTimeout(() => { for (;;); }, 1);`, limit: limit.TurnCPU, hits: 1, line: "TimeoutError: stopped after 200 ms of CPU without a pause"},
		"time of a run":   {code: `await new Promise(() => {});`, limit: limit.DispatchTime, hits: 1, line: `dispatch failed: TimeoutError: the handler of "messageCreate" did not finish within 1s`},
		"memory":          {code: `for (;;) keep.push(new Array(1000).fill(1));`, limit: limit.Memory, hits: 1, line: "out of memory: the script used more than its 64 MiB of memory (", rebuilt: true},
		"both memories":   {code: `keep.push(new Uint8Array(20 << 20)); for (;;) keep.push(new Array(1000).fill(1));`, limit: limit.Memory, hits: 1, line: "out of memory: the script used more than its 64 MiB of memory (", rebuilt: true},
		"buffers":         {code: `const all = []; try { for (;;) all.push(new Uint8Array(1 << 20)); } catch {}`, limit: limit.Buffers, hits: 1, line: "a buffer was refused with a RangeError: the 64 MiB of the script's memory do not hold it"},
		"pending ops":     {code: `for (let i = 0; i < 500; i++) kv.store("s").get("held").catch(() => {});`, limit: limit.PendingOps, hits: 400, line: "More than 100 operations are waiting for their result"},
		"rate of ops":     {code: `await Promise.all(Array.from({ length: 90 }, () => kv.store("s").set("k", "v").catch(() => {})));`, limit: limit.OpRate, hits: 1, line: "operations "},
		"size of ops":     {code: `await kv.store("s").set("k", "x".repeat(17 << 20)).catch(() => {});`, limit: limit.OpBytes, hits: 1, line: "The arguments of one operation may have 16777216 bytes"},
		"timers":          {code: `for (let i = 0; i < 500; i++) try { setTimeout(() => {}, 1e6); } catch {}`, limit: limit.Timers, hits: 400, line: "More than 100 timers are pending"},
		"log lines":       {code: `for (let i = 0; i < 900; i++) console.log("line");`, limit: limit.LogLines, hits: 500, line: "log lines were dropped: the script writes more than 50 a second"},
		"rejections":      {code: `for (let i = 0; i < 900; i++) Promise.reject(new Error("r"));`, limit: limit.Rejections, hits: 1, line: "rejected promises that nobody handles are not shown"},
		"events handled":  {code: `for (let i = 0; i < 400; i++) try { on("e" + i, () => {}); } catch {}`, limit: limit.Declarations, hits: 100, line: "a script may handle 264 events"},
		"cron jobs":       {code: `for (let i = 0; i < 20; i++) try { cron("c" + i, "0 0 * * *", () => {}); } catch {}`, limit: limit.Declarations, hits: 12, line: "a guild may have 8 cron jobs"},
		"long names":      {code: `try { createBot({ commands: [{ name: "x".repeat(5 << 20), description: "d", run() {} }] }); } catch {}`, limit: limit.Declarations, hits: 0, line: ""},
		"trap of a stack": {code: `Error.prepareStackTrace = () => { for (;;); }; throw new Error("x");`, limit: limit.TurnCPU, hits: 1, line: "TimeoutError: stopped after 200 ms of CPU"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, options{limits: func(l *bot.Limits) {
				l.Script.MemoryBytes, l.Script.LogsPerSecond, l.Script.LogBurst = 64<<20, 50, 200 // JSON.stringify needs thrice its text for a moment.
				l.Dispatch, l.OpsPerSecond, l.OpsBurst = time.Second, 10, 1000
				if row.limit == limit.OpRate {
					l.OpsBurst = 20
				}
				l.Script.TurnMS = 10_000
				if row.limit == limit.TurnCPU {
					l.Script.TurnMS, l.Dispatch = 200, patience
				}
				if row.rebuilt {
					l.Dispatch = patience
				}
				if row.limit == limit.OpBytes {
					l.Script.MemoryBytes = 128 << 20 // The text, and what V8 makes of it.
				}
			}})
			w.deploy(guildA, `const keep = []; let loads = Date.now(); on("messageCreate", async (ctx) => {
				if (ctx.msg.content === "there") {
					console.log("it is there");
					return kv.store("s").set("there", "v").catch(() => {});
				}
				`+row.code+`
			});`)
			w.message(guildA, "go")
			if row.line != "" {
				w.wait(guildA, 1, row.line)
			}
			w.until("the metric of "+name, func() bool { return w.counted(row.limit) >= row.hits })
			w.message(guildA, "there")
			// One of the two may be what it has no more of.
			w.until("an answer to the next event", func() bool { return w.count(guildA, "it is there") > 0 || w.ops.has("set there v") })
			if n := w.count(guildA, row.line); row.line != "" && n > 1 {
				t.Errorf("%d lines about it", n)
			}
			if n := w.count(guildA, "it is loaded again"); (n > 0) != row.rebuilt {
				t.Errorf("the script was loaded again %d times", n)
			}
			if n := w.count(guildA, "") - w.count(guildA, "line") - w.count(guildA, "Error: r"); n > 6 {
				t.Errorf("the log has %d lines:\n%s", n, strings.Join(w.lines(guildA), "\n"))
			}
		})
	}
}

func TestALoadThatNeedsTooMuchMemoryIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{limits: func(l *bot.Limits) { l.Script.MemoryBytes = 32 << 20 }})
	_, err := w.tryDeploy(guildA, `const a = []; for (;;) a.push(new Array(1000).fill(1));`)
	if !fault.Is(err, fault.DeployFailed) || !strings.Contains(err.Error(), "out of memory: the script used more than its 32 MiB of memory") {
		t.Fatalf("got %v", err)
	}
	w.deploy(guildA, `on("messageCreate", () => console.log("here"));`)
	w.message(guildA, "x")
	w.wait(guildA, 1, "here")
}

func TestEventsOfALostIsolateAreDelivered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{limits: func(l *bot.Limits) { l.Script.MemoryBytes = 32 << 20; l.InFlight = 4 }})
	w.deploy(guildA, `const keep = []; on("messageCreate", (ctx) => {
		if (ctx.msg.content === "eat") for (;;) keep.push(new Array(1000).fill(1));
		console.log("got " + ctx.msg.content);
	});`)
	w.message(guildA, "eat")
	for i := range 20 {
		w.message(guildA, fmt.Sprint(i))
	}
	w.wait(guildA, 20, "got ")
	if n := w.count(guildA, "it is loaded again"); n != 1 {
		t.Fatalf("it was loaded again %d times", n)
	}
}

func TestTheRefusalOfALargeScriptIsLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{limits: func(l *bot.Limits) { l.ScriptBytes = 1000 }})
	if _, err := w.tryDeploy(guildA, "//"+strings.Repeat("x", 1000)); !fault.Is(err, fault.TooLarge) {
		t.Fatalf("got %v", err)
	}
	w.wait(guildA, 1, "deploy refused: script exceeds size limit (it has 1002 bytes, max 1000 bytes)")
	if n := w.counted(limit.ScriptBytes); n != 1 {
		t.Errorf("counted %d times", n)
	}
}

func TestOpsBeyondTheRateWaitOrAreRefused(t *testing.T) {
	t.Parallel()
	w, _, p, load := puppetWorld(t, options{limits: func(l *bot.Limits) { l.OpsPerSecond, l.OpsBurst = 10, 20; l.Script.PendingOps = 1000 }}, "messageCreate")
	call := func(n int) {
		for i := range n {
			p.send(t, wire.OpCall{Instance: load.Instance, Call: uint32(i + 1), Op: 1, Args: []byte(`{"key":"k","value":"v"}`)})
		}
	}
	call(60)
	refused := 0
	var last struct {
		Name, Code, Message string
		Limit               int
		RetryAfter          float64
	}
	for range 60 {
		if r := next[wire.OpResult](t, p); !r.OK {
			refused++
			if err := json.Unmarshal(r.Result, &last); err != nil {
				t.Fatal(err)
			}
		}
	}
	// 20 at once and 10 that wait for up to a second; a slow machine gives more.
	if refused < 1 || refused > 30 {
		t.Errorf("%d of 60 were refused, want 30 at most", refused)
	}
	if last.Name != "RateLimitError" || last.Code != "RATE_LIMITED" || last.Limit != 10 || last.RetryAfter < 1 || last.RetryAfter > 2 ||
		!strings.HasPrefix(last.Message, "the script calls more than 10 operations a second (of a store 100); try again in ") {
		t.Errorf("got %+v", last)
	}
	if n := w.counted(limit.OpRate); n < refused {
		t.Errorf("counted %d times", n)
	}
	if n := w.count(guildA, "operations "); n != 1 {
		t.Errorf("%d lines about it", n)
	}
}

func TestAHostileWorkerCannotCountWhatItLikes(t *testing.T) {
	t.Parallel()
	w, _, p, load := puppetWorld(t, options{}, "messageCreate")
	for i := range 1000 {
		p.send(t,
			wire.Hit{Instance: load.Instance, Limit: fmt.Sprint("made up ", i), Count: 1, Text: "made up"},
			wire.Hit{Instance: load.Instance, Limit: string(limit.Timers), Count: -5, Text: "negative"},
			wire.Hit{Instance: load.Instance, Limit: string(limit.Timers), Count: 2, Text: strings.Repeat("\x1b[31mé", 10_000)})
	}
	p.send(t, wire.Hit{Instance: load.Instance, Limit: string(limit.Memory), Count: 1 << 40}, wire.Log{Instance: load.Instance, Text: "end"})
	w.wait(guildA, 1, "end")
	if n := w.counted(limit.Timers); n != 2000 {
		t.Errorf("counted %d times", n)
	}
	if n := w.counted(limit.Memory); n != 1<<24 {
		t.Errorf("counted %d times", n)
	}
	if l := w.lines(guildA); len(l) != 3 || len(l[1]) > 2000 || strings.Contains(l[1], "\x1b") || strings.Contains(l[1], "made up") { // "deployed", the limit, "end".
		t.Errorf("got %d lines: %.200q", len(l), l)
	}
}

func TestALineAboutALimitIsNotRepeatedAtOnce(t *testing.T) {
	t.Parallel()
	w, _, p, load := puppetWorld(t, options{}, "messageCreate")
	hit := func(text string) {
		p.send(t, wire.Hit{Instance: load.Instance, Limit: string(limit.Timers), Count: 3, Text: text}, wire.Log{Instance: load.Instance, Text: "after " + text})
		w.wait(guildA, 1, "after "+text)
	}
	hit("one")
	hit("two")
	hit("three")
	w.clock.Advance(11 * time.Second)
	hit("four")
	if got := strings.Join(w.lines(guildA), "|"); !strings.HasSuffix(got, "|one|after one|after two|after three|four (6 times more since the last line about it)|after four") {
		t.Errorf("got %s", got)
	}
	// Another guild's limits are its own.
	if l := w.lines(guildB); len(l) != 0 {
		t.Errorf("got %q", l)
	}
}
