package discordsim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim/contract"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// patience bounds every wait of the tests.
const patience = 30 * time.Second

// fakeClock is the simulator's time.
type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func newFakeClock() *fakeClock {
	return &fakeClock{now: time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)}
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// caller is not the standard client: the end of any test's server drops the idle
// connections of that, which another test may be about to use.
var caller = &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()} //nolint:forcetypeassert // It is one.

// world is a simulator on loopback with the ids of its first guild.
type world struct {
	t    *testing.T
	sim  *discordsim.Sim
	base string

	app     string
	guild   string
	channel string
	users   map[string]string
	roles   map[string]string
}

// object is any JSON object.
type object = map[string]any

func newWorld(t *testing.T, cfg discordsim.Config) *world {
	t.Helper()
	contract.WatchAnswers(t, &cfg)
	sim, err := discordsim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim.Handler())
	sim.SetBaseURL(server.URL)
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	w := &world{t: t, sim: sim, base: server.URL, app: sim.ApplicationID().String(), users: map[string]string{}, roles: map[string]string{}}
	_, body := w.control("GET", "?limit=1", nil)
	var doc struct {
		Guilds []struct {
			ID       string
			Channels []struct{ ID string }
			Roles    []struct{ ID, Name string }
			Members  []struct{ ID, Username string }
		}
	}
	if err := json.Unmarshal(body, &doc); err != nil || len(doc.Guilds) != 1 {
		t.Fatalf("GET /sim: %v %s", err, body)
	}
	first := doc.Guilds[0]
	w.guild, w.channel = first.ID, first.Channels[0].ID
	for _, m := range first.Members {
		w.users[m.Username] = m.ID
	}
	for _, r := range first.Roles {
		w.roles[r.Name] = r.ID
	}
	return w
}

// impatient is a world whose people wait for an answer for a moment only.
func impatient(t *testing.T) *world {
	t.Helper()
	return newWorld(t, discordsim.Config{NoRateLimits: true, AnswerWithin: 5 * time.Millisecond})
}

// quiet is a world without rate limits, where a busy machine is never too late.
func quiet(t *testing.T) *world {
	t.Helper()
	return newWorld(t, discordsim.Config{NoRateLimits: true, AnswerWithin: patience})
}

