// Package isolatetest runs scripts in real isolates with the real SDK, for the
// tests of the SDK and of ops: load, dispatch, see what the script asked for,
// answer it.
package isolatetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	sdkbundle "github.com/flora-runtime/flora-runtime/sdk-bundle"

	"github.com/flora-runtime/flora-runtime/pkg/isolate"
	"github.com/flora-runtime/flora-runtime/pkg/limit"
	"github.com/flora-runtime/flora-runtime/pkg/mark"
	"github.com/flora-runtime/flora-runtime/pkg/v8"
)

// patience bounds every wait; a test that reaches it has failed.
const patience = 20 * time.Second

var snapshot = sync.OnceValues(func() (*v8.Blob, error) {
	v8.Init(false)
	go isolate.Watch(nil, func() { panic("a turn did not come back from V8") })
	source, err := sdkbundle.Bundle()
	if err != nil {
		return nil, err
	}
	blob, err := v8.Snapshot(source)
	if err != nil {
		return nil, err
	}
	return v8.NewBlob(blob)
})

// Blob is the SDK's snapshot, made once per process.
func Blob(tb testing.TB) *v8.Blob {
	tb.Helper()
	blob, err := snapshot()
	if err != nil {
		tb.Fatalf("make the SDK's snapshot: %v", err)
	}
	return blob
}

// Call is an op that the script called.
type Call struct {
	Op       string
	ID       uint32
	Dispatch uint64
	Args     string // JSON.
	Raw      string // Bytes.
}

// Line is a line of the guild's log.
type Line struct {
	Level isolate.Level
	Text  string
}

// Answer gives an op's JSON result; ok false makes it the error document.
// answered false leaves the op pending until Rig.Resolve.
type Answer func(c Call) (result string, ok, answered bool)

// Options change the defaults of a Rig.
type Options struct {
	Ops     []string            // Op names [those that sdkbundle's rest object calls, as far as the test names them].
	Answer  Answer              // [every op resolves to null]
	Bytes   func(c Call) []byte // Beside the answers [none].
	Limits  isolate.Limits
	Info    string
	Env     isolate.Env
	Refuse  string // A declaration that is one too many.
	Slots   *isolate.Slots
	Mark    *mark.Slot
	Now     func() time.Time // [the real clock]
	Natives []isolate.Native
}

// Rig is one loaded script and what it did.
type Rig struct {
	tb      testing.TB
	guild   *isolate.Guild
	ops     []string
	answer  Answer
	bytes   func(c Call) []byte
	refuse  string
	mu      sync.Mutex // Guards everything below.
	changed chan struct{}
	calls   []Call
	logs    []Line
	settled map[uint64]*isolate.Failure
	decl    []string
	hits    map[limit.Name]int
	next    uint64
	gone    bool
	lost    error
}

// Load starts the script and fails the test when it does not load.
func Load(tb testing.TB, script string, o Options) *Rig {
	tb.Helper()
	r, f := TryLoad(tb, script, o)
	if f != nil {
		tb.Fatalf("load: %s", f.Text)
	}
	return r
}

// TryLoad starts the script and gives its load's failure.
func TryLoad(tb testing.TB, script string, o Options) (*Rig, *isolate.Failure) {
	tb.Helper()
	r := Begin(tb, script, o)
	return r, r.Settle(isolate.LoadID)
}

