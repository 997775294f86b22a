package bot

import (
	"context"
	"sync"

	"github.com/flora-runtime/flora-runtime/pkg/bundle"
)

const (
	// mappedAtOnce bounds the lines whose positions are resolved together.
	mappedAtOnce = 64
	// linesKept bounds those that wait for one before them, and linesBytes their
	// texts; if there are more, all are logged as they are.
	linesKept  = 2048
	linesBytes = 4 << 20
)

// lines are a script's log lines on their way. They keep their order, although
// positions in some are resolved, beside, so that a slow one holds nothing but
// the lines after it up.
type lines struct {
	mu      sync.Mutex // Guards the members below, and those of each line.
	waiting []*line
	bytes   int
	mapping bool // A goroutine of mapLines runs.
}

type line struct {
	level, target, text string
	ready               bool
	frame               bool // The source where it happened belongs to it.
}

// logLine logs what the script wrote, or what is said of it, with the author's
// positions. Of what nobody caught, the source is shown, too.
func (s *script) logLine(level, target, text string, uncaught bool) {
	l, q := &line{level: level, target: target, text: text, ready: true, frame: uncaught}, &s.lines
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, l)
	q.bytes += len(text)
	if s.guild.bot.maps.needed(s.revision, text) {
		if q.mapping = q.mapping || s.guild.bot.background(s.mapLines); q.mapping {
			l.ready = false
		}
	}
	if len(q.waiting) > linesKept || q.bytes > linesBytes {
		for _, l := range q.waiting {
			l.ready = true
		}
	}
	s.flushLines()
}

// mapLines resolves positions until no line waits for that.
func (s *script) mapLines(ctx context.Context) {
	q := &s.lines
	for {
		batch, stacks := q.unready()
		if len(batch) == 0 {
			return
		}
		texts, ok := s.guild.bot.maps.stacks(ctx, s.guild, s.revision, stacks)
		q.mu.Lock()
		for i, l := range batch {
			if !l.ready {
				q.bytes += len(texts[i]) - len(l.text)
				l.text, l.ready = texts[i], true
			}
		}
		if !ok {
			// Nothing waits for what does not work now.
			for _, l := range q.waiting {
				l.ready = true
			}
		}
		s.flushLines()
		q.mu.Unlock()
	}
}

// unready gives the first lines that are not resolved; without any, mapLines ends.
func (q *lines) unready() (batch []*line, stacks []bundle.Stack) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, l := range q.waiting {
		if !l.ready && len(batch) < mappedAtOnce {
			batch = append(batch, l)
			stacks = append(stacks, bundle.Stack{Text: l.text, Frame: l.frame})
		}
	}
	q.mapping = len(batch) > 0
	return batch, stacks
}

// flushLines logs what nothing before it waits for. The lock is held.
func (s *script) flushLines() {
	q := &s.lines
	for len(q.waiting) > 0 && q.waiting[0].ready {
		l := q.waiting[0]
		q.waiting = q.waiting[1:]
		q.bytes -= len(l.text)
		s.guild.log(l.level, l.target, l.text)
	}
}
