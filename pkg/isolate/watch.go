package isolate

import (
	"sync/atomic"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/v8"
)

const (
	watchEvery = 10 * time.Millisecond
	// StuckGrace is the CPU a turn may use after it was told to stop, before
	// the process is given up: some native loops never look.
	StuckGrace = 500 * time.Millisecond
)

var (
	turns   atomic.Int64
	started = make(chan struct{}, 1)
)

// watched tells the watchdog that a turn runs until the returned function is
// called.
func watched() func() {
	if turns.Add(1) == 1 {
		select {
		case started <- struct{}{}:
		default:
		}
	}
	return func() { turns.Add(-1) }
}

// Watch is the process's watchdog: it stops turns at their CPU limit and calls
// stuck when V8 does not come back. It sleeps while nothing runs. It returns
// when stop is closed.
func Watch(stop <-chan struct{}, stuck func()) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-started:
		}
		tick.Reset(watchEvery)
		for turns.Load() > 0 {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			if _, hung := v8.Watch(StuckGrace); hung {
				stuck()
				return
			}
		}
	}
}
