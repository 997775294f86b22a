package isolate

import (
	"container/heap"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/limit"
	"github.com/flora-runtime/flora-runtime/pkg/platform"
	"github.com/flora-runtime/flora-runtime/pkg/subtle"
	"github.com/flora-runtime/flora-runtime/pkg/v8"
)

var errStopped = errors.New("stopped")

// loop is the event loop's state; only the guild's goroutine touches it.
type loop struct {
	g         *Guild
	due       schedule
	timers    map[uint64]*appointment
	running   map[uint64]*running // Dispatches not yet settled.
	expired   map[uint64]struct{} // Dispatches that ran into their limit; what they still ask is refused.
	oldest    []uint64            // The same, in their order.
	calls     map[uint32]call     // Pending ops.
	nextCall  uint32
	callBytes int            // Arguments of all pending ops.
	callsOf   map[uint64]int // Pending ops of each dispatch.
	hits      map[limit.Name]*Hit
	lines     limit.Bucket           // Of log lines.
	codecs    platform.Codecs        // Compressions that the script has begun.
	subtle    *subtle.Queue          // Operations of crypto.subtle,
	inSubtle  int                    // how many it has,
	resting   []func(next time.Time) // and who waits for them.
	spare     []func()
	lastError error
}

// maxExpired is how many dispatches that ran into their limit are remembered.
const maxExpired = 1024

// call is an op that waits for its result.
type call struct {
	dispatch uint64
	bytes    int
}

type running struct {
	Dispatch
	deadline *appointment
}

func (l *loop) init(g *Guild) {
	l.g = g
	l.timers = map[uint64]*appointment{}
	l.running = map[uint64]*running{}
	l.expired = map[uint64]struct{}{}
	l.calls = map[uint32]call{}
	l.callsOf = map[uint64]int{}
	l.hits = map[limit.Name]*Hit{}
	l.subtle = subtle.NewQueue(subtle.Budget{Burst: g.cfg.Limits.CryptoCPU, Rate: 0.2})
}

// now is the time that timers and limits of wall time go by.
func (l *loop) now() time.Time {
	if l.g.cfg.Now != nil {
		return l.g.cfg.Now()
	}
	return time.Now()
}

// rested does what is due, and then tells what the script waits for of the
// clock. What is being computed for it comes first.
func (l *loop) rested(answer func(next time.Time)) {
	if l.inSubtle > 0 {
		l.resting = append(l.resting, answer)
		return
	}
	for len(l.due) > 0 && !l.due[0].when.After(l.now()) && l.lastError == nil {
		if err := l.fire(); err != nil {
			l.lastError = err
		}
	}
	var next time.Time
	if len(l.due) > 0 {
		next = l.due[0].when
	}
	answer(next)
}

// step waits for something to do and does it.
func (l *loop) step() error {
	batch, stop := l.g.drain(l.spare)
	if stop {
		return errStopped
	}
	if len(batch) == 0 {
		l.spare = batch
		if len(l.due) > 0 && !l.due[0].when.After(l.now()) {
			return l.fire()
		}
		return l.rest()
	}
	for i, f := range batch {
		batch[i] = nil
		if l.lastError == nil {
			f()
		}
	}
	l.spare = batch
	if l.lastError != nil {
		return l.lastError
	}
	if len(l.due) > 0 && !l.due[0].when.After(l.now()) {
		return l.fire()
	}
	return nil
}

func (l *loop) rest() error {
	if len(l.due) == 0 || l.g.cfg.Now != nil {
		<-l.g.wake
		return nil
	}
	timer := time.NewTimer(time.Until(l.due[0].when))
	defer timer.Stop()
	select {
	case <-l.g.wake:
	case <-timer.C:
	}
	return nil
}

// fire runs the first appointment that is due.
func (l *loop) fire() error {
	a, _ := heap.Pop(&l.due).(*appointment)
	if a.limit != "" {
		l.tell(a)
		return nil
	}
	if a.timer == 0 {
		l.expire(a.dispatch)
		return l.lastError
	}
	if a.every > 0 {
		a.when = l.now().Add(a.every)
		heap.Push(&l.due, a)
	} else {
		delete(l.timers, a.timer)
	}
	l.enter(a.dispatch, enterTimer, float64(a.timer), "", "")
	return l.lastError
}

// enter is one turn. What it throws is kept in lastError when the isolate
// cannot go on.
func (l *loop) enter(dispatch uint64, kind int, id float64, a, b string) {
	if l.lastError != nil {
		return
	}
	l.g.cfg.Slots.take()
	defer l.g.cfg.Slots.give()
	err := l.turn(dispatch, func(cpu time.Duration) error {
		// Here and not before: an event that waits for its turn when the process is
		// lost has not begun, and is delivered to the next one.
		if kind == enterDispatch && l.g.cfg.Mark != nil {
			l.g.cfg.Mark.Begun.Store(dispatch)
		}
		defer watched()()
		return l.g.iso.Turn(kind, id, float64(dispatch), a, b, cpu)
	})
	if err != nil {
		l.lastError = err
	}
}

