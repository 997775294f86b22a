package sdkbundle_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
)

var serveOps = []string{"op_serve_respond", "op_serve_write", "op_serve_completed"}

// serving loads a script with the ops of Deno.serve, which all say that somebody
// waits.
func serving(t *testing.T, script string) *isolatetest.Rig {
	t.Helper()
	return isolatetest.Load(t, script, isolatetest.Options{
		Ops:  serveOps,
		Info: `{"guildId":"100000000000000001","applicationId":"2","maxTimers":512,"endpoint":"https://bot.example.com/g/100000000000000001/"}`,
		Answer: func(isolatetest.Call) (string, bool, bool) {
			return `{"ok":true}`, true, true
		},
	})
}

func requestFor(t *testing.T, id, method, path string, body []byte) string {
	t.Helper()
	doc := map[string]any{
		"id": id, "method": method, "url": "https://bot.example.com" + path, "headers": [][2]string{{"host", "bot.example.com"}, {"x-a", "1"}, {"x-a", "2"}},
		"host": "203.0.113.5", "port": 4711,
	}
	if body != nil {
		doc["body"] = body
	}
	b, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// answersOf gives what the script answered to one request, and why its handler
// failed.
func answersOf(t *testing.T, script, method, path string, body []byte, writes int) (got []call, failure string) {
	t.Helper()
	r := serving(t, script)
	if f := r.Dispatch("__request", requestFor(t, "r1", method, path, body)); f != nil {
		failure = f.Name + ": " + f.Message
	}
	r.WaitCalls(writes, "op_serve_write")
	for _, c := range r.Calls() {
		if c.Raw != "" {
			c.Args = fmt.Sprintf(`%s,"raw":%q}`, strings.TrimSuffix(c.Args, "}"), base64.StdEncoding.EncodeToString([]byte(c.Raw)))
		}
		got = append(got, call{c.Op, c.Args})
	}
	return got, failure
}

// writes counts the pieces of a body.
func writes(all []call) (n int) {
	for _, c := range all {
		if c.Op == "op_serve_write" {
			n++
		}
	}
	return n
}

func TestServe(t *testing.T) {
	t.Parallel()
	const ok = `{"id":"r1","status":200,"statusText":"","headers":[["content-type","text/plain;charset=UTF-8"]],"text":"hi"}`
	for _, tt := range []struct {
		name, code, method, path, body string
		calls                          []call
		failure                        string
	}{
		{name: "a handler", code: `Deno.serve(() => new Response("hi"))`, calls: []call{{"op_serve_respond", ok}}},
		{name: "options and a handler", code: `Deno.serve({ port: 8000, hostname: "0.0.0.0" }, async () => new Response("hi"))`, calls: []call{{"op_serve_respond", ok}}},
		{name: "a handler in options", code: `Deno.serve({ handler: () => new Response("hi") })`, calls: []call{{"op_serve_respond", ok}}},
		{name: "a handler and options", code: `Deno.serve(() => new Response("hi"), { port: 1 })`, calls: []call{{"op_serve_respond", ok}}},
		{name: "what it gets", method: "PUT", path: "/a%20b?c=d", body: "bödy",
			code:  `Deno.serve(async (r, i) => new Response([r instanceof Request, r.method, r.url, r.headers.get("x-a"), await r.text(), JSON.stringify(i.remoteAddr), r.signal.aborted].join(" ")))`,
			calls: []call{{"op_serve_respond", `{"id":"r1","status":200,"statusText":"","headers":[["content-type","text/plain;charset=UTF-8"]],"text":"true PUT https://bot.example.com/a%20b?c=d 1, 2 bödy {\"transport\":\"tcp\",\"hostname\":\"203.0.113.5\",\"port\":4711} false"}`}}},
		{name: "no body", code: `Deno.serve((r) => new Response(null, { status: r.body === null ? 204 : 500 }))`, calls: []call{{"op_serve_respond", `{"id":"r1","status":204,"statusText":"","headers":[]}`}}},
		{name: "bytes", code: `Deno.serve(() => new Response(new Uint8Array([1, 2, 255])))`, calls: []call{{"op_serve_respond", `{"id":"r1","status":200,"statusText":"","headers":[],"raw":"AQL/"}`}}},
		{name: "headers and text of the status", code: `Deno.serve(() => new Response("", { status: 201, statusText: "Made", headers: [["Set-Cookie", "a"], ["set-cookie", "b"]] }))`,
			calls: []call{{"op_serve_respond", `{"id":"r1","status":201,"statusText":"Made","headers":[["set-cookie","a"],["set-cookie","b"],["content-type","text/plain;charset=UTF-8"]],"text":""}`}}},
		{name: "a stream", code: `Deno.serve(() => new Response(ReadableStream.from([new Uint8Array([1]), new Uint8Array([2])])))`,
			calls: []call{
				{"op_serve_respond", `{"id":"r1","status":200,"statusText":"","headers":[],"pieces":true}`},
				{"op_serve_write", `{"id":"r1","raw":"AQ=="}`}, {"op_serve_write", `{"id":"r1","raw":"Ag=="}`}, {"op_serve_write", `{"id":"r1","end":true}`},
			}},
		{name: "HEAD of a stream", method: "HEAD", code: `Deno.serve(() => new Response(new ReadableStream({ cancel() { console.log("cancelled"); } })))`,
			calls: []call{{"op_serve_respond", `{"id":"r1","status":200,"statusText":"","headers":[],"pieces":true}`}}},
		{name: "a stream of no bytes", code: `Deno.serve(() => new Response(ReadableStream.from(["text"])))`,
			calls: []call{{"op_serve_respond", `{"id":"r1","status":200,"statusText":"","headers":[],"pieces":true}`}, {"op_serve_write", `{"id":"r1","failed":true}`}}},
		{name: "an error", code: `Deno.serve(() => { throw new RangeError("no"); })`, failure: "RangeError: no"},
		{name: "a rejection", code: `Deno.serve(async () => { throw new RangeError("no"); })`, failure: "RangeError: no"},
		{name: "onError", code: `Deno.serve({ onError: async (e) => new Response("hi", { headers: { "content-type": "text/plain;charset=UTF-8" } }) }, () => { throw 1; })`, calls: []call{{"op_serve_respond", ok}}},
		{name: "onError that fails", code: `Deno.serve({ onError(e) { throw new TypeError("again " + e); } }, () => { throw 1; })`, failure: "TypeError: again 1"},
		{name: "no response", code: `Deno.serve(() => ({ status: 200 }))`, failure: "TypeError: Deno.serve: the handler must give a Response, or a promise of one"},
		{name: "onError hears of no response", code: `Deno.serve({ onError: (e) => new Response("hi") }, () => 5)`, calls: []call{{"op_serve_respond", ok}}},
		{name: "a body that was read", code: `const r = new Response("hi"); await r.text(); Deno.serve(() => r)`, failure: "TypeError: The body was read already; clone before it is read"},
		{name: "an error response", code: `Deno.serve(() => Response.error())`, calls: []call{{"op_serve_respond", `{"id":"r1","status":0,"statusText":"","headers":[]}`}}},
		{name: "completed", code: `Deno.serve((r, i) => { i.completed; i.completed.then(() => console.log("sent")); return new Response("hi"); })`, calls: []call{{"op_serve_completed", `{"id":"r1"}`}, {"op_serve_respond", ok}}},
		{name: "shut down", code: `await Deno.serve(() => new Response("hi")).shutdown()`, calls: []call{{"op_serve_respond", `{"id":"r1","status":503,"text":"Nothing is served here at the moment."}`}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			method, path := tt.method, tt.path
			if method == "" {
				method = "GET"
			}
			var body []byte
			if tt.body != "" {
				body = []byte(tt.body)
			}
			got, failure := answersOf(t, tt.code, method, path, body, writes(tt.calls))
			if failure != tt.failure {
				t.Errorf("it failed with %q, want %q", failure, tt.failure)
			}
			if len(got) != len(tt.calls) {
				t.Fatalf("got %+v, want %+v", got, tt.calls)
			}
			for i, want := range tt.calls {
				if got[i].Op != want.Op {
					t.Errorf("call %d is %s, want %s", i, got[i].Op, want.Op)
				}
				sameJSON(t, want.Op, want.Args, got[i].Args)
			}
		})
	}
}

func TestServeAsAServer(t *testing.T) {
	t.Parallel()
	r := serving(t, `
		const tell = (f) => { try { f(); console.log("taken"); } catch (e) { console.log(e.name, e.message); } };
		for (const args of [[], [{}], [5], [{ handler: 5 }], [{ onError: 1 }, () => {}], [{ signal: {} }, () => {}], [{ cert: "c", key: "k" }, () => {}], [{ path: "/x.sock" }, () => {}], [{ transport: "unix" }, () => {}]]) tell(() => Deno.serve(...args));
		const stop = new AbortController();
		const first = Deno.serve({ signal: stop.signal, onListen: (a) => console.log("on", JSON.stringify(a)) }, () => new Response(""));
		console.log(JSON.stringify(first.addr), first.ref(), first.unref(), String(first), flora.endpoint, typeof endpoint);
		tell(() => Deno.serve(() => new Response("")));
		tell(() => new first.constructor());
		stop.abort();
		await first.finished;
		const second = Deno.serve(() => new Response("second"));
		await second[Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]();
		let answer;
		const third = Deno.serve(() => new Promise((r) => { answer = r; }));
		on("finish", async () => {
			let over = false;
			third.shutdown().then(() => { over = true; });
			await null; await null;
			console.log("over", over);
			answer(new Response("late"));
			await third.finished;
			console.log("finished");
		});`)
	id := r.Begin("__request", requestFor(t, "r1", "GET", "/", nil))
	if f := r.Dispatch("finish", "{}"); f != nil {
		t.Error(f.Text)
	}
	if f := r.Settle(id); f != nil {
		t.Error(f.Text)
	}
	const form = "call Deno.serve(handler), Deno.serve(options, handler) or Deno.serve({ handler })"
	want := []string{
		"TypeError Deno.serve: there is no handler; " + form, "TypeError Deno.serve: there is no handler; " + form, "TypeError Deno.serve: there is no handler; " + form, "TypeError Deno.serve: there is no handler; " + form,
		"TypeError Deno.serve: onError must be a function", "TypeError Deno.serve: signal must be an AbortSignal",
		"TypeError Deno.serve: cert and key are not taken; https is what the operator of the bot has set up",
		"TypeError Deno.serve: only TCP is served; leave path, cid and transport out", "TypeError Deno.serve: only TCP is served; leave path, cid and transport out",
		`on {"transport":"tcp","hostname":"bot.example.com","port":443}`,
		`{"transport":"tcp","hostname":"bot.example.com","port":443} undefined undefined [object HttpServer] https://bot.example.com/g/100000000000000001/ undefined`,
		"AddrInUse Deno.serve: a server runs already; a script has one, so route inside its handler, or await server.shutdown() first",
		"TypeError Illegal constructor",
		"Listening on https://bot.example.com/g/100000000000000001/", "Listening on https://bot.example.com/g/100000000000000001/",
		"over false", "finished",
	}
	if diff := cmp.Diff(want, logs(r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestServeTellsWhoHasGone: a signal, and a stream that is cancelled.
func TestServeTellsWhoHasGone(t *testing.T) {
	t.Parallel()
	writes := 0
	r := isolatetest.Load(t, `Deno.serve((r) => {
		r.signal.addEventListener("abort", () => console.log("aborted", new URL(r.url).pathname, r.signal.reason.name));
		if (r.url.endsWith("/wait")) return new Promise(() => {});
		return new Response(new ReadableStream({ pull(c) { if (r.url.endsWith("/endless")) c.enqueue(new Uint8Array(1)); else return new Promise(() => {}); }, cancel(e) { console.log("cancelled", new URL(r.url).pathname, e.name); } }));
	});`, isolatetest.Options{Ops: serveOps, Answer: func(c isolatetest.Call) (string, bool, bool) {
		if c.Op == "op_serve_write" {
			writes++
			return `{"ok":` + map[bool]string{true: "true", false: "false"}[writes < 5] + `}`, true, true
		}
		return `{"ok":true}`, true, true
	}})
	for _, path := range []string{"wait", "silent", "endless"} {
		id := r.Begin("__request", requestFor(t, path, "GET", "/"+path, nil))
		if path != "wait" {
			_ = r.Settle(id) // The body of endless fails or not, as the end finds it.
		}
	}
	r.WaitLog("the endless one to end", func(l isolatetest.Line) bool { return strings.HasPrefix(l.Text, "cancelled /endless") })
	for _, id := range []string{"wait", "silent", "endless", "nobody"} {
		if f := r.Dispatch("__request", `{"id":"`+id+`","gone":true}`); f != nil {
			t.Error(f.Text)
		}
	}
	want := []string{"Listening on ", "cancelled /endless AbortError", "aborted /wait AbortError", "aborted /silent AbortError", "cancelled /silent AbortError"}
	if diff := cmp.Diff(want, logs(r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestServeAfterTheHostilePreamble answers as it does without it.
func TestServeAfterTheHostilePreamble(t *testing.T) {
	t.Parallel()
	const script = `Deno.serve((r) => r.url === "https://bot.example.com/stream" ? new Response(new ReadableStream({ start(c) { c.enqueue(one); c.close(); } })) : new Response("hi", { headers: { "x-b": "2" } }));`
	const setup = "const one = new Uint8Array([1]);\n"
	run := func(before string) map[string][]call {
		out := map[string][]call{}
		for path, n := range map[string]int{"/": 0, "/stream": 2} {
			got, failure := answersOf(t, setup+before+"\n"+script, "POST", path, []byte("body"), n)
			if failure != "" {
				t.Error(failure)
			}
			out[path] = got
		}
		return out
	}
	if diff := cmp.Diff(run(""), run(hostilePreamble(t))); diff != "" {
		t.Errorf("(-without +with the preamble):\n%s", diff)
	}
}
