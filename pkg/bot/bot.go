// Package bot is the core: it keeps each guild's script loaded, brings every
// gateway event and cron job to it, answers its ops, and swaps scripts on a
// deploy so that a broken one never replaces a working one.
package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/bundle"
	"github.com/flora-runtime/flora-runtime/pkg/cron"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/later"
	"github.com/flora-runtime/flora-runtime/pkg/limit"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
	"github.com/flora-runtime/flora-runtime/pkg/trace"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// Bundler turns sources into one script, and positions in a script back into
// the sources', in a process that may die.
type Bundler interface {
	Build(ctx context.Context, in bundle.Input) (bundle.Output, error)
	MapStacks(ctx context.Context, stacks []bundle.Stack, sourceMap string) ([]string, error)
}

// Saved is what the guilds are to run. It may be a copy of what the Store has,
// while that cannot be asked.
type Saved interface {
	List(ctx context.Context) ([]deploy.Deployment, error)
	Current(ctx context.Context, guild snowflake.GuildID) (deploy.Revision, error)
	// Stored is Current as the Store has it, and what a later Current may give
	// when the Store cannot be asked.
	Stored(ctx context.Context, guild snowflake.GuildID) (deploy.Revision, error)
}

// stored is Saved without copies.
type stored struct{ deploy.Store }

func (s stored) Stored(ctx context.Context, guild snowflake.GuildID) (deploy.Revision, error) {
	return s.Current(ctx, guild)
}

// Limits of the core. All must be set.
type Limits struct {
	Script      wire.Limits
	ScriptBytes int           // A bundle's size.
	Dispatch    time.Duration // Wall time of a handler.
	Cron        time.Duration // CPU of a cron handler's turn.
	Load        time.Duration
	Op          time.Duration // One op, waiting included.
	InFlight    int           // Dispatches of a guild at once.
	Queue       int           // Events that wait for a guild.
	// OpsPerSecond is how many ops a guild may call, and OpsBurst how many at
	// once before that. 0 is no limit.
	OpsPerSecond, OpsBurst int
}

// Config is what the core is made of.
type Config struct {
	Pool  *supervisor.Pool
	Op    func(index int) (op.Op, bool) // A row of the op table.
	Store deploy.Store
	// Saved is what is loaded at boot and when a script was lost; nil is Store.
	Saved  Saved
	Logs   *logs.Hub
	Crons  *cron.Ticker
	Bundle Bundler
	// SyncCommands makes a guild's slash commands at Discord what the script
	// declared.
	SyncCommands func(ctx context.Context, guild snowflake.GuildID, commands json.RawMessage) error
	// Remember is told of every interaction that a guild received.
	Remember func(guild snowflake.GuildID, id snowflake.InteractionID, token string, received time.Time)
	// Application gives the application's id once Discord told it.
	Application func() snowflake.ApplicationID
	// Endpoint, if not nil, gives the address where the guild's script is reached
	// by HTTP.
	Endpoint func(guild snowflake.GuildID) string
	// Shared says that several processes serve the bot: a guild is this one's only
	// between Take and Drop of its shard.
	Shared bool
	// Overlap is how long after Take the owner before may still have changed what
	// guilds run without this process being told; 0 is never.
	Overlap time.Duration
	Limits  Limits
	// Environment, if not nil, is what scripts read beside events.
	Environment Environment
	// Retry, if not nil, keeps a message for later, so that it comes back by Rerun.
	Retry func(ctx context.Context, guild snowflake.GuildID, m later.Message, in time.Duration) error
	// Respond, if not nil, answers an interaction of a guild with a text that
	// only its user sees.
	Respond func(ctx context.Context, guild snowflake.GuildID, id snowflake.InteractionID, token, text string) error
	// Intents, if not nil, is asked for the events that scripts handle.
	Intents Intents
	// Hits, if not nil, counts the limits that scripts run into.
	Hits func(name limit.Name, n int)
	Log  *zap.Logger
	Now  func() time.Time // When events come and how long they waited; nil is the real time.
	// Active, if not nil, tells when a guild last had an event in an earlier
	// process: those most recently active are loaded first.
	Active func(guild snowflake.GuildID) time.Time
	// Metrics, if not nil, is told what becomes of scripts that do harm.
	Metrics Metrics
	// Meter, if not nil, measures events and ops.
	Meter Meter
	// Witness, if not nil, sees handlers begin and end: for tests of scripts.
	Witness Witness
	// Serves, if not nil, is told when a guild's script may handle events that it
	// did not before. It must not wait.
	Serves func(guild snowflake.GuildID)
	// Memories, if not nil, keep what scripts declared.
	Memories Memories
	// Tracer, if not nil, follows some events.
	Tracer *trace.Tracer
}

