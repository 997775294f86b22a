package bot_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/egress"
	"github.com/flora-runtime/flora-runtime/pkg/egress/egresstest"
	"github.com/flora-runtime/flora-runtime/v8ops/fetch"
)

// internet serves what the tests' scripts fetch, on real sockets.
type internet struct {
	*egresstest.Net
	arrived, left chan string // Paths.
	client        *egress.Client
}

func newInternet(t *testing.T, change func(*egress.Limits)) (*internet, options) {
	t.Helper()
	n := &internet{Net: egresstest.New(), arrived: make(chan string, 100), left: make(chan string, 100)}
	n.client = clientOf(t, n.Net, n, change)
	return n, options{ops: fetch.Ops(n.client)}
}

// clientOf is what scripts reach example.com with, which h serves.
func clientOf(t *testing.T, n *egresstest.Net, h http.Handler, change func(*egress.Limits)) *egress.Client {
	t.Helper()
	n.Serve(t, "93.184.216.34:80", "example.com", h)
	limits := egress.DefaultLimits()
	if change != nil {
		change(&limits)
	}
	client := egress.New(egress.Config{Limits: limits, UserAgent: "Flora/test", Resolver: n, Dial: n.Dial})
	t.Cleanup(client.Close)
	return client
}

func (n *internet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/echo":
		w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
		w.Header().Set("X-Agent", r.UserAgent())
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.Copy(w, r.Body)
	case "/down": // Without end.
		n.arrived <- r.URL.Path
		for b := make([]byte, 16<<10); ; {
			if _, err := w.Write(b); err != nil {
				n.left <- r.URL.Path
				return
			}
		}
	case "/up": // Whatever comes.
		n.arrived <- r.URL.Path
		_, _ = io.Copy(io.Discard, r.Body)
		n.left <- r.URL.Path
	case "/away":
		http.Redirect(w, r, "http://10.0.0.1/", http.StatusFound)
	default: // Never answers.
		n.arrived <- r.URL.Path
		<-r.Context().Done()
		n.left <- r.URL.Path
	}
}

func (n *internet) took(t *testing.T, from chan string, path string) {
	t.Helper()
	select {
	case got := <-from:
		if got != path {
			t.Errorf("got %s, want %s", got, path)
		}
	case <-time.After(patience):
		t.Fatalf("waited %s for %s", patience, path)
	}
}

// TestFetch goes all the way: a script in a worker process, control, and a
// server on a real socket.
func TestFetch(t *testing.T) {
	t.Parallel()
	_, o := newInternet(t, nil)
	o.launch = processes(t)
	w := newWorld(t, o)
	w.deploy(guildA, `
		const a = await fetch("http://example.com/echo", { method: "POST", body: "häl€o", headers: { "x-y": "z" } });
		console.log("answer", a.status, a.statusText, a.headers.get("content-type"), a.headers.get("x-agent"), await a.text());
		const bytes = new Uint8Array(8 << 20).fill(7);
		const b = await fetch("http://example.com/echo", { method: "PUT", body: bytes });
		const back = await b.bytes();
		console.log("bytes", back.length, back[0], back.at(-1));
		for (const url of ["http://example.com/away", "http://127.0.0.1/", "http://none.example/"])
			await fetch(url).catch((e) => console.log("failed", e.name, e.cause.code, e.message));
		on("messageCreate", () => fetch("http://example.com/away"));`)
	w.wait(guildA, 1, "answer 202 Accepted text/plain;charset=UTF-8 Flora/test häl€o")
	w.wait(guildA, 1, "bytes 8388608 7 7")
	w.wait(guildA, 1, "failed TypeError EFORBIDDEN fetch failed: 10.0.0.1: scripts may not reach this address")
	w.wait(guildA, 1, "failed TypeError EFORBIDDEN fetch failed: 127.0.0.1: scripts may not reach this address")
	w.wait(guildA, 1, "failed TypeError ENOTFOUND fetch failed: none.example: the name leads to no public address")
	w.message(guildA, "go")
	w.wait(guildA, 1, "dispatch failed: TypeError: fetch failed: 10.0.0.1")
}

