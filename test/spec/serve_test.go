package spec

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// served is a script that answers whatever tests ask.
const served = `
let gone = 0, seen = 0;
Deno.serve({ onListen: (a) => console.log("listening", a.hostname, flora.endpoint) }, async (req, info) => {
  const url = new URL(req.url);
  if (url.pathname !== "/state") seen++;
  switch (url.pathname) {
    case "/echo":
      return Response.json({ url: req.url, path: url.pathname, method: req.method, headers: [...req.headers], body: await req.text(), from: info.remoteAddr.hostname });
    case "/boom": throw new Error("a secret of the author");
    case "/nothing": return;
    case "/never": return new Promise(() => {});
    case "/spin": for (;;);
    case "/slow": await new Promise((r) => setTimeout(r, Number(url.searchParams.get("ms")))); return new Response("slow");
    case "/gone":
      req.signal.addEventListener("abort", () => { gone++; });
      console.log("waiting for the client to go");
      await new Promise(() => {});
    case "/state": return Response.json({ gone, seen });
    case "/huge": return new Response("x".repeat(9 << 20));
    case "/big": return new Response(new Uint8Array(5 << 20).fill(120));
    case "/text": return new Response("é".repeat(1 << 20));
    case "/flood": { const h = new Headers(); for (let i = 0; i < 200; i++) h.append("x-" + i, "v"); return new Response("", { headers: h }); }
    case "/wide": return new Response("", { headers: { "x-wide": "w".repeat(40000) } });
    case "/teapot": return new Response("short and stout", { status: 418, headers: [["x-a", "1"], ["x-a", "2"], ["x-latin", "\u00e9"]] });
    case "/empty": return new Response(null, { status: 204 });
    case "/redirect": return Response.redirect(new URL(url.searchParams.get("to"), req.url), 303);
    case "/tricks": return new Response("<script>1</script>", { headers: [
      ["set-cookie", "flora_session=x; Path=/"], ["clear-site-data", "\"*\""], ["strict-transport-security", "max-age=0"], ["service-worker-allowed", "/"],
      ["alt-svc", "h3=\":1\""], ["nel", "{}"], ["report-to", "{}"], ["www-authenticate", "Basic realm=x"], ["x-accel-redirect", "/etc/passwd"], ["x-sendfile", "/etc/passwd"],
      ["connection", "close"], ["transfer-encoding", "chunked"], ["content-length", "5"], ["upgrade", "x"], ["trailer", "x"], ["x-request-id", "mine"],
      ["content-type", "text/html"], ["content-security-policy", "default-src 'self'"], ["x-content-type-options", "sniff"],
    ] });
    case "/events": {
      let n = 0, timer;
      return new Response(new ReadableStream({
        start(c) { timer = setInterval(() => { c.enqueue(new TextEncoder().encode("data: " + ++n + "\n\n")); if (n === Number(url.searchParams.get("n"))) { clearInterval(timer); c.close(); } }, 20); },
        cancel() { clearInterval(timer); gone++; },
      }), { headers: { "content-type": "text/event-stream" } });
    }
    case "/broken": {
      let n = 0;
      return new Response(new ReadableStream({ pull(c) { if (n++ > 2) throw new Error("the source broke"); c.enqueue(new Uint8Array(10)); } }));
    }
    case "/completed":
      info.completed.then(() => console.log("completed well"), (e) => console.log("completed badly", e.message));
      return new Response(url.searchParams.has("stream") ? new ReadableStream({ pull: () => new Promise(() => {}), start(c) { c.enqueue(new Uint8Array(3)); } }) : "ok");
  }
  return new Response("where? " + url.pathname, { status: 404 });
});`

// endpoint is a runtime whose first guild serves the script.
type endpoint struct {
	t     *testing.T
	p     *process
	token string
	url   string // With a slash at its end.
}

func newEndpoint(t *testing.T, script string, env ...string) *endpoint {
	t.Helper()
	dir := t.TempDir()
	p, err := start(dir, append(append(os.Environ(), "HOME="+dir), env...), "dev", "--port", "0", "--no-starter")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	e := &endpoint{t: t, p: p, token: token(t, p)}
	e.url = p.url + "/g/" + p.guild + "/"
	e.deploy(script)
	return e
}

