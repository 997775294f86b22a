package websocket_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gorilla "github.com/gorilla/websocket"

	"github.com/flora-runtime/flora-runtime/pkg/egress"
	"github.com/flora-runtime/flora-runtime/pkg/egress/egresstest"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/v8ops/websocket"
)

const guildA, guildB snowflake.GuildID = 100000000000000001, 100000000000000002

// patience bounds every wait; a test that reaches it has failed.
const patience = 20 * time.Second

// rig is the ops on an internet of their own, whose server echoes, for a script
// that lives until die is called.
type rig struct {
	t     *testing.T
	table *op.Table
	life  context.Context //nolint:containedctx // The script's.
	die   context.CancelFunc
	kept  atomic.Int32
	open  func() // Called while one is being noted as open; may be nil.
	left  chan error
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, left: make(chan error, 100)}
	r.life, r.die = context.WithCancel(t.Context())
	net := egresstest.New()
	net.Serve(t, "93.184.216.34:80", "example.com", r)
	client := egress.New(egress.Config{Limits: egress.DefaultLimits(), UserAgent: "Flora/test", Resolver: net, Dial: net.Dial})
	t.Cleanup(client.Close)
	var err error
	if r.table, err = op.NewTable(websocket.Ops(client)); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	up := gorilla.Upgrader{}
	c, err := up.Upgrade(w, q, nil)
	if err != nil {
		return
	}
	defer func() { _ = c.Close() }()
	for {
		kind, data, err := c.ReadMessage()
		if err != nil {
			r.left <- err
			return
		}
		_ = c.WriteMessage(kind, data)
	}
}

