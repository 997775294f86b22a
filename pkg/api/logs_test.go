package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/api"
	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
)

const logsURL = "/api/logs/100000000000000001"

func chatter(e *env) {
	for i := range 3 {
		e.logs.Append(guildA, "info", logs.TargetScript, fmt.Sprintf("line %d", i))
	}
	e.logs.Append(guildB, "info", logs.TargetScript, "secret")
}

// ladder writes one line of each level, with ids that are known.
func ladder(e *env) {
	for _, level := range logs.Levels() {
		e.logs.Append(guildA, level, logs.TargetScript, "a "+level)
	}
}

func TestLogs(t *testing.T) {
	t.Parallel()
	run(t, append(denied("GET", logsURL, "", false), []scenario{
		{name: "oldest first", as: "admin", method: "GET", url: logsURL, before: chatter, status: 200,
			want: []string{`"level":"info","target":"flora:js","guild_id":"100000000000000001","message":"line 0"},{`, "line 2"}, wantNot: []string{"secret"}},
		{name: "the latest only", as: "admin", method: "GET", url: logsURL + "?limit=1", before: chatter, status: 200, want: []string{"line 2"}, wantNot: []string{"line 1"}},
		{name: "none", as: "admin", method: "GET", url: logsURL, status: 200, want: []string{"[]"}},
		{name: "limit 0", as: "admin", method: "GET", url: logsURL + "?limit=0", before: chatter, status: 200, want: []string{"[]"}},
		{name: "more than there may be", as: "admin", method: "GET", url: logsURL + "?limit=5000", before: chatter, status: 200, want: []string{"line 0"}},
		{name: "of a level and above", as: "admin", method: "GET", url: logsURL + "?level=warn", before: ladder, status: 200, want: []string{"a warn", "a error"}, wantNot: []string{"a info", "a debug", "a trace"}},
		{name: "after an id of long ago", as: "admin", method: "GET", url: logsURL + "?after=1&limit=2", before: ladder, status: 200, want: []string{"a trace", "a debug"}, wantNot: []string{"a info"}},
		{name: "after an id to come", as: "admin", method: "GET", url: logsURL + "?after=18446744073709551615", before: ladder, status: 200, want: []string{"[]"}},
		{name: "a level that is none", as: "admin", method: "GET", url: logsURL + "?level=loud", status: 400, want: []string{"level must be one of trace, debug, info, warn, error"}},
		{name: "an id that is none", as: "admin", method: "GET", url: logsURL + "?after=-1", status: 400, want: []string{"after must be the id of a line"}},
		{name: "a negative limit", as: "admin", method: "GET", url: logsURL + "?limit=-1", status: 400, want: []string{"limit must be"}},
		{name: "a limit that is none", as: "admin", method: "GET", url: logsURL + "?limit=ten", status: 400, want: []string{"limit must be"}},
	}...))
}

func TestStreamIsRefused(t *testing.T) {
	t.Parallel()
	run(t, append(denied("GET", logsURL+"/stream", "", false),
		scenario{name: "an id that is none", as: "admin", method: "GET", url: logsURL + "/stream", header: map[string]string{"Last-Event-ID": "x"}, status: 400, want: []string{"Last-Event-ID"}},
		scenario{name: "after what is no id", as: "admin", method: "GET", url: logsURL + "/stream?after=x", status: 400, want: []string{"after must be"}},
		scenario{name: "a level that is none", as: "admin", method: "GET", url: logsURL + "/stream?level=x", status: 400, want: []string{"level must be"}}))
}

// event is one server-sent event; a comment has only that.
type event struct{ id, name, data, comment string }

// reader reads a stream.
type reader struct {
	t    *testing.T
	res  *http.Response
	scan *bufio.Scanner
}

// open starts a stream; it is up once its first event has come.
func (e *env) open(as, last string, query ...string) *reader {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.t.Context(), patience)
	e.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", e.server.URL+logsURL+"/stream"+strings.Join(query, ""), nil)
	if err != nil {
		e.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+e.tokens[as])
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	res, err := e.server.Client().Do(req)
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { _ = res.Body.Close() })
	if res.StatusCode != 200 {
		e.t.Fatalf("stream: status %d: %s", res.StatusCode, text(e.t, res))
	}
	r := &reader{t: e.t, res: res, scan: bufio.NewScanner(res.Body)}
	if first, ok := r.next(); !ok || first != (event{}) {
		e.t.Fatalf("the stream starts with %+v", first)
	}
	return r
}

