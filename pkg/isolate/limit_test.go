package isolate_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/isolate"
	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
	"github.com/flora-runtime/flora-runtime/pkg/limit"
	"github.com/flora-runtime/flora-runtime/pkg/v8"
)

// handler is a script whose message handler runs the code, unless it is told
// to say that it is there.
func handler(code string) string {
	return `const keep = []; on("messageCreate", async (ctx) => {
		if (ctx.msg.content === "there") return console.log("here");
		` + code + `
	});`
}

// there fails the test when the script does not answer the next event.
func there(t *testing.T, r *isolatetest.Rig) {
	t.Helper()
	if f := r.Dispatch("messageCreate", `{"content":"there"}`); f != nil {
		t.Fatalf("the next event: %s", f.Text)
	}
	r.WaitLog("the next event", func(l isolatetest.Line) bool { return l.Text == "here" })
}

func TestTurnsThatTakeTooMuchCPU(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]string{
		"loop":                      `for (;;);`,
		"loop that catches":         `for (;;) try { for (;;); } catch {} finally { for (;;); }`,
		"microtasks":                `(function f() { Promise.resolve().then(f); })(); await new Promise(() => {});`,
		"awaits":                    `for (;;) await 0;`,
		"regular expression":        `/(a+)+$/.test("a".repeat(40) + "b");`,
		"back-reference":            `/^(.*)*\1x$/.test("a".repeat(40));`,
		"replace with a callback":   `for (;;) "a".repeat(1 << 20).replace(/a/g, () => "b");`,
		"getter of a name":          `throw Object.defineProperty(new Error("x"), "name", { get() { for (;;); } });`,
		"proxy that is thrown":      `throw new Proxy({}, { get() { for (;;); }, ownKeys() { for (;;); }, getPrototypeOf() { for (;;); }, getOwnPropertyDescriptor() { for (;;); } });`,
		"stacks that are made up":   `Error.prepareStackTrace = () => { for (;;); }; throw new Error("x");`,
		"thenable":                  `await { get then() { for (;;); } };`,
		"instance test":             `({}) instanceof class { static [Symbol.hasInstance]() { for (;;); } };`,
		"rejection that loops":      `Promise.reject(Object.defineProperty(new Error("x"), "message", { get() { for (;;); } })); await new Promise(() => {});`,
		"rejections without end":    `(function f() { Promise.reject(1); Promise.resolve().then(f); })(); await new Promise(() => {});`,
		"big powers":                `let x = 3n; for (;;) x *= x + 1n;`,
		"growing and shrinking":     `for (;;) { const a = []; for (let i = 0; i < 1000; i++) a.push({ i }); }`,
		"deep recursion that spins": `(function f() { try { f(); } catch { for (;;); } })();`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := isolatetest.Load(t, handler(code), isolatetest.Options{Limits: isolate.Limits{TurnCPU: 100 * time.Millisecond}})
			id := r.BeginFor("messageCreate", `{}`, 3*time.Second)
			r.WaitHits(1, limit.TurnCPU)
			if f := r.Settle(id); f == nil || f.Name != "TimeoutError" && name != "big powers" || len(f.Text) > 70_000 {
				t.Fatalf("got %+v", f)
			}
			there(t, r)
		})
	}
}

