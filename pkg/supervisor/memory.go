package supervisor

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"
)

const (
	// measureEvery is how often a worker's size is looked at.
	measureEvery = 250 * time.Millisecond
	// memorySlack and threadSlack are above what the worker's own limits give
	// it: they are the first line, this is the last.
	memorySlack = 64 << 20
	threadSlack = 64
)

// attend keeps watch over a process until the returned function is called,
// which must be after it has ended: what it writes goes to the log, and when it
// is larger than it may be, it dies.
func (s *slot) attend(proc Process) (leave func()) {
	p, ok := proc.(*process)
	if !ok {
		return func() {}
	}
	heard, stop, watched := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(heard)
		listen(p.words, s.log)
	}()
	go func() {
		defer close(watched)
		s.measure(p, stop)
	}()
	return func() {
		close(stop)
		<-watched
		_ = p.words.Close() // Nobody else can hold the other end.
		<-heard
	}
}

// What a process may use of its ceiling before something is done, in percent.
const (
	// mostTaken: its largest script goes when it has nothing to do.
	mostTaken = 80
	// mostHeld: no script comes to it, and who dies in it need not be at fault.
	mostHeld = 90
)

// crowded reports whether the process used so much of its ceiling when it was
// looked at last.
func (s *slot) crowded(percent int64) bool {
	ceiling := s.ceiling.Load()
	return ceiling > 0 && s.size.Load() > ceiling/100*percent
}

// roomy puts processes that are filling up behind the others, and leaves out
// those that are full.
func (p *Pool) roomy(order []*slot) []*slot {
	order = slices.DeleteFunc(order, func(s *slot) bool { return s.crowded(mostHeld) })
	slices.SortStableFunc(order, func(a, b *slot) int {
		switch x, y := a.crowded(mostTaken), b.crowded(mostTaken); {
		case x == y:
			return 0
		case x:
			return 1
		}
		return -1
	})
	return order
}

func (s *slot) measure(p *process, stop <-chan struct{}) {
	if p.ceiling == 0 {
		return
	}
	s.size.Store(0)
	s.ceiling.Store(p.ceiling)
	tick := time.NewTicker(measureEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		why := s.weigh(p)
		if why != "" {
			s.kill(p.conn, sentence{cause: Exhausted, why: why})
			return
		}
		if s.crowded(mostTaken) {
			s.relieve()
		}
	}
}

// weigh looks at the process once, and says why it must end, if it must. One that
// has ended has no size any more: what it was when it was alive is still to be
// judged.
func (s *slot) weigh(p *process) (why string) {
	size, why := p.oversize()
	if size > 0 {
		s.size.Store(size)
	}
	return why
}

// relieve has the largest script go that has nothing to do. It is loaded again,
// on a process with more room if there is one. One that is small beside others
// stays, even if those are at work: its going would help nobody.
func (s *slot) relieve() {
	type sized struct {
		i    *Instance
		held uint64
	}
	s.mu.Lock()
	all := make([]*Instance, 0, len(s.instances))
	seen := make([]witness, 0, len(s.instances))
	for _, i := range s.instances {
		all, seen = append(all, i), append(seen, witness{held: s.marks.At(i.mark).Held.Load()})
	}
	var idle []sized
	for _, n := range largest(seen) {
		if i := all[n]; s.marks.At(i.mark).Turn.Load() == 0 && !i.loading.Load() {
			idle = append(idle, sized{i, seen[n].held})
		}
	}
	s.mu.Unlock()
	slices.SortFunc(idle, func(a, b sized) int { return cmp.Compare(b.held, a.held) })
	for _, c := range idle {
		if c.i.host.Evict() {
			s.log.Info("a worker is nearly full; its largest script without anything to do is loaded anew", zap.Stringer("guild_id", c.i.guild), zap.Uint64("bytes", c.held))
			return
		}
	}
}

// oversize gives what the process uses of its ceiling, and says in which way it
// is larger than it may be, if it is.
func (p *process) oversize() (size int64, why string) {
	st, err := status(p.PID())
	if err != nil {
		return 0, "" // It has ended.
	}
	memory, most := kibibytes(st["RssAnon"])<<10, p.ceiling+memorySlack
	if memory > most {
		why = fmt.Sprintf("it uses %d MiB of memory and may use %d MiB; raise runtime.worker_memory_mb if its scripts need more", memory>>20, most>>20)
	}
	if n, err := strconv.Atoi(st["Threads"]); err == nil && n > p.threads+threadSlack {
		why = fmt.Sprintf("it has %d threads and needs at most %d", n, p.threads)
	}
	return kibibytes(st["VmData"]) << 10, why
}

func kibibytes(text string) int64 {
	n, err := strconv.ParseInt(strings.TrimSuffix(text, " kB"), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
