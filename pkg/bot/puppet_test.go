package bot_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/mark"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// puppets launches workers that do what the test says, frame by frame.
type puppets struct{ born chan *puppet }

func newPuppets() *puppets { return &puppets{born: make(chan *puppet, 64)} }

func (l *puppets) Launch(ctx context.Context, scripts int) (supervisor.Process, error) {
	p := &puppet{frames: make(chan any, 4096)}
	in := supervisor.InProcess{Serve: func(c *wire.Conn, m *mark.Marks) error {
		p.mu.Lock()
		p.conn, p.marks = c, m
		p.mu.Unlock()
		return p.serve(l)
	}}
	return in.Launch(ctx, scripts)
}

type puppet struct {
	mu     sync.Mutex // Guards conn and marks.
	conn   *wire.Conn
	marks  *mark.Marks
	frames chan any
}

func (p *puppet) serve(l *puppets) error {
	defer close(p.frames)
	for {
		f, err := p.conn.Recv()
		if err != nil {
			return nil
		}
		if _, ok := f.(wire.Hello); ok {
			if err := p.conn.Send(wire.Ready{Version: wire.Version}); err != nil {
				return err
			}
			l.born <- p
			continue
		}
		p.frames <- f
	}
}

func (l *puppets) next(t *testing.T) *puppet {
	t.Helper()
	select {
	case p := <-l.born:
		return p
	case <-time.After(patience):
		t.Fatal("no worker was started")
	}
	return nil
}

func (p *puppet) send(t *testing.T, frames ...any) {
	t.Helper()
	for _, f := range frames {
		if err := p.conn.Send(f); err != nil {
			t.Fatalf("send %T: %v", f, err)
		}
	}
}

func (p *puppet) die() { _ = p.conn.Close() }

// next waits for the next frame of the kind and fails on any other.
func next[F any](t *testing.T, p *puppet) F {
	t.Helper()
	var none F
	select {
	case f, ok := <-p.frames:
		if !ok {
			t.Fatalf("the connection ended, want a %T", none)
		}
		got, ok := f.(F)
		if !ok {
			t.Fatalf("got %T %+v, want a %T", f, f, none)
		}
		return got
	case <-time.After(patience):
		t.Fatalf("waited for a %T", none)
	}
	return none
}

// loaded answers a load: the script handles the events and serves.
func (p *puppet) loaded(t *testing.T, events ...string) wire.Load {
	t.Helper()
	load := next[wire.Load](t, p)
	p.declare(t, load.Instance, events...)
	p.send(t, wire.Settled{Instance: load.Instance, ID: supervisor.LoadID})
	return load
}

func (p *puppet) declare(t *testing.T, instance uint64, events ...string) {
	t.Helper()
	for _, e := range events {
		p.send(t, wire.Declared{Instance: instance, Kind: "event", Value: e})
	}
}

// broken answers a load with a failure.
func (p *puppet) broken(t *testing.T) {
	t.Helper()
	load := next[wire.Load](t, p)
	p.send(t, wire.Settled{Instance: load.Instance, ID: supervisor.LoadID, Failure: &wire.Failure{Text: "Error: broken"}})
	next[wire.Unload](t, p)
	p.send(t, wire.Gone{Instance: load.Instance})
}

// begin marks the dispatch as begun.
func (p *puppet) begin(load wire.Load, d wire.Dispatch) { p.marks.At(load.Mark).Begun.Store(d.ID) }

// inBackground deploys while the test plays the worker.
func (w *world) inBackground(script string) (wait func()) {
	done := make(chan error, 1)
	go func() {
		_, err := w.tryDeploy(guildA, script)
		done <- err
	}()
	return func() {
		w.t.Helper()
		select {
		case err := <-done:
			if err != nil {
				w.t.Fatalf("deploy: %v", err)
			}
		case <-time.After(patience):
			w.t.Fatal("the deploy does not end")
		}
	}
}

// puppetWorld has one puppet with a script that serves.
func puppetWorld(t *testing.T, o options, events ...string) (*world, *puppets, *puppet, wire.Load) {
	t.Helper()
	l := newPuppets()
	o.launch = l
	w := newWorld(t, o)
	p := l.next(t)
	wait := w.inBackground("x")
	load := p.loaded(t, events...)
	wait()
	return w, l, p, load
}

func content(d wire.Dispatch) string { return fmt.Sprintf("%s %s", d.Event, d.Payload) }
