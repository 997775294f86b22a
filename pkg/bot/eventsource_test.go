package bot_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/egress"
	"github.com/flora-runtime/flora-runtime/pkg/egress/egresstest"
	"github.com/flora-runtime/flora-runtime/v8ops/fetch"
)

// station is a server of event streams: each path has one, which says no more
// the second time.
type station struct {
	*egresstest.Net
	bodies map[string]string // By path.

	mu   sync.Mutex // Guards seen.
	seen map[string][]http.Header
}

func newStation(t *testing.T, bodies map[string]string) (*station, options) {
	t.Helper()
	n := &station{Net: egresstest.New(), bodies: bodies, seen: map[string][]http.Header{}}
	n.Serve(t, "93.184.216.34:80", "example.com", n)
	client := egress.New(egress.Config{Limits: egress.DefaultLimits(), UserAgent: "Flora/test", Resolver: n.Net, Dial: n.Dial})
	t.Cleanup(client.Close)
	return n, options{ops: fetch.Ops(client)}
}

func (n *station) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	n.seen[r.URL.Path] = append(n.seen[r.URL.Path], r.Header)
	times := len(n.seen[r.URL.Path])
	n.mu.Unlock()
	w.Header().Set("Content-Type", "text/event-stream;charset=utf-8")
	switch body, known := n.bodies[r.URL.Path]; {
	case r.URL.Path == "/html":
		w.Header().Set("Content-Type", "text/html")
	case r.URL.Path == "/missing":
		w.WriteHeader(http.StatusNotFound)
	case r.URL.Path == "/moved":
		http.Redirect(w, r, "/twice", http.StatusTemporaryRedirect)
	case !known || times > 1:
		w.WriteHeader(http.StatusNoContent)
	default:
		_, _ = io.WriteString(w, body)
	}
}

func (n *station) header(path string, time int, name string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.seen[path]) <= time {
		return "never asked"
	}
	return n.seen[path][time].Get(name)
}

// Streams by the HTML standard: what is sent, and the events of it.
var streams = []struct{ name, sent, want string }{
	{"plain", "data: a\n\ndata: b\n\n", `message:"a": message:"b":`},
	{"lines", "data: a\ndata\ndata:c\n\n", `message:"a\n\nc":`},
	{"carriage", "data: a\rdata: b\r\rdata: c\r\n\r\n", `message:"a\nb": message:"c":`},
	{"mixed", "data: a\n\r\ndata: b\r\n\ndata: c\r\r\n", `message:"a": message:"b": message:"c":`},
	{"bom", "\ufeffdata: a\n\n\ufeffdata: b\n\ndata: c\n\n", `message:"a": message:"c":`},
	{"twobom", "\ufeff\ufeffdata: a\n\ndata: b\n\n", `message:"b":`},
	{"comment", ": hi\ndata: a\n:\n:data: x\n\n", `message:"a":`},
	{"spaces", "data:  a \ndata:\tb\n\n", `message:" a \n\tb":`},
	{"type", "event: one\ndata: a\n\nevent: two\n\ndata: b\n\nevent:\ndata: c\n\n", `one:"a": message:"b": message:"c":`},
	{"id", "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\nid: x\x00y\ndata: d\n\n", `message:"a":1 message:"b":1 message:"c": message:"d":`},
	{"idonly", "id: 7\n\n", ``},
	{"incomplete", "data: a\n\ndata: b\nid: 9", `message:"a":`},
	{"empty", "data\n\ndata:\n\n\n\n", `message:"": message:"":`},
	{"unknown", "DATA: x\n data: y\nfoo: bar\nfoo\ndata: a\n\n", `message:"a":`},
	{"utf8", "data: \xff\xe2\x82\xac\xe2\x82\n\n", "message:\"\ufffd€\ufffd\":"},
	{"colons", "data: a:b: c\n\ndata::\n\n", `message:"a:b: c": message:":":`},
	{"nul", "data: a\x00b\n\n", `message:"a\u0000b":`},
	{"long", "data: " + strings.Repeat("x", 300_000) + "\n\n", `message:300000 x:`},
}

func TestEventStreams(t *testing.T) {
	t.Parallel()
	bodies := map[string]string{}
	for _, row := range streams {
		bodies["/"+row.name] = "retry: 1\n" + row.sent
		if strings.HasPrefix(row.sent, "\ufeff") {
			bodies["/"+row.name] = "\ufeffretry: 1\n" + strings.TrimPrefix(row.sent, "\ufeff")
			if row.name == "twobom" {
				bodies["/"+row.name] = row.sent + "retry: 1\n\n"
			}
		}
	}
	n, o := newStation(t, bodies)
	w := newWorld(t, o)
	w.deploy(guildA, `on("messageCreate", (ctx) => {
		const name = ctx.msg.content, got = [];
		const es = new EventSource("http://example.com/" + name);
		const take = (e) => got.push(e.type + ":" + (e.data.length > 1000 ? e.data.length + " " + e.data[0] : JSON.stringify(e.data)) + ":" + e.lastEventId);
		for (const type of ["message", "one", "two"]) es.addEventListener(type, take);
		es.onerror = () => { if (es.readyState === 2) console.log(name, got.join(" ")); };
	});`)
	for _, row := range streams {
		w.message(guildA, row.name)
		w.wait(guildA, 1, row.name+" "+row.want)
	}
	for path, id := range map[string]string{"/id": "", "/idonly": "7", "/incomplete": "", "/plain": ""} {
		if got := n.header(path, 1, "Last-Event-ID"); got != id {
			t.Errorf("%s: asked again with %q, want %q", path, got, id)
		}
	}
	if got := fmt.Sprint(n.header("/plain", 0, "Accept"), n.header("/plain", 0, "Cache-Control")); got != "text/event-streamno-store" {
		t.Errorf("asked with %s", got)
	}
}

