package v8_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/v8"
)

// sdk is the smallest thing that fulfils the boot contract.
const sdk = `globalThis.__floraBoot = (natives, info) => {
  globalThis.natives = natives; globalThis.info = info; globalThis.handlers = {};
  return (kind, id, a, b, raw) => {
    switch (kind) {
      case 1: handlers[a]?.(b, id); break;
      case 2: globalThis.resume?.(id, a, b); break;
      case 4: a.then(() => natives.done(id), (e) => natives.done(id, 0, String(e))); break;
      case 5: natives.rejected(0, 0, String(a)); break;
      case 6: globalThis.onRaw(raw); break;
    }
  };
};`

var blob = sync.OnceValue(func() *v8.Blob {
	b, err := v8.Snapshot(sdk)
	if err != nil {
		panic(err)
	}
	out, err := v8.NewBlob(b)
	if err != nil {
		panic(err)
	}
	return out
})

func TestMain(m *testing.M) {
	v8.Init(false)
	os.Exit(m.Run())
}

type call struct {
	name    string
	context float64
	a, b    float64
	text    string
	raw     string
}

type rig struct {
	*v8.Isolate
	calls  []call
	answer func(name string) v8.Result
}

func boot(t *testing.T, script string) *rig {
	t.Helper()
	r := &rig{}
	names := []string{"done", "rejected", "note", "fail"}
	iso, err := v8.New(v8.Config{
		Blob: blob(), MemoryLimit: 32 << 20, Natives: names, Info: `{"x":1}`,
		Call: func(index int, context, a, b float64, text, raw []byte) v8.Result {
			r.calls = append(r.calls, call{names[index], context, a, b, string(text), string(raw)})
			if r.answer != nil {
				return r.answer(names[index])
			}
			return v8.Result{}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(iso.Dispose)
	r.Isolate = iso
	if script != "" {
		if err := r.Load("file:///guild/1/bundle.js", script, 4, 7, time.Second); err != nil {
			t.Fatalf("load: %v", err)
		}
	}
	return r
}

func (r *rig) notes() []string {
	var out []string
	for _, c := range r.calls {
		if c.name == "note" || c.name == "rejected" {
			out = append(out, c.text)
		}
	}
	return out
}

func TestLoadSettles(t *testing.T) {
	r := boot(t, `await null; natives.note(1, 2, "ü " + info)`)
	want := []call{{"note", 7, 1, 2, `ü {"x":1}`, ""}, {"done", 7, 7, 0, "", ""}}
	if !slices.Equal(r.calls, want) {
		t.Fatalf("got %v, want %v", r.calls, want)
	}
}

func TestLoadFailures(t *testing.T) {
	for name, row := range map[string]struct{ script, want string }{
		"syntax":         {"let a = 1;\nlet b = ;", "SyntaxError: Unexpected token ';'\n    at file:///guild/1/bundle.js:2:9"},
		"static import":  {"\n import 'fs'", `TypeError: Cannot import "fs": a bundle must hold everything it needs`},
		"no TypeScript":  {"let a: string", "SyntaxError: "},
		"unknown export": {"export {nothing}", "SyntaxError: "},
	} {
		t.Run(name, func(t *testing.T) {
			r := boot(t, "")
			err := r.Load("file:///guild/1/bundle.js", row.script, 4, 7, time.Second)
			if e, ok := errors.AsType[*v8.Exception](err); !ok || !strings.Contains(e.Text, row.want) {
				t.Fatalf("got %v, want %q", err, row.want)
			}
		})
	}
}

// TestBytesCrossAsTheyAre: bytes go out of views of every kind, and come in as an
// array of the script's own.
func TestBytesCrossAsTheyAre(t *testing.T) {
	r := boot(t, `globalThis.onRaw = (raw) => natives.note(0, 0, Object.prototype.toString.call(raw) + " " + raw.length + " of " + raw.buffer.byteLength, raw);
	  const big = new Uint8Array(100000).fill(7);
	  const gone = new ArrayBuffer(3); const left = new Uint8Array(gone); gone.transfer();
	  for (const v of [new Uint8Array([0, 255, 10]), new Uint8Array([1, 2, 3, 4]).subarray(1, 3), new DataView(new ArrayBuffer(2)), new Uint16Array([258]), big.subarray(99999), left, undefined])
	    natives.note(0, 0, "out", v);
	  for (const v of [5, "x", {}, new ArrayBuffer(1), null]) try { natives.note(0, 0, "bad", v) } catch (e) { natives.note(0, 0, e.message) }`)
	var got []string
	for _, c := range r.calls {
		if c.text == "out" {
			got = append(got, c.raw)
		} else if c.name == "note" && c.text != "a native's bytes are a view of a buffer" {
			t.Errorf("got %+v", c)
		}
	}
	if want := []string{"\x00\xff\n", "\x02\x03", "\x00\x00", "\x02\x01", "\x07", "", ""}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	r.calls = nil
	for _, raw := range []string{"\x00\xff", "", strings.Repeat("x", 1<<20)} {
		if err := r.TurnRaw(6, 1, 1, "", "", []byte(raw), time.Second); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("[object Uint8Array] %d of %d", len(raw), len(raw))
		if c := r.calls[len(r.calls)-1]; c.text != want || c.raw != raw {
			t.Errorf("got %s with %d bytes, want %s", c.text, len(c.raw), want)
		}
	}
	if err := r.TurnRaw(6, 1, 1, "", "", make([]byte, 64<<20), time.Second); !errors.Is(err, v8.ErrNoRoom) {
		t.Errorf("more than its memory: %v", err)
	}
	if err := r.TurnRaw(6, 1, 1, "", "", []byte("again"), time.Second); err != nil || r.calls[len(r.calls)-1].raw != "again" {
		t.Errorf("after that: %v", err)
	}
}

func TestThrowAtTopLevelSettlesTheLoad(t *testing.T) {
	r := boot(t, `throw new RangeError("no")`)
	if len(r.calls) != 1 || r.calls[0].text != "RangeError: no" {
		t.Fatalf("got %v", r.calls)
	}
}

func TestContextFollowsAwaits(t *testing.T) {
	r := boot(t, `let go; globalThis.resume = () => go();
	  const gate = new Promise(r => go = r);
	  handlers.e = async (b) => { await null; natives.note(0, 0, b + "1"); await gate; natives.note(0, 0, b + "2"); }`)
	r.calls = nil
	for _, id := range []float64{11, 12} {
		if err := r.Turn(1, id, id, "e", "x", time.Second); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Turn(2, 1, 99, "1", "", time.Second); err != nil {
		t.Fatal(err)
	}
	want := []call{{"note", 11, 0, 0, "x1", ""}, {"note", 12, 0, 0, "x1", ""}, {"note", 11, 0, 0, "x2", ""}, {"note", 12, 0, 0, "x2", ""}}
	if !slices.Equal(r.calls, want) {
		t.Fatalf("got %v, want %v", r.calls, want)
	}
}

func TestNativeAnswers(t *testing.T) {
	r := boot(t, `handlers.e = () => { try { natives.note(0, 0, typeof natives.fail() + natives.fail()) } catch (e) { natives.note(0, 0, e.name + ": " + e.message) } }
	  handlers.bad = () => { try { natives.fail("x") } catch (e) { natives.note(0, 0, e.name) } }
	  handlers.lone = () => natives.note(0, 0, "a\ud800b" + "é".repeat(5000))`)
	for name, row := range map[string]struct {
		answer v8.Result
		want   string
	}{
		"undefined": {v8.Result{}, "undefinedundefined"},
		"number":    {v8.Number(4.5), "number4.5"},
		"string":    {v8.String("ä"), "stringä"},
		"type":      {v8.TypeError("t %d", 1), "TypeError: t 1"},
		"range":     {v8.RangeError("r"), "RangeError: r"},
		"error":     {v8.Error("e"), "Error: e"},
	} {
		r.calls = nil
		r.answer = func(n string) v8.Result {
			if n == "fail" {
				return row.answer
			}
			return v8.Result{}
		}
		if err := r.Turn(1, 1, 1, "e", "", time.Second); err != nil {
			t.Fatal(err)
		}
		if got := r.notes(); len(got) != 1 || got[0] != row.want {
			t.Errorf("%s: got %q, want %q", name, got, row.want)
		}
	}
	r.calls = nil
	for _, e := range []string{"bad", "lone"} {
		if err := r.Turn(1, 1, 1, e, "", time.Second); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.notes(); len(got) != 2 || got[0] != "TypeError" || got[1] != "a\ufffdb"+strings.Repeat("é", 5000) {
		t.Errorf("got %.80q", got)
	}
}

func TestRejectionsAreReportedOnce(t *testing.T) {
	r := boot(t, `handlers.e = () => { Promise.reject("lost"); const p = Promise.reject("found"); p.catch(() => {}); (async () => { await null; throw new Error("late") })() }`)
	if err := r.Turn(1, 1, 1, "e", "", time.Second); err != nil {
		t.Fatal(err)
	}
	if got, want := r.notes(), []string{"lost", "Error: late"}; !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
}

// watch runs the watchdog until the test ends.
func watch(t *testing.T) {
	t.Helper()
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for tick := time.NewTicker(5 * time.Millisecond); ; {
			select {
			case <-stop:
				tick.Stop()
				return
			case <-tick.C:
				v8.Watch(time.Hour)
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-done })
}

func TestTurnsAreStopped(t *testing.T) {
	watch(t)
	for name, row := range map[string]struct {
		script string
		want   error
	}{
		"loop":            {"for(;;);", v8.ErrTerminated},
		"microtasks":      {"(function f() { Promise.resolve().then(f) })()", v8.ErrTerminated},
		"async loop":      {"(async () => { for (;;) await 0 })()", v8.ErrTerminated},
		"regexp":          {`/(a+)+$/.test("a".repeat(40) + "b")`, v8.ErrTerminated},
		"catching":        {"for (;;) try { for (;;); } catch {} ", v8.ErrTerminated},
		"heap":            {"const a = []; for (;;) a.push(new Array(1000).fill(1))", v8.ErrOutOfMemory},
		"rejecting loop":  {"(function f() { Promise.reject(1); Promise.resolve().then(f) })()", v8.ErrTerminated},
		"thrown toString": {"throw { toString() { for (;;); } }", v8.ErrTerminated},
	} {
		t.Run(name, func(t *testing.T) {
			r := boot(t, "handlers.hog = () => {"+row.script+"}; handlers.ok = () => natives.note(0, 0, 'fine')")
			limit := 100 * time.Millisecond
			if errors.Is(row.want, v8.ErrOutOfMemory) {
				limit = time.Minute // The heap's limit must come first.
			}
			err := r.Turn(1, 1, 1, "hog", "", limit)
			if name == "thrown toString" {
				// Describing the exception runs the script again, under the same limit.
				if err == nil {
					t.Fatal("the exception got lost")
				}
			} else if !errors.Is(err, row.want) {
				t.Fatalf("got %v, want %v", err, row.want)
			}
			if errors.Is(row.want, v8.ErrOutOfMemory) {
				return
			}
			r.calls = nil
			if err := r.Turn(1, 1, 1, "ok", "", time.Second); err != nil {
				t.Fatal(err)
			}
			if got := r.notes(); !slices.Contains(got, "fine") {
				t.Fatalf("the isolate is not usable: %q", got)
			}
		})
	}
}

func TestReachable(t *testing.T) {
	r := boot(t, `natives.note(0, 0, [typeof WebAssembly, typeof SharedArrayBuffer, typeof __floraBoot].join());
	  try { await import("node:fs") } catch (e) { natives.note(0, 0, e.name) }
	  for (const name of ["wait", "waitAsync"])
	    try { Atomics[name](new Int32Array(4), 0, 0) } catch (e) { natives.note(0, 0, e.name) }`)
	if got, want := r.notes(), []string{"undefined,undefined,undefined", "TypeError", "TypeError", "TypeError"}; !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		iso, err := v8.New(v8.Config{Blob: blob(), MemoryLimit: 128 << 20, Natives: []string{"done"}, Call: func(_ int, _, _, _ float64, _, _ []byte) v8.Result { return v8.Result{} }})
		if err != nil {
			b.Fatal(err)
		}
		iso.Dispose()
	}
}
