package bot_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// asked is a request on its way.
type asked struct {
	t     *testing.T
	void  bool
	begun chan context.Context
	over  chan error
}

func (w *world) request(guild snowflake.GuildID, path string, void bool) (*asked, error) {
	a := &asked{t: w.t, void: void, begun: make(chan context.Context, 8), over: make(chan error, 1)}
	return a, w.bot.Request(guild, &bot.Request{
		Payload: []byte(`{"id":"1","method":"GET","url":"http://x` + path + `","headers":[],"host":"127.0.0.1","port":1}`),
		Void:    func() bool { return a.void },
		Begun:   func(life context.Context) { a.begun <- life },
		Over:    func(err error) { a.over <- err },
	})
}

// ended waits for the request's end, which has this code.
func (a *asked) ended(code fault.Code) {
	a.t.Helper()
	select {
	case err := <-a.over:
		if code == "" && err != nil || code != "" && !fault.Is(err, code) {
			a.t.Errorf("it ended with %v, want %s", err, code)
		}
	case <-time.After(patience):
		a.t.Fatal("it does not end")
	}
}

func TestRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{limits: func(l *bot.Limits) { l.Dispatch = time.Second }})
	if _, err := w.request(guildA, "/", false); !fault.Is(err, fault.NotFound) {
		t.Errorf("without a script: %v", err)
	}
	if w.bot.Has(guildA) {
		t.Error("there is a script")
	}
	w.deploy(guildA, `console.log("no server")`)
	if _, err := w.request(guildA, "/", false); !fault.Is(err, fault.NotFound) || !w.bot.Has(guildA) {
		t.Errorf("without a server: %v", err)
	}
	w.deploy(guildA, `Deno.serve((r) => { const path = new URL(r.url).pathname; console.log(path); if (path === "/boom") throw new Error("boom"); if (path === "/hang") return new Promise(() => {}); return new Response("x"); });`)
	for path, code := range map[string]fault.Code{"/boom": fault.ScriptFailed, "/hang": fault.Timeout} {
		a, err := w.request(guildA, path, false)
		if err != nil {
			t.Fatal(err)
		}
		a.ended(code)
	}
	w.wait(guildA, 1, "request failed: Error: boom")
	w.wait(guildA, 1, `request failed: TimeoutError: the handler of "request" did not finish within 1s`)
}

// TestRequestsOfScriptsThatGo has the script end before, and while it answers.
func TestRequestsOfScriptsThatGo(t *testing.T) {
	t.Parallel()
	w, _, p, load := puppetWorld(t, options{}, "__request")
	running, err := w.request(guildA, "/", false)
	if err != nil {
		t.Fatal(err)
	}
	d := next[wire.Dispatch](t, p)
	life := <-running.begun
	p.begin(load, d)
	waiting, err := w.request(guildA, "/", false)
	if err != nil {
		t.Fatal(err)
	}
	next[wire.Dispatch](t, p)
	<-waiting.begun
	p.send(t, wire.Gone{Instance: load.Instance, Lost: "out of memory"})
	running.ended(fault.Upstream)
	select {
	case <-life.Done():
	case <-time.After(patience):
		t.Error("the script's life goes on")
	}
	again := next[wire.Load](t, p)
	// What comes meanwhile waits, and what nobody waits for is not begun.
	void, err := w.request(guildA, "/void", true)
	if err != nil {
		t.Fatal(err)
	}
	p.send(t, wire.Declared{Instance: again.Instance, Kind: "event", Value: "__request"}, wire.Settled{Instance: again.Instance, ID: 1})
	d = next[wire.Dispatch](t, p)
	if strings.Contains(string(d.Payload), "/void") {
		t.Error("a request that nobody waits for was delivered")
	}
	void.ended(fault.Unavailable)
	<-waiting.begun
	p.send(t, wire.Settled{Instance: again.Instance, ID: d.ID})
	waiting.ended("")
}
