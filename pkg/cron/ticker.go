package cron

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Job is what a script asks for.
type Job struct {
	Guild snowflake.GuildID
	Name  string // Unique in the guild.
	Expr  string
	// SkipIfRunning drops a slot while an earlier run has not finished.
	SkipIfRunning bool
	// Backoff are the milliseconds before each further try of a run that failed;
	// whoever fires the job sees to it.
	Backoff []int64
}

// Bounds of Job.Backoff, which are Deno's.
const (
	maxTries = 5
	maxPause = int64(time.Hour / time.Millisecond)
)

// CheckBackoff says what is wrong with a job's pauses.
func CheckBackoff(pauses []int64) error {
	if len(pauses) > maxTries {
		return fault.New(fault.InvalidInput, "a job is tried again at most %d times; backoff has %d pauses", maxTries, len(pauses))
	}
	for _, ms := range pauses {
		if ms < 0 || ms > maxPause {
			return fault.New(fault.InvalidInput, "a pause before another try has 0 to %d milliseconds, not %d", maxPause, ms)
		}
	}
	return nil
}

// Firing is one run of a job.
type Firing struct {
	Guild snowflake.GuildID
	Name  string
	// ScheduledAt is the slot that was due, in UTC; the tick may come later.
	ScheduledAt time.Time
	// Backoff is the job's.
	Backoff []int64
	// Finished must be called once the run is over; more calls do nothing.
	Finished func()
}

// JobStatus is a registered job as the API shows it.
type JobStatus struct {
	Job
	Next    time.Time // Zero when no slot comes.
	Last    time.Time // The slot of the last run, zero before the first.
	Running int
	Skipped uint64 // Slots dropped by SkipIfRunning.
	// Warning says why the job will not run, or is empty.
	Warning string
}

// Ticker fires the jobs of all guilds.
type Ticker struct {
	clock clock.Clock
	fire  func(Firing)

	mu     sync.Mutex // Guards the members below and those of every job.
	guilds map[snowflake.GuildID]map[string]*job
	queue  queue
}

// job is a registered Job.
type job struct {
	Job
	schedule Schedule
	warning  string
	next     time.Time
	last     time.Time
	running  int
	skipped  uint64
	index    int // In the queue, -1 when it is not there.
}

// NewTicker makes a ticker without jobs. fire is called by Run, one firing
// after another, and by Trigger, and must not block.
func NewTicker(c clock.Clock, fire func(Firing)) *Ticker {
	return &Ticker{clock: c, fire: fire, guilds: map[snowflake.GuildID]map[string]*job{}}
}

// Run fires what is due each full second, until ctx ends. Slots that passed
// since the last tick are one firing, which carries the earliest of them.
func (t *Ticker) Run(ctx context.Context) error {
	timer := t.clock.NewTimer(t.untilSecond())
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil
		}
		t.tick(t.clock.Now())
		timer.Reset(t.untilSecond())
	}
}

// Tick fires what is due now. It is for those who move the clock themselves, and
// do without Run.
func (t *Ticker) Tick() { t.tick(t.clock.Now()) }

func (t *Ticker) untilSecond() time.Duration {
	return time.Second - time.Duration(t.clock.Now().Nanosecond())
}

// tick fires everything due at now.
func (t *Ticker) tick(now time.Time) {
	// Many jobs share an expression and a slot: each next slot is worked out once.
	known := map[string]time.Time{}
	for {
		f, ok := t.pop(now, known)
		if !ok {
			return
		}
		t.fire(f)
	}
}

// pop takes the next due firing and sets its job's next slot.
func (t *Ticker) pop(now time.Time, known map[string]time.Time) (Firing, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.queue) > 0 && !t.queue[0].next.After(now) {
		j := t.queue[0]
		slot := j.next
		next, ok := known[j.schedule.expr]
		if !ok {
			next, _ = j.schedule.Next(now)
			known[j.schedule.expr] = next
		}
		t.requeue(j, next)
		if j.SkipIfRunning && j.running > 0 {
			j.skipped++
			continue
		}
		return t.begin(j, slot), true
	}
	return Firing{}, false
}

// Errors of Trigger.
var (
	ErrNoJob   = errors.New("there is no such job")
	ErrRunning = errors.New("the job runs, and skips what comes meanwhile")
)

