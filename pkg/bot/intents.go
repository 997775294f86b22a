package bot

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Intents is what the core says to the gateway about the events that scripts
// handle.
type Intents interface {
	// Want asks for intents beside those asked for before.
	Want(more catalog.Intents)
	// Missing gives those of the intents that the bot cannot have.
	Missing(of catalog.Intents) catalog.Intents
	// Settled waits until the guild's events come with all that is wanted; false
	// when ctx ends first.
	Settled(ctx context.Context, guild snowflake.GuildID) bool
}

// unlimited is Config.Intents when there is no gateway.
type unlimited struct{}

func (unlimited) Want(catalog.Intents)                            {}
func (unlimited) Missing(catalog.Intents) catalog.Intents         { return 0 }
func (unlimited) Settled(context.Context, snowflake.GuildID) bool { return true }

var _ Intents = unlimited{}

// settleWithin is how long a deploy waits for the gateway to bring what the
// script wants. Discord may make a bot with many shards wait for longer.
const settleWithin = 20 * time.Second

// intents are what the events of the types need.
func intents(types map[string]struct{}) (out catalog.Intents) {
	for t := range types {
		if e := catalog.ByType(t); e != nil {
			out |= e.Intents | e.Whole
		}
	}
	return out
}

// eventWarnings waits until the script's events come, and tells of those that
// will not. The guild's log gets the same.
func (g *guild) eventWarnings(ctx context.Context, s *script) []string {
	warnings := g.tellUnheard(s, maxUnheard)
	ctx, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	if !g.bot.cfg.Intents.Settled(ctx, g.id) {
		warning := fmt.Sprintf("the bot is still being connected to Discord after %s; until it is, the script hears of nothing", settleWithin)
		g.log("warn", logs.TargetRuntime, warning)
		warnings = append(warnings, warning)
	}
	return warnings
}

// maxUnheard bounds what a script is told about the events that it handles once
// it has loaded, and maxLate about those that it comes up with later.
const (
	maxUnheard = 20
	maxLate    = 2
)

// tellUnheard gives a warning for each event that the script handles and will
// not hear of, or not in full, unless it was told before.
func (g *guild) tellUnheard(s *script, most int) (warnings []string) {
	for _, name := range s.untold() {
		if warning := g.unheard(name); warning != "" {
			warnings = append(warnings, warning)
		}
	}
	warnings = s.bound(warnings, most)
	for _, warning := range warnings {
		g.log("warn", logs.TargetRuntime, warning)
	}
	return warnings
}

// unheard says why an event does not come, or "" when it does.
func (g *guild) unheard(name string) string {
	if !catalog.Exists(name) {
		if near := catalog.Nearest(name); near != "" {
			return fmt.Sprintf("on(%q): there is no such event; it is called %q here", name, near)
		}
		return fmt.Sprintf("on(%q): there is no such event", name)
	}
	e := catalog.ByName(name)
	if e == nil {
		return ""
	}
	const cure = "the operator must allow it (discord.privileged_intents) and turn it on in Discord's developer portal"
	if e.Intents != 0 {
		if lacking := g.bot.cfg.Intents.Missing(e.Intents); lacking == e.Intents {
			return fmt.Sprintf("on(%q): the event does not come, for the bot does not have Discord's intent %s; %s", name, lacking, cure)
		}
	}
	if lacking := g.bot.cfg.Intents.Missing(e.Whole); lacking != 0 {
		what := "what people wrote is left out of it, but where they mention the bot"
		if lacking != catalog.MessageContent {
			what = "it comes for the bot itself only"
		}
		return fmt.Sprintf("on(%q): %s, for the bot does not have Discord's intent %s; %s", name, what, lacking, cure)
	}
	return ""
}

// untold lists the script's events, sorted, that were not looked at before.
func (s *script) untold() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for name := range s.events {
		if _, told := s.told[name]; !told && !catalog.Own(name) {
			s.told[name] = struct{}{}
			out = append(out, name)
		}
	}
	// A script of commands listens to messages without a name.
	if _, told := s.told[messageCreate]; len(s.marks) > 0 && !told {
		s.told[messageCreate] = struct{}{}
		out = append(out, messageCreate)
	}
	slices.Sort(out)
	return out
}

// bound keeps the first warnings about a script, and says once that there were
// more.
func (s *script) bound(warnings []string, most int) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.unheard
	s.unheard += len(warnings)
	if s.unheard <= most {
		return warnings
	}
	warnings = warnings[:max(most-before, 0)]
	if before <= most {
		warnings = append(warnings, "more events of the script do not come")
	}
	return warnings
}

// Denied implements discord.Sink: scripts that lose events by it are told.
func (b *Bot) Denied(refused catalog.Intents) {
	b.background(func(context.Context) {
		for _, g := range b.all() {
			g.mu.Lock()
			s := g.active
			g.mu.Unlock()
			if s == nil || intents(s.types())&refused == 0 {
				continue
			}
			s.mu.Lock()
			clear(s.told)
			s.unheard = 0
			s.mu.Unlock()
			g.tellUnheard(s, maxUnheard)
		}
	})
}
