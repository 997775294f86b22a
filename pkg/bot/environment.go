package bot

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// Environment is what the admins of guilds have set beside their scripts.
type Environment interface {
	// Load reads what the guild has. When that fails, what was read before stays,
	// and Bot.Refresh is called once it is read.
	Load(ctx context.Context, guild snowflake.GuildID) error
	// Env is what the guild's script reads, as far as it was loaded.
	Env(guild snowflake.GuildID) []wire.Variable
	// ErrorReply is what the bot answers an interaction whose handler failed, ""
	// for nothing.
	ErrorReply(guild snowflake.GuildID) string
}

type bare struct{}

func (bare) Load(context.Context, snowflake.GuildID) error { return nil }
func (bare) Env(snowflake.GuildID) []wire.Variable         { return nil }
func (bare) ErrorReply(snowflake.GuildID) string           { return "" }

// environment is which scripts of a guild read it, those that are being loaded
// or are on their way out included.
type environment struct {
	mu      sync.Mutex // Guards the members below; taken before the wire's locks.
	version int
	readers map[*script]struct{}
}

// environ gives what a script that is loaded now reads. A store that is away
// keeps no script from being loaded.
func (g *guild) environ(ctx context.Context) ([]wire.Variable, int) {
	if err := g.bot.cfg.Environment.Load(ctx, g.id); err != nil && ctx.Err() == nil {
		g.bot.cfg.Log.Warn("secrets and variables of a guild could not be read; its script gets those that were read before, and the others as soon as they can be read",
			zap.Stringer("guild_id", g.id), zap.Error(err))
		g.log("warn", logs.TargetRuntime, fmt.Sprintf("secrets and variables could not be read just now; the script gets those that were read before, and the others as soon as they can be read: %s", fault.From(err).Message))
	}
	g.environment.mu.Lock()
	defer g.environment.mu.Unlock()
	return g.bot.cfg.Environment.Env(g.id), g.environment.version
}

// join has the script hear of changes from now on, and of those since version.
func (g *guild) join(s *script, version int) {
	g.environment.mu.Lock()
	defer g.environment.mu.Unlock()
	if g.environment.readers == nil {
		g.environment.readers = map[*script]struct{}{}
	}
	g.environment.readers[s] = struct{}{}
	if g.environment.version != version {
		_ = s.inst.SetEnv(g.bot.cfg.Environment.Env(g.id))
	}
}

func (g *guild) part(s *script) {
	g.environment.mu.Lock()
	defer g.environment.mu.Unlock()
	delete(g.environment.readers, s)
}

// Refresh gives the guild's scripts what the environment has now.
func (b *Bot) Refresh(id snowflake.GuildID) {
	g := b.known(id)
	if g == nil {
		return
	}
	// What a script that sleeps declares may be another thing now.
	g.mu.Lock()
	g.rouse()
	g.mu.Unlock()
	g.environment.mu.Lock()
	defer g.environment.mu.Unlock()
	g.environment.version++
	env := b.cfg.Environment.Env(id)
	for s := range g.environment.readers {
		_ = s.inst.SetEnv(env) // One whose worker is gone is loaded again with it.
	}
}

// excuseLimit bounds the answer to an interaction whose handler failed.
const excuseLimit = 5 * time.Second

// excuse answers an interaction whose handler failed before it answered, if the
// guild wants that and Discord still takes an answer.
func (s *script) excuse(e event) {
	g := s.guild
	if !e.answerable || e.answers > 0 || g.bot.cfg.Respond == nil || !s.may() {
		return
	}
	text := g.bot.cfg.Environment.ErrorReply(g.id)
	if _, late := e.late(g.bot.cfg.Now()); text == "" || late {
		return
	}
	g.bot.background(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(s.fence(ctx), excuseLimit)
		defer cancel()
		if err := g.bot.cfg.Respond(ctx, g.id, e.id, e.token, text); err != nil && ctx.Err() == nil {
			g.log("warn", logs.TargetRuntime, "the error reply could not be sent: "+fault.From(err).Message)
		}
	})
}

// answering counts the ops that answer the dispatch's interaction, those that
// failed left out: while there is one, nobody else answers.
func (s *script) answering(dispatch uint64, delta int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.inflight[dispatch]; ok && e.answerable {
		e.answers += delta
		s.inflight[dispatch] = e
	}
}
