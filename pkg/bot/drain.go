package bot

import (
	"context"
	"sync"
	"time"
)

// Drain begins no more handlers and waits, at most for d, until those that run
// have come to their end, those of scripts that were replaced included. What
// waits in the queues is left: the next process has Discord replay it.
func (b *Bot) Drain(d time.Duration) {
	b.draining.Store(true)
	var wg sync.WaitGroup
	for _, g := range b.all() {
		for _, s := range g.serving() {
			wg.Go(func() { s.drain(context.Background(), d) })
		}
	}
	wg.Wait()
}

// serving gives the scripts that serve or did so and have handlers that run:
// not those that are being loaded.
func (g *guild) serving() (out []*script) {
	g.environment.mu.Lock()
	defer g.environment.mu.Unlock()
	for s := range g.environment.readers {
		if s.serves() {
			out = append(out, s)
		}
	}
	return out
}