// turn runs one entry into V8 and deals with its outcome. It returns an error
// only when the isolate must go.
func (l *loop) turn(dispatch uint64, run func(cpu time.Duration) error) error {
	if l.g.stopping() {
		return errStopped
	}
	cpu := l.g.cfg.Limits.TurnCPU
	if r, ok := l.running[dispatch]; ok && r.CPU > 0 {
		cpu = r.CPU
	}
	err := run(cpu)
	if l.g.cfg.Mark != nil {
		l.g.cfg.Mark.Turns.Add(1)
	}
	l.note()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, v8.ErrTerminated) && l.g.stopping():
		return errStopped
	case errors.Is(err, v8.ErrTerminated):
		l.stopped(dispatch, err, cpu)
		return nil
	case errors.Is(err, v8.ErrOutOfMemory):
		l.hit(limit.Memory, "")
		return l.outOfMemory(err)
	default:
		if e, ok := errors.AsType[*v8.Exception](err); ok {
			l.fail(dispatch, &Failure{Name: "Error", Message: clip(e.Text), Text: clip(e.Text)})
			return nil
		}
		return err
	}
}

// stopped ends the dispatch whose code was stopped: what one left behind may
// run in the turn of another.
func (l *loop) stopped(dispatch uint64, err error, cpu time.Duration) {
	if t, ok := errors.AsType[*v8.Terminated](err); ok && t.Context != 0 {
		dispatch = uint64(t.Context)
	}
	name := limit.TurnCPU
	if r, ok := l.running[dispatch]; ok && r.CPU > 0 {
		name = limit.CronCPU
	}
	if dispatch == LoadID {
		name = limit.LoadCPU
	}
	l.hit(name, "")
	l.fail(dispatch, failure("TimeoutError", fmt.Sprintf("stopped after %d ms of CPU without a pause; split long work with await, or do less", cpu.Milliseconds())))
}

func (l *loop) outOfMemory(err error) error {
	used := ""
	if m, ok := errors.AsType[*v8.OutOfMemory](err); ok {
		used = fmt.Sprintf(" (%d MiB of values, %d MiB of buffers, %d MiB of Intl)", m.Heap>>20, m.Buffers>>20, m.Native>>20)
	}
	return fmt.Errorf("%w: the script used more than its %d MiB of memory%s; keep less at a time, and what must stay in a store", err, l.g.cfg.Limits.MemoryBytes>>20, used)
}

func failure(name, message string) *Failure {
	return &Failure{Name: name, Message: message, Text: name + ": " + message}
}

// fail ends a dispatch that cannot settle itself; without one the failure is
// background work's and is logged.
func (l *loop) fail(dispatch uint64, f *Failure) {
	if _, ok := l.running[dispatch]; ok {
		l.settle(dispatch, f)
		return
	}
	l.g.cfg.Host.Log(Uncaught, f.Text)
}

func (l *loop) begin(d Dispatch) {
	r := &running{Dispatch: d}
	if d.Wall > 0 {
		r.deadline = &appointment{when: l.now().Add(d.Wall), dispatch: d.ID}
		heap.Push(&l.due, r.deadline)
	}
	l.running[d.ID] = r
}

func (l *loop) dispatch(d Dispatch) {
	l.begin(d)
	l.enter(d.ID, enterDispatch, float64(d.ID), d.Event, d.Payload)
}

func (l *loop) settle(id uint64, f *Failure) {
	r, ok := l.running[id]
	if !ok {
		return
	}
	delete(l.running, id)
	l.due.remove(r.deadline)
	l.g.cfg.Host.Settled(id, f)
}

func (l *loop) extend(id uint64, until time.Time) {
	r, ok := l.running[id]
	if !ok || r.deadline == nil || !until.After(r.deadline.when) {
		return
	}
	r.deadline.when = until
	heap.Fix(&l.due, r.deadline.index)
}

// expire ends a dispatch at its wall limit: what it waits for is rejected, so
// that its finally blocks run; the isolate stays.
func (l *loop) expire(id uint64) {
	r, ok := l.running[id]
	if !ok {
		return
	}
	message := fmt.Sprintf("the handler of %q did not finish within %s", r.Event, r.Wall)
	if id == LoadID {
		message = fmt.Sprintf("the script did not load within %s; what its top level waits for must come by then", r.Wall)
		l.hit(limit.LoadTime, "")
	} else {
		l.hit(limit.DispatchTime, "")
	}
	l.settle(id, failure("TimeoutError", message))
	l.expired[id] = struct{}{}
	l.oldest = append(l.oldest, id)
	if len(l.oldest) > maxExpired {
		delete(l.expired, l.oldest[0])
		l.oldest = l.oldest[1:]
	}
	if l.callsOf[id] == 0 {
		return
	}
	for id, c := range l.calls {
		if c.dispatch == r.ID && l.lastError == nil {
			l.resolve(id, false, timeoutError(message))
		}
	}
}

func timeoutError(message string) string {
	b, err := json.Marshal(map[string]string{"class": "Error", "name": "TimeoutError", "message": message, "code": "TIMEOUT"})
	if err != nil {
		return "{}"
	}
	return string(b)
}

func (l *loop) resolve(id uint32, ok bool, result string) {
	c, pending := l.calls[id]
	if !pending {
		return
	}
	delete(l.calls, id)
	l.callBytes -= c.bytes
	if l.callsOf[c.dispatch]--; l.callsOf[c.dispatch] == 0 {
		delete(l.callsOf, c.dispatch)
	}
	flag := "0"
	if ok {
		flag = "1"
	}
	l.enter(c.dispatch, enterResult, float64(id), flag, result)
}

// abandon settles everything that can no longer settle itself. When the isolate
// is lost, its end says so once for all of them.
func (l *loop) abandon(err error) {
	for name, h := range l.hits {
		if h.Count > 0 {
			l.g.cfg.Host.Limit(*h)
		}
		delete(l.hits, name)
	}
	if !errors.Is(err, errStopped) {
		return
	}
	for id := range l.running {
		l.settle(id, failure("Error", "the script was stopped"))
	}
}
