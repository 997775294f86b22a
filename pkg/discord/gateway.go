package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/discord/internal/jsonscan"
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
	// sessions instead of Sessions.
	Sharing Sharing
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

// Gateway is the bot's presence at Discord: all of its shards.
type Gateway struct {
	cfg   GatewayConfig
	sink  Sink
	state *State
	self  self

	// Set by Run before the shards start.
	url  string
	gate *gate

	seed chan struct{} // Asks for the guilds by REST.
	grow chan struct{} // Asks for a look at the sessions' intents.

	mu      sync.Mutex // Guards the members below.
	shards  []*shard
	up      map[int]struct{} // Shards that were connected once.
	seeds   bool             // REST must tell the guilds.
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
	return &Gateway{
		cfg: cfg, sink: sink, state: newState(), seed: make(chan struct{}, 1), grow: make(chan struct{}, 1),
		up: map[int]struct{}{}, intents: intents{wanted: cfg.Intents, granted: catalog.Privileged}, news: make(chan struct{}),
	}, nil
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

// Status tells how each shard does; it is empty before they start.
func (g *Gateway) Status() []ShardStatus {
	g.mu.Lock()
	shards := g.shards
	g.mu.Unlock()
	out := make([]ShardStatus, len(shards))
	for i, s := range shards {
		out[i] = s.status()
	}
	return out
}

// Connected reports whether every shard is connected.
func (g *Gateway) Connected() bool {
	all := g.Status()
	for _, s := range all {
		if !s.Connected {
			return false
		}
	}
	return len(all) > 0
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
	g.url = found.URL
	g.gate = newGate(g.cfg.IdentifyEvery, found.Limit, time.Now())
	shards := g.open(found)
	defer func() {
		for _, s := range shards {
			if err := s.slot.Close(); err != nil {
				s.log.Warn("gateway session is not closed", zap.Error(err))
			}
		}
	}()
	g.mu.Lock()
	g.shards = shards
	g.mu.Unlock()
	group, ctx := errgroup.WithContext(ctx)
	for _, s := range shards {
		group.Go(func() error { return s.run(ctx) })
	}
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

// open makes the shards with their sessions.
func (g *Gateway) open(found *botGateway) []*shard {
	n := g.cfg.Shards
	if n == 0 {
		n = min(max(found.Shards, 1), maxShards)
	}
	identity := Identity(g.cfg.Token, g.cfg.REST.Base())
	var shards []*shard
	for id := range n {
		slot, err := g.cfg.Sessions.Open(id, n, identity)
		if err != nil {
			g.cfg.Log.Error("the gateway session cannot be kept: what comes while the next start is under way is lost", zap.Int("shard_id", id), zap.Error(err))
			slot = &memorySession{}
		}
		shards = append(shards, &shard{
			gateway: g, id: id, of: n, slot: slot, kinds: kinds{}, log: g.cfg.Log.With(zap.Int("shard_id", id)), stat: ShardStatus{ID: id},
		})
	}
	return shards
}

// shardUp is called by the shard's reader each time its session is up. With
// unseen, an earlier process was told the guilds, and this one was not.
func (g *Gateway) shardUp(s *shard, unseen bool) {
	g.mu.Lock()
	_, again := g.up[s.id]
	g.up[s.id] = struct{}{}
	first := !again && len(g.up) == s.of
	g.seeds = g.seeds || unseen
	seed := g.seeds && len(g.up) == s.of
	if seed {
		g.seeds = false
	}
	g.mu.Unlock()
	if seed {
		select {
		case g.seed <- struct{}{}:
		default:
		}
	} else if first {
		g.state.complete()
	}
	if first {
		g.sink.Ready(g.User())
	}
	g.regrow()
	g.changed()
}

// seedState fills the list of guilds by REST after a session was resumed that
// an earlier process began.
func (g *Gateway) seedState(ctx context.Context) error {
	for {
		select {
		case <-g.seed:
		case <-ctx.Done():
			return nil
		}
		for pause := g.cfg.RetryMin; ; pause = min(2*pause, g.cfg.RetryMax) {
			err := g.listGuilds(ctx)
			if err == nil {
				g.state.complete()
				break
			}
			if ctx.Err() == nil {
				g.cfg.Log.Warn("list of guilds is not read yet", zap.Error(err), zap.Duration("pause", pause))
			}
			if !clock.Sleep(ctx, clock.Real, pause) {
				return nil
			}
		}
	}
}

func (g *Gateway) listGuilds(ctx context.Context) error {
	const page = 200
	after := snowflake.GuildID(0)
	for {
		query := url.Values{"limit": {strconv.Itoa(page)}}
		if !after.IsZero() {
			query.Set("after", after.String())
		}
		doc, err := g.cfg.REST.Do(ctx, Request{Method: http.MethodGet, Route: "/users/@me/guilds", Path: "/users/@me/guilds", Query: query})
		if err != nil {
			return fmt.Errorf("list the bot's guilds: %w", err)
		}
		ids := readGuilds(doc)
		g.mu.Lock()
		n := len(g.shards)
		g.mu.Unlock()
		g.state.seed(ids, func(id snowflake.GuildID) int { return int(uint64(id) >> 22 % uint64(n)) }) //nolint:gosec // Small.
		last := after
		jsonscan.Elements(doc, func(value []byte) bool {
			after = max(after, snowflake.GuildID(jsonscan.ID(jsonscan.Get(value, "id"))))
			return true
		})
		if len(ids) < page || after == last {
			return nil
		}
	}
}