func TestEventSourceStates(t *testing.T) {
	t.Parallel()
	n, o := newStation(t, map[string]string{"/twice": "retry: 1\nid: é1\ndata: a\n\n", "/closed": "data: a\n\ndata: b\n\n"})
	w := newWorld(t, o)
	w.deploy(guildA, `
		const told = (name, es) => {
			es.onopen = () => console.log(name, "open", es.readyState);
			es.onmessage = (e) => console.log(name, "message", e.data, e.origin, e.lastEventId);
			es.onerror = (e) => console.log(name, "error", es.readyState, e.message);
			return es;
		};
		const a = told("a", new EventSource("http://example.com/moved", { withCredentials: true }));
		console.log(a.url, a.withCredentials, a.readyState, EventSource.CLOSED, a.CONNECTING);
		told("b", new EventSource("http://example.com/html"));
		told("c", new EventSource("http://example.com/missing"));
		told("d", new EventSource("http://10.0.0.1/"));
		const e = told("e", new EventSource("http://example.com/closed"));
		e.addEventListener("message", () => { e.close(); console.log("e closed", e.readyState); });
		const f = told("f", new EventSource("http://example.com/twice")); f.close();
		for (const bad of [[], ["/relative"], ["http://"]]) try { new EventSource(...bad); } catch (x) { console.log("bad", x.name); }`)
	for _, line := range []string{
		"http://example.com/moved true 0 2 0", "a open 1", "a message a http://example.com é1", "a error 0 the server has ended the stream",
		"a error 2 the server has no more events (204)",
		"b error 2 the server answered with text/html, not with text/event-stream",
		"c error 2 the server answered with 404",
		"d error 2 fetch failed: 10.0.0.1: scripts may not reach this address",
		"e open 1", "e message a http://example.com ", "e closed 2", "bad TypeError",
	} {
		w.wait(guildA, 1, line)
	}
	w.wait(guildA, 2, "bad SyntaxError")
	if got := n.header("/twice", 1, "Last-Event-ID"); got != "é1" {
		t.Errorf("asked again with %q", got)
	}
	if lines := strings.Join(w.lines(guildA), "\n"); strings.Contains(lines, "message b") || strings.Contains(lines, "\nf ") {
		t.Errorf("a source that was closed goes on:\n%s", lines)
	}
}

// TestEventSourceLives: events come while the stream goes on, its handler's time
// limit does not end it, and close is seen by the server.
func TestEventSourceLives(t *testing.T) {
	t.Parallel()
	net := egresstest.New()
	feed, left := make(chan string, 10), make(chan bool, 10)
	net.Serve(t, "93.184.216.34:80", "example.com", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_ = http.NewResponseController(w).Flush()
		for {
			select {
			case text := <-feed:
				_, _ = io.WriteString(w, text)
				_ = http.NewResponseController(w).Flush()
			case <-r.Context().Done():
				left <- true
				return
			}
		}
	}))
	client := egress.New(egress.Config{Limits: egress.DefaultLimits(), UserAgent: "Flora/test", Resolver: net, Dial: net.Dial})
	t.Cleanup(client.Close)
	w := newWorld(t, options{ops: fetch.Ops(client), launch: processes(t), limits: func(l *bot.Limits) { l.Dispatch = 300 * time.Millisecond; l.Op = time.Second; l.Script.TurnMS = 200 }})
	w.deploy(guildA, `let es;
		on("messageCreate", async (ctx) => {
			if (ctx.msg.content === "close") return es.close();
			if (ctx.msg.content === "wait") return void setTimeout(() => console.log("waited"), 1500);
			es = new EventSource("http://example.com/");
			es.onopen = () => console.log("open");
			es.onmessage = ({ data }) => { if (data === "loop") for (;;); if (data === "throw") throw new Error("thrown"); console.log("got", data); };
			await new Promise(() => {});
		});`)
	w.message(guildA, "open")
	w.wait(guildA, 1, "open")
	feed <- "data: 1\n\nda"
	w.wait(guildA, 1, "got 1")
	w.wait(guildA, 1, "did not finish within 300ms")
	feed <- "ta: 2\n\n"
	w.wait(guildA, 1, "got 2")
	feed <- "data: throw\n\ndata: loop\n\ndata: 3\n\n"
	w.wait(guildA, 1, "Error: thrown")
	w.wait(guildA, 1, "got 3")
	w.message(guildA, "wait") // Longer than an op may take.
	w.wait(guildA, 1, "waited")
	feed <- "data: 4\n\n"
	w.wait(guildA, 1, "got 4")
	w.message(guildA, "close")
	select {
	case <-left:
	case <-time.After(patience):
		t.Fatal("the server still has the connection")
	}
	// With its script it ends as well.
	w.message(guildA, "open")
	w.wait(guildA, 2, "open")
	w.deploy(guildA, `console.log("none")`)
	select {
	case <-left:
	case <-time.After(patience):
		t.Fatal("the server still has the connection")
	}
}
