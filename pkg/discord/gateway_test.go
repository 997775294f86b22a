package discord

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/discord/internal/jsonscan"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim/contract"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// recorder is a Sink that keeps what it gets.
type recorder struct {
	mu      sync.Mutex
	changed chan struct{} // Closed and replaced at every change.
	wants   func(string) bool
	got     []string // Contents of messages, in order.
	types   map[string]int
	ready   []string
	joined  []snowflake.GuildID
	left    []snowflake.GuildID
	shards  map[int]int
	denied  catalog.Intents
}

func newRecorder() *recorder {
	return &recorder{changed: make(chan struct{}), types: map[string]int{}, shards: map[int]int{}, wants: func(t string) bool { return catalog.Names(t) != nil }}
}

func (r *recorder) change(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *recorder) Wants(eventType string) bool { return r.wants(eventType) }

func (r *recorder) HandleEvent(_ context.Context, e Event) {
	var m struct {
		Content string `json:"content"`
	}
	if err := json.Unmarshal(e.Data, &m); err != nil {
		m.Content = "not JSON: " + err.Error()
	}
	r.change(func() {
		r.types[e.Type]++
		if e.Type == typeMessageCreate {
			r.got = append(r.got, m.Content)
			r.shards[e.Shard]++
		}
	})
}
func (r *recorder) Ready(user json.RawMessage) {
	r.change(func() { r.ready = append(r.ready, string(user)) })
}
func (r *recorder) Join(g snowflake.GuildID)  { r.change(func() { r.joined = append(r.joined, g) }) }
func (r *recorder) Denied(i catalog.Intents)  { r.change(func() { r.denied |= i }) }
func (r *recorder) Leave(g snowflake.GuildID) { r.change(func() { r.left = append(r.left, g) }) }

// wait waits until ok, which is called with mu held.
func (r *recorder) wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		r.mu.Lock()
		done, changed := ok(), r.changed
		r.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			r.mu.Lock()
			defer r.mu.Unlock()
			t.Fatalf("%s: did not happen; messages %q, types %v, ready %d, joined %v, left %v", what, r.got, r.types, len(r.ready), r.joined, r.left)
		}
	}
}