// Begin starts the script without waiting for it.
func Begin(tb testing.TB, script string, o Options) *Rig {
	tb.Helper()
	r := &Rig{tb: tb, ops: o.Ops, answer: o.Answer, bytes: o.Bytes, refuse: o.Refuse, changed: make(chan struct{}), settled: map[uint64]*isolate.Failure{}, hits: map[limit.Name]int{}, next: isolate.LoadID}
	if r.answer == nil {
		r.answer = func(Call) (string, bool, bool) { return "null", true, true }
	}
	if r.bytes == nil {
		r.bytes = func(Call) []byte { return nil }
	}
	if o.Limits.LogsPerSecond == 0 {
		// Tests read every line.
		o.Limits.LogsPerSecond, o.Limits.LogBurst = 1_000_000, 1_000_000
	}
	if o.Info == "" {
		o.Info = `{"guildId":"100000000000000001","applicationId":"900000000000000001","maxTimers":512}`
	}
	if o.Slots == nil {
		o.Slots = isolate.NewSlots(8)
	}
	r.mu.Lock()
	r.guild = isolate.Start(isolate.Config{
		Blob: Blob(tb), Ops: o.Ops, Limits: o.Limits, Info: o.Info, Host: r, Slots: o.Slots, Mark: o.Mark, Env: o.Env, Now: o.Now, Natives: o.Natives,
		Name: "file:///guild/100000000000000001/bundle.js", Source: script,
	})
	r.mu.Unlock()
	tb.Cleanup(r.guild.Stop)
	return r
}

// Dispatch delivers an event and waits until its handlers have settled.
func (r *Rig) Dispatch(event, payload string) *isolate.Failure {
	r.tb.Helper()
	return r.Settle(r.Begin(event, payload))
}

// Rest waits until the script has nothing to do, and gives what it waits for.
func (r *Rig) Rest() time.Time {
	r.tb.Helper()
	answer := make(chan time.Time, 1)
	r.guild.Rest(func(next time.Time) { answer <- next })
	select {
	case next := <-answer:
		return next
	case <-time.After(patience):
		r.tb.Fatal("the script did not come to rest")
		return time.Time{}
	}
}

// SetEnv replaces the script's environment.
func (r *Rig) SetEnv(e isolate.Env) { r.guild.SetEnv(e) }

// Begin delivers an event and gives its id without waiting.
func (r *Rig) Begin(event, payload string) uint64 {
	return r.BeginFor(event, payload, patience)
}

// BeginFor is Begin with a wall limit.
func (r *Rig) BeginFor(event, payload string, wall time.Duration) uint64 {
	r.mu.Lock()
	r.next++
	id := r.next
	r.mu.Unlock()
	r.guild.Dispatch(isolate.Dispatch{ID: id, Event: event, Payload: payload, Wall: wall})
	return id
}

// Settle waits for a dispatch and gives its failure.
func (r *Rig) Settle(id uint64) *isolate.Failure {
	r.tb.Helper()
	return r.SettleWithin(id, patience)
}

// SettleWithin is Settle for what may take longer.
func (r *Rig) SettleWithin(id uint64, most time.Duration) *isolate.Failure {
	r.tb.Helper()
	var f *isolate.Failure
	r.until(most, fmt.Sprintf("dispatch %d to settle", id), func() bool {
		var ok bool
		f, ok = r.settled[id]
		return ok
	})
	return f
}

// CountLocked counts the log lines with exactly this text, for a condition of
// Until.
func (r *Rig) CountLocked(text string) int {
	n := 0
	for _, l := range r.logs {
		if l.Text == text {
			n++
		}
	}
	return n
}

// Count counts the log lines with exactly this text.
func (r *Rig) Count(text string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.CountLocked(text)
}

// Resolve answers a pending op.
func (r *Rig) Resolve(call uint32, ok bool, result string) { r.guild.Resolve(call, ok, result, nil) }

// ResolveRaw answers a pending op with bytes beside the result.
func (r *Rig) ResolveRaw(call uint32, result string, raw []byte) {
	r.guild.Resolve(call, true, result, raw)
}

// Calls lists the ops called so far, of the given names or all.
func (r *Rig) Calls(names ...string) []Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.callsLocked(names)
}

func (r *Rig) callsLocked(names []string) []Call {
	var out []Call
	for _, c := range r.calls {
		if len(names) == 0 || slices.Contains(names, c.Op) {
			out = append(out, c)
		}
	}
	return out
}

