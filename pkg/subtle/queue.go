package subtle

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/flora-runtime/flora-runtime/pkg/limit"
)

// Of what a process does at once heavy bounds the operations that take long, so
// that turns of scripts find a core, and bulky those with more than so many
// bytes, of which several copies are made on their way.
var (
	heavy = make(chan struct{}, max(2, runtime.GOMAXPROCS(0)))
	bulky = make(chan struct{}, 2)
)

const bulk = 1 << 20

var errClosed = errors.New("the script has ended")

// Budget is the CPU time that one script's operations may use.
type Budget struct {
	Burst time.Duration // At once,
	Rate  float64       // and so much of a core again.
}

// Queue does the operations of one script beside its own thread, in their order:
// those that take long (keys of RSA, PBKDF2) one by one, and the others one by
// one. An operation cannot be interrupted, but each is bounded. The zero Queue
// is not ready; see NewQueue.
type Queue struct {
	budget Budget
	lanes  [2]lane

	mu     sync.Mutex // Guards everything below, and the lanes.
	spent  limit.Bucket
	closed bool
}

type lane struct {
	waiting []job
	busy    bool
}

type job struct {
	args []byte
	done func(result string, err error)
}

// NewQueue makes a queue. Close ends it.
func NewQueue(b Budget) *Queue { return &Queue{budget: b} }

// Do takes over args and calls done, from another goroutine, with what Run gives
// or with a *limit.Error when the budget is used up. After Close it does not.
func (q *Queue) Do(args []byte, done func(result string, err error)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	long := takesLong(args)
	l := &q.lanes[0]
	if long {
		l = &q.lanes[1]
	}
	l.waiting = append(l.waiting, job{args, done})
	if !l.busy {
		l.busy = true
		go q.work(l, long)
	}
}

// Close forgets what waits. An operation that runs ends by itself, and its
// result goes nowhere.
func (q *Queue) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for i := range q.lanes {
		q.lanes[i].waiting = nil
	}
}

// takesLong tells operations that may take longer than a turn should wait for.
// The SDK writes what to do first.
func takesLong(args []byte) bool {
	head := args[:min(len(args), 128)]
	return bytes.Contains(head, []byte(`"name":"PBKDF2"`)) || bytes.Contains(head, []byte(`"do":"generateKey"`)) && bytes.Contains(head, []byte(`"name":"RS`))
}

// work does what waits in a lane, until nothing does.
func (q *Queue) work(l *lane, long bool) {
	// The clock of CPU time is the thread's.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for {
		j, ok := q.next(l)
		if !ok {
			return
		}
		result, err := q.do(j.args, long)
		if !q.over() {
			j.done(result, err)
		}
	}
}

func (q *Queue) over() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

func (q *Queue) next(l *lane) (job, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(l.waiting) == 0 {
		l.busy = false
		l.waiting = nil
		return job{}, false
	}
	j := l.waiting[0]
	l.waiting[0] = job{}
	l.waiting = l.waiting[1:]
	return j, true
}

func (q *Queue) do(args []byte, long bool) (string, error) {
	if long {
		heavy <- struct{}{}
		defer func() { <-heavy }()
	}
	if len(args) > bulk {
		bulky <- struct{}{}
		defer func() { <-bulky }()
	}
	if q.over() {
		return "", errClosed
	}
	if err := q.charge(0, 0); err != nil {
		return "", err
	}
	begun := cpu()
	result, err := Run(args)
	// What was done is paid for, on credit if need be.
	_ = q.charge(cpu()-begun, math.MaxInt64)
	return result, err
}

func (q *Queue) charge(used, patience time.Duration) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	wait, ok := q.spent.Take(time.Now(), used.Seconds(), q.budget.Rate, q.budget.Burst.Seconds(), patience)
	if ok {
		return nil
	}
	return &limit.Error{Limit: limit.CryptoCPU, Text: fmt.Sprintf("crypto.subtle has used its %s of CPU, and gets %.0f ms more each second; try again in %s",
		q.budget.Burst, q.budget.Rate*1000, (wait + 100*time.Millisecond).Truncate(100*time.Millisecond))}
}

// cpu is what this thread has used.
func cpu() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
