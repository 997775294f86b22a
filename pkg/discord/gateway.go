package discord

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// GatewayConfig says how the gateway is used.
type GatewayConfig struct {
	// Token is the bot's, without "Bot ".
	Token string
	// REST finds the gateway and the bot's own user.
	REST *REST
	// Intents are asked for from the start; the guilds' are always among them.
	// Want adds more.
	Intents catalog.Intents
	// Privileged are the privileged intents that the bot may ask for.
	Privileged catalog.Intents
	// GatherIntents is how long a growth of the intents waits for more, since
	// each begins sessions anew; 250 ms by default.
	GatherIntents time.Duration
	// Shards is the number of shards; 0 takes Discord's recommendation.
	Shards int
	// Compress asks for zlib-stream.
	Compress bool
	// Sessions keeps sessions over restarts; nil keeps them in memory.
	Sessions SessionStore
	// Sharing, if not nil, says which shards are this process's, and keeps their
	// sessions instead of Sessions. Holder must be set with it.
	Sharing Sharing
	Holder  Holder
	// RetryMin and RetryMax bound the growing pause between connections that
	// fail, 1 s and 60 s by default; InvalidWait is the longest pause after
	// INVALID_SESSION, 5 s.
	RetryMin, RetryMax, InvalidWait time.Duration
	// IdentifyEvery is the pause between IDENTIFYs of one class, 5 s by default.
	IdentifyEvery time.Duration
	// ReadyWithin is how long a connection may make no progress towards READY or
	// RESUMED, 60 s by default.
	ReadyWithin time.Duration
	// Log gets what happens on connections; nil logs nothing.
	Log *zap.Logger
}

// maxShards is far above what one process can serve.
const maxShards = 1024

// Validate sets the defaults and refuses what cannot work.
func (c *GatewayConfig) Validate() error {
	c.Token = plainToken(c.Token)
	switch {
	case c.Token == "":
		return errors.New("the gateway needs the bot token (discord.bot_token, DISCORD_TOKEN)")
	case c.REST == nil:
		return errors.New("the gateway needs REST")
	case c.Shards < 0 || c.Shards > maxShards:
		return fmt.Errorf("discord.shards must be from 0 to %d", maxShards)
	case c.Sharing != nil && c.Holder == nil:
		return errors.New("a gateway whose shards come and go needs to tell somebody")
	}
	c.Intents |= catalog.Guilds
	if c.Sessions == nil {
		c.Sessions = MemorySessions{}
	}
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	for _, d := range []struct {
		at       *time.Duration
		standard time.Duration
	}{
		{&c.RetryMin, time.Second}, {&c.RetryMax, time.Minute}, {&c.InvalidWait, 5 * time.Second},
		{&c.IdentifyEvery, 5 * time.Second}, {&c.ReadyWithin, time.Minute}, {&c.GatherIntents, 250 * time.Millisecond},
	} {
		if *d.at <= 0 {
			*d.at = d.standard
		}
	}
	return nil
}

// Gateway is the bot's presence at Discord: its shards, or those of them that are
// this process's.
type Gateway struct {
	cfg     GatewayConfig
	sink    Sink
	sharing Sharing
	state   *State
	self    self

	// Set by Run before the shards start.
	url   string
	limit SessionStartLimit

	seed chan struct{} // Asks for the guilds by REST.
	grow chan struct{} // Asks for a look at the sessions' intents.

	mu      sync.Mutex // Guards the members below, and what shards say of themselves.
	layout  int        // The number of all shards; 0 before Run knows it.
	shards  map[int]*shard
	readied bool // The sink was told that the bot is connected.
	intents intents
	news    chan struct{} // Closed and replaced when a session changes.
}

// self is the bot's own identity.
type self struct {
	mu   sync.Mutex // Guards the members below.
	app  snowflake.ApplicationID
	user json.RawMessage // As scripts see it.
}

func (s *self) set(app snowflake.ApplicationID, user json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !app.IsZero() {
		s.app = app
	}
	if user != nil {
		s.user = user
	}
}

// NewGateway makes the gateway; Run connects it.
func NewGateway(cfg GatewayConfig, sink Sink) (*Gateway, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	g := &Gateway{
		cfg: cfg, sink: sink, sharing: cfg.Sharing, state: newState(), seed: make(chan struct{}, 1), grow: make(chan struct{}, 1),
		shards: map[int]*shard{}, intents: intents{wanted: cfg.Intents, granted: catalog.Privileged}, news: make(chan struct{}),
	}
	if g.sharing == nil {
		g.sharing = &alone{sessions: cfg.Sessions, log: cfg.Log}
	}
	return g, nil
}

// State is which guilds and channels the gateway knows.
func (g *Gateway) State() *State { return g.state }

// Application is the application's id, or zero before Run or Identity has found
// it out.
func (g *Gateway) Application() snowflake.ApplicationID {
	g.self.mu.Lock()
	defer g.self.mu.Unlock()
	return g.self.app
}

// User is the bot's own user as scripts see it, or nil as long as it is unknown.
func (g *Gateway) User() json.RawMessage {
	g.self.mu.Lock()
	defer g.self.mu.Unlock()
	return g.self.user
}

// Status tells how each shard of this process does, by number; it is empty before
// they start.
func (g *Gateway) Status() []ShardStatus {
	out := []ShardStatus{}
	for _, s := range g.own() {
		out = append(out, s.status())
	}
	return out
}

