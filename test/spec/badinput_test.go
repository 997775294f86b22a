package spec

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestBadInput sends to every route what it must refuse: the answer is 4xx with
// a JSON message, nothing has changed afterwards, and the runtime neither dies
// nor keeps anything of it.
func TestBadInput(t *testing.T) {
	t.Parallel()
	w := newWalk(t)
	before := w.state(t)
	for _, in := range inputs {
		w.route(t, in)
	}
	w.broken(t)
	// The first round made the buffers that stay.
	fds, rss := w.held(t)
	w.broken(t)
	for _, in := range inputs {
		if in.good != "" {
			w.bodies(t, in)
		}
	}
	if err := until("open files to close", func() (bool, error) {
		now, _ := w.held(t)
		if now > fds+4 {
			return false, fmt.Errorf("%d files are open, which were %d", now, fds)
		}
		return true, nil
	}); err != nil {
		t.Error(err)
	}
	if _, now := w.held(t); now > rss+96<<20 {
		t.Errorf("memory grew from %d to %d bytes", rss, now)
	}
	if diff := cmp.Diff(before, w.state(t)); diff != "" {
		t.Errorf("bad input has changed something (-before +after):\n%s", diff)
	}
	if err := says(w.p, "!ping", "pong!"); err != nil {
		t.Error(err)
	}
	if t.Failed() {
		t.Logf("the runtime said:\n%s", w.p.stderr)
	}
}

// walk is a runtime and what the paths name in it.
type walk struct {
	p      *process
	token  string
	names  map[string]string
	guilds []string
	turn   int
	client *http.Client
	sent   int
}

// spare guilds take the deploys in turn, which are counted per guild.
const spare = 30

func newWalk(t *testing.T) *walk {
	t.Helper()
	dir := t.TempDir()
	p := dev(t, dir, "--guilds", strconv.Itoa(spare))
	w := &walk{p: p, token: token(t, p), client: &http.Client{Transport: &http.Transport{}}}
	w.names = map[string]string{"guild": p.guild, "channel": p.channel, "store": "shop", "key": "k", "user": "alice", "token": "none", "attachment": "1", "name": "a.txt", "build": "00000000-0000-4000-8000-000000000000"}
	w.good(t, "PUT", "/api/kv/{guild}/{store}/{key}", `{"value":"v"}`, nil)
	var world struct{ Guilds []struct{ ID string } }
	w.good(t, "GET", "/sim", "", &world)
	for _, g := range world.Guilds {
		w.guilds = append(w.guilds, g.ID)
	}
	var revision struct {
		ID string `json:"revision_id"`
	}
	w.good(t, "GET", "/api/deployments/{guild}", "", &revision)
	var said struct{ ID string }
	w.good(t, "POST", "/sim/guilds/{guild}/channels/{channel}/messages", `{"content":"hello there"}`, &said)
	w.names["revision"], w.names["message"] = revision.ID, said.ID
	return w
}

// fill puts the names in.
func (w *walk) fill(text string) string {
	for name, value := range w.names {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}

func (w *walk) good(t *testing.T, method, path, body string, into any) {
	t.Helper()
	status, answer, err := call(method, w.p.url+w.fill(path), w.token, []byte(body))
	if err == nil && into != nil {
		err = json.Unmarshal(answer, into)
	}
	if err != nil || status >= 300 {
		t.Fatalf("%s %s: %d %s %v", method, path, status, answer, err)
	}
}

// state is all that a request could change.
func (w *walk) state(t *testing.T) map[string]any {
	t.Helper()
	out := map[string]any{}
	for _, path := range []string{
		"/sim", "/sim/guilds/{guild}", "/sim/guilds/{guild}/channels/{channel}/messages", "/sim/faults",
		"/api/deployments", "/api/deployments/{guild}", "/api/deployments/{guild}/history", "/api/kv/stores?guild_id={guild}",
		"/api/kv/{guild}/{store}", "/api/kv/{guild}/{store}/{key}",
	} {
		var v any
		w.good(t, "GET", path, "", &v)
		out[path] = v
	}
	return out
}

// held is what the runtime's main process holds: files and memory.
func (w *walk) held(t *testing.T) (fds int, rss int64) {
	t.Helper()
	w.client.CloseIdleConnections()
	proc := filepath.Join("/proc", strconv.Itoa(w.p.cmd.Process.Pid))
	list, err := os.ReadDir(filepath.Join(proc, "fd"))
	if err != nil {
		t.Fatal(err)
	}
	statm, err := os.ReadFile(filepath.Join(proc, "statm"))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(statm))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return len(list), pages * int64(os.Getpagesize())
}