func (e *endpoint) api(method, path, body string) string {
	e.t.Helper()
	status, answer, err := call(method, e.p.url+"/api"+path, e.token, []byte(body))
	if err != nil || status >= 300 {
		e.t.Fatalf("%s %s: %d %s %v", method, path, status, answer, err)
	}
	return string(answer)
}

func (e *endpoint) deploy(script string) {
	e.t.Helper()
	body, err := json.Marshal(map[string]any{"entry": "main.ts", "files": []map[string]string{{"path": "main.ts", "contents": script}}})
	if err != nil {
		e.t.Fatal(err)
	}
	e.api("POST", "/deployments/"+e.p.guild, string(body))
}

func (e *endpoint) open(on bool) {
	e.t.Helper()
	e.api("PUT", "/guilds/"+e.p.guild+"/settings", fmt.Sprintf(`{"inbound_endpoint":%t}`, on))
}

// ask sends a request to a path of the endpoint; headers are name and value in
// turn.
func (e *endpoint) ask(method, path, body string, headers ...string) (*http.Response, string) {
	e.t.Helper()
	req, err := http.NewRequestWithContext(e.t.Context(), method, e.url+strings.TrimPrefix(path, "/"), strings.NewReader(body))
	if err != nil {
		e.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		e.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return res, string(b) + " (" + err.Error() + ")"
	}
	return res, string(b)
}

// said waits for a line of the guild's log.
func (e *endpoint) said(part string) {
	e.t.Helper()
	var lines string
	if err := until("a line with "+part, func() (bool, error) {
		lines = e.api("GET", "/logs/"+e.p.guild+"?limit=1000", "")
		return strings.Contains(lines, part), nil
	}); err != nil {
		e.t.Fatalf("%v in %s", err, lines)
	}
}

func (e *endpoint) state(name string) int {
	e.t.Helper()
	_, body := e.ask("GET", "state", "")
	var doc map[string]int
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		e.t.Fatalf("%v: %s", err, body)
	}
	return doc[name]
}

// plenty lets tests of other things ask as fast as they can.
var plenty = []string{
	"FLORA_INBOUND_REQUESTS_PER_SECOND=10000", "FLORA_INBOUND_REQUESTS_BURST=10000", "FLORA_INBOUND_ADDRESS_REQUESTS_PER_SECOND=10000",
	"FLORA_INBOUND_ADDRESS_REQUESTS_BURST=10000", "FLORA_INBOUND_ADDRESS_CONCURRENCY=100", "FLORA_RUNTIME_DISPATCH_TIMEOUT_SECS=2",
}

