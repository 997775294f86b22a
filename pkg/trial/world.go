package trial

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/bundle"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/cron"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/later"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/mark"
	"github.com/flora-runtime/flora-runtime/pkg/scope"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/embedded"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
	"github.com/flora-runtime/flora-runtime/pkg/trial/report"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
	"github.com/flora-runtime/flora-runtime/pkg/worker"
	"github.com/flora-runtime/flora-runtime/v8ops"
	"github.com/flora-runtime/flora-runtime/v8ops/denokv"
	"github.com/flora-runtime/flora-runtime/v8ops/outbound"
)

// setting is what a test says of a world before it is.
type setting struct {
	GuildID string            `json:"guildId"`
	Secrets map[string]string `json:"secrets"`
	Vars    map[string]string `json:"vars"`
	Now     int64             `json:"now"` // Milliseconds since 1970.
}

// world is one guild with all that its script can reach, all in memory.
type world struct {
	guild   snowflake.GuildID
	general snowflake.ChannelID
	owner   snowflake.UserID
	user    snowflake.UserID
	script  report.Bundle
	ask     func(ctx context.Context, kind, name string, args json.RawMessage) (json.RawMessage, error)

	clock   *clock.Fake
	sim     *discordsim.Sim
	gateway *discord.Gateway
	scope   *scope.Scope
	kv      *kv.DB
	hub     *logs.Hub
	crons   *cron.Ticker
	queue   *later.Queue
	watches *denokv.Watches
	pool    *supervisor.Pool
	bot     *bot.Bot

	ctx    context.Context //nolint:containedctx // The world's own life.
	cancel context.CancelFunc
	parts  sync.WaitGroup
	ends   []func() error

	step     line // Who is in front does something, and waits for what follows from it.
	barrier  atomic.Uint64
	given    uint64        // What the script was sent when it came to rest last; for who is in front.
	ready    chan struct{} // Closed when the bot is connected.
	once     sync.Once
	commands json.RawMessage // As the script declares them; mu guards it.

	mu         sync.Mutex // Guards the members below.
	passed     map[uint64]chan struct{}
	dispatches []*dispatch
	running    map[uint64]*dispatch
	most       int // Dispatches until tooMany is called, if it is not nil.
	tooMany    func()
	calls      []call
	overridden map[string]bool
	sent       []*sent
	known      map[string]*sent
}

// newWorld makes a world without a script.
func newWorld(ctx context.Context, cfg Config, guild snowflake.GuildID, s setting) (w *world, err error) {
	w = &world{
		guild: guild, clock: clock.NewFake(time.UnixMilli(s.Now).UTC()), ready: make(chan struct{}), passed: map[uint64]chan struct{}{},
		running: map[uint64]*dispatch{}, overridden: map[string]bool{}, known: map[string]*sent{}, commands: json.RawMessage("[]"),
	}
	w.ctx, w.cancel = context.WithCancel(context.WithoutCancel(ctx))
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	rest, err := w.openDiscord(cfg.Log)
	if err != nil {
		return w, err
	}
	if err := w.openServices(cfg, s, rest); err != nil {
		return w, err
	}
	if err := w.gateway.Identity(ctx); err != nil {
		return w, err
	}
	w.run(w.gateway.Run)
	for _, up := range []<-chan struct{}{w.ready, w.gateway.State().Known()} {
		select {
		case <-up:
		case <-ctx.Done():
			return w, ctx.Err()
		}
	}
	return w, nil
}

// run runs a part until the world ends.
func (w *world) run(body func(ctx context.Context) error) {
	w.parts.Go(func() { _ = body(w.ctx) }) // What ends early is missed by what waits for it.
}

