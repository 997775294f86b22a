package fetch_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/egress"
	"github.com/flora-runtime/flora-runtime/pkg/egress/egresstest"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/v8ops/fetch"
)

const guildA, guildB snowflake.GuildID = 100000000000000001, 100000000000000002

// patience bounds every wait; a test that reaches it has failed.
const patience = 20 * time.Second

// rig is the ops on an internet of their own.
type rig struct {
	t             *testing.T
	table         *op.Table
	client        *egress.Client
	life          context.Context //nolint:containedctx // Of the script.
	end           context.CancelFunc
	net           *egresstest.Net
	arrived, left chan struct{}
}

func newRig(t *testing.T, change ...func(*egress.Limits)) *rig {
	t.Helper()
	r := &rig{t: t, arrived: make(chan struct{}, 10), left: make(chan struct{}, 10)}
	net := egresstest.New()
	net.Serve(t, "93.184.216.34:80", "example.com", r)
	limits := egress.DefaultLimits()
	for _, f := range change {
		f(&limits)
	}
	r.net = net
	r.client = egress.New(egress.Config{Limits: limits, UserAgent: "Flora/test", Resolver: net, Dial: net.Dial})
	t.Cleanup(r.client.Close)
	r.life, r.end = context.WithCancel(t.Context())
	t.Cleanup(r.end)
	var err error
	if r.table, err = op.NewTable(fetch.Ops(r.client)); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	if q.URL.Path == "/held" {
		r.arrived <- struct{}{}
		<-q.Context().Done()
		r.left <- struct{}{}
		return
	}
	w.Header().Set("Date", "")
	w.Header().Set("X-Latin", "\xe9 "+q.Header.Get("X-Latin"))
	w.WriteHeader(http.StatusCreated)
	_, _ = io.Copy(w, q.Body)
}

func (r *rig) call(guild snowflake.GuildID, name, args string) (string, error) {
	r.t.Helper()
	out, _, err := r.raw(guild, name, args, nil)
	return out, err
}

// raw is call with bytes beside the arguments and the result.
func (r *rig) raw(guild snowflake.GuildID, name, args string, body []byte) (string, []byte, error) {
	r.t.Helper()
	o, ok := r.table.Lookup(name)
	if !ok {
		r.t.Fatalf("there is no op %s", name)
	}
	v, err := o.Handler(r.t.Context(), op.Call{Guild: guild, Args: json.RawMessage(args), Raw: body, Life: r.life})
	if err != nil || v == nil {
		return "", nil, err
	}
	var bytes []byte
	if with, ok := v.(op.WithBytes); ok {
		v, bytes = with.Result, with.Bytes
	}
	b, err := json.Marshal(v)
	return string(b), bytes, err
}

func (r *rig) took(what string, from chan struct{}) {
	r.t.Helper()
	select {
	case <-from:
	case <-time.After(patience):
		r.t.Fatalf("waited %s for %s", patience, what)
	}
}