func (r *recorder) waitMessages(t *testing.T, want ...string) {
	t.Helper()
	r.wait(t, fmt.Sprintf("messages %q", want), func() bool { return len(r.got) >= len(want) })
	r.mu.Lock()
	defer r.mu.Unlock()
	if diff := cmp.Diff(want, r.got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

// world is a simulated Discord with a gateway that is connected to it.
type world struct {
	t      *testing.T
	sim    *discordsim.Sim
	url    string
	guilds []simGuild
	cfg    GatewayConfig
	logs   *observer.ObservedLogs
	wants  func(string) bool
	sinkOf func(*recorder) Sink // What the gateway gets, if not the recorder.

	gateway *Gateway
	sink    *recorder
	stop    func() error
	ended   chan error
}

type simGuild struct {
	ID       snowflake.GuildID `json:"id"`
	Channels []struct {
		ID snowflake.ChannelID `json:"id"`
	} `json:"channels"`
}

func newWorld(t *testing.T, sim discordsim.Config) *world {
	t.Helper()
	sim.NoRateLimits = true
	contract.Watch(t, &sim)
	s, err := discordsim.New(sim)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	s.SetBaseURL(server.URL)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	core, logs := observer.New(zap.DebugLevel)
	w := &world{t: t, sim: s, url: server.URL, logs: logs}
	w.cfg = GatewayConfig{
		Token: "tok3n", REST: w.rest(RESTConfig{}), RetryMin: time.Millisecond, RetryMax: 20 * time.Millisecond,
		InvalidWait: 5 * time.Millisecond, IdentifyEvery: time.Millisecond, GatherIntents: time.Millisecond, Log: zap.New(core),
		Intents: catalog.GuildMessages | catalog.MessageContent, Privileged: catalog.Privileged,
	}
	w.control(&w.guilds, "GET", "")
	return w
}

func (w *world) rest(cfg RESTConfig) *REST {
	w.t.Helper()
	cfg.Base, cfg.Token = w.url+"/api/v10", "tok3n"
	r, err := NewREST(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// control asks the simulator's control route for its world.
func (w *world) control(into *[]simGuild, method, path string) {
	w.t.Helper()
	req := httptest.NewRequestWithContext(w.t.Context(), method, "/sim"+path, nil)
	rec := httptest.NewRecorder()
	w.sim.Handler().ServeHTTP(rec, req)
	var doc struct {
		Guilds []simGuild `json:"guilds"`
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &doc); err != nil || rec.Code != 200 {
		w.t.Fatalf("%s: %d %s", path, rec.Code, rec.Body)
	}
	*into = doc.Guilds
}

// start runs a gateway until its shards are up.
func (w *world) start() {
	w.t.Helper()
	w.launch()
	w.sink.wait(w.t, "ready", func() bool { return len(w.sink.ready) > 0 })
}

// launch runs a gateway.
func (w *world) launch() {
	w.t.Helper()
	w.sink = newRecorder()
	if w.wants != nil {
		w.sink.wants = w.wants
	}
	var sink Sink = w.sink
	if w.sinkOf != nil {
		sink = w.sinkOf(w.sink)
	}
	g, err := NewGateway(w.cfg, sink)
	if err != nil {
		w.t.Fatal(err)
	}
	w.gateway = g
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	w.ended = ended
	go func() { ended <- g.Run(ctx); close(ended) }()
	var once sync.Once
	var result error
	w.stop = func() error {
		once.Do(func() {
			cancel()
			select {
			case result = <-ended:
			case <-time.After(20 * time.Second):
				w.t.Error("the gateway does not stop")
			}
		})
		return result
	}
	stop := w.stop
	w.t.Cleanup(func() { _ = stop() })
}

// post calls a control route of the simulator.
func (w *world) post(path, body string) {
	w.t.Helper()
	req := httptest.NewRequestWithContext(w.t.Context(), "POST", path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	rec := httptest.NewRecorder()
	w.sim.Handler().ServeHTTP(rec, req)
	if rec.Code >= 300 {
		w.t.Fatalf("POST %s: %d %s", path, rec.Code, rec.Body)
	}
}

func (w *world) say(guild int, text string) {
	w.t.Helper()
	g := w.guilds[guild]
	if _, err := w.sim.Say(g.ID, g.Channels[0].ID, "", text); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) fail(f discordsim.GatewayFault) {
	w.t.Helper()
	n, err := w.sim.FailGateway(f)
	if err != nil || n == 0 {
		w.t.Fatalf("%+v: %d connections, %v", f, n, err)
	}
}

func (w *world) identifies(want int) {
	w.t.Helper()
	if _, n := w.sim.Sessions(); n != want {
		w.t.Errorf("%d sessions were begun, want %d", n, want)
	}
}

// logged waits for a log entry whose error contains text.
func (w *world) logged(text string) {
	w.t.Helper()
	for _, e := range w.logs.All() {
		if strings.Contains(fmt.Sprint(e.ContextMap()["error"]), text) {
			return
		}
	}
	w.t.Errorf("no log line says %q: %v", text, w.logs.All())
}

func TestGatewayLogsIn(t *testing.T) {
	t.Parallel()
	for _, compress := range []bool{false, true} {
		t.Run(fmt.Sprint("compress ", compress), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, discordsim.Config{Guilds: 3})
			w.cfg.Compress = compress
			w.start()
			w.say(0, "one")
			w.say(2, "two")
			w.say(0, "three")
			w.sink.waitMessages(t, "one", "two", "three")
			if got := w.gateway.Application(); got != w.sim.ApplicationID() {
				t.Errorf("application %v", got)
			}
			var user struct {
				ID  string `json:"id"`
				Bot bool   `json:"bot"`
			}
			if err := json.Unmarshal(w.gateway.User(), &user); err != nil || !user.Bot || user.ID == "" || w.sink.ready[0] != string(w.gateway.User()) {
				t.Errorf("user %s, ready with %s, %v", w.gateway.User(), w.sink.ready[0], err)
			}
			if !w.gateway.Connected() {
				t.Errorf("status %+v", w.gateway.Status())
			}
			if len(w.sink.joined) != 0 {
				t.Errorf("guilds that were there from the start are joined: %v", w.sink.joined)
			}
			if err := w.stop(); err != nil || w.gateway.Connected() {
				t.Errorf("stopping gives %v, status %+v", err, w.gateway.Status())
			}
		})
	}
}

func TestGatewayResumes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		fault      discordsim.GatewayFault
		identifies int
		says       string
		lost       bool // Events of the meantime are not replayed.
	}{
		{"after a broken connection", discordsim.GatewayFault{Kind: "drop"}, 1, "read from the gateway", false},
		{"after a close code", discordsim.GatewayFault{Kind: "drop", Code: 4000}, 1, "code 4000", false},
		{"after an unknown error", discordsim.GatewayFault{Kind: "drop", Code: 4001}, 1, "code 4001", false},
		{"after a decode error", discordsim.GatewayFault{Kind: "drop", Code: 4002}, 1, "code 4002", false},
		{"after too many payloads", discordsim.GatewayFault{Kind: "drop", Code: 4008}, 1, "code 4008", false},
		{"not after 4003", discordsim.GatewayFault{Kind: "drop", Code: 4003, Forget: true}, 2, "code 4003", true},
		{"not after 1000", discordsim.GatewayFault{Kind: "drop", Code: 1000}, 2, "code 1000", true},
		{"after RECONNECT", discordsim.GatewayFault{Kind: "reconnect"}, 1, errReconnect.Error(), false},
		{"after INVALID_SESSION that leaves the session", discordsim.GatewayFault{Kind: "invalid_session", Resumable: true}, 1, errInvalidKept.Error(), false},
		{"not after INVALID_SESSION that ends it", discordsim.GatewayFault{Kind: "invalid_session"}, 2, errInvalidSession.Error(), true},
		{"not when the session is gone", discordsim.GatewayFault{Kind: "drop", Forget: true}, 2, errInvalidSession.Error(), true},
		{"not after 4009", discordsim.GatewayFault{Kind: "drop", Code: 4009}, 2, "code 4009", true},
		{"not after 4007", discordsim.GatewayFault{Kind: "drop", Code: 4007}, 2, "code 4007", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, discordsim.Config{})
			w.cfg.Compress = true
			w.start()
			w.say(0, "before")
			w.sink.waitMessages(t, "before")
			ups := w.logs.FilterMessage("gateway session is up").Len()
			w.fail(c.fault)
			want := []string{"before"}
			if !c.lost {
				// Said while nobody is connected, or nearly so.
				w.say(0, "meanwhile")
				want = append(want, "meanwhile")
			}
			w.sink.wait(t, "a session again", func() bool {
				return w.logs.FilterMessage("gateway session is up").Len() > ups || ticked(w.sink)
			})
			w.say(0, "after")
			w.sink.waitMessages(t, append(want, "after")...)
			w.identifies(c.identifies)
			w.logged(c.says)
			if n := len(w.sink.ready); n != 1 {
				t.Errorf("ready was told %d times", n)
			}
		})
	}
}

func idOf(doc []byte) string { return jsonscan.Text(jsonscan.Get(doc, "id")) }

// ticked has wait look again soon, for conditions that are not the sink's.
func ticked(r *recorder) bool {
	time.AfterFunc(time.Millisecond, func() { r.change(func() {}) })
	return false
}
