// Package scope proves that what a script names belongs to its guild: a
// channel or thread, a webhook, an invite, an interaction token. Only a proof can be used
// for a request. What is another guild's and what does not exist are refused
// alike, so a refusal tells nothing.
package scope

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	// knownFor is how long an answer of Discord is believed. The guild of a
	// channel never changes; a deleted channel is forgotten at once.
	knownFor = 10 * time.Minute
	// refusedFor is how long a refusal is repeated without asking again.
	refusedFor = time.Minute
	// maxRefused bounds what is remembered as refused, per guild.
	maxRefused = 1000
	// maxKnown bounds what is remembered as found, of all guilds together.
	maxKnown = 100_000
	// lookups is how many questions to Discord a guild may cause in a minute
	// about what is not its own. Ordinary scripts need none.
	lookups = 60
	// lookupWithin bounds one question, the wait for a free place included.
	lookupWithin = 15 * time.Second
)

// Channel is the proof that a channel or thread belongs to the asking guild.
type Channel struct{ id snowflake.ChannelID }

// ID is the channel's id.
func (c Channel) ID() snowflake.ChannelID { return c.id }

// Webhook is the proof that a webhook belongs to the asking guild.
type Webhook struct{ id snowflake.WebhookID }

// ID is the webhook's id.
func (w Webhook) ID() snowflake.WebhookID { return w.id }

// Invite is the proof that an invite is to the asking guild.
type Invite struct{ code string }

// Code is the invite's code.
func (i Invite) Code() string { return i.code }

// Forbidden is the one refusal.
func Forbidden() error {
	return fault.New(fault.ScopeForbidden, "Forbidden: there is no such thing in this guild, or the bot cannot see it")
}

// Caller sends one request to Discord.
type Caller interface {
	Do(ctx context.Context, r discord.Request) (json.RawMessage, error)
}

// State is what the gateway knows.
type State interface {
	Channel(id snowflake.ChannelID) (discord.Channel, bool)
	// OnDelete calls f for every deleted channel and thread.
	OnDelete(f func(snowflake.ChannelID))
}

// Config of a Scope.
type Config struct {
	REST  Caller
	State State
	Clock clock.Clock // The real one when nil.
	// Recall, if not nil, knows interactions that guilds received in other
	// processes: their ids and when they came.
	Recall func(guild snowflake.GuildID, token string) (id snowflake.InteractionID, at time.Time, found bool)
}

// Scope answers what belongs to whom.
type Scope struct {
	rest        Caller
	state       State
	clock       clock.Clock
	recallToken func(guild snowflake.GuildID, token string) (id snowflake.InteractionID, at time.Time, found bool)
	flight      singleflight.Group
	tokens      tokens

	mu     sync.Mutex // Guards the members below.
	known  map[key]found
	guilds map[snowflake.GuildID]*guild
}

// kind tells apart what has ids of its own.
type kind string

const (
	aChannel kind = "channel"
	aWebhook kind = "webhook"
	anInvite kind = "invite"
)

// routes are where Discord tells what a thing belongs to.
var routes = map[kind]struct{ route, path string }{
	aChannel: {"/channels/{channel.id}", "/channels/"},
	aWebhook: {"/webhooks/{webhook.id}", "/webhooks/"},
	anInvite: {"/invites/{invite.code}", "/invites/"},
}

type key struct {
	kind kind
	id   string
}

type found struct {
	guild snowflake.GuildID
	until time.Time
}

// guild is what one guild's questions came to.
type guild struct {
	refused map[key]time.Time // Until when.
	asked   int               // Since the minute began, and about what is not its own.
	minute  time.Time
}

// New makes a Scope that knows nothing beyond the gateway's state.
func New(cfg Config) *Scope {
	if cfg.Clock == nil {
		cfg.Clock = clock.Real
	}
	s := &Scope{recallToken: cfg.Recall, rest: cfg.REST, state: cfg.State, clock: cfg.Clock, known: map[key]found{}, guilds: map[snowflake.GuildID]*guild{}}
	s.tokens.guilds = map[snowflake.GuildID]*received{}
	cfg.State.OnDelete(func(id snowflake.ChannelID) {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.known, key{aChannel, id.String()})
	})
	return s
}

// Channel proves that the channel or thread is the guild's.
func (s *Scope) Channel(ctx context.Context, guild snowflake.GuildID, id snowflake.ChannelID) (Channel, error) {
	if c, ok := s.state.Channel(id); ok {
		if c.Guild != guild {
			return Channel{}, Forbidden()
		}
		return Channel{id}, nil
	}
	if err := s.prove(ctx, guild, key{aChannel, id.String()}); err != nil {
		return Channel{}, err
	}
	return Channel{id}, nil
}

// Webhook proves that the webhook is the guild's.
func (s *Scope) Webhook(ctx context.Context, guild snowflake.GuildID, id snowflake.WebhookID) (Webhook, error) {
	if err := s.prove(ctx, guild, key{aWebhook, id.String()}); err != nil {
		return Webhook{}, err
	}
	return Webhook{id}, nil
}

// Invite proves that the invite is to the guild. The code must be one that
// needs no escaping in a path.
func (s *Scope) Invite(ctx context.Context, guild snowflake.GuildID, code string) (Invite, error) {
	if err := s.prove(ctx, guild, key{anInvite, code}); err != nil {
		return Invite{}, err
	}
	return Invite{code}, nil
}

