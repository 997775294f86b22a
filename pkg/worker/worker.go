// Package worker is the process that runs scripts: many isolates, one
// connection to control, and nothing else worth having. The same loop runs
// inside control when process isolation is off.
package worker

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/isolate"
	"github.com/flora-runtime/flora-runtime/pkg/mark"
	"github.com/flora-runtime/flora-runtime/pkg/v8"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// Worker serves one connection.
type Worker struct {
	conn    *wire.Conn
	blob    *v8.Blob
	marks   *mark.Marks
	ops     []string
	slots   *isolate.Slots
	sandbox []wire.Feature   // What was applied to this process.
	now     func() time.Time // Of the scripts; nil is the real time.

	mu     sync.Mutex // Guards guilds.
	guilds map[uint64]*isolate.Guild
}

// Serve runs scripts for control until the connection ends; then it stops all
// of them.
func Serve(conn *wire.Conn, blob *v8.Blob, marks *mark.Marks) error {
	return serve(&Worker{conn: conn, blob: blob, marks: marks})
}

// ServeAt is Serve with another clock for the scripts than the real one: for
// tests of scripts. Their snapshot finds it as the native "now", in
// milliseconds since 1970.
func ServeAt(conn *wire.Conn, blob *v8.Blob, marks *mark.Marks, now func() time.Time) error {
	return serve(&Worker{conn: conn, blob: blob, marks: marks, now: now})
}

func serve(w *Worker) error {
	w.guilds = map[uint64]*isolate.Guild{}
	err := w.serve()
	w.mu.Lock()
	left := make([]*isolate.Guild, 0, len(w.guilds))
	for _, g := range w.guilds {
		left = append(left, g)
	}
	w.mu.Unlock()
	for _, g := range left {
		g.Stop()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (w *Worker) serve() error {
	first, err := w.conn.Recv()
	if err != nil {
		return fmt.Errorf("wait for control's greeting: %w", err)
	}
	hello, ok := first.(wire.Hello)
	if !ok || hello.Version != wire.Version {
		return fmt.Errorf("control speaks another protocol: got %T version %d, want %d", first, hello.Version, wire.Version)
	}
	w.ops = hello.Ops
	w.slots = isolate.NewSlots(max(hello.Turns, 1))
	if err := w.conn.Send(wire.Ready{Version: wire.Version, Sandbox: w.sandbox}); err != nil {
		return err
	}
	for {
		frame, err := w.conn.Recv()
		if err != nil {
			return err
		}
		if err := w.handle(frame); err != nil {
			return err
		}
	}
}

func (w *Worker) handle(frame any) error {
	switch f := frame.(type) {
	case wire.Load:
		return w.load(f)
	case wire.Unload:
		if g := w.guild(f.Instance); g != nil {
			go g.Stop() // Waits for the turn to end; host.Gone tells control.
		}
	case wire.Dispatch:
		if g := w.guild(f.Instance); g != nil {
			g.Dispatch(isolate.Dispatch{
				ID: f.ID, Event: f.Event, Payload: string(f.Payload),
				Wall: time.Duration(f.WallMS) * time.Millisecond, CPU: time.Duration(f.CPUMS) * time.Millisecond,
			})
		}
	case wire.OpResult:
		if g := w.guild(f.Instance); g != nil {
			g.Resolve(f.Call, f.OK, string(f.Result), f.Raw)
		}
	case wire.SetEnv:
		if g := w.guild(f.Instance); g != nil {
			g.SetEnv(env(f.Env))
		}
	case wire.Extend:
		if g := w.guild(f.Instance); g != nil {
			g.Extend(f.ID, time.Duration(f.MS)*time.Millisecond)
		}
	case wire.Rest:
		if g := w.guild(f.Instance); g != nil {
			g.Rest(func(next time.Time) {
				answer := wire.Rested{Instance: f.Instance, ID: f.ID}
				if !next.IsZero() {
					answer.Next = next.UnixNano()
				}
				_ = w.conn.Send(answer) // Without a connection nobody waits.
			})
		}
	default:
		return w.extra(frame)
	}
	return nil
}

func (w *Worker) guild(instance uint64) *isolate.Guild {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.guilds[instance]
}

func env(from []wire.Variable) isolate.Env {
	out := isolate.Env{Vars: map[string]string{}, Secrets: map[string]string{}}
	for _, v := range from {
		if v.Secret {
			out.Secrets[v.Name] = v.Value
		} else {
			out.Vars[v.Name] = v.Value
		}
	}
	return out
}

// natives are those that only another clock needs.
func (w *Worker) natives() []isolate.Native {
	if w.now == nil {
		return nil
	}
	return []isolate.Native{{Name: "now", Call: func(string) v8.Result { return v8.Number(float64(w.now().UnixMilli())) }}}
}

func (w *Worker) load(f wire.Load) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, dup := w.guilds[f.Instance]; dup {
		return fmt.Errorf("control loaded instance %d twice", f.Instance)
	}
	slot := w.marks.At(f.Mark)
	if slot == nil {
		return fmt.Errorf("control loaded instance %d with mark %d of %d", f.Instance, f.Mark, w.marks.Len())
	}
	w.guilds[f.Instance] = isolate.Start(isolate.Config{
		Blob: w.blob, Ops: w.ops, Info: f.Info, Name: f.Name, Source: f.Source, Slots: w.slots, Mark: slot, Env: env(f.Env),
		Now: w.now, Natives: w.natives(),
		Host: observed(newHost(w, f)),
		Limits: isolate.Limits{
			MemoryBytes: f.Limits.MemoryBytes, LogsPerSecond: f.Limits.LogsPerSecond, LogBurst: f.Limits.LogBurst,
			TurnCPU: time.Duration(f.Limits.TurnMS) * time.Millisecond,
			LoadCPU: time.Duration(f.Limits.LoadMS) * time.Millisecond, LoadWall: time.Duration(f.Limits.LoadMS) * time.Millisecond,
			PendingOps: f.Limits.PendingOps, Timers: f.Limits.Timers,
		},
	})
	return nil
}