func TestServe(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, served, plenty...)
	if res, body := e.ask("GET", "echo", ""); res.StatusCode != 404 || !strings.Contains(body, "nothing is served here") {
		t.Fatalf("it is open by itself: %d %s", res.StatusCode, body)
	}
	e.open(true)
	e.said("listening 127.0.0.1 " + e.url)
	type row struct {
		name, method, path, body string
		headers                  []string
		status                   int
		want, never              []string // Parts of the body.
		head                     map[string]string
	}
	for _, r := range []row{
		{name: "the path below", method: "GET", path: "echo?a=1&b=%20", status: 200, want: []string{`"path":"/echo"`, `"url":"` + e.p.url + `/echo?a=1&b=%20"`, `"from":"127.0.0.1"`, `["host","` + strings.TrimPrefix(e.p.url, "http://") + `"]`}},
		{name: "a body", method: "POST", path: "echo", body: "héllo", status: 200, want: []string{`"method":"POST"`, `"body":"héllo"`}},
		{name: "another method", method: "PROPFIND", path: "echo", body: "x", status: 200, want: []string{`"method":"PROPFIND"`, `"body":"x"`}},
		{name: "OPTIONS", method: "OPTIONS", path: "echo", status: 200, want: []string{`"method":"OPTIONS"`}},
		{name: "HEAD", method: "HEAD", path: "big", status: 200, head: map[string]string{"Content-Length": "5242880"}},
		{name: "the root", method: "GET", path: "", status: 404, want: []string{"where? /"}},
		{name: "percent-encoding stays", method: "GET", path: "a%2Fb%20c/%C3%A9", status: 404, want: []string{"where? /a%2Fb%20c/%C3%A9"}},
		{name: "empty segments stay", method: "GET", path: "//a//b/", status: 404, want: []string{"where? //a//b/"}},
		{name: "repeated headers", method: "GET", path: "echo", headers: []string{"X-A", "1", "X-A", "2", "X-Latin", "\xe9"}, status: 200, want: []string{`["x-a","1, 2"]`, `["x-latin","é"]`}},
		{name: "credentials of the API stay out", method: "GET", path: "echo", headers: []string{"Cookie", "flora_session=1", "Authorization", "Bearer " + e.token}, status: 200, never: []string{"cookie", "authorization", e.token}},
		{name: "others' come through", method: "GET", path: "echo", headers: []string{"Authorization", "Bearer hook"}, status: 200, want: []string{`["authorization","Bearer hook"]`}},
		{name: "headers of proxies stay out", method: "GET", path: "echo", headers: []string{"X-Forwarded-For", "1.2.3.4", "Forwarded", "for=1.2.3.4", "X-Real-IP", "1.2.3.4"}, status: 200, want: []string{`"from":"127.0.0.1"`}, never: []string{"1.2.3.4"}},
		{name: "a response in full", method: "GET", path: "teapot", status: 418, want: []string{"short and stout"}, head: map[string]string{"X-A": "1|2", "X-Latin": "\xe9", "X-Content-Type-Options": "nosniff"}},
		{name: "no content", method: "GET", path: "empty", status: 204},
		{name: "large bytes", method: "GET", path: "big", status: 200, head: map[string]string{"Content-Length": "5242880"}, want: []string{strings.Repeat("x", 100)}},
		{name: "large text", method: "GET", path: "text", status: 200, head: map[string]string{"Content-Length": "2097152"}},
		{name: "a failure tells nothing", method: "GET", path: "boom", status: 500, want: []string{`"code":"script_failed"`}, never: []string{"secret"}},
		{name: "no response", method: "GET", path: "nothing", status: 500},
		{name: "too large a response", method: "GET", path: "huge", status: 502, want: []string{`"code":"upstream"`}},
		{name: "too many headers", method: "GET", path: "flood", status: 502},
		{name: "too large headers", method: "GET", path: "wide", status: 502},
		{name: "too large a request", method: "POST", path: "echo", body: strings.Repeat("x", 1<<20+1), status: 413, want: []string{"at most 1048576 bytes"}},
		{name: "as large as may be", method: "POST", path: "echo", body: strings.Repeat("x", 1<<20), status: 200},
		{name: "a handler that never ends", method: "GET", path: "never", status: 504, want: []string{`"code":"timeout"`}},
		{name: "a handler that spins", method: "GET", path: "spin", status: 504},
		{name: "TRACE", method: "TRACE", path: "echo", status: 405},
		{name: "a service worker", method: "GET", path: "echo", headers: []string{"Service-Worker", "script"}, status: 403},
		{name: "to a path of its own", method: "GET", path: "redirect?to=/echo%3Fx", status: 303, head: map[string]string{"Location": e.url + "echo?x"}},
		{name: "to somewhere else", method: "GET", path: "redirect?to=https://example.com/x", status: 303, head: map[string]string{"Location": "https://example.com/x"}},
		{name: "what would act on the host", method: "GET", path: "tricks", status: 200, want: []string{"<script>1</script>"}, head: map[string]string{
			"Set-Cookie": "", "Clear-Site-Data": "", "Strict-Transport-Security": "", "Service-Worker-Allowed": "", "Alt-Svc": "", "Nel": "", "Report-To": "", "Www-Authenticate": "",
			"X-Accel-Redirect": "", "X-Sendfile": "", "Upgrade": "", "Trailer": "", "Content-Length": "18", "X-Content-Type-Options": "nosniff", "Content-Type": "text/html",
			"Content-Security-Policy": "default-src 'self'|sandbox allow-downloads allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox allow-presentation allow-scripts",
		}},
		{name: "events", method: "GET", path: "events?n=3", status: 200, want: []string{"data: 1\n\ndata: 2\n\ndata: 3\n\n"}, head: map[string]string{"Content-Type": "text/event-stream"}},
		{name: "a stream that breaks", method: "GET", path: "broken", status: 200, want: []string{"unexpected EOF"}},
		{name: "the end is told", method: "GET", path: "completed", status: 200, want: []string{"ok"}},
	} {
		t.Run(r.name, func(t *testing.T) {
			one := *e
			one.t = t
			res, body := one.ask(r.method, r.path, r.body, r.headers...)
			if res.StatusCode != r.status {
				t.Fatalf("got %d %.300s, want %d", res.StatusCode, body, r.status)
			}
			for _, part := range r.want {
				if !strings.Contains(body, part) {
					t.Errorf("the body is %.600s, want %s in it", body, part)
				}
			}
			for _, part := range r.never {
				if strings.Contains(body, part) {
					t.Errorf("the body is %.600s, with %s in it", body, part)
				}
			}
			for name, want := range r.head {
				if got := strings.Join(res.Header.Values(name), "|"); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
	for _, line := range []string{
		"request failed: Error: a secret of the author", "request failed: TypeError: Deno.serve: the handler must give a Response", "a response of Deno.serve was not sent: its body has 9437184 bytes",
		"the response has 201 headers", "more than 32768 bytes", `the handler of \"request\" did not finish within 2s`, "stopped after 1000 ms of CPU", "the source broke", "completed well",
	} {
		e.said(line)
	}
	// Turned off again, it is as if nothing were there.
	e.open(false)
	if res, _ := e.ask("GET", "echo", ""); res.StatusCode != 404 {
		t.Errorf("it answers %d when it is off", res.StatusCode)
	}
}

func TestServeClientsThatGo(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, served, plenty...)
	e.open(true)
	// Before the answer, and in the middle of it.
	for i, path := range []string{"gone", "events?n=1000000", "completed?stream"} {
		ctx, cancel := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, "GET", e.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() {
			res, err := http.DefaultClient.Do(req)
			if err == nil {
				_, err = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
			}
			done <- err
		}()
		if i == 0 {
			e.said("waiting for the client to go")
		} else if err := until("the request to arrive", func() (bool, error) { return e.state("seen") == 1+i, nil }); err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", path, err)
		}
		if i < 2 {
			if err := until("the script to be told", func() (bool, error) { return e.state("gone") == i+1, nil }); err != nil {
				t.Error(err)
			}
		}
	}
	e.said("completed badly The response was not sent in full")
}

// TestServeWakes kills the guild's worker: requests are answered by the next one.
func TestServeWakes(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, served, plenty...)
	e.open(true)
	for range 3 {
		pids, err := e.p.workers()
		if err != nil || len(pids) == 0 {
			t.Fatal(pids, err)
		}
		for _, pid := range pids {
			proc, err := os.FindProcess(pid)
			if err == nil {
				err = proc.Kill()
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if res, body := e.ask("GET", "echo", ""); res.StatusCode != 200 && res.StatusCode != 502 {
			t.Errorf("got %d %s", res.StatusCode, body)
		}
		if res, body := e.ask("GET", "echo", ""); res.StatusCode != 200 {
			t.Errorf("got %d %s", res.StatusCode, body)
		}
	}
}

// TestServeStreamsEnd has responses on their way, and requests that wait for
// theirs, when the script ends: clients see that it is not all.
func TestServeStreamsEnd(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, served, plenty...)
	e.open(true)
	kill := func() {
		pids, err := e.p.workers()
		if err != nil || len(pids) == 0 {
			t.Fatal(pids, err)
		}
		for _, pid := range pids { // One of them is the guild's.
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
	}
	stop := func() {
		if err := e.p.signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if code := e.p.cmd.ProcessState.ExitCode(); code != 0 || strings.Contains(e.p.stderr.String(), "did not stop") {
			t.Errorf("the exit code is %d:\n%s", code, e.p.stderr)
		}
	}
	for i, end := range []func(){kill, func() { e.deploy(served) }, kill, stop} {
		var all sync.WaitGroup
		begun := make(chan error, 3)
		for _, path := range []string{"events?n=1000000", "completed?stream", "never"} {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				req, err := http.NewRequestWithContext(ctx, "GET", e.url+path, nil)
				if err != nil {
					begun <- err
					return
				}
				if path == "never" {
					begun <- nil
				}
				res, err := http.DefaultClient.Do(req)
				if path == "never" {
					if err == nil {
						_ = res.Body.Close()
					}
					if ctx.Err() != nil || err == nil && res.StatusCode < 500 {
						t.Errorf("end %d: %s: %v %v", i, path, res, err)
					}
					return
				}
				if begun <- err; err != nil {
					return
				}
				_, err = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
				if err == nil || ctx.Err() != nil {
					t.Errorf("end %d: %s ended with %v", i, path, err)
				}
			})
		}
		for range 3 {
			if err := <-begun; err != nil {
				t.Fatal(err)
			}
		}
		end()
		all.Wait()
	}
}

