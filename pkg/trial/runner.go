package trial

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/isolate"
	"github.com/flora-runtime/flora-runtime/pkg/trial/report"
)

// runID is the dispatch that runs a file's tests; asks have the ids after it.
const runID = isolate.LoadID + 1

// asset is the name that V8 shows of a test file, whose positions are resolved.
const asset = "file:///guild/1/bundle.js"

// opName is the op that the library for tests calls for what takes time, and
// nativeName what is answered at once.
const (
	opName     = "op_test"
	nativeName = "test"
)

// runner runs one file.
type runner struct {
	cfg    Config
	job    report.Job
	file   report.File
	number int
	guild  *isolate.Guild
	ctx    context.Context //nolint:containedctx // The file's own life.
	work   sync.WaitGroup

	loaded chan *isolate.Failure
	ended  chan *isolate.Failure // Of the run.
	gone   chan error
	stuck  *time.Timer

	mu      sync.Mutex // Guards the members below.
	test    []string   // That runs, nil when none does.
	begun   time.Time
	failed  bool
	output  []report.Line
	worlds  map[int]*world
	last    int // World.
	asks    map[int]chan answer
	lastAsk int
}

// answer is what a test answered in Discord's place.
type answer struct {
	value json.RawMessage
	err   error
}

// run loads the file and runs its tests. The error is that of the file.
func (r *runner) run(ctx context.Context, slots *isolate.Slots) (failed bool, _ *report.Error) {
	ctx, cancel := context.WithCancel(ctx)
	r.ctx = ctx
	r.loaded, r.ended, r.gone = make(chan *isolate.Failure, 1), make(chan *isolate.Failure, 1), make(chan error, 1)
	limit := time.Duration(r.job.TimeoutMS) * time.Millisecond
	hang := make(chan struct{})
	r.stuck = time.AfterFunc(limit+grace, func() { close(hang) })
	defer r.stuck.Stop()
	info, err := json.Marshal(map[string]any{"guildId": "1", "applicationId": "1", "maxTimers": 10_000, "tester": true})
	if err != nil {
		cancel()
		return true, &report.Error{Name: "Error", Message: err.Error()}
	}
	r.guild = isolate.Start(isolate.Config{
		Blob: r.cfg.Blob, Ops: []string{opName}, Info: string(info), Name: asset, Source: r.file.Code, Host: host{r}, Slots: slots,
		Limits: isolate.Limits{
			MemoryBytes: 512 << 20, TurnCPU: limit + grace/2, LoadCPU: limit + grace/2, LoadWall: limit + grace/2,
			PendingOps: 10_000, Timers: 10_000, LogsPerSecond: 1 << 20, LogBurst: 1 << 20,
		},
		Natives: []isolate.Native{{Name: nativeName, Call: r.native}},
	})
	defer func() {
		cancel()
		r.guild.Stop()
		r.closeAll()
		r.work.Wait()
	}()
	fail, ok := r.wait(r.loaded, hang)
	if !ok {
		return r.hasFailed(), fail
	}
	if fail != nil {
		return true, fail
	}
	options, err := json.Marshal(map[string]any{"timeoutMs": r.job.TimeoutMS, "filter": r.job.Filter, "failFast": r.job.FailFast})
	if err != nil {
		return true, &report.Error{Name: "Error", Message: err.Error()}
	}
	r.guild.Dispatch(isolate.Dispatch{ID: runID, Event: "run", Payload: string(options), CPU: limit + grace/2})
	fail, _ = r.wait(r.ended, hang)
	return r.hasFailed(), fail
}

// wait waits for a part of the file; ok is false when the isolate is not to be
// used any more. A test that runs then is the one that failed.
func (r *runner) wait(part <-chan *isolate.Failure, hang <-chan struct{}) (_ *report.Error, ok bool) {
	var e *report.Error
	select {
	case f := <-part:
		if f == nil {
			return nil, true
		}
		e, ok = r.explain(f), true
	case lost := <-r.gone:
		e = &report.Error{Name: "Error", Message: "the test file's isolate ended: " + lost.Error()}
	case <-hang:
		e = &report.Error{Name: "TimeoutError", Message: fmt.Sprintf("it did not end within %s, and lets nothing else run: is there a loop without an await?", time.Duration(r.job.TimeoutMS)*time.Millisecond)}
	case <-r.ctx.Done():
		return &report.Error{Name: "Error", Message: "stopped"}, false
	}
	r.mu.Lock()
	test := r.test
	r.mu.Unlock()
	if test == nil {
		return e, ok
	}
	r.result(test, report.Failed, e)
	return &report.Error{Name: "Error", Message: "the tests after " + quoteTest(test) + " did not run"}, ok
}