// Bot is the core.
type Bot struct {
	cfg      Config
	bounds   atomic.Pointer[Limits]
	dispatch atomic.Uint64 // Last dispatch id.
	wanted   subscriptions
	ready    atomic.Pointer[[]byte] // nil until the bot was connected once.
	maps     mapper
	beds     beds
	names    names
	draining atomic.Bool   // No more handlers begin.
	room     chan struct{} // Has one value for each script that is loaded in its turn.

	mu      sync.Mutex // Guards the members below.
	guilds  map[snowflake.GuildID]*guild
	tenures map[int]*tenure // By shard.
	shards  int             // The number of all of them; 0 before the first was taken.
	closed  bool
	base    context.Context //nolint:containedctx // The life of background work; Close ends it.
	cancel  context.CancelFunc
	work    sync.WaitGroup
}

// New makes the core; nothing is loaded yet.
func New(cfg Config) *Bot {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Metrics == nil {
		cfg.Metrics = unmetered{}
	}
	if cfg.Meter == nil {
		cfg.Meter = unmeasured{}
	}
	if cfg.Intents == nil {
		cfg.Intents = unlimited{}
	}
	if cfg.Memories == nil {
		cfg.Memories = forgetful{}
	}
	if cfg.Saved == nil {
		cfg.Saved = stored{cfg.Store}
	}
	if cfg.Active == nil {
		cfg.Active = func(snowflake.GuildID) time.Time { return time.Time{} }
	}
	if cfg.Serves == nil {
		cfg.Serves = func(snowflake.GuildID) {}
	}
	if cfg.Endpoint == nil {
		cfg.Endpoint = func(snowflake.GuildID) string { return "" }
	}
	if cfg.Environment == nil {
		cfg.Environment = bare{}
	}
	b := &Bot{cfg: cfg, guilds: map[snowflake.GuildID]*guild{}, tenures: map[int]*tenure{}, room: make(chan struct{}, loadsAtOnce)}
	b.SetLimits(cfg.Limits)
	b.base, b.cancel = context.WithCancel(context.Background())
	b.dispatch.Store(supervisor.LoadID)
	b.wanted.init(cfg.Intents.Want)
	b.maps.init(cfg.Bundle)
	return b
}

// SetLimits changes the limits. Those that a worker enforces hold for scripts
// that are loaded from now on.
func (b *Bot) SetLimits(l Limits) { b.bounds.Store(&l) }

func (b *Bot) limits() *Limits { return b.bounds.Load() }

// Close ends background work; the pool's end stops the scripts.
func (b *Bot) Close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.cancel()
	b.work.Wait()
}

// background runs f until it ends; Close waits for it. It is false when the
// core has closed, and f does not run.
func (b *Bot) background(f func(ctx context.Context)) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.work.Go(func() { f(b.base) })
	return true
}

// Go runs f until it ends, or its ctx does, with the core; Close waits for it.
func (b *Bot) Go(f func(ctx context.Context)) { b.background(f) }

// LoadAll begins to load every guild's current deployment. When it returns, the
// events of all those guilds wait for their scripts, so the bot may connect.
// Those most recently active come first. The channel is closed when each script was tried once; those that failed are
// tried again.
func (b *Bot) LoadAll(ctx context.Context) (tried <-chan struct{}, err error) {
	all, err := b.cfg.Saved.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("list deployments: %w", err)
	}
	return b.load(all), nil
}

