package worker_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
	"github.com/flora-runtime/flora-runtime/pkg/mark"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
	"github.com/flora-runtime/flora-runtime/pkg/worker"
)

const patience = 30 * time.Second

// control is the other end of a worker.
type control struct {
	t     *testing.T
	conn  *wire.Conn
	marks *mark.Marks
}

func start(t *testing.T) *control {
	t.Helper()
	blob := isolatetest.Blob(t)
	ours, theirs := net.Pipe()
	c := &control{t: t, conn: wire.NewConn(ours), marks: mark.New(8)}
	peer := wire.NewConn(theirs)
	done := make(chan error, 1)
	go func() {
		err := worker.Serve(peer, blob, c.marks)
		_ = peer.Close()
		done <- err
	}()
	t.Cleanup(func() {
		_ = c.conn.Close()
		select {
		case err := <-done:
			t.Logf("the worker ended: %v", err)
		case <-time.After(patience):
			t.Error("the worker does not end")
		}
	})
	// A lost frame fails the test at its own wait.
	timer := time.AfterFunc(patience, func() { _ = ours.Close() })
	t.Cleanup(func() { timer.Stop() })
	c.send(wire.Hello{Version: wire.Version, Turns: 4})
	want[wire.Ready](c)
	return c
}

func (c *control) send(frames ...any) {
	c.t.Helper()
	for _, f := range frames {
		if err := c.conn.Send(f); err != nil {
			c.t.Fatal(err)
		}
	}
}

// want reads on to the next frame of the kind.
func want[F any](c *control) F {
	c.t.Helper()
	for {
		f, err := c.conn.Recv()
		if err != nil {
			var none F
			c.t.Fatalf("wait for a %T: %v", none, err)
		}
		if got, ok := f.(F); ok {
			return got
		}
	}
}

func (c *control) load(instance uint64, script string) {
	c.send(wire.Load{Instance: instance, Mark: int(instance), Name: "file:///bundle.js", Source: script, Info: `{"maxTimers":10}`, Limits: wire.Limits{Timers: 10, Crons: 2}})
}

// begun waits until the handlers of a dispatch of script 1 have begun.
func (c *control) begun(id uint64) {
	c.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); c.marks.At(1).Begun.Load() < id; <-tick.C {
		if time.Now().After(deadline) {
			c.t.Fatalf("dispatch %d does not begin", id)
		}
	}
}

func TestAStormOfLogsDoesNotCrowdOutTheRest(t *testing.T) {
	t.Parallel()
	c := start(t)
	c.load(1, `on("messageCreate", () => { const s = "x".repeat(60000); for (let i = 0; i < 4000; i++) console.log(s); });
		on("messageDelete", () => console.log("after"));`)
	want[wire.Settled](c)
	// Nobody reads while the script writes 240 MB.
	c.send(wire.Dispatch{Instance: 1, ID: 10, Event: "messageCreate", Payload: []byte("{}"), CPUMS: 30_000})
	c.begun(10)
	c.send(wire.Dispatch{Instance: 1, ID: 11, Event: "messageDelete", Payload: []byte("{}")})
	c.begun(11)
	bytes, notice, settled := 0, false, 0
	for settled < 2 {
		f, err := c.conn.Recv()
		if err != nil {
			t.Fatal(err)
		}
		switch f := f.(type) {
		case wire.Log:
			bytes += len(f.Text)
			notice = notice || strings.Contains(f.Text, "log lines were dropped")
		case wire.Settled:
			settled++
		}
	}
	c.send(wire.Dispatch{Instance: 1, ID: 12, Event: "messageDelete", Payload: []byte("{}")})
	for last := ""; last != "after"; {
		last = want[wire.Log](c).Text
		notice = notice || strings.Contains(last, "log lines were dropped")
	}
	if bytes > 32<<20 || !notice {
		t.Fatalf("%d bytes of logs waited, notice %t", bytes, notice)
	}
}

func TestDeclarationsAreBounded(t *testing.T) {
	t.Parallel()
	c := start(t)
	c.load(1, `
		const said = [];
		for (const f of [
			() => { for (let i = 0; ; i++) { on("e" + i, () => {}); on("e" + i, () => {}); if (i > 1000) break; } },
			() => cron("a", "0 0 * * *", () => {}), () => cron("a", "0 0 * * *", () => {}),
			() => cron("b", "nonsense", () => {}),
			() => cron("c", "0 0 * * *", () => {}), () => cron("d", "0 0 * * *", () => {}),
		]) { try { f(); said.push("taken"); } catch (e) { said.push(e.message); } }
		console.log(said.join("\n"));`)
	declared := 0
	for {
		f, err := c.conn.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := f.(wire.Declared); ok {
			declared++
		}
		if l, ok := f.(wire.Log); ok {
			for _, want := range []string{`a script may handle 258 events; "e258" is one too many`, `cron job "a" is registered already`, `cron job "b":`, `a guild may have 2 cron jobs; "d"`} {
				if !strings.Contains(l.Text, want) {
					t.Errorf("%q is not in\n%s", want, l.Text)
				}
			}
			break
		}
	}
	if declared != 258+2 {
		t.Errorf("%d declarations", declared)
	}
}

func TestUnloadEndsALoop(t *testing.T) {
	t.Parallel()
	c := start(t)
	c.send(wire.Load{Instance: 1, Mark: 1, Source: `for (;;);`, Info: `{}`, Limits: wire.Limits{LoadMS: 3_600_000}}, wire.Unload{Instance: 1}, wire.Unload{Instance: 1})
	if g := want[wire.Gone](c); g.Instance != 1 || g.Lost != "" {
		t.Fatalf("got %+v", g)
	}
	// What comes for it now is nobody's.
	c.send(wire.Dispatch{Instance: 1, ID: 2}, wire.OpResult{Instance: 1}, wire.Extend{Instance: 1}, wire.Unload{Instance: 1})
	c.load(2, `console.log("next")`)
	if l := want[wire.Log](c); l.Text != "next" {
		t.Fatalf("got %+v", l)
	}
}

func TestWhatControlMustNotSend(t *testing.T) {
	t.Parallel()
	for name, frames := range map[string][]any{
		"a worker's frame": {wire.Gone{Instance: 1}},
		"a load twice":     {wire.Load{Instance: 1}, wire.Load{Instance: 1}},
		"no such mark":     {wire.Load{Instance: 1, Mark: 8}},
		"a negative mark":  {wire.Load{Instance: 1, Mark: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t)
			c.send(frames...)
			for {
				if _, err := c.conn.Recv(); err != nil {
					return
				}
			}
		})
	}
}
