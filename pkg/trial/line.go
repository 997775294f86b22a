package trial

import "sync"

// line is a lock that is given in the order in which places were taken: what a
// test does first happens first, whether it waits for it or not.
type line struct {
	mu   sync.Mutex // Guards last.
	last chan struct{}
}

// place is a place in a line.
type place struct {
	before, own chan struct{}
	once        sync.Once
}

// reserve takes the next place. It must be left, whether it was entered or not.
func (l *line) reserve() *place {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := &place{before: l.last, own: make(chan struct{})}
	l.last = p.own
	return p
}

// enter waits until all before have left.
func (p *place) enter() {
	if p.before != nil {
		<-p.before
	}
}

// leave lets the next one in; to leave again does nothing.
func (p *place) leave() {
	p.once.Do(func() {
		if p.before == nil {
			close(p.own)
			return
		}
		select {
		case <-p.before:
			close(p.own)
		default: // It never entered; those before still have their turn.
			go func() {
				<-p.before
				close(p.own)
			}()
		}
	})
}
