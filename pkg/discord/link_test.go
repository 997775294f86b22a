package discord

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
)

const hello = `{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250}}`

const readyEvent = `{"t":"READY","s":1,"op":0,"d":{"v":10,"session_id":"abc","resume_gateway_url":"","user":{"id":"1"},"application":{"id":"2"},"guilds":[]}}`

// odd is a gateway that does what no other does: serve gets every connection.
type odd struct {
	*httptest.Server
	dials atomic.Int32
	mu    sync.Mutex
	got   []string // What clients sent.
}

func newOdd(t testing.TB, serve func(n int, c *websocket.Conn)) *odd {
	t.Helper()
	o := &odd{}
	mux := http.NewServeMux()
	answer := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }
	}
	mux.HandleFunc("GET /api/gateway/bot", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"url":"ws%s/ws","shards":1,"session_start_limit":{"total":1000,"remaining":999,"reset_after":1000,"max_concurrency":1}}`, strings.TrimPrefix(o.URL, "http"))
	})
	mux.HandleFunc("GET /api/oauth2/applications/@me", answer(`{"id":"2"}`))
	mux.HandleFunc("GET /api/users/@me", answer(`{"id":"1"}`))
	mux.HandleFunc("/ws", func(w http.ResponseWriter, r *http.Request) {
		up := websocket.Upgrader{WriteBufferSize: 64 << 10}
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		serve(int(o.dials.Add(1)), c)
	})
	o.Server = httptest.NewServer(mux)
	t.Cleanup(o.Close)
	return o
}

// heard reads what the client sends until it goes.
func (o *odd) heard(c *websocket.Conn) {
	for {
		_, b, err := c.ReadMessage()
		if err != nil {
			return
		}
		o.mu.Lock()
		o.got = append(o.got, string(b))
		o.mu.Unlock()
	}
}

func text(c *websocket.Conn, payloads ...string) {
	for _, p := range payloads {
		_ = c.WriteMessage(websocket.TextMessage, []byte(p)) // A client that went is noticed by reading.
	}
}

func oddGateway(t testing.TB, o *odd, sink Sink, set func(*GatewayConfig)) *Gateway {
	t.Helper()
	rest, err := NewREST(RESTConfig{Base: o.URL + "/api", Token: "tok3n", GlobalLimit: -1})
	if err != nil {
		t.Fatal(err)
	}
	cfg := GatewayConfig{Token: "tok3n", REST: rest, RetryMin: time.Millisecond, RetryMax: 5 * time.Millisecond, InvalidWait: time.Millisecond, IdentifyEvery: time.Millisecond}
	if set != nil {
		set(&cfg)
	}
	g, err := NewGateway(cfg, sink)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := g.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return g
}

func TestGatewayTriesAgainAfterNonsense(t *testing.T) {
	t.Parallel()
	bad := []func(c *websocket.Conn){
		func(c *websocket.Conn) { text(c, `{"op":10,"d":{"heartbeat_interval":0}}`) },
		func(c *websocket.Conn) { text(c, `{"op":10,"d":{"heartbeat_interval":1e99}}`) },
		func(c *websocket.Conn) { text(c, hello, `not JSON`) },
		func(c *websocket.Conn) {
			_ = c.WriteMessage(websocket.BinaryMessage, []byte("\x00not zlib\x00\x00\xff\xff"))
		},
		func(c *websocket.Conn) { text(c, hello, `{"op":0,"t":"READY","s":1,"d":{}}`) },
		func(c *websocket.Conn) { text(c, hello, `{"op":0,"t":"READY","s":1,"d":[`) },
		func(*websocket.Conn) {},
	}
	var o *odd
	o = newOdd(t, func(n int, c *websocket.Conn) {
		if n <= len(bad) {
			bad[n-1](c)
			if n == len(bad) {
				return
			}
		} else {
			text(c, hello, readyEvent)
		}
		o.heard(c)
	})
	sink := newRecorder()
	oddGateway(t, o, sink, func(c *GatewayConfig) { c.ReadyWithin = 10 * time.Second })
	sink.wait(t, "ready", func() bool { return len(sink.ready) == 1 })
	if n := int(o.dials.Load()); n != len(bad)+1 {
		t.Errorf("%d connections", n)
	}
}

func TestGatewayGivesAStuckConnectionUp(t *testing.T) {
	t.Parallel()
	var o *odd
	o = newOdd(t, func(n int, c *websocket.Conn) {
		text(c, hello)
		if n > 1 {
			text(c, readyEvent)
		}
		o.heard(c)
	})
	sink := newRecorder()
	oddGateway(t, o, sink, func(c *GatewayConfig) { c.ReadyWithin = 20 * time.Millisecond })
	sink.wait(t, "ready", func() bool { return len(sink.ready) == 1 })
}

func TestGatewayWhatItSends(t *testing.T) {
	t.Parallel()
	var o *odd
	o = newOdd(t, func(n int, c *websocket.Conn) {
		text(c, hello)
		if n == 1 {
			text(c, readyEvent, `{"t":"MESSAGE_CREATE","s":5,"op":0,"d":{"guild_id":"9","content":"a"}}`, `{"op":1,"d":null}`)
			text(c, `{"t":"MESSAGE_CREATE","s":5,"op":0,"d":{"guild_id":"9","content":"the same again"}}`)
			text(c, `{"t":"MESSAGE_CREATE","s":6,"op":0,"d":{"content":"of no guild"}}`)
			text(c, `{"t":"MESSAGE_CREATE","s":7,"op":0,"d":{"guild_id":"9","content":}}`)
			text(c, `{"op":7,"d":null}`)
		} else {
			text(c, `{"t":"MESSAGE_CREATE","s":8,"op":0,"d":{"guild_id":"9","content":"b"}}`, `{"t":"RESUMED","s":9,"op":0,"d":{}}`)
		}
		o.heard(c)
	})
	sink := newRecorder()
	oddGateway(t, o, sink, func(c *GatewayConfig) { c.Shards = 1; c.Intents = catalog.Guilds })
	sink.waitMessages(t, "a", "b")
	// Beats come when Discord asks for one, and now and then.
	var got, beats []string
	sink.wait(t, "what was sent", func() bool {
		o.mu.Lock()
		defer o.mu.Unlock()
		got, beats = nil, nil
		for _, frame := range o.got {
			if strings.HasPrefix(frame, `{"op":1,`) {
				beats = append(beats, frame)
			} else {
				got = append(got, frame)
			}
		}
		return len(got) >= 2 && len(beats) >= 1 || ticked(sink)
	})
	slices.Sort(got) // Two connections are heard side by side.
	var identify struct {
		Op int            `json:"op"`
		D  map[string]any `json:"d"`
	}
	if err := json.Unmarshal([]byte(got[0]), &identify); err != nil {
		t.Fatal(err)
	}
	delete(identify.D, "properties")
	want := map[string]any{"token": "tok3n", "large_threshold": 50., "shard": []any{0., 1.}, "intents": 1.}
	if diff := cmp.Diff(want, identify.D); diff != "" || identify.Op != 2 {
		t.Errorf("identify, op %d (-want +got):\n%s", identify.Op, diff)
	}
	// A beat carries the newest number at the time.
	for _, beat := range beats {
		if !slices.Contains([]string{`{"op":1,"d":null}`, `{"op":1,"d":5}`, `{"op":1,"d":6}`, `{"op":1,"d":7}`, `{"op":1,"d":8}`, `{"op":1,"d":9}`}, beat) {
			t.Errorf("the heartbeat is %s", beat)
		}
	}
	if want := `{"op":6,"d":{"token":"tok3n","session_id":"abc","seq":7}}`; got[1] != want {
		t.Errorf("the resume is %s, want %s", got[1], want)
	}
}

// nobody is a sink without scripts.
type nobody struct{ *recorder }

func (nobody) Wants(string) bool { return false }

// everybody wants events and only converts them.
type everybody struct{ *recorder }

func (everybody) Wants(string) bool { return true }

func (everybody) HandleEvent(_ context.Context, e Event) {
	if _, _, ok := Payload(e); !ok {
		panic("a payload is refused")
	}
}

// BenchmarkDispatch is the reader's work on one event, without the socket.
func BenchmarkDispatch(b *testing.B) {
	for _, c := range []struct {
		name string
		sink Sink
	}{{"unhandled", nobody{newRecorder()}}, {"handled", everybody{newRecorder()}}} {
		b.Run(c.name, func(b *testing.B) {
			slot, err := FileSessions{Dir: b.TempDir()}.Open(0, 1, 1)
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = slot.Close() }()
			s := &shard{gateway: &Gateway{sink: c.sink, state: newState()}, slot: slot, kinds: kinds{}, log: zap.NewNop()}
			l := newLink(s, Session{}, func() {})
			payload := []byte(`{"t":"MESSAGE_CREATE","s":00000000001,"op":0,"d":` + message1K + `}`)
			at := strings.Index(string(payload), "00000000001")
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n++
				copy(payload[at:], fmt.Sprintf("1%010d", n))
				if err := l.take(b.Context(), payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkGateway is the whole way from the socket: events of 1 KB that nobody
// handles, or that are converted for scripts. The server sends from memory.
func BenchmarkGateway(b *testing.B) {
	for _, c := range []struct {
		name string
		sink func(*recorder) Sink
	}{
		{"unhandled", func(r *recorder) Sink { return nobody{r} }},
		{"handled", func(r *recorder) Sink { return everybody{r} }},
	} {
		b.Run(c.name, func(b *testing.B) {
			var o *odd
			start := make(chan int)
			o = newOdd(b, func(_ int, conn *websocket.Conn) {
				text(conn, hello, readyEvent)
				go o.heard(conn)
				flood(conn, start)
			})
			r := newRecorder()
			g := oddGateway(b, o, c.sink(r), func(c *GatewayConfig) { c.Sessions = FileSessions{Dir: b.TempDir()} })
			for !g.Connected() {
				time.Sleep(time.Millisecond)
			}
			slot, ok := g.shards[0].slot.(*mappedSession)
			if !ok {
				b.Fatal("sessions are not kept in a file")
			}
			b.ResetTimer()
			start <- b.N
			for slot.ledger.lowWord.Load()&(1<<seqBits-1) < uint64(floodFrom+b.N) { //nolint:gosec // Positive.
				time.Sleep(100 * time.Microsecond)
			}
			b.StopTimer()
			close(start)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// floodFrom keeps the sequence numbers of a flood equally long.
const floodFrom = 1_000_000_000

// flood writes as many events as asked for, from one buffer in which only the
// sequence numbers change.
func flood(conn *websocket.Conn, start <-chan int) {
	payload := fmt.Sprintf(`{"t":"MESSAGE_CREATE","s":%d,"op":0,"d":%s}`, floodFrom, message1K)
	frame := append([]byte{0x81, 126, byte(len(payload) >> 8), byte(len(payload))}, payload...)
	at := bytes.Index(frame, []byte("1000000000"))
	batch := bytes.Repeat(frame, 50)
	seq := floodFrom
	for n := range start {
		for n > 0 {
			count := min(n, 50)
			for i := range count {
				seq++
				digits := batch[i*len(frame)+at:][:10]
				for v, j := seq, 9; j >= 0; j-- {
					digits[j] = byte('0' + v%10)
					v /= 10
				}
			}
			_, _ = conn.NetConn().Write(batch[:count*len(frame)]) // The benchmark would not end.
			n -= count
		}
	}
}