// next reads one event; ok is false at the end of the stream.
func (r *reader) next() (ev event, ok bool) {
	r.t.Helper()
	for r.scan.Scan() {
		field, value, _ := strings.Cut(r.scan.Text(), ": ")
		switch field {
		case "id":
			ev.id = value
		case "event":
			ev.name = value
		case "data":
			ev.data = value
		case "":
			if value != "" {
				ev.comment = value
				continue
			}
			return ev, true
		}
	}
	return ev, false
}

// line reads the next event that is no comment and its entry.
func (r *reader) line() (event, logs.Entry) {
	r.t.Helper()
	for {
		ev, ok := r.next()
		if !ok {
			r.t.Fatalf("the stream ended: %v", r.scan.Err())
		}
		if ev.comment != "" {
			continue
		}
		var entry logs.Entry
		if err := json.Unmarshal([]byte(ev.data), &entry); err != nil {
			r.t.Fatalf("%q: %v", ev.data, err)
		}
		return ev, entry
	}
}

func TestStream(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	chatter(e)
	r := e.open("admin", "")
	if got := r.res.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("content type %q", got)
	}
	e.logs.Append(guildB, "info", logs.TargetScript, "secret")
	e.logs.Append(guildA, "error", logs.TargetRuntime, "two\nlines \"quoted\"")
	ev, entry := r.line()
	if ev.name != "" || ev.id != strconv.FormatUint(entry.ID, 10) || entry.Level != "error" || !strings.Contains(entry.Message, `"quoted"`) {
		t.Errorf("got %+v, %+v", ev, entry)
	}
	if entry.ID != e.logs.LastID(guildA) {
		t.Errorf("the first line of the stream is %d, the last written %d", entry.ID, e.logs.LastID(guildA))
	}
}

func TestStreamResumes(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	chatter(e)
	first := e.logs.Lines(guildA, logs.Query{Limit: 100})[0]
	r := e.open("admin", strconv.FormatUint(first.ID, 10))
	for _, want := range []string{"line 1", "line 2"} {
		if _, got := r.line(); got.Message != want {
			t.Errorf("got %q, want %q", got.Message, want)
		}
	}
}

func TestStreamTellsWhatIsMissing(t *testing.T) {
	t.Parallel()
	hub := logs.New(logs.Config{Lines: 2})
	e := newEnv(t, func(c *api.Config) { c.Logs = hub })
	e.logs = hub
	chatter(e)
	first := e.logs.Lines(guildA, logs.Query{Limit: 2})[0] // line 1
	for i := 3; i < 6; i++ {
		e.logs.Append(guildA, "info", logs.TargetScript, fmt.Sprintf("line %d", i))
	}
	r := e.open("admin", strconv.FormatUint(first.ID, 10)) // 2 and 3 are gone.
	ev, note := r.line()
	if ev.name != "dropped" || ev.id != "" || !strings.Contains(ev.data, `"dropped":2`) || note.Level != "warn" || !strings.Contains(note.Message, "2 lines are missing") {
		t.Errorf("got %+v", ev)
	}
	if _, got := r.line(); got.Message != "line 4" {
		t.Errorf("got %q", got.Message)
	}
}

// TestStreamOfALevel: a reader that comes again misses no line below its level.
func TestStreamOfALevel(t *testing.T) {
	t.Parallel()
	hub := logs.New(logs.Config{Lines: 2})
	e := newEnv(t, func(c *api.Config) { c.Logs = hub })
	e.logs = hub
	r := e.open("admin", "", "?level=warn")
	e.logs.Append(guildA, "warn", logs.TargetScript, "one")
	if _, got := r.line(); got.Message != "one" {
		t.Fatalf("got %q", got.Message)
	}
	e.logs.Append(guildA, "info", logs.TargetScript, "below")
	below, ok := r.next()
	if want := (event{id: strconv.FormatUint(e.logs.LastID(guildA), 10)}); !ok || below != want {
		t.Errorf("a line below the level is told as %+v, want %+v", below, want)
	}
	e.logs.Append(guildA, "info", logs.TargetScript, "later")
	e.logs.Append(guildA, "error", logs.TargetScript, "two")
	if ev, got := e.open("admin", below.id, "?level=warn").line(); got.Message != "two" {
		t.Errorf("after it comes %+v", ev)
	}
}

func TestStreamKeepsAlive(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(c *api.Config) { c.Limits.KeepAlive = time.Millisecond })
	r := e.open("admin", "")
	for range 3 {
		if ev, ok := r.next(); !ok || ev.comment != "keep-alive" {
			t.Fatalf("got %+v, %t", ev, ok)
		}
	}
}