// prove asks what is remembered, then Discord.
func (s *Scope) prove(ctx context.Context, guild snowflake.GuildID, k key) error {
	if k.id == "0" || k.id == "" {
		return Forbidden()
	}
	owner, ask, err := s.recall(guild, k)
	if err != nil {
		return err
	}
	if ask {
		if owner, err = s.lookUp(ctx, guild, k); err != nil {
			return err
		}
	}
	if owner != guild {
		return Forbidden()
	}
	return nil
}

// recall gives what is remembered; ask is true when Discord must tell.
func (s *Scope) recall(id snowflake.GuildID, k key) (owner snowflake.GuildID, ask bool, err error) {
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, ok := s.known[k]; ok && now.Before(f.until) {
		return f.guild, false, nil
	}
	if until, ok := s.guild(id).refused[k]; ok && now.Before(until) {
		return 0, false, Forbidden()
	}
	return 0, true, nil
}

// guild gives what is known of the guild. The caller holds mu.
func (s *Scope) guild(id snowflake.GuildID) *guild {
	g := s.guilds[id]
	if g == nil {
		g = &guild{refused: map[key]time.Time{}}
		s.guilds[id] = g
	}
	return g
}

// count counts a question. One about what is the guild's own is taken back:
// after a restart the gateway's state does not have it yet.
func (s *Scope) count(id snowflake.GuildID) error {
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.guild(id)
	if now.Sub(g.minute) >= time.Minute {
		g.minute, g.asked = now, 0
	}
	if g.asked >= lookups {
		return fault.New(fault.RateLimited, "this guild named more than %d unknown channels, webhooks or invites in a minute; try again in %d seconds",
			lookups, int(time.Minute.Seconds()-now.Sub(g.minute).Seconds())+1)
	}
	g.asked++
	return nil
}

// lookUp asks Discord, once for all who ask the same at the same time. The
// question outlives the first of them.
func (s *Scope) lookUp(ctx context.Context, guild snowflake.GuildID, k key) (snowflake.GuildID, error) {
	done := s.flight.DoChan(guild.String()+"/"+string(k.kind)+"/"+k.id, func() (any, error) {
		if err := s.count(guild); err != nil {
			return snowflake.GuildID(0), err
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookupWithin)
		defer cancel()
		owner, err := s.ask(ctx, guild, k)
		if err == nil || fault.Is(err, fault.ScopeForbidden) {
			s.remember(guild, k, owner)
		}
		return owner, err
	})
	var result singleflight.Result
	select {
	case result = <-done:
	case <-ctx.Done():
		return 0, fault.Wrap(ctx.Err(), fault.Timeout, "Discord did not say in time what the %s belongs to; try again", k.kind)
	}
	owner, _ := result.Val.(snowflake.GuildID)
	return owner, result.Err
}

// ask asks Discord whose it is.
func (s *Scope) ask(ctx context.Context, guild snowflake.GuildID, k key) (snowflake.GuildID, error) {
	r := routes[k.kind]
	raw, err := s.rest.Do(ctx, discord.Request{Guild: guild, Method: "GET", Route: r.route, Path: r.path + k.id})
	if err != nil {
		return 0, s.explain(err)
	}
	var thing struct {
		GuildID snowflake.GuildID `json:"guild_id"`
		Guild   struct {
			ID snowflake.GuildID `json:"id"`
		} `json:"guild"` // Of an invite.
	}
	// A channel without a guild is somebody's private one: nobody's here.
	if err := json.Unmarshal(raw, &thing); err != nil {
		return 0, fault.Wrap(err, fault.Upstream, "Discord's answer about a %s was not understood; try again", k.kind)
	}
	if k.kind == anInvite {
		return thing.Guild.ID, nil
	}
	return thing.GuildID, nil
}

// explain makes Discord's refusals the one refusal; other failures stay.
func (s *Scope) explain(err error) error {
	if f, ok := errors.AsType[*fault.Fault](err); ok && f.Code == fault.DiscordHTTP {
		switch f.Details["status"] {
		case 403, 404, 400:
			return Forbidden()
		}
	}
	return err
}

func (s *Scope) remember(id snowflake.GuildID, k key, owner snowflake.GuildID) {
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !owner.IsZero() {
		prune(s.known, maxKnown, func(f found) bool { return now.Before(f.until) })
		s.known[k] = found{owner, now.Add(knownFor)}
	}
	g := s.guilds[id]
	if g == nil {
		return // The bot left meanwhile.
	}
	if owner == id {
		g.asked = max(g.asked-1, 0)
		return
	}
	prune(g.refused, maxRefused, now.Before)
	g.refused[k] = now.Add(refusedFor)
}

// prune makes room in a map that is full: first what is over, else everything.
func prune[V any](m map[key]V, most int, fresh func(V) bool) {
	if len(m) < most {
		return
	}
	for k, v := range m {
		if !fresh(v) {
			delete(m, k)
		}
	}
	if len(m) >= most {
		clear(m)
	}
}

// Forget drops what is remembered of a guild that the bot left.
func (s *Scope) Forget(guild snowflake.GuildID) {
	s.mu.Lock()
	delete(s.guilds, guild)
	s.mu.Unlock()
	s.tokens.forget(guild)
}
