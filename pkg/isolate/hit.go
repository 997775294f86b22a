package isolate

import (
	"container/heap"
	"fmt"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/limit"
)

// tellEvery is how often the host hears of one and the same limit.
const tellEvery = time.Second

// hit notes that the script ran into a limit. The first time is told at once,
// later ones together: a script may do it in a loop.
func (l *loop) hit(name limit.Name, text string) {
	if h, told := l.hits[name]; told {
		h.Count++
		h.Text = text
		return
	}
	l.hits[name] = &Hit{Limit: name}
	heap.Push(&l.due, &appointment{when: l.now().Add(tellEvery), limit: name})
	l.g.cfg.Host.Limit(Hit{Limit: name, Count: 1, Text: text})
}

// tell tells of what came since the last time, and forgets a limit that was not
// run into.
func (l *loop) tell(a *appointment) {
	h := l.hits[a.limit]
	if h.Count == 0 {
		delete(l.hits, a.limit)
		return
	}
	l.g.cfg.Host.Limit(*h)
	h.Count = 0
	a.when = l.now().Add(tellEvery)
	heap.Push(&l.due, a)
}

// note looks at what the latest turn ran into without being stopped.
func (l *loop) note() {
	n := l.g.iso.Notes()
	if n.Unkept > 0 {
		l.hit(limit.Rejections, fmt.Sprintf("%d rejected promises that nobody handles are not shown: there were too many at once", n.Unkept))
	}
	if n.Refused {
		l.hit(limit.Buffers, fmt.Sprintf("a buffer was refused with a RangeError: the %d MiB of the script's memory do not hold it; keep less at a time", l.g.cfg.Limits.MemoryBytes>>20))
	}
}

// log writes a line of the script, if there are not too many.
func (l *loop) log(level Level, text []byte) {
	limits := &l.g.cfg.Limits
	if _, ok := l.lines.Take(l.now(), 1, float64(limits.LogsPerSecond), float64(limits.LogBurst), 0); !ok {
		l.hit(limit.LogLines, fmt.Sprintf("log lines were dropped: the script writes more than %d a second", limits.LogsPerSecond))
		return
	}
	l.g.cfg.Host.Log(max(level, Trace), clip(text))
}
