package supervisor

import (
	"context"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// rests are the questions to a script whether it has something to do.
type rests struct {
	mu      sync.Mutex // Guards the members below.
	last    uint64
	waiting map[uint64]chan time.Time
}

// Rest waits until the script has done all that it was sent before, and gives
// the time of what it then waits for of the clock, zero when that is nothing.
// Unlike the other methods it waits: for the script, or until ctx ends, as the
// caller makes it when the script is gone.
func (i *Instance) Rest(ctx context.Context) (next time.Time, err error) {
	r := &i.rests
	answer := make(chan time.Time, 1)
	r.mu.Lock()
	r.last++
	id := r.last
	if r.waiting == nil {
		r.waiting = map[uint64]chan time.Time{}
	}
	r.waiting[id] = answer
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.waiting, id)
	}()
	if err := i.send(wire.Rest{Instance: i.id, ID: id}); err != nil {
		return time.Time{}, err
	}
	select {
	case next := <-answer:
		return next, nil
	case <-ctx.Done():
		return time.Time{}, ctx.Err()
	}
}

// rested is told the answer; one that nobody waits for is nobody's.
func (i *Instance) rested(f wire.Rested) {
	i.rests.mu.Lock()
	defer i.rests.mu.Unlock()
	answer := i.rests.waiting[f.ID]
	delete(i.rests.waiting, f.ID)
	if answer == nil {
		return
	}
	var next time.Time
	if f.Next != 0 {
		next = time.Unix(0, f.Next)
	}
	answer <- next
}