func TestErrorsThatAreTraps(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ code, want string }{
		"a huge message":          {`throw new Error("x".repeat(100 << 20));`, "Error: xxx"},
		"a huge name":             {`const e = new Error("m"); e.name = "n".repeat(100 << 20); throw e;`, "nnn"},
		"a huge stack":            {`const e = new Error("m"); e.stack = "s\n".repeat(10 << 20); throw e;`, "Error: m"},
		"a huge text":             {`throw "t".repeat(100 << 20);`, "Uncaught: "},
		"a cause that is itself":  {`const e = new Error("m"); e.cause = e; throw e;`, "Error: m"},
		"causes in a circle":      {`const a = new Error("a"), b = new Error("b", { cause: a }); a.cause = b; throw a;`, "Error: a"},
		"many causes":             {`let e; for (let i = 0; i < 1e5; i++) e = new Error("e" + i, { cause: e }); throw e;`, "Error: e99999"},
		"errors of errors":        {`const e = new AggregateError([], "m"); e.errors = [e, e, e]; throw e;`, "AggregateError: m"},
		"a million errors":        {`throw new AggregateError(new Array(1e6).fill(new Error("one")), "m");`, "AggregateError: m"},
		"getters that loop":       {`throw { get message() { for (;;); }, get stack() { for (;;); }, toString() { for (;;); }, [Symbol.toPrimitive]() { for (;;); } };`, "Uncaught: {"},
		"a message that throws":   {`throw { get message() { throw this; } };`, ""},
		"stacks that throw":       {`Error.prepareStackTrace = () => { throw new Error("no"); }; throw new Error("m");`, "m"},
		"stacks that are objects": {`Error.prepareStackTrace = () => ({}); throw new Error("m");`, "Error: m"},
		"a stack that throws":     {`throw Object.defineProperty(new Error("m"), "stack", { get() { throw 1; } });`, "Error: m"},
		"a message of lines":      {`throw new Error("a\n    at file:///etc/passwd:1:1\u001b[31m\r\nb");`, "Error: a"},
		"a proxy":                 {`throw new Proxy(new Error("m"), { get() { throw 2; } });`, ""},
		"nothing":                 {`throw undefined;`, "Uncaught: undefined"},
		"a symbol":                {`throw Symbol("s");`, "Uncaught: Symbol(s)"},
		"a big number":            {`throw 2n ** 100_000n;`, "Uncaught: "},
		"too deep":                {`(function f() { f(); })();`, "RangeError: Maximum call stack"},
		"too big a number":        {`2n ** (2n ** 30n);`, "RangeError"},
		"too long a text":         {`"x".repeat(2 ** 30);`, "RangeError"},
		"no such date":            {`new Date(8.64e15 + 1).toISOString();`, "RangeError"},
		"deep JSON":               {`JSON.parse("[".repeat(1e5) + "]".repeat(1e5)).flat(Infinity);`, "RangeError"},
		"deep arguments":          {`let a = []; for (let i = 0; i < 1e5; i++) a = [a]; await kv.store("s").set("k", "v", { metadata: a });`, "TypeError"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := isolatetest.Load(t, handler(row.code), isolatetest.Options{Ops: ops, Limits: isolate.Limits{TurnCPU: time.Minute, MemoryBytes: 512 << 20}})
			f := r.Dispatch("messageCreate", `{}`)
			if f == nil || !strings.Contains(f.Text, row.want) {
				t.Fatalf("got %.200v, want %q", f, row.want)
			}
			if n := len(f.Name) + len(f.Message) + len(f.Stack) + len(f.Text); n > 70_000 {
				t.Errorf("the failure has %d bytes", n)
			}
			there(t, r)
		})
	}
}

