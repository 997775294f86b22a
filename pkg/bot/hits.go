package bot

import (
	"fmt"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/limit"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
)

const (
	// hitEvery is how often a guild's log tells of one and the same limit.
	hitEvery = 10 * time.Second
	// maxHits is what one report of a worker may count; it may be hostile.
	maxHits = 1 << 24
	// maxHitText bounds its text, in bytes.
	maxHitText = 1 << 10
)

// hits are the limits that a guild's script ran into lately.
type hits struct {
	mu   sync.Mutex // Guards told.
	told map[limit.Name]*toldHit
}

type toldHit struct {
	at   time.Time
	more int // Since then.
}

// text is what the log says of n more hits, "" when it has just said so.
func (h *hits) text(name limit.Name, n int, text string, now time.Time) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.told == nil {
		h.told = map[limit.Name]*toldHit{}
	}
	t, before := h.told[name]
	if before && now.Sub(t.at) < hitEvery {
		t.more += n
		return ""
	}
	if before && t.more > 0 {
		text += fmt.Sprintf(" (%d times more since the last line about it)", t.more)
	}
	h.told[name] = &toldHit{at: now}
	return text
}

// hit counts a limit that the script ran into, and tells its authors, unless
// they know already or are told otherwise.
func (g *guild) hit(name limit.Name, n int, text string) {
	if count := g.bot.cfg.Hits; count != nil {
		count(name, n)
	}
	if text == "" {
		return
	}
	if line := g.hits.text(name, n, text, g.bot.cfg.Now()); line != "" {
		g.log("warn", logs.TargetRuntime, line)
	}
}

// Limit implements supervisor.Host.
func (s *script) Limit(name string, count int, text string) {
	n := limit.Name(name)
	if !limit.Known(n) || count < 1 {
		return
	}
	if len(text) > maxHitText {
		text = text[:maxHitText] // The log makes it whole characters.
	}
	s.guild.hit(n, min(count, maxHits), text)
	if n == limit.TurnCPU || n == limit.CronCPU {
		s.guild.overran(s, min(count, maxHits))
	}
}