func quoteTest(names []string) string { return `"` + strings.Join(names, " > ") + `"` }

func (r *runner) explain(f *isolate.Failure) *report.Error {
	return &report.Error{Name: f.Name, Message: r.author(f.Message), Stack: strings.Trim(r.author(f.Stack), "\n")}
}

// author gives the text with the author's positions.
func (r *runner) author(text string) string { return author(r.file.Bundle, text) }

func (r *runner) hasFailed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

// host is isolate.Host.
type host struct{ *runner }

func (h host) Op(c isolate.OpCall) {
	perform := h.begin(c.Args)
	h.work.Go(func() {
		out, err := perform()
		if h.ctx.Err() != nil {
			return
		}
		doc := map[string]any{"value": out}
		if err != nil {
			doc = map[string]any{"error": message(err)}
		}
		b, err := json.Marshal(doc)
		if err != nil {
			b = []byte(`{"error":"the outcome cannot be encoded"}`)
		}
		h.guild.Resolve(c.Call, true, string(b))
	})
}

func (h host) Log(level isolate.Level, text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.output = append(h.output, report.Line{Level: []string{"trace", "debug", "info", "warn", "error"}[min(level, isolate.Error)], Text: h.author(text), From: "test"})
}

func (h host) Settled(id uint64, f *isolate.Failure) {
	switch id {
	case isolate.LoadID:
		h.loaded <- f
	case runID:
		h.ended <- f
	}
}

// Declare refuses what only scripts do.
func (h host) Declare(isolate.Declaration, string) error {
	return errors.New("this is a test file, not a script: give the script to createTestBot")
}

func (h host) Limit(l isolate.Hit) {
	if l.Text != "" {
		h.Log(isolate.Warn, l.Text)
	}
}

func (h host) Gone(lost error) {
	if lost == nil {
		lost = errors.New("it was stopped")
	}
	h.gone <- lost
}

// start notes that a test begins; it has its time from here.
func (r *runner) start(test []string) {
	r.stuck.Reset(time.Duration(r.job.TimeoutMS)*time.Millisecond + grace)
	r.mu.Lock()
	r.test, r.begun, r.output = test, time.Now(), nil
	r.mu.Unlock()
	r.cfg.Emit(report.Event{Type: report.Start, File: r.file.Name, Test: test})
}

// result tells how a test ended.
func (r *runner) result(test []string, status string, e *report.Error) {
	r.mu.Lock()
	ev := report.Event{Type: report.Result, File: r.file.Name, Test: test, Status: status, Error: e}
	if r.test != nil {
		ev.Duration = float64(time.Since(r.begun).Microseconds()) / 1000
	}
	if e != nil {
		r.failed = true
		ev.Output = r.output
		for _, w := range r.worlds {
			ev.Output = append(ev.Output, w.lines(0, false)...)
		}
	} else {
		for _, l := range r.output {
			if l.From == "test" {
				ev.Output = append(ev.Output, l)
			}
		}
	}
	r.test, r.output = nil, nil
	r.mu.Unlock()
	r.cfg.Emit(ev)
}

func (r *runner) world(n int) (*world, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w := r.worlds[n]; w != nil {
		return w, nil
	}
	return nil, errors.New("the bot is gone: its test has ended")
}

// closeWorld ends a world; the lines of its log stay for the test's report.
func (r *runner) closeWorld(n int) {
	r.mu.Lock()
	w := r.worlds[n]
	delete(r.worlds, n)
	r.mu.Unlock()
	if w != nil {
		r.work.Go(func() { _ = w.close() }) // Nobody can do anything about it.
	}
}

func (r *runner) closeAll() {
	r.mu.Lock()
	all := r.worlds
	r.worlds = map[int]*world{}
	r.mu.Unlock()
	for _, w := range all {
		_ = w.close()
	}
}
