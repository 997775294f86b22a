package bot

import (
	"context"
	"sync"

	"github.com/flora-runtime/flora-runtime/pkg/logs"
)

const (
	// mappingAtOnce bounds a script's log lines whose positions are being
	// resolved; more are logged as they are.
	mappingAtOnce = 4
	// linesKept bounds those that wait for one before them; if there are more,
	// all are logged as they are.
	linesKept = 256
)

// lines are a script's log lines on their way. They keep their order, although
// positions in some are resolved, beside, so that a slow one holds nothing but
// the lines after it up.
type lines struct {
	mu      sync.Mutex
	waiting []*line
	mapping int
}

type line struct {
	level, target, text string
	ready               bool
}

// logLine logs what the script wrote, or what is said of it; errors with the
// author's positions.
func (s *script) logLine(level, target, text string) {
	l, q := &line{level: level, target: target, text: text, ready: true}, &s.lines
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, l)
	if level == "error" && len(text) <= logs.MaxMessage && q.mapping < mappingAtOnce && s.guild.bot.maps.needed(s.revision, text) {
		if s.guild.bot.background(func(ctx context.Context) { s.mapLine(ctx, l) }) {
			l.ready = false
			q.mapping++
		}
	}
	if len(q.waiting) > linesKept {
		for _, l := range q.waiting {
			l.ready = true
		}
	}
	s.flushLines()
}

func (s *script) mapLine(ctx context.Context, l *line) {
	text := s.guild.bot.maps.text(ctx, s.guild, s.revision, l.text)
	s.lines.mu.Lock()
	defer s.lines.mu.Unlock()
	s.lines.mapping--
	if !l.ready {
		l.text, l.ready = text, true
	}
	s.flushLines()
}

// flushLines logs what nothing before it waits for. The lock is held.
func (s *script) flushLines() {
	q := &s.lines
	for len(q.waiting) > 0 && q.waiting[0].ready {
		l := q.waiting[0]
		q.waiting = q.waiting[1:]
		s.guild.log(l.level, l.target, l.text)
	}
}
