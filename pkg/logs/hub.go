// Package logs keeps the latest log lines of every guild in a ring of its own,
// bounded in lines and bytes, and more of them on disk, and streams them. What a
// guild writes is cut, escaped and limited in rate, so that it can hurt neither
// another guild nor the terminal of whoever reads it. A reader that is too slow
// is told exactly how many lines it missed. The disk is written behind: one that
// is slow, full or broken holds nobody up.
package logs

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

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
	// ID rises by one from line to line of a guild while the process has the guild,
	// and goes on higher after a restart: no id is given twice.
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
	Lines          int // Kept in memory of a guild; 1,000. A while twice as many, when the disk lags.
	Bytes          int // Kept in memory of a guild; 1 MiB. The latest line is always kept.
	LinesPerSecond int // Taken from a guild's script, and as many from the runtime about it; 100.
	Burst          int // Taken at once before that; 1,000.
	Clock          clock.Clock
	Dropped        func() // Called for every line that comes too fast; nil is nobody.
	Said           func() // Called for every line that is kept; nil is nobody.

	// Dir is the folder that keeps lines on disk; Open needs it.
	Dir       string
	DiskBytes int64       // Kept on disk of a guild; 4 MiB.
	DiskTotal int64       // Kept on disk of all guilds; 1 GiB. Those with the most lose theirs first.
	Log       *zap.Logger // Told what keeps lines from the disk; nil is nobody.
	// Written is called for lines that came to disk, and Unwritten for those
	// that left memory before they could; nil is nobody.
	Written, Unwritten func(lines int)
}

// Hub holds the lines of all guilds.
type Hub struct {
	cfg    Config
	rate   *atomic.Pointer[rate]
	start  uint64  // The ids of this process are above it.
	writer *writer // Nil keeps lines in memory only.

	mu     sync.Mutex // Guards rings and closed; taken before a ring's mutex.
	rings  map[snowflake.GuildID]*ring
	closed bool
	base   uint64 // The ids of rings that are made from now on are above it.
}

// New makes a hub that keeps lines in memory.
func New(cfg Config) *Hub {
	cfg = cfg.complete()
	h := &Hub{cfg: cfg, rate: &atomic.Pointer[rate]{}, rings: map[snowflake.GuildID]*ring{}, start: now(cfg.Clock)}
	h.SetRate(cfg.LinesPerSecond, cfg.Burst)
	return h
}

// rate is how many lines are taken: so many a second, so many at once.
type rate struct{ perSecond, burst int }

// SetRate changes how many lines are taken from now on.
func (h *Hub) SetRate(perSecond, burst int) { h.rate.Store(&rate{perSecond, burst}) }

// Open makes a hub that keeps lines in memory and on disk, and has those that
// are there already.
func Open(cfg Config) (*Hub, error) {
	h := New(cfg)
	a, err := openArchive(h.cfg.Dir, h.cfg.DiskBytes, h.cfg.DiskTotal, h.start)
	if err != nil {
		return nil, err
	}
	h.start = a.start
	h.writer = startWriter(a, h.cfg)
	return h, nil
}

func now(c clock.Clock) uint64 {
	return uint64(max(c.Now().UnixMicro(), 1)) //nolint:gosec // Not negative.
}

func (cfg Config) complete() Config {
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
	if cfg.Said == nil {
		cfg.Said = func() {}
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.Real
	}
	if cfg.DiskBytes <= 0 {
		cfg.DiskBytes = 4 << 20
	}
	if cfg.DiskTotal <= 0 {
		cfg.DiskTotal = 1 << 30
	}
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	if cfg.Written == nil {
		cfg.Written = func(int) {}
	}
	if cfg.Unwritten == nil {
		cfg.Unwritten = func(int) {}
	}
	return cfg
}

// Close ends every subscription and writes the notices that are still due, and
// all lines to disk. Lines that come later are kept in memory only.
func (h *Hub) Close() error {
	h.mu.Lock()
	h.closed = true
	rings := make([]*ring, 0, len(h.rings))
	for _, r := range h.rings {
		rings = append(rings, r)
	}
	h.mu.Unlock()
	last := h.start
	for _, r := range rings {
		last = max(last, r.close())
	}
	if h.writer == nil {
		return nil
	}
	return h.writer.close(last)
}

// Append adds a line to the guild's ring. The script's lines and the runtime's
// about the guild are limited apart: a script cannot crowd out the news of its
// own end. It waits for no disk; errors of the runtime are written at once, and
// other lines within writeBehind.
func (h *Hub) Append(guild snowflake.GuildID, level, target, message string) {
	e := Entry{Level: cleanLevel(level), Target: cleanTarget(target), GuildID: guild.String(), Message: Clean(message)}
	h.ring(guild).append(e)
}

// Sync waits until the guild's lines so far are on disk, for good, or ctx ends.
func (h *Hub) Sync(ctx context.Context, guild snowflake.GuildID) error {
	r := h.known(guild)
	if r == nil || h.writer == nil {
		return nil
	}
	return h.writer.sync(ctx, r)
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
		r = newRing(h, guild)
		h.rings[guild] = r
	}
	return r
}

