package bot

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/bundle"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
)

const (
	// mapsAtOnce bounds the child processes that read source maps.
	mapsAtOnce = 2
	mapLimit   = 5 * time.Second // Waiting for them included.
	// A guild's maps may take a tenth of the time, on average. Scripts choose how
	// large a map is and how often they fail, and it is others' processor.
	mapShare = 10
	mapBurst = 5 * time.Second
	// mapsKept is how many answers are remembered: scripts fail alike.
	mapsKept = 256
)

// mapper resolves positions in a bundle to the author's files. Source maps are
// foreign bytes, so a child process reads them.
type mapper struct {
	bundler Bundler
	room    chan struct{}

	mu    sync.Mutex // Guards known.
	known map[string]string
}

// allowance is the time that a guild's maps may still take. The zero value is that
// of a guild that was never asked.
type allowance struct {
	mu    sync.Mutex // Guards the members below.
	spent time.Duration
	at    time.Time
}

// left reports whether there is some at the moment.
func (p *allowance) left(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spent = max(0, p.spent-now.Sub(p.at)/mapShare)
	p.at = now
	return p.spent < mapBurst
}

func (p *allowance) spend(took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spent += took
}

func (m *mapper) init(b Bundler) {
	m.bundler = b
	m.room = make(chan struct{}, mapsAtOnce)
	m.known = map[string]string{}
}

func (m *mapper) needed(rev deploy.Revision, text string) bool {
	return rev.SourceMap != nil && rev.SourceMap.Contents != "" && strings.Contains(text, "/bundle.js:")
}

// stack gives the text of what nobody caught with the author's positions.
func (m *mapper) stack(ctx context.Context, g *guild, rev deploy.Revision, text string) string {
	if !m.needed(rev, text) {
		return text
	}
	out, _ := m.stacks(ctx, g, rev, []bundle.Stack{{Text: text, Frame: true}})
	return out[0]
}

// stacks gives the texts with the author's positions. ok is false when that does
// not work for some, or the guild had too much of it: they are unchanged.
func (m *mapper) stacks(ctx context.Context, g *guild, rev deploy.Revision, stacks []bundle.Stack) (out []string, ok bool) {
	out = make([]string, len(stacks))
	keys := make([]string, len(stacks))
	var ask []bundle.Stack
	asked := map[string]int{} // Scripts fail alike: where each is in ask.
	m.mu.Lock()
	for i, s := range stacks {
		out[i], keys[i] = s.Text, rev.ID+"\x00"+strconv.FormatBool(s.Frame)+s.Text
		if known, ok := m.known[keys[i]]; ok {
			out[i] = known
		} else if _, ok := asked[keys[i]]; !ok {
			asked[keys[i]] = len(ask)
			ask = append(ask, s)
		}
	}
	m.mu.Unlock()
	if len(ask) == 0 || !g.maps.left(g.bot.cfg.Now()) {
		return out, len(ask) == 0
	}
	ctx, cancel := context.WithTimeout(ctx, mapLimit)
	defer cancel()
	select {
	case m.room <- struct{}{}:
		defer func() { <-m.room }()
	case <-ctx.Done():
		return out, false
	}
	started := g.bot.cfg.Now()
	mapped, err := m.bundler.MapStacks(ctx, ask, rev.SourceMap.Contents)
	g.maps.spend(g.bot.cfg.Now().Sub(started))
	if err != nil || len(mapped) != len(ask) {
		return out, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, key := range keys {
		at, ok := asked[key]
		if !ok {
			continue
		}
		out[i] = mapped[at]
		if len(m.known) >= mapsKept {
			clear(m.known)
		}
		m.known[key] = mapped[at]
	}
	return out, true
}