func (b *Bot) guild(id snowflake.GuildID) *guild {
	b.mu.Lock()
	defer b.mu.Unlock()
	g, ok := b.guilds[id]
	if !ok {
		g = &guild{bot: b, id: id, building: make(chan struct{}, 1), tenure: b.tenureOf(id)}
		b.guilds[id] = g
	}
	return g
}

func (b *Bot) known(id snowflake.GuildID) *guild {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.guilds[id]
}

func (b *Bot) all() []*guild {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]*guild, 0, len(b.guilds))
	for _, g := range b.guilds {
		out = append(out, g)
	}
	return out
}

// Wants implements discord.Sink: it is false for events that no script handles.
func (b *Bot) Wants(eventType string) bool { return b.wanted.wants(eventType) }

// HandleEvent implements discord.Sink: it queues the event for its guild.
func (b *Bot) HandleEvent(_ context.Context, e discord.Event) {
	if e.Guild.IsZero() {
		return
	}
	g := b.known(e.Guild)
	if g == nil || !g.wants(e) {
		return
	}
	name, payload, ok := discord.Payload(e)
	if !ok {
		return
	}
	if e.Lost {
		if id := e.About(); id != 0 {
			name += " (" + strconv.FormatUint(id, 10) + ")"
		}
		g.log("error", logs.TargetRuntime, fmt.Sprintf("a handler of %s was running when the runtime ended; it is cut off and not run again", name))
		return
	}
	now := b.cfg.Now()
	id, token, interaction := discord.InteractionToken(e)
	if interaction {
		b.cfg.Remember(e.Guild, id, token, now)
	}
	g.deliver(event{
		name: name, payload: payload, interaction: interaction, received: received(id, now), receipt: e.Keep(),
		id: id, token: token, answerable: interaction && discord.TakesMessage(e), span: g.trace(name),
	})
}

// Ready keeps what "ready" handlers get. Each script gets it once, when it
// serves and the bot is connected, and not again after a reconnect.
func (b *Bot) Ready(user json.RawMessage) {
	payload, err := json.Marshal(map[string]any{"user": user, "guildIds": []string{}})
	if err != nil {
		b.cfg.Log.Error("ready event is lost", zap.Error(err))
		return
	}
	if b.ready.Swap(&payload) != nil {
		return
	}
	for _, g := range b.all() {
		g.pump()
	}
}

// Fire implements the cron ticker's callback: the job runs like any event.
func (b *Bot) Fire(f cron.Firing) {
	g := b.known(f.Guild)
	if g == nil {
		f.Finished()
		return
	}
	payload, err := json.Marshal(map[string]string{"name": f.Name, "scheduledAt": f.ScheduledAt.UTC().Format(time.RFC3339)})
	if err != nil {
		f.Finished()
		return
	}
	e := g.job(f.Name, payload, f.Finished)
	if len(f.Backoff) > 0 && b.cfg.Retry != nil {
		e.over = func(o later.Outcome) {
			if o != later.Handled { // Also one that was cut off, or never began.
				b.background(func(ctx context.Context) { g.retryJob(ctx, f.Name, payload, f.Backoff) })
			}
		}
	}
	g.deliver(e)
}

// Activity tells when each guild last had an event.
func (b *Bot) Activity() map[snowflake.GuildID]time.Time {
	out := map[snowflake.GuildID]time.Time{}
	for _, g := range b.all() {
		g.mu.Lock()
		if !g.heard.IsZero() {
			out[g.id] = g.heard
		}
		g.mu.Unlock()
	}
	return out
}

// Leave stops the script of a guild that the bot is no longer in. What is
// stored stays.
func (b *Bot) Leave(id snowflake.GuildID) {
	if g := b.known(id); g != nil {
		g.place(false)
		b.background(func(context.Context) { g.stop() })
	}
}

// Join loads the deployment of a guild that the bot came (back) to.
func (b *Bot) Join(id snowflake.GuildID) {
	if !b.owns(id) {
		return
	}
	if g := b.guild(id); g.place(true) {
		b.background(g.wake)
	}
}
