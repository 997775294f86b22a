// Package worker is the process that runs scripts: many isolates, one
// connection to control, and nothing else worth having. The same loop runs
// inside control when process isolation is off.
package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/cron"
	"github.com/flora-runtime/flora-runtime/pkg/isolate"
	"github.com/flora-runtime/flora-runtime/pkg/mark"
	"github.com/flora-runtime/flora-runtime/pkg/v8"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// Worker serves one connection.
type Worker struct {
	conn  *wire.Conn
	blob  *v8.Blob
	marks *mark.Marks
	ops   []string
	slots *isolate.Slots

	mu     sync.Mutex // Guards guilds.
	guilds map[uint64]*isolate.Guild
}

// Serve runs scripts for control until the connection ends; then it stops all
// of them.
func Serve(conn *wire.Conn, blob *v8.Blob, marks *mark.Marks) error {
	w := &Worker{conn: conn, blob: blob, marks: marks, guilds: map[uint64]*isolate.Guild{}}
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
	if err := w.conn.Send(wire.Ready{Version: wire.Version}); err != nil {
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
			g.Resolve(f.Call, f.OK, string(f.Result))
		}
	case wire.Extend:
		if g := w.guild(f.Instance); g != nil {
			g.Extend(f.ID, time.Now().Add(time.Duration(f.MS)*time.Millisecond))
		}
	default:
		return fmt.Errorf("control sent an unexpected %T", frame)
	}
	return nil
}

func (w *Worker) guild(instance uint64) *isolate.Guild {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.guilds[instance]
}

func (w *Worker) load(f wire.Load) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, dup := w.guilds[f.Instance]; dup {
		return fmt.Errorf("control loaded instance %d twice", f.Instance)
	}
	begun := w.marks.At(f.Mark)
	if begun == nil {
		return fmt.Errorf("control loaded instance %d with mark %d of %d", f.Instance, f.Mark, w.marks.Len())
	}
	w.guilds[f.Instance] = isolate.Start(isolate.Config{
		Blob: w.blob, Ops: w.ops, Info: f.Info, Name: f.Name, Source: f.Source, Slots: w.slots, Begun: begun,
		Host: &host{worker: w, instance: f.Instance, crons: map[string]struct{}{}, maxCrons: f.Limits.Crons},
		Limits: isolate.Limits{
			HeapBytes: f.Limits.HeapBytes, BufferBytes: f.Limits.BufferBytes,
			TurnCPU: time.Duration(f.Limits.TurnMS) * time.Millisecond,
			LoadCPU: time.Duration(f.Limits.LoadMS) * time.Millisecond, LoadWall: time.Duration(f.Limits.LoadMS) * time.Millisecond,
			PendingOps: f.Limits.PendingOps, Timers: f.Limits.Timers,
		},
	})
	return nil
}

// host sends what one script does to control.
type host struct {
	worker   *Worker
	instance uint64
	crons    map[string]struct{}
	maxCrons int
}

// send gives up silently: when control is gone, so is this process.
func (h *host) send(frame any) { _ = h.worker.conn.Send(frame) }

// Op implements isolate.Host.
func (h *host) Op(c isolate.OpCall) {
	h.send(wire.OpCall{Instance: h.instance, Call: c.Call, Op: c.Op, Dispatch: c.Dispatch, Args: c.Args})
}

// Log implements isolate.Host.
func (h *host) Log(level isolate.Level, text string) {
	h.send(wire.Log{Instance: h.instance, Level: int(level), Text: text})
}

// Settled implements isolate.Host.
func (h *host) Settled(id uint64, f *isolate.Failure) {
	frame := wire.Settled{Instance: h.instance, ID: id}
	if f != nil {
		frame.Failure = &wire.Failure{Name: f.Name, Message: f.Message, Stack: f.Stack, Text: f.Text}
	}
	h.send(frame)
}

// Declare implements isolate.Host. Cron jobs are checked here, so that the
// script gets an exception; control checks and counts again.
func (h *host) Declare(kind isolate.Declaration, value string) error {
	if kind == isolate.Cron {
		if err := h.checkCron(value); err != nil {
			return err
		}
	}
	h.send(wire.Declared{Instance: h.instance, Kind: string(kind), Value: value})
	return nil
}

func (h *host) checkCron(value string) error {
	var job struct{ Name, Expr string }
	if err := json.Unmarshal([]byte(value), &job); err != nil {
		return fmt.Errorf("cron: %w", err)
	}
	if _, dup := h.crons[job.Name]; dup {
		return fmt.Errorf("cron job %q is registered already; give each job its own name", job.Name)
	}
	if len(h.crons) >= h.maxCrons {
		return fmt.Errorf("a guild may have %d cron jobs; %q is one too many", h.maxCrons, job.Name)
	}
	if _, err := cron.Parse(job.Expr); err != nil {
		return fmt.Errorf("cron job %q: %w", job.Name, err)
	}
	h.crons[job.Name] = struct{}{}
	return nil
}

// Gone implements isolate.Host.
func (h *host) Gone(lost error) {
	h.worker.mu.Lock()
	delete(h.worker.guilds, h.instance)
	h.worker.mu.Unlock()
	frame := wire.Gone{Instance: h.instance}
	if lost != nil {
		frame.Lost = lost.Error()
	}
	h.send(frame)
}
