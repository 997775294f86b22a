package logs

import (
	"slices"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Query says which lines of a guild.
type Query struct {
	// After is the id of the line before the first; 0 is for the latest lines.
	After uint64
	Limit int
	// Level is the least level; "" is every one.
	Level string
}

// Passes reports whether the line is of the level, or of one above.
func (e Entry) Passes(level string) bool {
	return level == "" || slices.Index(levels, e.Level) >= slices.Index(levels, level)
}

// IsLevel reports whether there is such a level.
func IsLevel(level string) bool { return slices.Contains(levels, level) }

// Levels are the levels, from the least on.
func Levels() []string { return slices.Clone(levels) }

// Lines gives lines of a guild, the oldest first: those after an id, or the
// latest. It is never nil.
func (h *Hub) Lines(guild snowflake.GuildID, q Query) []Entry {
	out := []Entry{}
	if q.Limit <= 0 {
		return out
	}
	held, first := h.held(guild)
	passes := func(e Entry) bool { return e.ID > q.After && e.Passes(q.Level) }
	held = slices.DeleteFunc(held, func(e Entry) bool { return !passes(e) })
	if q.After+1 < first && (q.After > 0 || len(held) < q.Limit) {
		out = append(out, h.onDisk(guild, func(d *reading) ([]Entry, error) {
			older := func(e Entry) bool { return e.ID < first && passes(e) }
			if q.After > 0 {
				return d.forward(q.After, q.Limit, older)
			}
			return d.backward(q.Limit-len(held), older)
		})...)
	}
	out = append(out, held...)
	if q.After > 0 {
		return out[:min(len(out), q.Limit)]
	}
	return out[max(0, len(out)-q.Limit):]
}

// onDisk gives lines of a guild from disk. A disk that cannot be read hides
// them, and no others.
func (h *Hub) onDisk(guild snowflake.GuildID, get func(*reading) ([]Entry, error)) []Entry {
	if h.writer == nil {
		return nil
	}
	entries, err := h.writer.archive.read(guild, get)
	if err != nil {
		h.cfg.Log.Warn("log lines cannot be read from disk", zap.Stringer("guild_id", guild), zap.Error(err))
	}
	return entries
}

// Lost counts the guild's lines between two others.
func (h *Hub) Lost(guild snowflake.GuildID, after, before uint64) uint64 {
	c := census{Since: h.start}
	if h.writer != nil {
		if found, err := h.writer.archive.census(guild); err == nil {
			c = found
		}
	}
	if r := h.known(guild); r != nil {
		r.mu.Lock()
		for _, g := range r.gaps {
			c.skip(g[0], g[1])
		}
		r.mu.Unlock()
	}
	return c.lines(after, before)
}

// held gives the lines in memory, and the id of the first, or of the next line
// if there is none.
func (h *Hub) held(guild snowflake.GuildID) ([]Entry, uint64) {
	r := h.known(guild)
	if r == nil {
		return nil, h.start + 1
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lines), r.first()
}

// LastID is the id that a subscription gives to get new lines only: that of the
// guild's latest line.
func (h *Hub) LastID(guild snowflake.GuildID) uint64 {
	r := h.known(guild)
	if r == nil {
		h.mu.Lock()
		defer h.mu.Unlock()
		return max(h.start, h.base)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}