// ring holds one guild's lines.
type ring struct {
	cfg    Config
	rate   *atomic.Pointer[rate] // The hub's.
	id     snowflake.GuildID
	guild  string
	start  uint64
	writer *writer

	mu     sync.Mutex // Guards the members below; taken before the writer's.
	lines  []Entry    // IDs rise, by one but for the gaps.
	bytes  int
	last   uint64        // No line has an id above it.
	gaps   [][2]uint64   // Ids that no line has, each without the first and with the last, and that are not on disk as such.
	moves  int           // How many times the guild went to another process.
	away   bool          // It is there.
	behind uint64        // The last line that is on disk.
	urgent bool          // A line that is not shall be at once.
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

func newRing(h *Hub, guild snowflake.GuildID) *ring {
	full := budget{tokens: float64(h.rate.Load().burst), at: h.cfg.Clock.Now()}
	r := &ring{
		cfg: h.cfg, rate: h.rate, id: guild, guild: guild.String(), start: h.start, writer: h.writer, added: make(chan struct{}), closed: h.closed,
		script: full, other: full, last: h.start, behind: h.start,
	}
	r.raise(h.base)
	return r
}

// above is the index of the first line with an id above. The caller holds mu.
func (r *ring) above(id uint64) int {
	i, _ := slices.BinarySearchFunc(r.lines, id, func(e Entry, id uint64) int {
		if e.ID > id {
			return 1
		}
		return -1
	})
	return i
}

// first is the id of the first line, or of the next if there is none. The caller
// holds mu.
func (r *ring) first() uint64 {
	if len(r.lines) == 0 {
		return r.last + 1
	}
	return r.lines[0].ID
}

func (r *ring) append(e Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.cfg.Clock.Now()
	b := &r.other
	if e.Target == TargetScript {
		b = &r.script
	}
	if !b.take(now, *r.rate.Load()) {
		b.dropped++
		r.cfg.Dropped()
		if b.notice == nil && !r.closed {
			b.notice = r.cfg.Clock.AfterFunc(time.Second, func() { r.flush(b) })
		}
		return
	}
	r.add(now, e)
}

func (b *budget) take(now time.Time, r rate) bool {
	if passed := now.Sub(b.at); passed > 0 {
		b.tokens = min(float64(r.burst), b.tokens+passed.Seconds()*float64(r.perSecond))
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
		Message: fmt.Sprintf("%d %s dropped: more than %d lines per second", b.dropped, lines, r.rate.Load().perSecond),
	})
	b.dropped = 0
}

// add puts the line in and old ones out. The caller holds mu.
func (r *ring) add(now time.Time, e Entry) {
	r.cfg.Said()
	r.last++
	e.ID, e.Timestamp = r.last, now.UnixMilli()
	r.lines = append(r.lines, e)
	r.bytes += e.size()
	unwritten := 0
	for len(r.lines) > 1 && r.full() {
		if r.lines[0].ID > r.behind {
			unwritten++
		}
		r.drop()
	}
	if r.writer != nil && !r.closed {
		r.hand(e, unwritten)
	}
	r.wake()
}

// wake has those who wait look again. The caller holds mu.
func (r *ring) wake() {
	if r.waited {
		r.waited = false
		close(r.added)
		r.added = make(chan struct{})
	}
}

// drop takes the oldest line out. The caller holds mu.
func (r *ring) drop() {
	r.bytes -= r.lines[0].size()
	r.lines[0] = Entry{}
	r.lines = r.lines[1:]
}

// full reports whether the oldest line has to go. One that is not on disk yet
// may wait a little beyond the bounds, while the disk is well. The caller holds
// mu.
func (r *ring) full() bool {
	lines, bytes := r.cfg.Lines, r.cfg.Bytes
	if r.lines[0].ID > r.behind && r.writer != nil && !r.closed && !r.writer.failing.Load() {
		lines, bytes = 2*lines, 4*bytes
	}
	return len(r.lines) > lines || r.bytes > bytes
}

// hand tells the writer of a line. Those that are about to leave memory cannot
// wait. The caller holds mu.
func (r *ring) hand(e Entry, unwritten int) {
	if unwritten > 0 {
		r.cfg.Unwritten(unwritten)
	}
	if e.Target == TargetRuntime && e.Level == "error" {
		r.urgent = true
	}
	r.writer.note(r, r.urgent || len(r.lines)-r.above(r.behind) > r.cfg.Lines/4 || r.bytes > r.cfg.Bytes/2)
}

// unwritten gives the lines that are not on disk, and the gaps before and between
// them that are not.
func (r *ring) unwritten() (lines []Entry, gaps [][2]uint64, urgent bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lines[r.above(r.behind):]), slices.Clone(r.gaps), r.urgent
}

// written says that lines up to the last are on disk, and all gaps before it.
func (r *ring) written(last uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.behind = max(r.behind, last)
	r.gaps = slices.DeleteFunc(r.gaps, func(g [2]uint64) bool { return g[1] <= last })
	for len(r.lines) > 1 && r.full() {
		r.drop()
	}
	rest := r.above(r.behind) < len(r.lines)
	r.urgent = r.urgent && rest
	if r.away && !rest {
		r.lines, r.bytes = nil, 0 // Who asks for them gets them from disk.
	}
}

// close gives the id of the last line that counts.
func (r *ring) close() (last uint64) {
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
	return r.last
}
