package supervisor

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	// measureEvery is how often a worker's size is looked at.
	measureEvery = time.Second
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

func (s *slot) measure(p *process, stop <-chan struct{}) {
	if p.ceiling == 0 {
		return
	}
	tick := time.NewTicker(measureEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		if why := p.oversize(); why != "" {
			s.kill(p.conn, sentence{cause: Exhausted, why: why})
			return
		}
	}
}

// oversize says in which way the process is larger than it may be, if it is.
func (p *process) oversize() string {
	st, err := status(p.PID())
	if err != nil {
		return "" // It has ended.
	}
	memory, most := kibibytes(st["RssAnon"])<<10, p.ceiling+memorySlack
	if memory > most {
		return fmt.Sprintf("it uses %d MiB of memory and may use %d MiB; raise runtime.worker_memory_mb if its scripts need more", memory>>20, most>>20)
	}
	if n, err := strconv.Atoi(st["Threads"]); err == nil && n > p.threads+threadSlack {
		return fmt.Sprintf("it has %d threads and needs at most %d", n, p.threads)
	}
	return ""
}

func kibibytes(text string) int64 {
	n, err := strconv.ParseInt(strings.TrimSuffix(text, " kB"), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
