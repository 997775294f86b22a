// Package logs keeps the latest log lines of every guild in a ring of its own,
// bounded in lines and bytes, and streams them. What a guild writes is cut,
// escaped and limited in rate, so that it can hurt neither another guild nor
// the terminal of whoever reads it. A reader that is too slow is told exactly
// how many lines it missed.
package logs

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Targets of log lines.
const (
	TargetScript  = "flora:js"
	TargetRuntime = "flora:runtime"
)

// Entry is one line.
type Entry struct {
	// ID rises by one from line to line of a guild. It starts at the time in
	// microseconds, so that it goes on rising after a restart.
	ID        uint64 `json:"id"`
	Timestamp int64  `json:"timestamp"` // Unix milliseconds.
	Level     string `json:"level"`
	Target    string `json:"target"`
	GuildID   string `json:"guild_id"`
	Message   string `json:"message"`
}

// entryOverhead is what a line takes beside its texts.
const entryOverhead = 96

func (e Entry) size() int { return len(e.Message) + len(e.Target) + entryOverhead }

// Config of a Hub. Zero members get the defaults.
type Config struct {
	Lines          int // Kept of a guild; 1,000.
	Bytes          int // Kept of a guild; 1 MiB. The latest line is always kept.
	LinesPerSecond int // Taken from a guild's script, and as many from the runtime about it; 100.
	Burst          int // Taken at once before that; 1,000.
	Clock          clock.Clock
	Dropped        func() // Called for every line that comes too fast; nil is nobody.
}

// Hub holds the lines of all guilds.
type Hub struct {
	cfg Config

	mu     sync.Mutex // Guards rings and closed; taken before a ring's mutex.
	rings  map[snowflake.GuildID]*ring
	closed bool
}

// New makes a hub without lines.
func New(cfg Config) *Hub {
	set := func(v *int, standard int) {
		if *v <= 0 {
			*v = standard
		}
	}
	set(&cfg.Lines, 1000)
	set(&cfg.Bytes, 1<<20)
	set(&cfg.LinesPerSecond, 100)
	set(&cfg.Burst, 1000)
	if cfg.Dropped == nil {
		cfg.Dropped = func() {}
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.Real
	}
	return &Hub{cfg: cfg, rings: map[snowflake.GuildID]*ring{}}
}

// Close ends every subscription and writes the notices that are still due.
// Lines that come later are kept like before.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	rings := make([]*ring, 0, len(h.rings))
	for _, r := range h.rings {
		rings = append(rings, r)
	}
	h.mu.Unlock()
	for _, r := range rings {
		r.close()
	}
}

// Append adds a line to the guild's ring. The script's lines and the runtime's
// about the guild are limited apart: a script cannot crowd out the news of its
// own end.
func (h *Hub) Append(guild snowflake.GuildID, level, target, message string) {
	e := Entry{Level: cleanLevel(level), Target: cleanTarget(target), GuildID: guild.String(), Message: Clean(message)}
	h.ring(guild).append(e)
}

// Recent gives the guild's latest lines, at most limit of them, the oldest
// first. It is never nil.
func (h *Hub) Recent(guild snowflake.GuildID, limit int) []Entry {
	r := h.known(guild)
	if r == nil || limit <= 0 {
		return []Entry{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lines[max(0, len(r.lines)-limit):])
}

// LastID is the id that a subscription gives to get new lines only: that of the
// guild's latest line.
func (h *Hub) LastID(guild snowflake.GuildID) uint64 {
	r := h.known(guild)
	if r == nil {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}

func (h *Hub) known(guild snowflake.GuildID) *ring {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.rings[guild]
}

func (h *Hub) ring(guild snowflake.GuildID) *ring {
	h.mu.Lock()
	defer h.mu.Unlock()
	r, ok := h.rings[guild]
	if !ok {
		r = newRing(h.cfg, guild, h.closed)
		h.rings[guild] = r
	}
	return r
}

// ring holds one guild's lines.
type ring struct {
	cfg   Config
	guild string

	mu     sync.Mutex // Guards the members below.
	lines  []Entry    // IDs without gaps; the last one's is last.
	bytes  int
	last   uint64
	base   uint64        // The ids before the first line of this process.
	added  chan struct{} // Closed and replaced by a line when somebody waits.
	waited bool
	closed bool
	script budget // Of lines with TargetScript.
	other  budget
}

// budget is a token bucket that counts what it refuses.
type budget struct {
	tokens  float64
	at      time.Time
	dropped uint64
	notice  *clock.Timer // Set while a notice is due.
}

func newRing(cfg Config, guild snowflake.GuildID, closed bool) *ring {
	now := cfg.Clock.Now()
	full := budget{tokens: float64(cfg.Burst), at: now}
	base := uint64(max(now.UnixMicro(), 1)) //nolint:gosec // Not negative.
	return &ring{
		cfg: cfg, guild: guild.String(), added: make(chan struct{}), closed: closed,
		script: full, other: full, last: base, base: base,
	}
}

func (r *ring) append(e Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.cfg.Clock.Now()
	b := &r.other
	if e.Target == TargetScript {
		b = &r.script
	}
	if !b.take(now, r.cfg) {
		b.dropped++
		r.cfg.Dropped()
		if b.notice == nil && !r.closed {
			b.notice = r.cfg.Clock.AfterFunc(time.Second, func() { r.flush(b) })
		}
		return
	}
	r.add(now, e)
}

func (b *budget) take(now time.Time, cfg Config) bool {
	if passed := now.Sub(b.at); passed > 0 {
		b.tokens = min(float64(cfg.Burst), b.tokens+passed.Seconds()*float64(cfg.LinesPerSecond))
	}
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// flush writes the notice of dropped lines.
func (r *ring) flush(b *budget) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.note(b)
}

// note adds the notice of b, if one is due. The caller holds mu.
func (r *ring) note(b *budget) {
	b.notice = nil
	if b.dropped == 0 {
		return
	}
	lines := "lines"
	if b.dropped == 1 {
		lines = "line"
	}
	r.add(r.cfg.Clock.Now(), Entry{
		Level: "warn", Target: TargetRuntime, GuildID: r.guild,
		Message: fmt.Sprintf("%d %s dropped: more than %d lines per second", b.dropped, lines, r.cfg.LinesPerSecond),
	})
	b.dropped = 0
}

// add puts the line in and old ones out. The caller holds mu.
func (r *ring) add(now time.Time, e Entry) {
	r.last++
	e.ID, e.Timestamp = r.last, now.UnixMilli()
	r.lines = append(r.lines, e)
	r.bytes += e.size()
	for len(r.lines) > 1 && (len(r.lines) > r.cfg.Lines || r.bytes > r.cfg.Bytes) {
		r.bytes -= r.lines[0].size()
		r.lines[0] = Entry{}
		r.lines = r.lines[1:]
	}
	if r.waited {
		r.waited = false
		close(r.added)
		r.added = make(chan struct{})
	}
}

func (r *ring) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range []*budget{&r.script, &r.other} {
		if b.notice != nil {
			b.notice.Stop()
			r.note(b)
		}
	}
	if !r.closed {
		r.closed = true
		close(r.added)
		r.added = make(chan struct{})
	}
}