// call gives an op's result as JSON, and the bytes beside it.
func (r *rig) call(guild snowflake.GuildID, name, args string, raw ...byte) (string, []byte, error) {
	r.t.Helper()
	o, ok := r.table.Lookup("op_websocket_" + name)
	if !ok {
		r.t.Fatalf("there is no op %s", name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	v, err := o.Handler(ctx, op.Call{Guild: guild, Args: json.RawMessage(args), Raw: raw, Life: r.life, Keep: func() func() {
		r.kept.Add(1)
		if r.open != nil {
			r.open()
		}
		return func() { r.kept.Add(-1) }
	}})
	if err != nil {
		return "", nil, err
	}
	var bytes []byte
	if with, ok := v.(op.WithBytes); ok {
		v, bytes = with.Result, with.Bytes
	}
	b, err := json.Marshal(v)
	return string(b), bytes, err
}

func (r *rig) must(guild snowflake.GuildID, name, args string, raw ...byte) (string, []byte) {
	r.t.Helper()
	out, bytes, err := r.call(guild, name, args, raw...)
	if err != nil {
		r.t.Fatalf("%s %s: %v", name, args, err)
	}
	return out, bytes
}

func (r *rig) gone(code int) {
	r.t.Helper()
	select {
	case err := <-r.left:
		if !gorilla.IsCloseError(err, code) {
			r.t.Errorf("it ended with %v, want %d", err, code)
		}
	case <-time.After(patience):
		r.t.Fatalf("waited %s for a connection's end", patience)
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if got, _ := r.must(guildA, "open", `{"id":"1","url":"ws://example.com/"}`); got != `{"protocol":""}` {
		t.Error(got)
	}
	if r.kept.Load() != 1 {
		t.Error("the script is not kept")
	}
	r.must(guildA, "send", `{"id":"1","messages":[{"size":2},{"text":"hä\ud800"},{"size":1},{"size":0}]}`, 0, 255, 7)
	for i, want := range []string{"\x00\xff", `{"text":"hä�","end":null}`, "\x07", ""} {
		got, raw := r.must(guildA, "next", `{"id":"1"}`)
		if i != 1 {
			if got != `{"text":null,"end":null}` || string(raw) != want {
				t.Errorf("message %d: %s %q", i, got, raw)
			}
		} else if got != want || raw != nil {
			t.Errorf("message %d: %s %q", i, got, raw)
		}
	}
	r.must(guildA, "close", `{"id":"1","code":3000,"reason":"bye"}`)
	if got, _ := r.must(guildA, "next", `{"id":"1"}`); got != `{"text":null,"end":{"code":3000,"reason":"","clean":true,"why":""}}` {
		t.Error(got)
	}
	r.gone(3000)
	if r.kept.Load() != 0 {
		t.Error("the script is kept still")
	}
	if _, _, err := r.call(guildA, "next", `{"id":"1"}`); err == nil {
		t.Error("it is known still")
	}
	r.must(guildA, "close", `{"id":"1"}`)
}

// An id counts within its guild.
func TestIDs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.must(guildA, "open", `{"id":"1","url":"ws://example.com/"}`)
	if _, _, err := r.call(guildA, "open", `{"id":"1","url":"ws://example.com/"}`); err == nil {
		t.Error("an id is taken twice")
	}
	for _, call := range [][2]string{{"next", `{"id":"1"}`}, {"send", `{"id":"1","messages":[]}`}} {
		if _, _, err := r.call(guildB, call[0], call[1]); err == nil {
			t.Errorf("%s: another guild's WebSocket answers", call[0])
		}
	}
	r.must(guildB, "close", `{"id":"1"}`)
	r.must(guildB, "open", `{"id":"1","url":"ws://example.com/"}`)
	r.must(guildA, "send", `{"id":"1","messages":[{"text":"a"}]}`)
	if got, _ := r.must(guildA, "next", `{"id":"1"}`); !strings.Contains(got, `"a"`) {
		t.Error(got)
	}
	// What a script opened goes with it.
	r.die()
	r.gone(gorilla.CloseGoingAway)
	r.gone(gorilla.CloseGoingAway)
	for deadline := time.Now().Add(patience); r.kept.Load() != 0; time.Sleep(time.Millisecond) { //nolint:forbidigo // A condition is waited for.
		if time.Now().After(deadline) {
			t.Fatal("the script is kept still")
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.must(guildA, "open", `{"id":"1","url":"ws://example.com/"}`)
	for _, row := range []struct{ name, args, code, text string }{
		{"open", `{}`, "INVALID_INPUT", "id"},
		{"open", `{"id":"","url":"ws://example.com/"}`, "INVALID_INPUT", "id"},
		{"open", `{"id":"` + strings.Repeat("x", 65) + `","url":"ws://example.com/"}`, "INVALID_INPUT", "id"},
		{"open", `{"id":"2","url":"\ud800"}`, "INVALID_INPUT", "lone surrogate"},
		{"open", `{"id":"2","url":5}`, "INVALID_INPUT", "url"},
		{"open", `{"id":"2","url":"ws://example.com/","protocols":"a"}`, "INVALID_INPUT", "protocols"},
		{"open", `{"id":"2","url":"http://example.com/"}`, "FETCH_FAILED", "only ws: and wss:"},
		{"open", `{"id":"2","url":"ws://127.0.0.1/"}`, "FETCH_FAILED", "127.0.0.1: scripts may not reach this address"},
		{"open", `{"id":"2","url":"ws://example.com/","protocols":["a b"]}`, "FETCH_FAILED", "subprotocol"},
		{"next", `{}`, "INVALID_INPUT", "id"},
		{"next", `{"id":"2"}`, "INVALID_INPUT", "no WebSocket with this id"},
		{"send", `{"id":"1"}`, "INVALID_INPUT", "messages"},
		{"send", `{"id":"1","messages":[{"size":-1}]}`, "INVALID_INPUT", "more bytes than there are"},
		{"send", `{"id":"1","messages":[{"size":1}]}`, "INVALID_INPUT", "more bytes than there are"},
		{"send", `{"id":"1","messages":[` + strings.Repeat(`{},`, 256) + `{}]}`, "INVALID_INPUT", "the limit is 256"},
		{"close", `{"id":"1","code":1001}`, "INVALID_INPUT", "code"},
		{"close", `{"id":"1","code":5000}`, "INVALID_INPUT", "code"},
		{"close", `{"id":"1","code":1000,"reason":"` + strings.Repeat("x", 124) + `"}`, "INVALID_INPUT", "reason"},
		{"close", `{"id":"1","reason":"x"}`, "INVALID_INPUT", "reason"},
	} {
		_, _, err := r.call(guildA, row.name, row.args)
		f, ok := errors.AsType[*fault.Fault](err)
		if !ok || f.ScriptCode() != row.code || !strings.Contains(f.Message, row.text) {
			t.Errorf("%s %.100s: %v", row.name, row.args, err)
		}
	}
	r.must(guildA, "send", `{"id":"1","messages":[{"text":"still there"}]}`)
}

// FuzzArguments: whatever a worker sends as arguments is answered or refused.
func FuzzArguments(f *testing.F) {
	f.Add(0, `{"id":"1","url":"ws://a.b","protocols":["a"]}`, []byte{})
	f.Add(1, `{"id":"1"}`, []byte{})
	f.Add(2, `{"id":"1","messages":[{"text":"a"},{"size":1}]}`, []byte{1})
	f.Add(3, `{"id":"1","code":1000,"reason":"x","fail":""}`, []byte{})
	f.Fuzz(func(t *testing.T, which int, args string, raw []byte) {
		net := egresstest.New()
		client := egress.New(egress.Config{Limits: egress.DefaultLimits(), Resolver: net, Dial: net.Dial})
		defer client.Close()
		ops := websocket.Ops(client)
		o := ops[uint(which)%uint(len(ops))] //nolint:gosec // Any will do.
		_, err := o.Handler(t.Context(), op.Call{Guild: guildA, Args: json.RawMessage(args), Raw: raw, Life: t.Context()})
		if _, ok := errors.AsType[*fault.Fault](err); err != nil && !ok {
			t.Errorf("%q: %v", args, err)
		}
	})
}

// TestTheScriptEndsAsOneOpens: what was opened for it is given back all the same.
func TestTheScriptEndsAsOneOpens(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.open = r.die
	r.must(guildA, "open", `{"id":"1","url":"ws://example.com/"}`)
	r.gone(gorilla.CloseGoingAway)
	for end := time.Now().Add(patience); r.kept.Load() != 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it is still kept")
		}
	}
	if _, _, err := r.call(guildA, "next", `{"id":"1"}`); err == nil {
		t.Error("it is still known")
	}
}