// Trigger fires a job now, beside its slots, and gives the moment that it is
// scheduled for.
func (t *Ticker) Trigger(guild snowflake.GuildID, name string) (time.Time, error) {
	t.mu.Lock()
	j, ok := t.guilds[guild][name]
	switch {
	case !ok:
		t.mu.Unlock()
		return time.Time{}, ErrNoJob
	case j.SkipIfRunning && j.running > 0:
		t.mu.Unlock()
		return time.Time{}, ErrRunning
	}
	f := t.begin(j, t.clock.Now().UTC())
	t.mu.Unlock()
	t.fire(f)
	return f.ScheduledAt, nil
}

// Rerun counts a further try of a run that failed, until finished is called. No
// two tries of a job that skips while it runs are at the same time.
func (t *Ticker) Rerun(guild snowflake.GuildID, name string) (finished func(), err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	j, ok := t.guilds[guild][name]
	switch {
	case !ok:
		return nil, ErrNoJob
	case j.SkipIfRunning && j.running > 0:
		return nil, ErrRunning
	}
	return t.begin(j, j.last).Finished, nil
}

// begin counts a run. The caller holds mu.
func (t *Ticker) begin(j *job, at time.Time) Firing {
	j.running++
	j.last = at
	return Firing{Guild: j.Guild, Name: j.Name, ScheduledAt: at, Backoff: j.Backoff, Finished: sync.OnceFunc(func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		j.running--
	})}
}

// requeue gives the job its next slot; the zero time takes it out. The caller
// holds mu.
func (t *Ticker) requeue(j *job, next time.Time) {
	j.next = next
	switch {
	case next.IsZero() && j.index >= 0:
		heap.Remove(&t.queue, j.index)
	case next.IsZero():
	case j.index >= 0:
		heap.Fix(&t.queue, j.index)
	default:
		heap.Push(&t.queue, j)
	}
}

// Set replaces all jobs of the guild. A job whose name and expression stay
// keeps its next slot and the count of its runs. Of two jobs with one name the
// first counts. A job whose expression is wrong or never matches stays listed
// with a warning.
func (t *Ticker) Set(guild snowflake.GuildID, jobs []Job) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.clock.Now()
	old := t.guilds[guild]
	set := make(map[string]*job, len(jobs))
	for _, want := range jobs {
		if _, dup := set[want.Name]; dup {
			continue
		}
		want.Guild = guild
		if j, ok := old[want.Name]; ok && j.Expr == want.Expr {
			j.Job = want
			set[want.Name] = j
			delete(old, want.Name)
			continue
		}
		set[want.Name] = t.add(want, now)
	}
	for _, j := range old {
		t.requeue(j, time.Time{})
	}
	if len(set) == 0 {
		delete(t.guilds, guild)
		return
	}
	t.guilds[guild] = set
}

// add registers a job. The caller holds mu.
func (t *Ticker) add(want Job, now time.Time) *job {
	j := &job{Job: want, index: -1}
	schedule, err := Parse(want.Expr)
	if err != nil {
		j.warning = err.Error()
		return j
	}
	j.schedule = schedule
	next, ok := schedule.Next(now)
	if !ok {
		j.warning = "no date from now on matches " + want.Expr + "; the job will not run"
	}
	t.requeue(j, next)
	return j
}

// Clear removes all jobs of the guild.
func (t *Ticker) Clear(guild snowflake.GuildID) { t.Set(guild, nil) }

// Jobs lists the guild's jobs by name.
func (t *Ticker) Jobs(guild snowflake.GuildID) []JobStatus {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]JobStatus, 0, len(t.guilds[guild]))
	for _, j := range t.guilds[guild] {
		out = append(out, JobStatus{Job: j.Job, Next: j.next, Last: j.last, Running: j.running, Skipped: j.skipped, Warning: j.warning})
	}
	slices.SortFunc(out, func(a, b JobStatus) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// queue is a heap of jobs, the earliest slot first.
type queue []*job

func (q queue) Len() int { return len(q) }

func (q queue) Less(a, b int) bool {
	x, y := q[a], q[b]
	if c := x.next.Compare(y.next); c != 0 {
		return c < 0
	}
	if c := cmp.Compare(x.Guild, y.Guild); c != 0 {
		return c < 0
	}
	return x.Name < y.Name
}

func (q queue) Swap(a, b int) {
	q[a], q[b] = q[b], q[a]
	q[a].index, q[b].index = a, b
}

// Push implements heap.Interface.
func (q *queue) Push(x any) {
	j := x.(*job) //nolint:forcetypeassert // Only jobs are pushed.
	j.index = len(*q)
	*q = append(*q, j)
}

// Pop implements heap.Interface.
func (q *queue) Pop() any {
	old := *q
	j := old[len(old)-1]
	old[len(old)-1] = nil
	j.index = -1
	*q = old[:len(old)-1]
	return j
}
