package bot

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/deploy"
)

const (
	// mapsAtOnce bounds the child processes that read source maps.
	mapsAtOnce = 2
	mapLimit   = 5 * time.Second // Waiting for them included.
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

func (m *mapper) init(b Bundler) {
	m.bundler = b
	m.room = make(chan struct{}, mapsAtOnce)
	m.known = map[string]string{}
}

func (m *mapper) needed(rev deploy.Revision, text string) bool {
	return rev.SourceMap != nil && rev.SourceMap.Contents != "" && strings.Contains(text, "/bundle.js:")
}

// text gives the text with the author's positions, or unchanged when that does
// not work.
func (m *mapper) text(ctx context.Context, rev deploy.Revision, text string) string {
	if !m.needed(rev, text) {
		return text
	}
	key := rev.ID + "\x00" + text
	m.mu.Lock()
	mapped, ok := m.known[key]
	m.mu.Unlock()
	if ok {
		return mapped
	}
	ctx, cancel := context.WithTimeout(ctx, mapLimit)
	defer cancel()
	select {
	case m.room <- struct{}{}:
		defer func() { <-m.room }()
	case <-ctx.Done():
		return text
	}
	mapped, err := m.bundler.MapStack(ctx, text, rev.SourceMap.Contents)
	if err != nil {
		return text
	}
	m.mu.Lock()
	if len(m.known) >= mapsKept {
		clear(m.known)
	}
	m.known[key] = mapped
	m.mu.Unlock()
	return mapped
}