// attempt is one request and what is wrong with it.
type attempt struct {
	why, method, path, token, kind, body string
	header                               string
}

// refused sends the attempt and wants a client error that says why.
func (w *walk) refused(t *testing.T, a attempt) {
	t.Helper()
	w.sent++
	name := fmt.Sprintf("%s: %s %.150s %.100q", a.why, a.method, a.path, a.body)
	status, header, answer, err := w.send(a)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if status < 400 || status > 499 {
		t.Errorf("%s: got %d %.200s, want a client error", name, status, answer)
		return
	}
	var problem struct{ Message string }
	err = json.Unmarshal(answer, &problem)
	if a.method != http.MethodHead && (err != nil || problem.Message == "" || !strings.HasPrefix(header.Get("Content-Type"), "application/json")) {
		t.Errorf("%s: got %d %s %.200q, want JSON with a message", name, status, header.Get("Content-Type"), answer)
	}
	if len(answer) > 8<<10 {
		t.Errorf("%s: the answer has %d bytes", name, len(answer))
	}
}

// send waits as long as the runtime asks it to.
func (w *walk) send(a attempt) (int, http.Header, []byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, a.method, w.p.url+a.path, strings.NewReader(a.body))
		if err != nil {
			return 0, nil, nil, err
		}
		if a.kind != "" {
			req.Header.Set("Content-Type", a.kind)
		}
		if a.token != "" {
			req.Header.Set("Authorization", a.token)
		}
		if name, value, ok := strings.Cut(a.header, ": "); ok {
			req.Header.Set(name, value)
		}
		res, err := w.client.Do(req)
		if err != nil {
			return 0, nil, nil, err
		}
		answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
		_ = res.Body.Close()
		if err != nil || res.StatusCode != http.StatusTooManyRequests {
			return res.StatusCode, res.Header, answer, err
		}
		seconds, err := strconv.Atoi(res.Header.Get("Retry-After"))
		if err != nil {
			return 0, nil, nil, fmt.Errorf("429 without Retry-After: %s", answer)
		}
		timer := time.NewTimer(time.Duration(seconds) * time.Second)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return 0, nil, nil, ctx.Err()
		}
	}
}

// next is the route's path with all names put in.
func (w *walk) next(in input) string {
	path := in.path()
	if in.deploys {
		// Not the first guild, whose deployment is compared.
		w.turn++
		path = strings.ReplaceAll(path, "{guild}", w.guilds[1+w.turn%(len(w.guilds)-1)])
	}
	return w.fill(path)
}

const jsonKind = "application/json"

func (w *walk) route(t *testing.T, in input) {
	t.Helper()
	bearer := "Bearer " + w.token
	if !in.open {
		for _, bad := range []string{"", "Bearer", "Bearer x", w.token, "Basic " + w.token, "Bearer " + w.token + "x", "Bearer " + strings.Repeat("t", 9000)} {
			w.refused(t, attempt{why: "token", method: in.method(), path: w.fill(in.path()), token: bad, kind: jsonKind, body: w.fill(in.good)})
		}
	}
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "GET", "PROPFIND", "TRACE"} {
		if !slices.ContainsFunc(inputs, func(o input) bool { return o.method() == method && takes(o.path(), in.path()) }) {
			w.refused(t, attempt{why: "method", method: method, path: w.fill(in.path()), token: bearer, kind: jsonKind, body: "{}"})
		}
	}
	if strings.HasPrefix(in.path(), "/sim") {
		// What a page of another site makes a browser send.
		w.refused(t, attempt{why: "origin", method: in.method(), path: w.fill(in.path()), kind: jsonKind, body: w.fill(in.good), header: "Origin: http://example.com"})
	}
	w.paths(t, in)
	for _, q := range in.queries {
		w.refused(t, attempt{why: "query", method: in.method(), path: w.next(in) + "?" + q, token: bearer})
	}
	for _, h := range in.headers {
		w.refused(t, attempt{why: "header", method: in.method(), path: w.next(in), token: bearer, kind: jsonKind, body: w.fill(in.good), header: h})
	}
	if in.good != "" {
		w.bodies(t, in)
	}
}

// takes reports whether a route with the one path is one for the other, too: a
// name stands for any part.
func takes(route, path string) bool {
	parts := strings.Split(path, "/")
	return slices.EqualFunc(strings.Split(route, "/"), parts, func(r, p string) bool {
		return r == p || strings.HasPrefix(r, "{") && p != "stores" && p != "export" && p != "import"
	})
}

