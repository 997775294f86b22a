package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
)

// stopLimit is how long one part may take to stop before it is left behind.
const stopLimit = 10 * time.Second

// lifeline owns what a process started: it stops the parts in the opposite
// order, each with a deadline, and says which did not stop.
type lifeline struct {
	log    *zap.Logger
	parts  []part
	failed chan error
	limit  time.Duration
}

type part struct {
	name string
	stop func() // Asks it to end.
	done <-chan struct{}
	// limit says how long it may take; nil is the lifeline's.
	limit func() time.Duration
}

func newLifeline(log *zap.Logger) *lifeline {
	return &lifeline{log: log, failed: make(chan error, 1), limit: stopLimit}
}

// run starts a part that lives until its context ends. One that ends earlier
// ends the process, with its error.
func (l *lifeline) run(name string, body func(ctx context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		err := body(ctx)
		if ctx.Err() != nil {
			if err != nil && !errors.Is(err, context.Canceled) {
				l.log.Warn("a part did not stop cleanly", zap.String("part", name), zap.Error(err))
			}
			return
		}
		if err == nil {
			err = errors.New("it ended by itself")
		}
		select {
		case l.failed <- fmt.Errorf("%s: %w", name, err):
		default:
		}
	}()
	l.parts = append(l.parts, part{name, cancel, done, nil})
}

// release adds something that only has to be given back.
func (l *lifeline) release(name string, body func() error) { l.slow(name, nil, body) }

// slow is release for something that may take that long.
func (l *lifeline) slow(name string, limit func() time.Duration, body func() error) {
	done := make(chan struct{})
	l.parts = append(l.parts, part{name, func() {
		go func() {
			defer close(done)
			if err := body(); err != nil {
				l.log.Warn("a part did not stop cleanly", zap.String("part", name), zap.Error(err))
			}
		}()
	}, done, limit})
}

// wait returns when ctx ends, or with the error of a part that failed.
func (l *lifeline) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-l.failed:
		return err
	}
}

// stop ends all parts, the last started first, and names those left behind.
func (l *lifeline) stop() error {
	var late []error
	for len(l.parts) > 0 {
		p := l.parts[len(l.parts)-1]
		l.parts = l.parts[:len(l.parts)-1]
		p.stop()
		limit := l.limit
		if p.limit != nil {
			limit = p.limit()
		}
		timer := time.NewTimer(limit)
		select {
		case <-p.done:
		case <-timer.C:
			late = append(late, fmt.Errorf("%s did not stop within %s", p.name, limit))
		}
		timer.Stop()
	}
	return errors.Join(late...)
}