// own gives the shards of this process by number.
func (g *Gateway) own() []*shard {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.SortedFunc(maps.Values(g.shards), func(a, b *shard) int { return cmp.Compare(a.id, b.id) })
}

// Layout is the number of all shards, 0 before it is known.
func (g *Gateway) Layout() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.layout
}

// Connected reports whether every shard that is this process's is connected. One
// whose shards come and go may have none.
func (g *Gateway) Connected() bool {
	n, all := g.Layout(), g.Status()
	for _, s := range all {
		if !s.Connected {
			return false
		}
	}
	return n > 0 && (g.cfg.Sharing != nil || len(all) == n)
}

// botGateway is the answer of GET /gateway/bot.
type botGateway struct {
	URL    string            `json:"url"`
	Shards int               `json:"shards"`
	Limit  SessionStartLimit `json:"session_start_limit"`
}

// Identity finds out who the bot is. Run does it too; calling it first makes
// Application and User known earlier.
func (g *Gateway) Identity(ctx context.Context) error {
	app, granted, err := g.cfg.REST.CurrentApplication(ctx)
	if err != nil {
		return fmt.Errorf("read the bot's application: %w", err)
	}
	user, err := g.cfg.REST.CurrentUser(ctx)
	if err != nil {
		return fmt.Errorf("read the bot's user: %w", err)
	}
	g.self.set(app, UserPayload(user))
	g.grant(granted)
	return nil
}

// Run keeps the bot connected until ctx ends. It returns an error when Discord
// will not have it: a bad token, intents that are not allowed, wrong shards.
func (g *Gateway) Run(ctx context.Context) error {
	found, err := g.discover(ctx)
	if ctx.Err() != nil {
		return nil //nolint:nilerr // It was asked to end.
	}
	if err != nil {
		return err
	}
	n, err := g.settleLayout(ctx, found.Shards)
	if err != nil {
		return nil //nolint:nilerr // It was asked to end.
	}
	g.url, g.limit = found.URL, found.Limit
	g.mu.Lock()
	g.layout = n
	g.mu.Unlock()
	g.changed()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return g.sharing.Run(ctx, Identity(g.cfg.Token, g.cfg.REST.Base()), n, g.serve) })
	group.Go(func() error { return g.seedState(ctx) })
	group.Go(func() error { return g.keepIntents(ctx) })
	return group.Wait()
}

// discover asks Discord where the gateway is and who the bot is, until it gets
// an answer or ctx ends.
func (g *Gateway) discover(ctx context.Context) (*botGateway, error) {
	for pause := g.cfg.RetryMin; ; pause = min(2*pause, g.cfg.RetryMax) {
		found, err := g.ask(ctx)
		if err == nil {
			return found, nil
		}
		if f, ok := errors.AsType[*fault.Fault](err); ok && f.Details["status"] == http.StatusUnauthorized {
			return nil, newCloseError(closeAuthentication, "", 0)
		}
		g.cfg.Log.Warn("gateway is not found yet", zap.Error(err), zap.Duration("pause", pause))
		if !clock.Sleep(ctx, clock.Real, pause) {
			return nil, ctx.Err()
		}
	}
}

func (g *Gateway) ask(ctx context.Context) (*botGateway, error) {
	doc, err := g.cfg.REST.Do(ctx, Request{Method: http.MethodGet, Route: "/gateway/bot", Path: "/gateway/bot"})
	if err != nil {
		return nil, fmt.Errorf("ask for the gateway: %w", err)
	}
	var found botGateway
	if err := json.Unmarshal(doc, &found); err != nil {
		return nil, fmt.Errorf("ask for the gateway: %w", err)
	}
	if u, err := url.Parse(found.URL); err != nil || u.Host == "" {
		return nil, fmt.Errorf("ask for the gateway: its address %q is none", found.URL)
	}
	return &found, g.Identity(ctx)
}

// settleLayout finds out the number of shards; it fails when ctx ends.
func (g *Gateway) settleLayout(ctx context.Context, recommended int) (int, error) {
	wanted := g.cfg.Shards
	if wanted == 0 {
		wanted = min(max(recommended, 1), maxShards)
	}
	for pause := g.cfg.RetryMin; ; pause = min(2*pause, g.cfg.RetryMax) {
		n, err := g.sharing.Layout(ctx, wanted)
		if err == nil {
			return n, nil
		}
		g.cfg.Log.Warn("the number of shards is not settled yet", zap.Error(err), zap.Duration("pause", pause))
		if !clock.Sleep(ctx, clock.Real, pause) {
			return 0, ctx.Err()
		}
	}
}

// serve keeps a shard connected as long as it is this process's.
func (g *Gateway) serve(ctx context.Context, id int, slot SessionSlot) error {
	s := &shard{
		gateway: g, id: id, of: g.Layout(), slot: slot, kinds: kinds{}, log: g.cfg.Log.With(zap.Int("shard_id", id)), stat: ShardStatus{ID: id},
	}
	drop, err := s.hold(ctx)
	if err != nil {
		return nil //nolint:nilerr // It was asked to end.
	}
	g.state.open(id)
	g.mu.Lock()
	g.shards[id] = s
	g.mu.Unlock()
	g.changed()
	err = s.run(ctx)
	g.mu.Lock()
	delete(g.shards, id)
	g.mu.Unlock()
	g.state.release(id, s.of)
	drop()
	g.changed()
	return err
}