// request sends a request and returns the answer with its body read.
func (w *world) request(method, url string, body any, headers ...string) (*http.Response, []byte) {
	w.t.Helper()
	var reader io.Reader
	kind := "application/json"
	switch b := body.(type) {
	case nil:
		kind = ""
	case string:
		reader = strings.NewReader(b)
	case []byte:
		reader = bytes.NewReader(b)
	default:
		text, err := json.Marshal(body)
		if err != nil {
			w.t.Fatal(err)
		}
		reader = bytes.NewReader(text)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, reader)
	if err != nil {
		w.t.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := caller.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp, text
}

// control calls a control route.
func (w *world) control(method, path string, body any) (int, []byte) {
	w.t.Helper()
	resp, text := w.request(method, w.base+"/sim"+path, body)
	return resp.StatusCode, text
}

// rest calls REST as the bot and returns the status and the object it answers.
func (w *world) rest(method, path string, body any, headers ...string) (int, object) {
	w.t.Helper()
	resp, text := w.request(method, w.base+"/api/v10"+path, body, append([]string{"Authorization", "Bot token"}, headers...)...)
	return resp.StatusCode, w.decode(text)
}

// list calls REST for an array of objects.
func (w *world) list(path string) []object {
	w.t.Helper()
	resp, text := w.request("GET", w.base+"/api/v10"+path, nil, "Authorization", "Bot token")
	var out []object
	if err := json.Unmarshal(text, &out); err != nil || resp.StatusCode != http.StatusOK {
		w.t.Fatalf("GET %s: %d %s", path, resp.StatusCode, text)
	}
	return out
}

func (w *world) decode(text []byte) object {
	w.t.Helper()
	var out object
	if len(text) > 0 && text[0] == '{' {
		if err := json.Unmarshal(text, &out); err != nil {
			w.t.Fatalf("%v: %s", err, text)
		}
	}
	return out
}

// must calls REST and fails unless the status is the one.
func (w *world) must(status int, method, path string, body any, headers ...string) object {
	w.t.Helper()
	got, out := w.rest(method, path, body, headers...)
	if got != status {
		w.t.Fatalf("%s %s: got %d %v, want %d", method, path, got, out, status)
	}
	return out
}

// refused calls REST and fails unless Discord's status and code come back.
func (w *world) refused(status, code int, method, path string, body any, headers ...string) object {
	w.t.Helper()
	got, out := w.rest(method, path, body, headers...)
	if got != status || intOf(out["code"]) != code {
		w.t.Fatalf("%s %s: got %d %v, want %d with code %d", method, path, got, out, status, code)
	}
	if text, ok := out["message"].(string); !ok || text == "" {
		w.t.Fatalf("%s %s: an error without a message: %v", method, path, out)
	}
	return out
}

// say lets a member say something and returns the message's id.
func (w *world) say(author, content string) string {
	w.t.Helper()
	status, text := w.control("POST", w.messages(), object{"author": author, "content": content})
	if status != http.StatusOK {
		w.t.Fatalf("say: %d %s", status, text)
	}
	return textOf(w.decode(text)["id"])
}

func (w *world) messages() string {
	return "/guilds/" + w.guild + "/channels/" + w.channel + "/messages"
}

func (w *world) inChannel(path string) string { return "/channels/" + w.channel + path }
func (w *world) inGuild(path string) string   { return "/guilds/" + w.guild + path }

func intOf(v any) int {
	n, _ := v.(float64)
	return int(n)
}

func lengthOf(v any) int {
	l, _ := v.([]any)
	return len(l)
}

func textOf(v any) string {
	s, _ := v.(string)
	return s
}

// at walks into nested objects and arrays.
func at(v any, path ...any) any {
	for _, step := range path {
		switch s := step.(type) {
		case string:
			m, _ := v.(object)
			v = m[s]
		case int:
			l, _ := v.([]any)
			if s >= len(l) {
				return nil
			}
			v = l[s]
		}
	}
	return v
}

// formError is the code of the first complaint at a path of a 50035.
func formError(answer object, path ...string) string {
	v := answer["errors"]
	for _, key := range path {
		v = at(v, key)
	}
	return textOf(at(v, "_errors", 0, "code"))
}

func multipart(t *testing.T, payload any, files map[string]string) (body []byte, contentType string) {
	t.Helper()
	var b bytes.Buffer
	const boundary = "frontier"
	text, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "--%s\r\nContent-Disposition: form-data; name=\"payload_json\"\r\nContent-Type: application/json\r\n\r\n%s\r\n", boundary, text)
	n := 0
	for name, data := range files {
		fmt.Fprintf(&b, "--%s\r\nContent-Disposition: form-data; name=\"files[%d]\"; filename=\"%s\"\r\nContent-Type: text/plain\r\n\r\n%s\r\n", boundary, n, name, data)
		n++
	}
	fmt.Fprintf(&b, "--%s--\r\n", boundary)
	return b.Bytes(), "multipart/form-data; boundary=" + boundary
}

func snowflakeOf(t *testing.T, id string) snowflake.GuildID {
	t.Helper()
	g, err := snowflake.ParseGuild(id)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// eventually waits until the condition holds; the simulator tells of requests
// only, so other conditions are asked for again and again.
func (w *world) eventually(what string, holds func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			w.t.Fatalf("%s: not within %s", what, patience)
		}
		runtime.Gosched()
	}
}

// disconnected waits until no session is connected.
func (w *world) disconnected() {
	w.t.Helper()
	w.eventually("disconnected", func() bool {
		n, _ := w.sim.Sessions()
		return n == 0
	})
}

// pushed waits until the session has got the sequence number.
func (w *world) pushed(session string, seq int64) {
	w.t.Helper()
	w.eventually("pushed", func() bool {
		_, body := w.control("GET", "/gateway", nil)
		list, _ := w.decode(body)["sessions"].([]any)
		for _, s := range list {
			if at(s, "session_id") == session && intOf(at(s, "seq")) >= int(seq) {
				return true
			}
		}
		return false
	})
}

func closeMessage(code int) []byte { return websocket.FormatCloseMessage(code, "") }

func replace(text string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(text) }
