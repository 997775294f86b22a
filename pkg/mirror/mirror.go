// Package mirror keeps in memory what a store has for each guild, for those who
// may not wait for a store: requests on their way out, events on their way in.
// What is in memory is what the store last told, so it stays while the store is
// away; what is not certain is read again until it is.
package mirror

import (
	"context"
	"sync"
	"time"

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
	// Changed, if not nil, is told after every read that follows a write, or that
	// succeeds after one that failed.
	Changed func(guild snowflake.GuildID)
	Clock   clock.Clock
}

// Mirror is the copy.
type Mirror[T any] struct {
	cfg Config[T]

	mu     sync.RWMutex // Guards guilds and the members of each but its lock.
	guilds map[snowflake.GuildID]*one[T]
}

type one[T any] struct {
	busy   chan struct{} // Held over a read or a write, so that the last read is of the last write.
	unsure bool          // The store may have something else.
	value  T
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
	return &Mirror[T]{cfg: cfg, guilds: map[snowflake.GuildID]*one[T]{}}
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

// Load reads the guild. When that fails, what was known stays, and Run tries
// again.
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
	m.mu.Lock()
	defer m.mu.Unlock()
	g.unsure = err != nil
	if err == nil {
		g.value = v
	}
	return err
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
