package worker

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/flora-runtime/flora-runtime/pkg/cron"
	"github.com/flora-runtime/flora-runtime/pkg/isolate"
	"github.com/flora-runtime/flora-runtime/pkg/limit"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

const (
	// logBacklog is how many bytes may wait for control before log lines are
	// dropped: one script's must not hold up the others' calls and results.
	logBacklog = 8 << 20
	maxEvents  = 256
	// maxDeclaration bounds one declaration, in bytes; the largest are slash
	// commands, of which Discord takes much less.
	maxDeclaration = 4 << 20
)

// host sends what one script does to control.
type host struct {
	worker    *Worker
	instance  uint64
	crons     map[string]struct{}
	maxCrons  int
	events    map[string]struct{}
	unwritten int // Log lines dropped since the last notice.
}

func newHost(w *Worker, f wire.Load) *host {
	return &host{worker: w, instance: f.Instance, crons: map[string]struct{}{}, maxCrons: f.Limits.Crons, events: map[string]struct{}{}}
}

// send gives up silently when control is gone: so is this process then. A frame
// that control does not come to read would be missed for good, so the
// connection ends, and control starts anew.
func (h *host) send(frame any) {
	if err := h.worker.conn.Send(frame); errors.Is(err, wire.ErrBacklog) || errors.Is(err, wire.ErrTooLarge) {
		_ = h.worker.conn.Close()
	}
}

// Op implements isolate.Host.
func (h *host) Op(c isolate.OpCall) {
	h.send(wire.OpCall{Instance: h.instance, Call: c.Call, Op: c.Op, Dispatch: c.Dispatch, Args: c.Args})
}

// The levels are the same on both sides.
var _ [0]struct{} = [wire.LevelUncaught - int(isolate.Uncaught)]struct{}{}

// Log implements isolate.Host.
func (h *host) Log(level isolate.Level, text string) {
	if h.worker.conn.Backlog() > logBacklog {
		h.unwritten++
		return
	}
	if h.unwritten > 0 {
		h.send(wire.Log{Instance: h.instance, Level: int(isolate.Warn), Text: fmt.Sprintf("%d log lines were dropped: they came faster than they could be read", h.unwritten)})
		h.unwritten = 0
	}
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

// Declare implements isolate.Host. It is checked here, so that the script gets
// an exception; control checks and counts again.
func (h *host) Declare(kind isolate.Declaration, value string) error {
	if len(value) > maxDeclaration {
		return over("the declaration has %d bytes; at most %d are taken", len(value), maxDeclaration)
	}
	switch kind {
	case isolate.Cron:
		if err := h.checkCron(value); err != nil {
			return err
		}
	case isolate.Subscription:
		if _, known := h.events[value]; known {
			return nil
		}
		if most := maxEvents + h.maxCrons; len(h.events) >= most { // A job is an event, too.
			return over("a script may handle %d events; %q is one too many", most, value)
		}
		h.events[value] = struct{}{}
	}
	h.send(wire.Declared{Instance: h.instance, Kind: string(kind), Value: value})
	return nil
}

// over is the error of a declaration too many.
func over(format string, args ...any) error {
	return &limit.Error{Limit: limit.Declarations, Text: fmt.Sprintf(format, args...)}
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
		return over("a guild may have %d cron jobs; %q is one too many", h.maxCrons, job.Name)
	}
	if _, err := cron.Parse(job.Expr); err != nil {
		return fmt.Errorf("cron job %q: %w", job.Name, err)
	}
	h.crons[job.Name] = struct{}{}
	return nil
}

// Limit implements isolate.Host.
func (h *host) Limit(l isolate.Hit) {
	h.send(wire.Hit{Instance: h.instance, Limit: string(l.Limit), Count: l.Count, Text: l.Text})
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