func TestMemoryEndsTheIsolate(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]string{
		"arrays":                     `for (;;) keep.push(new Array(1000).fill(1));`,
		"objects":                    `for (let i = 0; ; i++) keep.push({ i, s: "k" + i });`,
		"maps":                       `const m = new Map(); for (let i = 0; ; i++) m.set("k" + i, { i });`,
		"sets":                       `const s = new Set(); for (let i = 0; ; i++) s.add({ i, s: "s" + i });`,
		"texts":                      `for (let i = 0; ; i++) keep.push(("" + i).padEnd(10_000, "x").toUpperCase());`,
		"closures":                   `for (let i = 0; ; i++) keep.push(() => i);`,
		"promises":                   `for (;;) keep.push(new Promise(() => {}));`,
		"symbols":                    `for (let i = 0; ; i++) keep.push(Symbol("s" + i));`,
		"a microtask each":           `(function f() { keep.push(new Array(1000).fill(1)); Promise.resolve().then(f); })();`,
		"slowly, event by event":     `for (let i = 0; i < 100; i++) keep.push(new Array(1000).fill(1)); console.log("more");`,
		"buffers and values":         `keep.push(new Uint8Array(24 << 20)); for (;;) keep.push(new Array(1000).fill(1));`,
		"values beside buffers":      `for (let i = 0; ; i++) { keep.push({ i }, [i]); try { if (i % 1000 === 0) keep.push(new Uint8Array(10_000)); } catch {} }`,
		"catching what it runs into": `for (;;) try { for (;;) keep.push(new Array(1000).fill(1)); } catch {}`,
	} {
		t.Run(name, func(t *testing.T) { // One after another: collecting garbage is all CPU.
			r := isolatetest.Load(t, handler(code), isolatetest.Options{Limits: isolate.Limits{MemoryBytes: 32 << 20, TurnCPU: time.Minute}})
			go func() {
				for range 200 {
					r.Begin("messageCreate", `{}`)
				}
			}()
			err := r.Lost()
			if !errors.Is(err, v8.ErrOutOfMemory) || !strings.Contains(err.Error(), "out of memory: the script used more than its 32 MiB of memory (") {
				t.Fatalf("got %v", err)
			}
			r.WaitHits(1, limit.Memory)
		})
	}
}

func TestBuffersAreRefusedAndTheScriptGoesOn(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]string{
		"many":           `const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1));`,
		"one":            `new Uint8Array(40 << 20);`,
		"4 GiB":          `new Uint8Array(2 ** 32).fill(1);`,
		"a copy":         `const a = new Uint8Array(20 << 20); a.slice();`,
		"transfer":       `new ArrayBuffer(8).transfer(2 ** 31);`,
		"can be resized": `new ArrayBuffer(8, { maxByteLength: 2 ** 32 }).resize(2 ** 31);`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := isolatetest.Load(t, handler(code), isolatetest.Options{Limits: isolate.Limits{MemoryBytes: 32 << 20, TurnCPU: time.Minute}})
			for range 3 {
				if f := r.Dispatch("messageCreate", `{}`); f == nil || f.Name != "RangeError" {
					t.Fatalf("got %+v", f)
				}
			}
			if !strings.Contains(code, "2 **") {
				r.WaitHits(1, limit.Buffers)
				if n := r.Count("a buffer was refused with a RangeError: the 32 MiB of the script's memory do not hold it; keep less at a time"); n < 1 || n > 3 {
					t.Errorf("got %d lines about it", n)
				}
			}
			there(t, r)
		})
	}
}