// openDiscord makes a simulated Discord on loopback, and the bot's connection.
func (w *world) openDiscord(log *zap.Logger) (rest *discord.REST, err error) {
	const token = "test"
	w.sim, err = discordsim.New(discordsim.Config{Guilds: 1, Token: token, NoRateLimits: true, Now: w.clock.Now})
	if err != nil {
		return nil, err
	}
	w.ends = append(w.ends, w.sim.Close)
	if w.general, w.owner, err = w.sim.Clear(w.guild); err != nil {
		return nil, err
	}
	if w.user, err = w.sim.Join(w.guild, discordsim.Newcomer{Username: "ada", Silent: true}); err != nil {
		return nil, err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(w.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open a port of this machine for the simulated Discord: %w", err)
	}
	server := &http.Server{Handler: w.sim.Handler(), ReadHeaderTimeout: time.Minute}
	w.run(func(context.Context) error { return server.Serve(l) })
	w.ends = append(w.ends, server.Close)
	base := "http://" + l.Addr().String()
	w.sim.SetBaseURL(base)
	rest, err = discord.NewREST(discord.RESTConfig{Base: base + "/api/v10", Token: token, GlobalLimit: -1, GuildConcurrency: 64, Log: log})
	if err != nil {
		return nil, err
	}
	// With all intents from the start no script's handlers begin sessions anew.
	w.gateway, err = discord.NewGateway(discord.GatewayConfig{
		Token: token, REST: rest, Shards: 1, Intents: catalog.All, Privileged: catalog.Privileged, Log: log,
		IdentifyEvery: time.Millisecond, GatherIntents: time.Millisecond,
	}, sink{w})
	return rest, err
}

// openServices makes the core and what it needs.
func (w *world) openServices(cfg Config, s setting, rest *discord.REST) (err error) {
	limits := kv.DefaultLimits()
	limits.WritesPerMinute, limits.CommitsPerMinute = 0, 0 // The minute would never end.
	if w.kv, err = kv.Open(kv.Config{Dir: "/kv", Memory: true, Limits: limits, Clock: w.clock, CacheBytes: 1 << 20, Committed: w.committed}); err != nil {
		return err
	}
	w.watches = denokv.NewWatches(func(guild snowflake.GuildID, payload []byte, over func()) bool {
		return w.bot.Notify(later.Delivery{Guild: guild, Name: denokv.WatchEvent, Payload: payload, Over: func(later.Outcome) { over() }})
	})
	w.queue = later.New(later.Config{Store: w.kv, Clock: w.clock, Log: cfg.Log, Deliver: func(d later.Delivery) bool {
		return w.bot.Notify(d)
	}})
	w.ends = append(w.ends, func() error { w.queue.Close(); w.watches.Close(); return nil })
	w.ends = append(w.ends, w.kv.Close)
	state, err := embedded.Open(embedded.Config{Dir: "/state", Memory: true})
	if err != nil {
		return err
	}
	w.ends = append(w.ends, state.Close)
	w.hub = logs.New(logs.Config{Lines: 10_000, Bytes: 16 << 20, LinesPerSecond: 1 << 20, Burst: 1 << 20, Clock: w.clock})
	w.scope = scope.New(scope.Config{REST: rest, State: w.gateway.State(), Clock: w.clock})
	table, err := v8ops.Table(v8ops.Deps{Discord: &outbound.Discord{REST: rest, Scope: w.scope, Application: w.gateway.Application}, KV: w.kv,
		DenoKV: denokv.Deps{Store: w.kv, Clock: w.clock, Watches: w.watches}})
	if err != nil {
		return err
	}
	if table, err = w.watched(table); err != nil {
		return err
	}
	w.pool, err = supervisor.New(supervisor.Config{
		Workers: 1, PerWorker: 4, Turns: 2, Ops: table.Names(), Log: cfg.Log,
		Launch: supervisor.InProcess{Serve: func(c *wire.Conn, m *mark.Marks) error { return worker.ServeAt(c, cfg.Blob, m, w.clock.Now) }},
	})
	if err != nil {
		return err
	}
	w.crons = cron.NewTicker(w.clock, func(f cron.Firing) { w.bot.Fire(f) })
	commands := &discord.Commands{REST: rest, Application: w.gateway.Application}
	bounds := cfg.Limits
	bounds.OpsPerSecond, bounds.OpsBurst = 0, 0 // The second would never end.
	bounds.Script.LogsPerSecond, bounds.Script.LogBurst = 1<<20, 1<<20
	w.bot = bot.New(bot.Config{
		Pool: w.pool, Op: table.At, Store: state, Logs: w.hub, Crons: w.crons, Bundle: unbundled{},
		SyncCommands: func(ctx context.Context, guild snowflake.GuildID, declared json.RawMessage) error {
			w.mu.Lock()
			w.commands = declared
			w.mu.Unlock()
			return commands.SyncCommands(ctx, guild, declared)
		},
		Remember: w.scope.Remember, Application: w.gateway.Application, Limits: bounds, Environment: surroundings(s), Intents: w.gateway,
		Log: cfg.Log, Now: w.clock.Now, Witness: witness{w}, Serves: w.queue.Wake,
	})
	w.ends = append(w.ends, func() error { w.bot.Close(); return nil })
	w.run(w.pool.Run)
	return nil
}

// committed is told of every commit to the stores of Deno.Kv and of schedules.
func (w *world) committed(guild snowflake.GuildID, store string, keys []string) {
	w.queue.Committed(guild, store, keys)
	w.watches.Committed(guild, store, keys)
}

// deploy lets the script serve.
func (w *world) deploy(ctx context.Context, b report.Bundle) error {
	w.script = b
	_, err := w.bot.Deploy(ctx, deploy.Request{
		Guild: w.guild, Entry: "main.ts", Bundle: &b.Code, Source: "test", Actor: deploy.Actor{Username: "test", Type: deploy.ActorSystem},
	})
	if err != nil {
		f := fault.From(err)
		text := strings.TrimPrefix(w.author(f.Message), "deployment failed: ")
		if f.Code == fault.Internal {
			text = err.Error()
		}
		return fmt.Errorf("the script does not load: %s", text)
	}
	p := w.step.reserve()
	defer p.leave()
	p.enter()
	return w.quiet(ctx)
}

// author gives the text with the author's positions.
func (w *world) author(text string) string { return author(w.script, text) }

func author(b report.Bundle, text string) string {
	if b.Map == "" {
		return text
	}
	mapped, err := bundle.MapStack(text, b.Map)
	if err != nil {
		return text
	}
	return mapped
}

// close ends the world; what waits in it fails.
func (w *world) close() error {
	w.cancel()
	var errs []error
	for i := len(w.ends) - 1; i >= 0; i-- {
		errs = append(errs, w.ends[i]())
	}
	w.parts.Wait()
	return errors.Join(errs...)
}

// surroundings is bot.Environment. A secret is its own placeholder: what a
// script fetches goes to its test.
type surroundings setting

func (s surroundings) Load(context.Context, snowflake.GuildID) error { return nil }
func (s surroundings) ErrorReply(snowflake.GuildID) string           { return "" }

func (s surroundings) Env(snowflake.GuildID) (out []wire.Variable) {
	for name, value := range s.Vars {
		out = append(out, wire.Variable{Name: name, Value: value})
	}
	for name, value := range s.Secrets {
		out = append(out, wire.Variable{Name: name, Value: value, Secret: true})
	}
	return out
}

// unbundled is bot.Bundler: scripts are bundles when they come here, and their
// positions are resolved where they are shown.
type unbundled struct{}

func (unbundled) Build(context.Context, bundle.Input) (bundle.Output, error) {
	return bundle.Output{}, errors.New("tests bring bundles")
}

func (unbundled) MapStacks(_ context.Context, stacks []bundle.Stack, _ string) ([]string, error) {
	out := make([]string, len(stacks))
	for i, s := range stacks {
		out[i] = s.Text
	}
	return out, nil
}

// sink is discord.Sink: it passes events on, and notices those that only show
// that all before them were passed on.
type sink struct{ *world }

// fence is the type of such an event.
const fence = "GUILD_INTEGRATIONS_UPDATE"

func (s sink) Wants(kind string) bool { return kind == fence || s.bot.Wants(kind) }

func (s sink) HandleEvent(ctx context.Context, e discord.Event) {
	if e.Type == fence {
		var mark struct {
			Fence uint64 `json:"flora_fence"`
		}
		if json.Unmarshal(e.Data, &mark) == nil && mark.Fence != 0 {
			s.mu.Lock()
			passed := s.passed[mark.Fence]
			delete(s.passed, mark.Fence)
			s.mu.Unlock()
			if passed != nil {
				close(passed)
			}
			return
		}
	}
	s.bot.HandleEvent(ctx, e)
}

// Ready does not go on to the script: its test says when.
func (s sink) Ready(json.RawMessage)   { s.once.Do(func() { close(s.ready) }) }
func (s sink) Join(snowflake.GuildID)  {}
func (s sink) Leave(snowflake.GuildID) {}
func (s sink) Denied(catalog.Intents)  {}

// witness is bot.Witness.
type witness struct{ *world }

// dispatch is one event for the script.
type dispatch struct {
	event   string
	failure *wire.Failure // Set before done is closed.
	done    chan struct{}
}

func (w witness) Begun(_ snowflake.GuildID, id uint64, event string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := &dispatch{event: event, done: make(chan struct{})}
	w.dispatches = append(w.dispatches, d)
	w.running[id] = d
	if w.tooMany != nil && len(w.dispatches) > w.most {
		w.tooMany()
	}
}

func (w witness) Settled(_ snowflake.GuildID, id uint64, failure *wire.Failure) {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := w.running[id]
	if d == nil {
		return
	}
	delete(w.running, id)
	d.failure = failure
	close(d.done)
}

var (
	_ bot.Environment = surroundings{}
	_ bot.Witness     = witness{}
	_ discord.Sink    = sink{}
)
