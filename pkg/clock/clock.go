// Package clock is the time that the runtime's packages see: the real one, or
// in tests a fake one that moves only when it is told to.
package clock

import (
	"context"
	"time"
)

// Clock gives the time and things that happen later.
type Clock interface {
	Now() time.Time
	// NewTimer sends the time once after d.
	NewTimer(d time.Duration) *Timer
	// NewTicker sends the time each d; d must be positive. Like time.Ticker it
	// drops ticks that nobody receives.
	NewTicker(d time.Duration) *Ticker
	// AfterFunc calls f once after d: the real clock in a goroutine of its own,
	// the fake one inside Advance. The timer's C is nil.
	AfterFunc(d time.Duration, f func()) *Timer
}

// Timer is one thing that happens later.
type Timer struct {
	C     <-chan time.Time
	stop  func() bool
	reset func(d time.Duration) bool
}

// Stop prevents the timer from firing; false means it fired or was stopped
// already.
func (t *Timer) Stop() bool { return t.stop() }

// Reset makes the timer fire after d from now, whatever it was doing.
func (t *Timer) Reset(d time.Duration) bool { return t.reset(d) }

// Ticker is something that happens again and again.
type Ticker struct {
	C    <-chan time.Time
	stop func()
}

// Stop ends the ticker; it does not close C.
func (t *Ticker) Stop() { t.stop() }

// Real is the machine's clock.
var Real Clock = machine{}

// Sleep waits for d; it is false when ctx ended first.
func Sleep(ctx context.Context, c Clock, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := c.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

type machine struct{}

func (machine) Now() time.Time { return time.Now() }

func (machine) NewTimer(d time.Duration) *Timer {
	t := time.NewTimer(d)
	return &Timer{C: t.C, stop: t.Stop, reset: t.Reset}
}

func (machine) NewTicker(d time.Duration) *Ticker {
	t := time.NewTicker(d)
	return &Ticker{C: t.C, stop: t.Stop}
}

func (machine) AfterFunc(d time.Duration, f func()) *Timer {
	t := time.AfterFunc(d, f)
	return &Timer{stop: t.Stop, reset: t.Reset}
}
