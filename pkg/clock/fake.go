package clock

import (
	"context"
	"sync"
	"time"
)

// Fake is a clock that stands still until Advance moves it.
type Fake struct {
	mu      sync.Mutex // Guards the members below.
	now     time.Time
	pending []*event
	added   uint64
	changed chan struct{} // Closed and replaced when pending changes.
}

// event is a timer or ticker that waits.
type event struct {
	at    time.Time
	order uint64        // Equal times fire in the order they were set.
	every time.Duration // 0 fires once.
	fire  func(now time.Time)
}

// NewFake makes a clock that shows t.
func NewFake(t time.Time) *Fake {
	return &Fake{now: t, changed: make(chan struct{})}
}

// Now implements Clock.
func (f *Fake) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

// Advance moves the clock by d and fires, one after another and each at its own
// time, everything that is due until then, things set by an AfterFunc on the
// way included. AfterFunc's functions have returned when Advance returns.
func (f *Fake) Advance(d time.Duration) {
	f.mu.Lock()
	end := f.now.Add(d)
	for {
		e := f.due(end)
		if e == nil {
			break
		}
		if e.at.After(f.now) {
			f.now = e.at
		}
		if e.every > 0 {
			e.at = e.at.Add(e.every)
		} else {
			f.remove(e)
		}
		now := f.now
		f.mu.Unlock()
		e.fire(now)
		f.mu.Lock()
	}
	if end.After(f.now) {
		f.now = end
	}
	f.mu.Unlock()
}

// WaitPending waits until n timers and tickers are set and have not fired, so
// that a test can tell that a goroutine has come to its wait.
func (f *Fake) WaitPending(ctx context.Context, n int) error {
	for {
		f.mu.Lock()
		have, changed := len(f.pending), f.changed
		f.mu.Unlock()
		if have >= n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// NewTimer implements Clock.
func (f *Fake) NewTimer(d time.Duration) *Timer {
	c := make(chan time.Time, 1)
	t := f.timer(d, func(now time.Time) { send(c, now) })
	t.C = c
	return t
}

// AfterFunc implements Clock.
func (f *Fake) AfterFunc(d time.Duration, fn func()) *Timer {
	return f.timer(d, func(time.Time) { fn() })
}

// NewTicker implements Clock.
func (f *Fake) NewTicker(d time.Duration) *Ticker {
	if d <= 0 {
		panic("clock: a ticker needs a positive interval")
	}
	c := make(chan time.Time, 1)
	e := &event{every: d, fire: func(now time.Time) { send(c, now) }}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.add(e, d)
	return &Ticker{C: c, stop: func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.remove(e)
	}}
}

func (f *Fake) timer(d time.Duration, fire func(time.Time)) *Timer {
	e := &event{fire: fire}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.add(e, d)
	return &Timer{
		stop: func() bool {
			f.mu.Lock()
			defer f.mu.Unlock()
			return f.remove(e)
		},
		reset: func(d time.Duration) bool {
			f.mu.Lock()
			defer f.mu.Unlock()
			was := f.remove(e)
			f.add(e, d)
			return was
		},
	}
}

// add sets e to fire in d. The caller holds mu.
func (f *Fake) add(e *event, d time.Duration) {
	f.added++
	e.order, e.at = f.added, f.now.Add(d)
	f.pending = append(f.pending, e)
	f.announce()
}

// remove takes e out and reports whether it was there. The caller holds mu.
func (f *Fake) remove(e *event) bool {
	for i, p := range f.pending {
		if p == e {
			f.pending = append(f.pending[:i], f.pending[i+1:]...)
			f.announce()
			return true
		}
	}
	return false
}

// due gives what fires next, if that is not after end. The caller holds mu.
func (f *Fake) due(end time.Time) *event {
	var first *event
	for _, e := range f.pending {
		if e.at.After(end) {
			continue
		}
		if first == nil || e.at.Before(first.at) || e.at.Equal(first.at) && e.order < first.order {
			first = e
		}
	}
	return first
}

func (f *Fake) announce() {
	close(f.changed)
	f.changed = make(chan struct{})
}

func send(c chan time.Time, now time.Time) {
	select {
	case c <- now:
	default:
	}
}