// TestFetchEnds: an abort, a new script and the time limit end the request
// itself, not only the wait for it.
func TestFetchEnds(t *testing.T) {
	t.Parallel()
	n, o := newInternet(t, nil)
	w := newWorld(t, o)
	w.deploy(guildA, `
		const c = new AbortController();
		on("messageCreate", async (ctx) => {
			if (ctx.msg.content === "abort") return c.abort();
			await fetch("http://example.com/" + ctx.msg.content, { signal: c.signal }).catch((e) => console.log(ctx.msg.content, e.name));
		});`)
	w.message(guildA, "aborted")
	n.took(t, n.arrived, "/aborted")
	w.message(guildA, "abort")
	w.wait(guildA, 1, "aborted AbortError")
	n.took(t, n.left, "/aborted")

	w.deploy(guildA, `on("messageCreate", () => { fetch("http://example.com/replaced"); });`)
	w.message(guildA, "go")
	n.took(t, n.arrived, "/replaced")
	w.deploy(guildA, `console.log("new")`)
	n.took(t, n.left, "/replaced")
}

// TestStreamsEndWithTheirScript: of what a script sent and got in streams nothing
// is left, however it ended.
func TestStreamsEndWithTheirScript(t *testing.T) {
	t.Parallel()
	const down = `const r = await fetch("http://example.com/down"); console.log("open");
		(async () => { for await (const b of r.body) await new Promise((r) => setTimeout(r, 1)); })();`
	const up = `const part = new Uint8Array(1 << 16);
		fetch("http://example.com/up", { method: "POST", duplex: "half", body: new ReadableStream({
			async pull(c) { await new Promise((r) => setTimeout(r, 1)); c.enqueue(part); } }) }); console.log("open");`
	const unread = `globalThis.r = await fetch("http://example.com/down"); console.log("open");`
	for path, script := range map[string]string{"/down": down, "/up": up, "/down?unread": unread} {
		t.Run(path[1:], func(t *testing.T) {
			t.Parallel()
			n, o := newInternet(t, nil)
			o.launch = processes(t)
			w := newWorld(t, o)
			path, _, _ := strings.Cut(path, "?")
			script += `on("messageCreate", () => { const all = []; for (;;) all.push(new Array(1000).fill(1)); });`
			for i, end := range []func(){
				func() { w.deploy(guildA, script+`console.log("second")`) },
				func() { w.message(guildA, "burn") },
				func() {
					if err := unix.Kill(w.pool.PIDs()[0], unix.SIGKILL); err != nil {
						t.Fatal(err)
					}
				},
				func() { w.deploy(guildA, `console.log("none")`) },
			} {
				if i == 0 {
					w.deploy(guildA, script)
				}
				w.wait(guildA, i+1, "open")
				n.took(t, n.arrived, path)
				end()
				n.took(t, n.left, path)
			}
			w.until("nothing to be left", func() bool {
				u := n.client.Usage()
				return u.Requests == 0 && u.HeldBytes == 0 && u.Connections == 0
			})
		})
	}
}

// TestFetchHasATimeLimitOfItsOwn: longer or shorter than that of other ops.
func TestFetchHasATimeLimitOfItsOwn(t *testing.T) {
	t.Parallel()
	n, o := newInternet(t, func(l *egress.Limits) { l.Timeout = 300 * time.Millisecond })
	o.limits = func(l *bot.Limits) { l.Op = time.Nanosecond }
	w := newWorld(t, o)
	w.deploy(guildA, `
		await fetch("http://example.com/echo").then((r) => console.log("in time", r.status));
		await fetch("http://example.com/slow").catch((e) => console.log(e.name, e.code, e.message));`)
	w.wait(guildA, 1, "in time 202")
	n.took(t, n.arrived, "/slow")
	w.wait(guildA, 1, "TimeoutError TIMEOUT fetch failed: example.com did not answer in time")
	n.took(t, n.left, "/slow")
}

// A guild that waits for a slow server does not hold up another.
func TestFetchHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	n, o := newInternet(t, func(l *egress.Limits) { l.Concurrency = 2 })
	w := newWorld(t, o)
	script := `on("messageCreate", async (ctx) => {
		const all = Array.from({ length: 20 }, () => fetch("http://example.com/slow").catch(() => {}));
		if (ctx.msg.content === "echo") console.log(await (await fetch("http://example.com/echo", { method: "POST", body: "quick" })).text());
	});`
	w.deploy(guildA, script)
	w.deploy(guildB, strings.Replace(script, "length: 20", "length: 0", 1))
	w.message(guildA, "slow")
	n.took(t, n.arrived, "/slow")
	n.took(t, n.arrived, "/slow")
	w.message(guildB, "echo")
	w.wait(guildB, 1, "quick")
}
