package bot

import (
	"context"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// Witness sees the handlers of events begin and end. It is called from where
// that happens, and must not wait.
type Witness interface {
	Begun(guild snowflake.GuildID, dispatch uint64, event string)
	// Settled is told why the handlers failed, nil when they did not.
	Settled(guild snowflake.GuildID, dispatch uint64, failure *wire.Failure)
}

// Rest waits until the guild's script has nothing to do but wait: all that it
// was sent is done, and no op is being answered. It gives the time of the next
// timer or limit, zero when there is none, and how much the script was sent so
// far: what changes that has begun after the rest.
func (b *Bot) Rest(ctx context.Context, id snowflake.GuildID) (next time.Time, given uint64, err error) {
	g := b.known(id)
	if g == nil {
		return time.Time{}, 0, nil
	}
	for {
		g.mu.Lock()
		s := g.active
		g.mu.Unlock()
		if s == nil {
			return time.Time{}, 0, ctx.Err()
		}
		next, given, rested, err := s.rest(ctx)
		if err != nil {
			return next, given, err
		}
		if rested {
			return next, given, nil
		}
	}
}

// rest asks the script once; rested is false when something came meanwhile, or
// the script went.
func (s *script) rest(ctx context.Context) (next time.Time, given uint64, rested bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)() //nolint:contextcheck // The end of the script ends the wait.
	s.mu.Lock()
	given = s.given
	s.mu.Unlock()
	next, err = s.inst.Rest(ctx)
	if err != nil && s.ctx.Err() != nil {
		select {
		case <-s.gone:
			return next, given, false, nil
		case <-ctx.Done():
		}
	}
	if err != nil {
		return next, given, false, err
	}
	calm := s.calms()
	select {
	case <-calm:
	case <-ctx.Done():
		return next, given, false, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return next, given, s.given == given, nil
}

// calms is closed when no op is being answered.
func (s *script) calms() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	calm := s.calm
	if calm == nil {
		calm = make(chan struct{})
		if s.ops.ops == 0 {
			close(calm)
		} else {
			s.calm = calm
		}
	}
	return calm
}

// Emit brings an event to the guild's script as the script sees it, and reports
// whether the script handles it: for tests of scripts.
func (b *Bot) Emit(id snowflake.GuildID, name string, payload []byte) bool {
	g := b.known(id)
	if g == nil {
		return false
	}
	g.mu.Lock()
	handled := g.subscribed(name)
	g.mu.Unlock()
	if handled {
		g.deliver(event{name: name, payload: payload})
	}
	return handled
}