// TestServeLimits floods one guild's endpoint; nobody else's suffers from it.
func TestServeLimits(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, served, "FLORA_INBOUND_REQUESTS_PER_SECOND=1", "FLORA_INBOUND_REQUESTS_BURST=20", "FLORA_INBOUND_CONCURRENCY=3",
		"FLORA_INBOUND_ADDRESS_REQUESTS_PER_SECOND=1", "FLORA_INBOUND_ADDRESS_REQUESTS_BURST=30", "FLORA_INBOUND_ADDRESS_CONCURRENCY=5", "FLORA_API_TRUSTED_PROXIES=127.0.0.1")
	e.open(true)
	from := func(i int) []string { return []string{"X-Forwarded-For", fmt.Sprintf("203.0.113.%d", i)} }
	// So many at once of one address, and of one guild.
	for name, addresses := range map[string]func(i int) []string{"address": func(int) []string { return from(1) }, "guild": func(i int) []string { return from(2 + i) }} {
		var wg sync.WaitGroup
		codes := make(chan string, 8)
		for i := range 8 {
			wg.Go(func() {
				res, _ := e.ask("GET", "slow?ms=1500", "", addresses(i)...)
				codes <- fmt.Sprintf("%d %s", res.StatusCode, res.Header.Get("Retry-After"))
			})
		}
		wg.Wait()
		got := map[string]int{}
		for range 8 {
			got[<-codes]++
		}
		if got["200 "] != 3 || got["429 1"] != 5 {
			t.Errorf("%s: got %v, want three 200 and five 429", name, got)
		}
	}
	e.said("requests from outside are refused with 429: 3 are under way")
	// An address that has used up its own share has used up nothing of the guild's.
	limited := 0
	for range 40 {
		if res, _ := e.ask("GET", "echo", "", "X-Forwarded-For", "203.0.113.77"); res.StatusCode == 429 {
			limited++
		}
	}
	if limited < 10 {
		t.Errorf("%d of 40 requests of one address were refused", limited)
	}
	if err := until("the guild's share to come back", func() (bool, error) {
		res, _ := e.ask("GET", "echo", "", "X-Forwarded-For", "203.0.113.78")
		return res.StatusCode == 200, nil
	}); err != nil {
		t.Error(err)
	}
}

