package logs

import "github.com/flora-runtime/flora-runtime/pkg/snowflake"

// What follows is for guilds that come from another process and go to one. Each
// time that guilds come, the ids of their lines are raised above all that were
// given to them before, by whomever.

// Raise has the lines of guilds from now on have ids above base, which is of a
// counter that all processes share. New guilds begin there too.
func (h *Hub) Raise(base uint64, of func(guild snowflake.GuildID) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.base = max(h.base, base)
	for guild, r := range h.rings {
		if of(guild) {
			r.mu.Lock()
			r.raise(base)
			r.mu.Unlock()
		}
	}
}

// raise is Raise for one guild. The caller holds mu.
func (r *ring) raise(base uint64) {
	r.away = false
	if base > r.last {
		r.gaps = append(r.gaps, [2]uint64{r.last, base})
		r.last = base
	}
}

// Highest is above all ids that this process may have given.
func (h *Hub) Highest() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	highest := max(h.start, h.base)
	for _, r := range h.rings {
		r.mu.Lock()
		highest = max(highest, r.last)
		r.mu.Unlock()
	}
	return highest
}

// Part ends the subscriptions to guilds that go to another process, once they
// have what there is. The lines leave memory when they are on disk.
func (h *Hub) Part(of func(guild snowflake.GuildID) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for guild, r := range h.rings {
		if of(guild) {
			r.part()
		}
	}
}

func (r *ring) part() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range []*budget{&r.script, &r.other} {
		if b.notice != nil {
			b.notice.Stop()
			r.note(b)
		}
	}
	r.moves++
	r.away = true
	r.waited = true // Whoever is about to wait, too.
	r.wake()
	switch {
	case r.writer == nil || r.closed:
	case r.above(r.behind) < len(r.lines):
		r.urgent = true
		r.writer.note(r, true)
	default:
		r.lines, r.bytes = nil, 0
	}
}
