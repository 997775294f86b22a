// Package mirror keeps in memory what a store has for each guild, for those who
// may not wait for a store: requests on their way out, events on their way in.
// What is in memory is what the store last told, so it stays while the store is
// away; what is not certain is read again until it is. A copy on disk, if there
// is a folder for it, is for a start while the store is away.
package mirror

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/renameio/v2"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	// retryEvery is how often what could not be read is read again.
	retryEvery = 2 * time.Second
	// readLimit bounds a read that no caller waits for.
	readLimit = 10 * time.Second
)

// Config of a Mirror.
type Config[T any] struct {
	Read func(ctx context.Context, guild snowflake.GuildID) (T, error)
	// Prepare, if not nil, makes ready what was read, from the store or the copy.
	Prepare func(T) T
	// Changed, if not nil, is told after every read that follows a write, or that
	// succeeds after one that failed.
	Changed func(guild snowflake.GuildID)
	// Wrote, if not nil, is told after every write that was not refused, for those
	// who have the same in the memory of another process. It must not wait.
	Wrote func(guild snowflake.GuildID)
	// Copies is the folder of copies, "" for none. They are JSON of T.
	Copies string
	Clock  clock.Clock
	Log    *zap.Logger
}

// Mirror is the copy.
type Mirror[T any] struct {
	cfg Config[T]

	wake chan struct{}

	mu     sync.RWMutex // Guards guilds and the members of each but its lock.
	guilds map[snowflake.GuildID]*one[T]
}

type one[T any] struct {
	busy   chan struct{} // Held over a read or a write, so that the last read is of the last write.
	known  bool          // It was read, from the store or from a copy.
	unsure bool          // The store may have something else.
	value  T
	copied []byte // What the copy has.
}

func (g *one[T]) take(ctx context.Context) error {
	select {
	case g.busy <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *one[T]) give() { <-g.busy }

// New makes an empty one.
func New[T any](cfg Config[T]) *Mirror[T] {
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	return &Mirror[T]{cfg: cfg, wake: make(chan struct{}, 1), guilds: map[snowflake.GuildID]*one[T]{}}
}

// Doubt says that another process may have changed what the store has of guilds:
// what is known of them is read again soon, and stands until then.
func (m *Mirror[T]) Doubt(of func(guild snowflake.GuildID) bool) {
	m.mu.Lock()
	for guild, g := range m.guilds {
		if g.known && of(guild) {
			g.unsure = true
		}
	}
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// Unlearn says that what is known of guilds is of another time: who asks waits for
// the store, and only who may not wait still gets it.
func (m *Mirror[T]) Unlearn(of func(guild snowflake.GuildID) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for guild, g := range m.guilds {
		if of(guild) {
			g.known, g.unsure = false, false
		}
	}
}

// Get is what is known of the guild; the zero value if nothing is.
func (m *Mirror[T]) Get(guild snowflake.GuildID) T {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if g, ok := m.guilds[guild]; ok {
		return g.value
	}
	var zero T
	return zero
}

// Known reports whether something is known of the guild.
func (m *Mirror[T]) Known(guild snowflake.GuildID) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	g, ok := m.guilds[guild]
	return ok && g.known
}

// Load reads the guild. When that fails, what was known stays, or what the copy
// has, and Run tries again.
func (m *Mirror[T]) Load(ctx context.Context, guild snowflake.GuildID) error {
	g := m.guild(guild)
	if err := g.take(ctx); err != nil {
		return err
	}
	defer g.give()
	return m.read(ctx, guild, g)
}

func (m *Mirror[T]) guild(guild snowflake.GuildID) *one[T] {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, ok := m.guilds[guild]
	if !ok {
		g = &one[T]{busy: make(chan struct{}, 1)}
		m.guilds[guild] = g
	}
	return g
}

// read is Load for a caller that holds busy.
func (m *Mirror[T]) read(ctx context.Context, guild snowflake.GuildID, g *one[T]) error {
	v, err := m.cfg.Read(ctx, guild)
	have := err == nil
	switch {
	case have:
		m.save(guild, g, v)
	case !g.known:
		v, have = m.copy(guild)
	}
	if have && m.cfg.Prepare != nil {
		v = m.cfg.Prepare(v)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	g.unsure = err != nil
	if have {
		g.value, g.known = v, true
	}
	return err
}

func (m *Mirror[T]) path(guild snowflake.GuildID) string {
	return filepath.Join(m.cfg.Copies, guild.String()+".json")
}

// save writes the copy, if it has to change. One that cannot be written is worth
// a line in the log and no more: it is for a start while the store is away.
func (m *Mirror[T]) save(guild snowflake.GuildID, g *one[T], v T) {
	if m.cfg.Copies == "" {
		return
	}
	text, err := json.Marshal(v)
	if err == nil && bytes.Equal(text, g.copied) {
		return
	}
	if err == nil {
		err = os.MkdirAll(m.cfg.Copies, 0o700)
	}
	if err == nil {
		err = renameio.WriteFile(m.path(guild), text, 0o600)
	}
	if err != nil {
		m.cfg.Log.Warn("a copy could not be written; a start without the database will miss it", zap.Stringer("guild_id", guild), zap.Error(err))
		return
	}
	g.copied = text
}

func (m *Mirror[T]) copy(guild snowflake.GuildID) (v T, have bool) {
	if m.cfg.Copies == "" {
		return v, false
	}
	text, err := os.ReadFile(m.path(guild))
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		m.cfg.Log.Warn("a copy could not be read", zap.Stringer("guild_id", guild), zap.Error(err))
	}
	return v, err == nil
}

// Write has write change what the store has of the guild, and takes that over
// before it returns. The error is that of write.
func (m *Mirror[T]) Write(ctx context.Context, guild snowflake.GuildID, write func(ctx context.Context) error) error {
	g := m.guild(guild)
	if err := g.take(ctx); err != nil {
		return err
	}
	defer g.give()
	err := write(ctx)
	if f := fault.From(err); err != nil && f.Status() < 500 {
		return err // It was refused: nothing changed.
	}
	// A caller that went away has written all the same, and so may one whose
	// write got no answer.
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), readLimit)
	defer cancel()
	if m.cfg.Wrote != nil {
		m.cfg.Wrote(guild)
	}
	if m.read(after, guild, g) == nil {
		m.tell(guild)
	}
	return err
}

func (m *Mirror[T]) tell(guild snowflake.GuildID) {
	if m.cfg.Changed != nil {
		m.cfg.Changed(guild)
	}
}

// Run reads again what could not be read, until ctx ends.
func (m *Mirror[T]) Run(ctx context.Context) error {
	timer := m.cfg.Clock.NewTimer(retryEvery)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-m.wake:
		case <-ctx.Done():
			return nil
		}
		for _, guild := range m.unsure() {
			limited, cancel := context.WithTimeout(ctx, readLimit)
			err := m.Load(limited, guild)
			cancel()
			if err != nil {
				break // So do the others; the next turn comes soon.
			}
			m.tell(guild)
		}
		timer.Reset(retryEvery)
	}
}

func (m *Mirror[T]) unsure() []snowflake.GuildID {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var out []snowflake.GuildID
	for guild, g := range m.guilds {
		if g.unsure {
			out = append(out, guild)
		}
	}
	return out
}