// TestServeSmuggling sends what proxies and servers may read in two ways: never
// are there two requests, and the connection ends.
func TestServeSmuggling(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, `let n = 0; Deno.serve((req) => new Response("request " + ++n + " " + new URL(req.url).pathname));`, plenty...)
	e.open(true)
	root := "/g/" + e.p.guild
	host := strings.TrimPrefix(e.p.url, "http://")
	second := "GET " + root + "/smuggled HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	for name, raw := range map[string]string{
		"length and chunks":      "POST " + root + "/a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second,
		"two lengths":            "POST " + root + "/a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n" + second,
		"a signed length":        "POST " + root + "/a HTTP/1.1\r\nHost: x\r\nContent-Length: +0\r\n\r\n" + second,
		"odd coding":             "POST " + root + "/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n" + second,
		"coding after a tab":     "POST " + root + "/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\tchunked, identity\r\n\r\n" + second,
		"a space before a colon": "POST " + root + "/a HTTP/1.1\r\nHost: x\r\nContent-Length : 0\r\n\r\n" + second,
		"bad chunk":              "POST " + root + "/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n" + second,
		"endless chunk size":     "POST " + root + "/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("0", 10_000) + "\r\n" + second,
		"two hosts":              "GET " + root + "/a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n" + second,
		"no host":                "GET " + root + "/a HTTP/1.1\r\n\r\n" + second,
		"header flood":           "GET " + root + "/a HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n" + second,
		"NUL in a header":        "GET " + root + "/a HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n" + second,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", host)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(c, raw); err != nil && !strings.Contains(err.Error(), "reset") && !strings.Contains(err.Error(), "broken pipe") {
				t.Fatal(err)
			}
			var all strings.Builder
			_, _ = io.Copy(&all, bufio.NewReader(c))
			if strings.Contains(all.String(), "/smuggled") {
				t.Errorf("a second request was answered: %s", all.String())
			}
			if strings.Count(all.String(), "HTTP/1.1 ") > 1 {
				t.Errorf("there are two answers: %s", all.String())
			}
		})
	}
	for path, want := range map[string]int{
		root + "/../" + "2/x": 400, root + "/%2e%2e/x": 400, root + "/a/.%2E/b": 400, root + "/./a": 400, root + "/..;/a": 200, root + `/..\a`: 200,
		"/g/0" + e.p.guild + "/a": 404, "/g/%31/a": 404, "/g//a": 404, "/g": 404, "/g/": 404, "/g/1": 404, "/g/99999999999999999999999/a": 404, "/g/-1/a": 404, "/G/" + e.p.guild + "/a": 404, "//g/" + e.p.guild + "/a": 404,
	} {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path)
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		_ = c.Close()
		if res.StatusCode != want {
			t.Errorf("%s gives %d, want %d", path, res.StatusCode, want)
		}
	}
}

