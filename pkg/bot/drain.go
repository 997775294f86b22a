package bot

import (
	"context"
	"sync"
	"time"
)

// Drain begins no more handlers and waits, at most for d, until those that run
// have come to their end. What waits in the queues is left: the next process
// has Discord replay it.
func (b *Bot) Drain(d time.Duration) {
	b.draining.Store(true)
	var wg sync.WaitGroup
	for _, g := range b.all() {
		g.mu.Lock()
		s := g.active
		g.mu.Unlock()
		if s != nil {
			wg.Go(func() { s.drain(context.Background(), d) })
		}
	}
	wg.Wait()
}
