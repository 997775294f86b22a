package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/cron"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
)

// There may be more scripts than the workers have room for. When one is to be
// loaded and there is no room, the one that had nothing to do for the longest
// time goes. What it declared stays: events that it handles, its cron jobs and
// whatever else comes for it load it again, and wait meanwhile.

// Memory is what is known of a script that is not loaded.
type Memory struct {
	Revision string     `json:"revision"`
	Events   []string   `json:"events,omitempty"`
	Marks    []string   `json:"marks,omitempty"`
	Crons    []cron.Job `json:"crons,omitempty"`
	// Commands says which slash commands Discord has of it.
	Commands string `json:"commands,omitempty"`
}

// Memories keep them for the next process, which need not load each script then
// to know what it handles.
type Memories interface {
	Recall(guild snowflake.GuildID) (Memory, bool)
	// Keep must not wait.
	Keep(guild snowflake.GuildID, m Memory)
}

type forgetful struct{}

func (forgetful) Recall(snowflake.GuildID) (Memory, bool) { return Memory{}, false }
func (forgetful) Keep(snowflake.GuildID, Memory)          {}

const (
	// makeRoomTries bounds how many scripts go for one that is to be loaded.
	makeRoomTries = 3
	// restTime is how long a script may take to say whether it has timers. It has
	// nothing to do, so it is asked in microseconds.
	restTime = 200 * time.Millisecond
	// leaveTime is how long one that is to go may take.
	leaveTime = 2 * time.Second
	// timedAtMost is how many with timers are spared before one of them goes.
	timedAtMost = 8
)

// beds are those that may be put to sleep, the longest idle last.
type beds struct {
	mu   sync.Mutex // Held while one is chosen and goes.
	idle []idler
	// stuck are the workers that let a script of the list not go in time. The others
	// of theirs are not asked, each of whom would hold everybody up again.
	stuck map[int]struct{}
}

type idler struct {
	g     *guild
	since time.Time
}

// seat has the pool take a script, and puts others to sleep while it has no room.
func (b *Bot) seat(ctx context.Context, g *guild, spec supervisor.Spec, host supervisor.Host) (*supervisor.Instance, error) {
	for try := 0; ; try++ {
		inst, err := b.cfg.Pool.Load(ctx, spec, host)
		if err == nil || !errors.Is(err, supervisor.ErrFull) || try == makeRoomTries || !b.makeRoom(ctx, g) {
			return inst, err
		}
	}
}

// makeRoom puts one script to sleep that is not the guild's. It is false when none
// can be.
func (b *Bot) makeRoom(ctx context.Context, not *guild) bool {
	b.beds.mu.Lock()
	defer b.beds.mu.Unlock()
	var timed []*script
	for fresh := false; ; {
		if len(b.beds.idle) == 0 {
			if fresh {
				break
			}
			b.beds.idle, b.beds.stuck, fresh = b.idlers(), map[int]struct{}{}, true
			continue
		}
		i := b.beds.idle[len(b.beds.idle)-1]
		b.beds.idle = b.beds.idle[:len(b.beds.idle)-1]
		s := i.g.idle(i.since)
		if s == nil || i.g == not {
			continue
		}
		worker, penal := s.inst.Place()
		if _, stuck := b.beds.stuck[worker]; stuck || penal { // Nobody gets the place of one that runs apart.
			continue
		}
		// One whose timers run would lose them.
		if len(timed) < timedAtMost && s.timed(ctx) {
			timed = append(timed, s)
			continue
		}
		if b.lull(ctx, s) {
			return true
		}
	}
	return slices.ContainsFunc(timed, func(s *script) bool { return b.lull(ctx, s) })
}

// idlers lists the guilds with a script, those that had nothing to do for the
// longest time last.
func (b *Bot) idlers() []idler {
	var out []idler
	for _, g := range b.all() {
		g.mu.Lock()
		if g.active != nil {
			out = append(out, idler{g, g.used()})
		}
		g.mu.Unlock()
	}
	slices.SortFunc(out, func(x, y idler) int { return y.since.Compare(x.since) })
	return out
}

// used is when the guild's script last got something to do. The caller holds mu.
func (g *guild) used() time.Time {
	if g.heard.After(g.active.since) {
		return g.heard
	}
	return g.active.since
}

// idle gives the guild's script if it got nothing to do since.
func (g *guild) idle(since time.Time) *script {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.active == nil || !g.queue.empty() || !g.used().Equal(since) {
		return nil
	}
	return g.active
}

// timed reports whether the script waits for a time, or does not say.
func (s *script) timed(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, restTime)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)() //nolint:contextcheck // The end of the script ends the wait.
	next, err := s.inst.Rest(ctx)
	return err != nil || !next.IsZero()
}

// lull has the script go, if it has nothing to do, and waits until it has. The
// caller holds the beds.
func (b *Bot) lull(ctx context.Context, s *script) bool {
	worker, _ := s.inst.Place()
	if _, stuck := b.beds.stuck[worker]; stuck {
		return false
	}
	s.mu.Lock()
	s.asleep = true
	s.mu.Unlock()
	if !s.Evict() {
		s.mu.Lock()
		s.asleep = s.evicted // Whoever had it go was quicker.
		s.mu.Unlock()
		return false
	}
	timer := time.NewTimer(leaveTime)
	defer timer.Stop()
	select {
	case <-s.gone:
		return true
	case <-timer.C:
		b.beds.stuck[worker] = struct{}{}
	case <-ctx.Done():
	}
	return false
}