// TestServeApart gives each guild a host of its own.
func TestServeApart(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, `Deno.serve((req) => new Response(req.url + " " + req.headers.get("cookie"), { headers: { "set-cookie": "a=b; Domain=bots.example; Path=/" } }));`,
		append(plenty, "FLORA_INBOUND_URL=https://{guild}.bots.example")...)
	e.open(true)
	if doc := e.api("GET", "/guilds/"+e.p.guild+"/settings", ""); !strings.Contains(doc, `"endpoint_url":"https://`+e.p.guild+`.bots.example/"`) {
		t.Errorf("the settings are %s", doc)
	}
	for _, r := range []struct {
		host, path string
		status     int
		want       string
	}{
		{e.p.guild + ".bots.example", "/x?y", 200, "https://" + e.p.guild + ".bots.example/x?y c=d"},
		{e.p.guild + ".BOTS.example:443", "/api/guilds", 200, "https://" + e.p.guild + ".bots.example/api/guilds c=d"},
		{"1.bots.example", "/x", 404, "nothing is served here"},
		{"x." + e.p.guild + ".bots.example", "/x", 404, "nothing is served here"},
		{"localhost", "/g/" + e.p.guild + "/x", 404, "there is no such route"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", e.p.url+r.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = r.host
		req.Header.Set("Cookie", "c=d")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != r.status || !strings.Contains(string(body), r.want) {
			t.Errorf("%s%s: got %d %s, %v", r.host, r.path, res.StatusCode, body, err)
		}
		if r.status == 200 && (res.Header.Get("Set-Cookie") != "a=b; Path=/" || res.Header.Get("Content-Security-Policy") != "") {
			t.Errorf("got %v", res.Header)
		}
	}
}