// WaitCalls waits for at least n calls of the op.
func (r *Rig) WaitCalls(n int, op string) []Call {
	r.tb.Helper()
	var out []Call
	r.Until(fmt.Sprintf("%d calls of %s", n, op), func() bool {
		out = r.callsLocked([]string{op})
		return len(out) >= n
	})
	return out
}

// Logs lists the log lines so far.
func (r *Rig) Logs() []Line {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.logs)
}

// WaitLog waits for a log line that match accepts.
func (r *Rig) WaitLog(what string, match func(Line) bool) {
	r.tb.Helper()
	r.Until("a log line: "+what, func() bool { return slices.ContainsFunc(r.logs, match) })
}

// Declared lists what the script declared, as "kind value".
func (r *Rig) Declared() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.decl)
}

// Lost waits for the isolate to end by itself and gives the reason.
func (r *Rig) Lost() error {
	r.tb.Helper()
	r.Until("the isolate to end", func() bool { return r.gone })
	return r.lost
}

// Until waits for a condition, which runs under the rig's lock.
func (r *Rig) Until(what string, cond func() bool) {
	r.tb.Helper()
	r.until(patience, what, cond)
}

func (r *Rig) until(most time.Duration, what string, cond func() bool) {
	r.tb.Helper()
	deadline := time.NewTimer(most)
	defer deadline.Stop()
	for {
		r.mu.Lock()
		ok, changed := cond(), r.changed
		r.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-deadline.C:
			r.tb.Fatalf("waited %s for %s; log: %v", most, what, r.Logs())
		}
	}
}

func (r *Rig) note(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
	close(r.changed)
	r.changed = make(chan struct{})
}

// Op implements isolate.Host.
func (r *Rig) Op(c isolate.OpCall) {
	call := Call{Op: r.ops[c.Op], ID: c.Call, Dispatch: c.Dispatch, Args: string(c.Args), Raw: string(c.Raw)}
	if !json.Valid(c.Args) {
		r.tb.Errorf("%s was called with what is not JSON: %q", call.Op, call.Args)
	}
	r.note(func() { r.calls = append(r.calls, call) })
	if result, ok, answered := r.answer(call); answered {
		r.mu.Lock()
		g := r.guild
		r.mu.Unlock()
		g.Resolve(c.Call, ok, result, r.bytes(call))
	}
}

// Log implements isolate.Host.
func (r *Rig) Log(level isolate.Level, text string) {
	r.note(func() { r.logs = append(r.logs, Line{min(level, isolate.Error), text}) })
}

// Settled implements isolate.Host.
func (r *Rig) Settled(id uint64, f *isolate.Failure) { r.note(func() { r.settled[id] = f }) }

// Declare implements isolate.Host.
func (r *Rig) Declare(kind isolate.Declaration, value string) error {
	if r.refuse != "" && value == r.refuse {
		return &limit.Error{Limit: limit.Declarations, Text: value}
	}
	r.note(func() { r.decl = append(r.decl, string(kind)+" "+value) })
	return nil
}

// Limit implements isolate.Host. The text counts as a line of the log.
func (r *Rig) Limit(h isolate.Hit) {
	r.note(func() {
		r.hits[h.Limit] += h.Count
		if h.Text != "" {
			r.logs = append(r.logs, Line{isolate.Warn, h.Text})
		}
	})
}

// WaitHits waits until the script has run into a limit n times.
func (r *Rig) WaitHits(n int, name limit.Name) {
	r.tb.Helper()
	r.Until(fmt.Sprintf("%d hits of %s", n, name), func() bool { return r.hits[name] >= n })
}

// Gone implements isolate.Host.
func (r *Rig) Gone(lost error) { r.note(func() { r.gone, r.lost = true, lost }) }

// Stop ends the script, in the middle of a turn if need be.
func (r *Rig) Stop() { r.guild.Stop() }