// wrongNames are what cannot stand for a name in a path.
var wrongNames = map[string][]string{
	"guild":    {"0", "x", "-1", "1.5", "999", "18446744073709551616", "%31%00", "%ff", "%2e%2e", "..%2f..", "%F0%9F%98%80", strings.Repeat("1", 5000), "%EF%BC%91"},
	"channel":  {"0", "x", "-1", "999", "%00", "%ff", "..%2f.."},
	"message":  {"0", "x", "-1", "999", "%00", "..%2f.."},
	"user":     {"999", "ghost", "%00", "%ff", "flora"},
	"token":    {"x", "0", "%00", "%ff", "..%2f..", strings.Repeat("a", 5000)},
	"revision": {"x", "0", "00000000-0000-0000-0000-000000000000", "%00", "..%2f..", strings.Repeat("a", 5000)},
	"build":    {"x", "0", "%00", "..%2f..", strings.Repeat("a", 5000)},
	"store":    {"a.b", "a%2Fb", "%2e%2e", "%00", "%ff", strings.Repeat("s", 65)},
	"export":   {"x", "%00", "..%2f..", "00000000-0000-0000-0000-000000000000"},
	"key":      {"%00", "%ff", strings.Repeat("k", 513)},
}

// paths puts wrong names into the path, one at a time, and wrong things after it.
func (w *walk) paths(t *testing.T, in input) {
	t.Helper()
	bearer := "Bearer " + w.token
	for name, list := range wrongNames {
		if !strings.Contains(in.path(), "{"+name+"}") {
			continue
		}
		for _, bad := range list {
			path := w.fill(strings.ReplaceAll(in.path(), "{"+name+"}", bad))
			w.refused(t, attempt{why: "path", method: in.method(), path: path, token: bearer, kind: jsonKind, body: w.fill(in.good)})
		}
	}
	for _, more := range []string{"/more/and/more", "%00", "/%2e%2e/x/y/z", "//x//y//z"} {
		path := w.fill(in.path()) + more
		if strings.HasSuffix(in.path(), "{key}") && !strings.Contains(more, "/") {
			continue // A key of another name.
		}
		w.refused(t, attempt{why: "path", method: in.method(), path: path, token: bearer, kind: jsonKind, body: w.fill(in.good)})
	}
}

// broken opens connections that end before they have said, or read, everything.
func (w *walk) broken(t *testing.T) {
	t.Helper()
	authorized := "Host: 127.0.0.1\r\nAuthorization: Bearer " + w.token + "\r\n"
	for _, text := range []string{
		"", "\r\n\r\n", "GET", "GET /api/%zz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "GET /api/../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "NONSENSE\r\n\r\n",
		"GET * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "CONNECT x:1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "GET /health HTTP/9.9\r\n\r\n", "GET /health HTTP/1.1\r\n\r\n",
		"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + strings.Repeat("h", 2<<20),
		"PUT /api/kv/{guild}/shop/other HTTP/1.1\r\n" + authorized + "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"value\":",
		"PUT /api/kv/{guild}/shop/other HTTP/1.1\r\n" + authorized + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"PUT /api/kv/{guild}/shop/other HTTP/1.1\r\n" + authorized + "Content-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n",
		"PUT /api/kv/{guild}/shop/other HTTP/1.1\r\n" + authorized + "Content-Type: application/json\r\nContent-Length: -1\r\n\r\n",
		"PUT /api/kv/{guild}/shop/other HTTP/1.1\r\n" + authorized + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
		"POST /sim/guilds/{guild}/channels/{channel}/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{\"content\":",
		"POST /sim/guilds/{guild}/interactions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{\"command\":",
		"GET /sim/requests?wait_ms=60000&after=1000000 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
	} {
		w.raw(t, w.fill(text), 0)
	}
	// Streams of which nobody reads anything, or only the beginning.
	for i := range 14 {
		w.raw(t, w.fill("GET /api/logs/{guild}/stream HTTP/1.1\r\n"+authorized+"Last-Event-ID: 0\r\n\r\n"), i%2)
	}
	w.refused(t, attempt{why: "after broken connections", method: "GET", path: "/api/none", token: "Bearer " + w.token})
}

// raw sends text, reads up to n bytes and resets the connection. How much of
// it the runtime takes is its own business.
func (w *walk) raw(t *testing.T, text string, n int) {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(w.p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(patience))
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_, _ = io.WriteString(c, text)
	_, _ = io.ReadFull(c, make([]byte, n))
}