func TestStreamEndsWithTheRight(t *testing.T) {
	t.Parallel()
	fake := clock.NewFake(time.Unix(1_800_000_000, 0))
	e := newEnv(t, func(c *api.Config) {
		c.Clock = fake
		c.Limits.KeepAlive = time.Millisecond
	})
	id := e.token("admin", "1", auth.WithGuilds(guildA))
	r := e.open("admin", "")
	if ev, ok := r.next(); !ok || ev.comment == "" {
		t.Fatalf("got %+v, %t", ev, ok)
	}
	if err := e.auth.Delete(t.Context(), "1", id); err != nil {
		t.Fatal(err)
	}
	e.logs.Append(guildA, "info", logs.TargetScript, "still within the minute")
	if _, got := r.line(); got.Message != "still within the minute" {
		t.Errorf("got %q", got.Message)
	}
	fake.Advance(2 * time.Minute)
	e.logs.Append(guildA, "info", logs.TargetScript, "not for you")
	for {
		ev, ok := r.next()
		if !ok {
			t.Fatal("the stream ended without a word")
		}
		if strings.Contains(ev.data, "not for you") {
			t.Fatal("a line came after the right had gone")
		}
		if ev.name == "closed" {
			if !strings.Contains(ev.data, "may have been revoked") {
				t.Errorf("got %q", ev.data)
			}
			break
		}
	}
	if ev, ok := r.next(); ok {
		t.Errorf("%+v came after the end", ev)
	}
}

func TestStreamsAreCounted(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(c *api.Config) { c.Limits.StreamsPerCaller, c.Limits.Streams = 2, 3 })
	e.token("neighbour", "2", auth.WithGuilds(guildA))
	e.open("admin", "")
	r := e.open("reader", "") // Another token of the same user.
	if got := e.do("admin", "GET", logsURL+"/stream", "", nil); got.StatusCode != 429 {
		t.Errorf("third of one caller: status %d", got.StatusCode)
	}
	e.open("neighbour", "")
	if got := e.do("neighbour", "GET", logsURL+"/stream", "", nil); got.StatusCode != 503 {
		t.Errorf("fourth of all: status %d", got.StatusCode)
	}
	_ = r.res.Body.Close()
	e.logs.Append(guildA, "info", logs.TargetScript, "wakes the one that was left")
	deadline := time.Now().Add(patience)
	for {
		ctx, cancel := context.WithCancel(t.Context())
		status := e.status(ctx, "admin")
		cancel()
		if status == 200 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("a closed stream still counts: status %d", status)
		}
	}
}

// status opens a stream only for its status.
func (e *env) status(ctx context.Context, as string) int {
	e.t.Helper()
	req, err := http.NewRequestWithContext(ctx, "GET", e.server.URL+logsURL+"/stream", nil)
	if err != nil {
		e.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+e.tokens[as])
	res, err := e.server.Client().Do(req)
	if err != nil {
		e.t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

func TestShutdownEndsStreams(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	r := e.open("admin", "")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := e.server.Config.Shutdown(ctx); err != nil {
		t.Fatalf("shutdown: %v", err)
	}
	if ev, ok := r.next(); ok {
		t.Errorf("%+v came after the shutdown", ev)
	}
}

// TestAReaderThatDoesNotRead fills a connection that nobody reads: the stream
// ends by its write deadline and makes room for another one.
func TestAReaderThatDoesNotRead(t *testing.T) {
	t.Parallel()
	hub := logs.New(logs.Config{LinesPerSecond: 1 << 20, Burst: 1 << 20, Lines: 4096, Bytes: 64 << 20})
	e := newEnv(t, func(c *api.Config) {
		c.Logs = hub
		c.Limits.StreamWrite, c.Limits.StreamsPerCaller = 50*time.Millisecond, 1
	})
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", e.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // The test is over.
	if _, err := io.WriteString(conn, "GET "+logsURL+"/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+e.tokens["admin"]+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	line := strings.Repeat("x", 16<<10)
	deadline := time.Now().Add(patience)
	seen := false
	for {
		for range 64 {
			hub.Append(guildA, "info", logs.TargetScript, line)
		}
		ctx, cancel := context.WithCancel(t.Context())
		status := e.status(ctx, "admin")
		cancel()
		seen = seen || status == 429
		if seen && status == 200 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the stream is still there: status %d", status)
		}
	}
}