func TestEachLimitIsToldOnce(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		code  string
		limit limit.Name
		hits  int
		line  string
	}{
		"ops":           {`for (let i = 0; i < 1010; i++) kv.store("s").get("k").catch(() => {});`, limit.PendingOps, 1000, "More than 10 operations are waiting for their result; await some before starting more"},
		"op size":       {`for (let i = 0; i < 5; i++) await kv.store("s").set("k", "x".repeat(2000)).catch(() => {});`, limit.OpBytes, 5, "The arguments of one operation may have 1000 bytes, these have at least 2034"},
		"op bytes":      {`for (let i = 0; i < 5; i++) await kv.store("s").set("k", "ä".repeat(900)).catch(() => {});`, limit.OpBytes, 5, "The arguments of one operation may have 1000 bytes, these have 1834"},
		"giant text":    {`try { secrets.get("x".repeat(2 ** 29 - 100)); } catch {}`, limit.OpBytes, 1, "A text may have 1000 bytes here, this one has at least 536870812"},
		"timers":        {`for (let i = 0; i < 1020; i++) try { setTimeout(() => {}, 1e6); } catch {}`, limit.Timers, 1000, "More than 20 timers are pending; clear some before starting more"},
		"log lines":     {`for (let i = 0; i < 1005; i++) console.log(".");`, limit.LogLines, 1000, "log lines were dropped: the script writes more than 1 a second"},
		"reports":       {`for (let i = 0; i < 1005; i++) queueMicrotask(() => { throw 1; });`, limit.LogLines, 1000, "log lines were dropped: the script writes more than 1 a second"},
		"rejections":    {`for (let i = 0; i < 1064; i++) Promise.reject(i);`, limit.Rejections, 1, "1000 rejected promises that nobody handles are not shown: there were too many at once"},
		"odd reasons":   {`for (let i = 0; i < 1064; i++) Promise.reject(new Proxy({}, { get() { throw 1; } }));`, limit.Rejections, 1, "1000 rejected promises that nobody handles are not shown: there were too many at once"},
		"declarations":  {`for (let i = 0; i < 1000; i++) try { on("refused", () => {}); } catch {}`, limit.Declarations, 1000, "refused"},
		"time of a run": {`await new Promise(() => {});`, limit.DispatchTime, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := isolatetest.Load(t, handler(row.code), isolatetest.Options{Ops: ops, Answer: pendingOps, Refuse: "refused", Limits: isolate.Limits{
				PendingOps: 10, Timers: 20, OpBytes: 1000, LogsPerSecond: 1, LogBurst: 5, TurnCPU: time.Minute,
			}})
			id := r.BeginFor("messageCreate", `{}`, 2*time.Second)
			// What came in a loop comes as one line at once, and one with the rest.
			r.WaitHits(row.hits, row.limit)
			if f := r.Settle(id); (f != nil) != (row.line == "") {
				t.Fatalf("got %+v", f)
			}
			if n := r.Count(row.line); row.line != "" && (n < 1 || n > 6) {
				t.Errorf("got %d lines about it: %v", n, r.Logs())
			}
			if f := r.Dispatch("messageCreate", `{"content":"there"}`); f != nil {
				t.Errorf("the next event: %s", f.Text)
			}
		})
	}
}

func TestLoadsHaveTheirOwnLimits(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		script, want string
		limit        limit.Name
	}{
		"CPU":  {`for (;;);`, "stopped after 100 ms of CPU", limit.LoadCPU},
		"time": {`await new Promise(() => {});`, "the script did not load within 300ms", limit.LoadTime},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, f := isolatetest.TryLoad(t, row.script, isolatetest.Options{Limits: isolate.Limits{LoadCPU: 100 * time.Millisecond, LoadWall: 300 * time.Millisecond}})
			if f == nil || f.Name != "TimeoutError" || !strings.Contains(f.Message, row.want) {
				t.Fatalf("got %+v", f)
			}
			r.WaitHits(1, row.limit)
		})
	}
}

func TestALoadThatNeedsTooMuchMemory(t *testing.T) {
	t.Parallel()
	r := isolatetest.Begin(t, `const a = []; for (;;) a.push(new Array(1000).fill(1));`, isolatetest.Options{Limits: isolate.Limits{MemoryBytes: 32 << 20}})
	if err := r.Lost(); !errors.Is(err, v8.ErrOutOfMemory) {
		t.Fatalf("got %v", err)
	}
}

// ways are how a handler can wait, and what wakes it from another's turn.
var ways = map[string]struct{ wait, wake string }{
	"promise":  {`await new Promise((r) => keep.push(r));`, `for (const f of keep) f();`},
	"thenable": {`await { then(r) { keep.push(r); } };`, `for (const f of keep) f();`},
	"then":     {`await new Promise((r) => keep.push(r)).then(() => 1);`, `for (const f of keep) f();`},
	"all":      {`await Promise.all([new Promise((r) => keep.push(r)), 1]);`, `for (const f of keep) f();`},
	"iterator": {`for await (const x of (async function* () { yield new Promise((r) => keep.push(r)); })()) keep.length = 0;`, `for (const f of keep) f();`},
	"timer":    {`await new Promise((r) => setTimeout(r, 30));`, ``},
}