// slept is called when the active script is gone; it is true when that was so
// that others have room. What came meanwhile loads it again.
func (g *guild) slept(s *script, reason error) bool {
	s.mu.Lock()
	asleep := s.asleep && errors.Is(reason, errEvicted)
	s.mu.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	if !asleep || g.active != s || g.record.Quarantined() {
		return false
	}
	m := s.memory()
	g.active, g.awaiting, g.latest, g.pause = nil, true, g.shade(m), 0
	g.bot.cfg.Memories.Keep(g.id, m)
	g.doze(true)
	if !g.queue.empty() {
		g.rouse()
	}
	return true
}

// doze notes that the guild's script sleeps: it is awaited, and only what comes
// for it has it loaded. The caller holds mu.
func (g *guild) doze(asleep bool) {
	if g.asleep == asleep {
		return
	}
	g.asleep = asleep
	delta := 1
	if !asleep {
		delta = -1
	}
	g.bot.cfg.Metrics.Asleep(delta)
}

// rouse has a script that sleeps loaded. The caller holds mu.
func (g *guild) rouse() {
	if !g.asleep {
		return
	}
	g.doze(false)
	g.roused = time.Now()
	g.resume()
}

// recall leaves those of the deployments, the most recently active first, that
// are to be loaded. The others sleep: there is no room for them, and it is known
// what they handle.
func (b *Bot) recall(all []deploy.Deployment) []deploy.Deployment {
	room := b.cfg.Pool.Room()
	for _, g := range b.all() {
		g.mu.Lock()
		if g.active != nil || g.turn != nil {
			room--
		}
		g.mu.Unlock()
	}
	return slices.DeleteFunc(all, func(d deploy.Deployment) bool {
		if room--; room >= 0 {
			return false
		}
		m, ok := b.cfg.Memories.Recall(d.Guild)
		return ok && m.Revision == d.RevisionID && b.guild(d.Guild).remember(m)
	})
}

// remember has the guild's script sleep, if it has none.
func (g *guild) remember(m Memory) bool {
	g.mu.Lock()
	if g.active != nil || g.awaiting || g.left || !g.ours() || g.record.Quarantined() {
		g.mu.Unlock()
		return false
	}
	g.awaiting, g.latest = true, g.shade(m)
	g.doze(true)
	g.bot.cfg.Crons.Set(g.id, m.Crons)
	g.mu.Unlock()
	g.bot.wanted.update(g)
	return true
}

// shade is what is left of a script that sleeps: it can only be asked what it
// handles.
func (g *guild) shade(m Memory) *script {
	s := &script{guild: g, revision: deploy.Revision{ID: m.Revision}, events: g.bot.names.of(m.Events), marks: m.Marks, crons: m.Crons, synced: m.Commands, asleep: true}
	if g.latest != nil && g.latest.revision.ID == m.Revision {
		g.latest.mu.Lock()
		defer g.latest.mu.Unlock()
		s.told, s.unheard = g.latest.told, g.latest.unheard
		if maps.Equal(s.told, s.events) {
			s.told = s.events // Most are alike.
		}
	}
	return s
}

// memory is what is to be known of the script when it is not loaded.
func (s *script) memory() Memory {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Memory{
		Revision: s.revision.ID, Events: slices.Sorted(maps.Keys(s.events)), Marks: slices.Clone(s.marks), Crons: slices.Clone(s.crons), Commands: s.synced,
	}
}

// awake has a script that slept go on where it was: what it was told it is not
// told again, and Discord not of commands that it has.
func (s *script) awake(before *script) {
	if before == nil || before.revision.ID != s.revision.ID || before == s {
		return
	}
	before.mu.Lock()
	asleep, told, unheard, synced := before.asleep, maps.Clone(before.told), before.unheard, before.synced
	before.mu.Unlock()
	if !asleep {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.Copy(s.told, told)
	s.unheard, s.synced = unheard, synced
}

// keep has what the script declared known to the next process.
func (g *guild) keep(s *script) { g.bot.cfg.Memories.Keep(g.id, s.memory()) }

// commandsSum tells commands apart.
func commandsSum(commands json.RawMessage) string {
	sum := sha256.Sum256(commands)
	return hex.EncodeToString(sum[:12])
}

// names are the sets of events that scripts which sleep handle: most of them the
// same ones, which nobody changes.
type names struct {
	mu   sync.Mutex // Guards sets.
	sets map[string]map[string]struct{}
}

// namesAtMost bounds how many are shared.
const namesAtMost = 4096

func (n *names) of(sorted []string) map[string]struct{} {
	key, err := json.Marshal(sorted)
	n.mu.Lock()
	defer n.mu.Unlock()
	if set, ok := n.sets[string(key)]; ok {
		return set
	}
	set := make(map[string]struct{}, len(sorted))
	for _, name := range sorted {
		set[name] = struct{}{}
	}
	if n.sets == nil {
		n.sets = map[string]map[string]struct{}{}
	}
	if err == nil && len(n.sets) < namesAtMost {
		n.sets[string(key)] = set
	}
	return set
}