func TestFetch(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, row := range []struct{ args, raw, body string }{
		{`{"id":"a","url":"http://example.com/","method":"POST","text":"hä\ud800","headers":[["x-latin","é"]]}`, "", "hä\ufffd"},
		{`{"id":"a","url":"http://example.com/","method":"POST","headers":[["x-latin","é"]]}`, "\x00\xff", "\x00\xff"},
		{`{"id":"a","url":"http://example.com/","headers":[["x-latin","é"]],"redirect":"error"}`, "", ""},
	} {
		got, body, err := r.raw(guildA, "op_fetch", row.args, []byte(row.raw))
		if err != nil {
			t.Errorf("%s: %v", row.args, err)
			continue
		}
		var out struct {
			Status          int
			StatusText, URL string
			Redirected      bool
			Headers         [][2]string
			More            bool
		}
		if err := json.Unmarshal([]byte(got), &out); err != nil {
			t.Fatal(err)
		}
		latin := ""
		for _, h := range out.Headers {
			if h[0] == "x-latin" {
				latin = h[1]
			}
		}
		if out.Status != 201 || out.StatusText != "Created" || out.URL != "http://example.com/" || out.Redirected || latin != "é é" || string(body) != row.body || out.More {
			t.Errorf("%s: %s", row.args, got)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for args, want := range map[string][2]string{
		`{}`:                        {"INVALID_INPUT", "id"},
		`{"id":"a"}`:                {"INVALID_INPUT", "url"},
		`{"id":"a","url":5}`:        {"INVALID_INPUT", "url"},
		`{"id":"a","url":"\ud800"}`: {"INVALID_INPUT", "lone surrogate"},
		`{"id":"a","url":"http://a.b","headers":{}}`:                  {"INVALID_INPUT", "headers"},
		`{"url":"http://a.b","id":"` + strings.Repeat("x", 65) + `"}`: {"INVALID_INPUT", "id"},
		`{"id":"a","url":"http://127.0.0.1"}`:                         {"FETCH_FAILED", "fetch failed: 127.0.0.1: scripts may not reach this address"},
		`{"id":"a","url":"http://example.com","redirect":"x"}`:        {"FETCH_FAILED", "redirect must be"},
		`{"id":"a","url":"file:///etc/passwd"}`:                       {"FETCH_FAILED", "only http: and https:"},
	} {
		_, err := r.call(guildA, "op_fetch", args)
		f, ok := errors.AsType[*fault.Fault](err)
		if !ok || f.ScriptCode() != want[0] || f.Class() != "TypeError" || !strings.Contains(f.Message, want[1]) {
			t.Errorf("%s: %v", args, err)
		}
	}
}

// A guild aborts its own requests only, by the ids that it gave them.
func TestAbort(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ended := make(chan error, 2)
	hold := func() {
		go func() {
			_, err := r.call(guildA, "op_fetch", `{"url":"http://example.com/held","id":"one"}`)
			ended <- err
		}()
		r.took("the request", r.arrived)
	}
	abort := func(guild snowflake.GuildID, id string) {
		t.Helper()
		if _, err := r.call(guild, "op_abort_fetch", `{"id":"`+id+`"}`); err != nil {
			t.Error(err)
		}
	}
	hold()
	if _, err := r.call(guildA, "op_fetch", `{"url":"http://example.com/","id":"one"}`); err == nil {
		t.Error("an id is taken twice")
	}
	if _, err := r.call(guildB, "op_fetch", `{"url":"http://example.com/","id":"one"}`); err != nil {
		t.Errorf("another guild's id: %v", err)
	}
	abort(guildB, "one")
	abort(guildA, "two")
	select {
	case err := <-ended:
		t.Fatalf("it ended: %v", err)
	default:
	}
	abort(guildA, "one")
	r.took("its end at the server", r.left)
	err := <-ended
	if f, ok := errors.AsType[*fault.Fault](err); !ok || cmp.Diff(f.Details["cause"], map[string]string{"code": "ABORTED", "message": "it was cancelled"}) != "" {
		t.Errorf("got %v", err)
	}
	hold() // The id is free again.
	abort(guildA, "one")
	if err := <-ended; err == nil {
		t.Error("it was not aborted")
	}
}

// FuzzArguments: whatever a worker sends as arguments is answered or refused.
func FuzzArguments(f *testing.F) {
	f.Add(`{"url":"http://a.b","method":"GET","headers":[["a","b"]],"bytes":"AA==","redirect":"manual","id":"x"}`)
	f.Add(`{"url":"http://[::1]:5","text":"\u0000"}`)
	f.Fuzz(func(t *testing.T, args string) {
		net := egresstest.New()
		client := egress.New(egress.Config{Limits: egress.DefaultLimits(), Resolver: net, Dial: net.Dial})
		_, err := fetch.Ops(client)[0].Handler(t.Context(), op.Call{Guild: guildA, Args: json.RawMessage(args)})
		if _, ok := errors.AsType[*fault.Fault](err); !ok {
			t.Errorf("%q: %v", args, err)
		}
	})
}