func TestWhatAHandlerLeftBehindIsStillItsOwn(t *testing.T) {
	t.Parallel()
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := isolatetest.Load(t, handler(`
				if (ctx.msg.content === "wake") { `+way.wake+` return; }
				`+way.wait+`
				await kv.store("s").set("k", "v");
				await new Promise((r) => setTimeout(r, 1));
				await kv.store("s").set("t", "v");`), isolatetest.Options{Ops: ops})
			first, second := r.Begin("messageCreate", `{}`), r.Begin("messageCreate", `{"content":"wake"}`)
			for _, id := range []uint64{first, second} {
				if f := r.Settle(id); f != nil {
					t.Fatal(f)
				}
			}
			for _, c := range r.WaitCalls(2, "op_kv_set") {
				if c.Dispatch != first {
					t.Errorf("%s is charged to %d, want %d", c.Args, c.Dispatch, first)
				}
			}
		})
	}
}

func TestALoopInAnothersTurnIsItsOwnFault(t *testing.T) {
	t.Parallel()
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := isolatetest.Load(t, handler(`
				if (ctx.msg.content === "wake") { `+way.wake+` return; }
				`+way.wait+`
				for (;;);`), isolatetest.Options{Limits: isolate.Limits{TurnCPU: 100 * time.Millisecond}})
			spin := r.Begin("messageCreate", `{}`)
			r.Begin("messageCreate", `{"content":"wake"}`)
			if f := r.Settle(spin); f == nil || f.Name != "TimeoutError" || !strings.Contains(f.Text, "100 ms of CPU") {
				t.Fatalf("got %+v", f)
			}
			there(t, r)
		})
	}
}

func TestClocksAreCoarse(t *testing.T) {
	t.Parallel()
	for name, clock := range map[string]string{
		"Date.now":    `Date.now()`,
		"new Date":    `new Date().getTime()`,
		"+new Date":   `+new Date`,
		"Intl":        `Number(new Intl.DateTimeFormat("en", { second: "numeric", fractionalSecondDigits: 3 }).formatToParts().map((p) => p.value).join("").replace(".", ""))`,
		"performance": "performance.now()",
		"events":      "new Event('x').timeStamp",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := isolatetest.Load(t, `on("messageCreate", () => {
				const seen = new Set();
				while (seen.size < 20) seen.add(`+clock+`);
				const all = [...seen].sort((a, b) => a - b);
				let least = Infinity;
				for (let i = 1; i < all.length; i++) least = Math.min(least, all[i] - all[i - 1]);
				console.log(least >= 1 ? "coarse" : "fine: " + least + " of " + all.length);
			});`, isolatetest.Options{Limits: isolate.Limits{TurnCPU: time.Minute}})
			if f := r.Dispatch("messageCreate", `{}`); f != nil {
				t.Fatal(f)
			}
			if l := r.Logs(); len(l) != 1 || l[0].Text != "coarse" {
				t.Fatalf("got %v", l)
			}
		})
	}
	r := isolatetest.Load(t, `console.log([typeof Temporal, typeof SharedArrayBuffer, typeof WebAssembly, typeof Worker].join());`, isolatetest.Options{})
	if l := r.Logs(); l[0].Text != "undefined,undefined,undefined,undefined" {
		t.Fatalf("got %v: a clock, or what makes one", l)
	}
}

func TestStopBeforeAnyTurn(t *testing.T) {
	t.Parallel()
	for i := range 20 {
		r := isolatetest.Load(t, handler(`for (;;);`), isolatetest.Options{Limits: isolate.Limits{TurnCPU: time.Hour}})
		for range i {
			r.Begin("messageCreate", fmt.Sprintf(`{"content":"%d"}`, i))
		}
		stop(t, r)
	}
}
