package supervisor

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"time"
)

// The watchdog outside of the workers. The one inside stops a turn at its
// limit, and ends the process when V8 does not come back; this one is for the
// case that it does not, or that the process is not what was started.
const (
	lookEvery = 100 * time.Millisecond // While turns run.
	restEvery = time.Second            // While none does: timers of scripts wake by themselves.
	// stuckCPU is what a turn may use beyond its limit.
	stuckCPU = 500 * time.Millisecond
	// stuckWall is how long it may take beyond its limit: on busy cores a
	// healthy thread needs seconds to see that it is to stop.
	stuckWall = 15 * time.Second
)

// running is a turn that was seen before.
type running struct {
	turn  uint64
	since time.Time
	// used is the thread's CPU time when it was seen first, and late when it was
	// first seen to be over its limit.
	used time.Duration
	late time.Time
}

// watch looks at every worker until ctx ends.
func (p *Pool) watch(ctx context.Context) {
	timer := time.NewTimer(restEvery)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		next := restEvery
		for _, s := range p.all {
			if s.look(time.Now()) {
				next = lookEvery
			}
		}
		timer.Reset(next)
	}
}

// look goes through the slot's scripts and reports whether one of them runs.
func (s *slot) look(now time.Time) (busy bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc == nil || s.proc.PID() == os.Getpid() {
		return false
	}
	for _, i := range s.instances {
		turn := s.marks.At(i.mark).Turn.Load()
		if turn == 0 {
			continue
		}
		busy = true
		if i.seen.turn != turn {
			i.seen = running{turn: turn, since: now}
			continue
		}
		if why := i.seen.overdue(s.proc.PID(), i.limit(), now); why != "" {
			s.condemn(sentence{cause: Stuck, why: why, culprit: i.id})
			return true
		}
	}
	return busy
}

// overdue says why the turn is to be ended, if it is. It is asked from the
// second look on.
func (r *running) overdue(pid int, limit time.Duration, now time.Time) string {
	used, err := threadCPU(pid, uint32(r.turn)) //nolint:gosec // The low half is the thread.
	if err != nil {
		// Not a thread of the worker: it says what is not true, or it has just
		// ended. The clock decides.
		if now.Sub(r.since) > limit+stuckWall {
			return "a turn runs on, and not on the thread that it names"
		}
		return ""
	}
	if r.used == 0 {
		r.used = max(used, 1)
		return ""
	}
	over := used - r.used - limit
	if over > 0 && r.late.IsZero() {
		r.late = now
	}
	switch {
	case over > stuckCPU:
		return "a script did not come back from V8 after it was told to stop"
	case !r.late.IsZero() && now.Sub(r.late) > stuckWall:
		return fmt.Sprintf("a script did not come back from V8 within %s", stuckWall)
	}
	return ""
}

// threadCPU reads the CPU time of a thread, which must be the process's: the
// number comes out of memory that the process writes.
func threadCPU(pid int, tid uint32) (time.Duration, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/task/" + strconv.FormatUint(uint64(tid), 10) + "/schedstat")
	if err != nil {
		return 0, fmt.Errorf("look at thread %d of process %d: %w", tid, pid, err)
	}
	first, _, _ := bytes.Cut(b, []byte(" "))
	ns, err := strconv.ParseInt(string(first), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("look at thread %d of process %d: %w", tid, pid, err)
	}
	return time.Duration(ns), nil
}
