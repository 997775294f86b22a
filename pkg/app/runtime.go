package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	sdkbundle "github.com/flora-runtime/flora-runtime/sdk-bundle"

	"github.com/flora-runtime/flora-runtime/pkg/api"
	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/build"
	"github.com/flora-runtime/flora-runtime/pkg/bundle"
	"github.com/flora-runtime/flora-runtime/pkg/cache"
	"github.com/flora-runtime/flora-runtime/pkg/cgroup"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/config"
	"github.com/flora-runtime/flora-runtime/pkg/cron"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/egress"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/limit"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/mark"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/sandbox"
	"github.com/flora-runtime/flora-runtime/pkg/scope"
	"github.com/flora-runtime/flora-runtime/pkg/secret"
	"github.com/flora-runtime/flora-runtime/pkg/settings"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/embedded"
	"github.com/flora-runtime/flora-runtime/pkg/store/local"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres"
	"github.com/flora-runtime/flora-runtime/pkg/store/redis"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
	"github.com/flora-runtime/flora-runtime/pkg/telemetry"
	"github.com/flora-runtime/flora-runtime/pkg/trace"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
	"github.com/flora-runtime/flora-runtime/pkg/worker"
	"github.com/flora-runtime/flora-runtime/v8ops"
	"github.com/flora-runtime/flora-runtime/v8ops/outbound"
)

// operator is the user that dev's own API token belongs to.
const operator = "operator"

// turnsPerCore is how many turns may run at once per core of the machine: the
// operating system shares the cores among them.
const turnsPerCore = 8

const (
	// databaseLimit is how long a start without copies of deployments waits for
	// the database, databaseGrace one that has them.
	databaseLimit = 2 * time.Minute
	databaseGrace = 5 * time.Second
	// identifyPause is the longest pause before Discord is asked again who the
	// bot is.
	identifyPause = 30 * time.Second
)

// drainTime is how long running handlers may take to end when the runtime is to
// stop.
func (rt *runtime) drainTime() time.Duration {
	return time.Duration(rt.live.Load().Runtime.DrainTimeoutSecs) * time.Second
}

// penaltyWorkers is how many processes there are, beside runtime.max_workers,
// for scripts that brought a worker down or may have. They run while somebody
// is in them.
const penaltyWorkers = 4

// runtime is a control process and what it consists of.
type runtime struct {
	cfg    config.Config
	live   atomic.Pointer[config.Config] // cfg, and what was reloaded since.
	opts   devOptions
	log    *zap.Logger
	life   *lifeline
	health *telemetry.Health
	hits   func(limit.Name, int)
	stats  *prometheus.Registry
	harm   *telemetry.Containment
	tracer *trace.Tracer // Nil traces nothing.
	url    string

	front    front
	server   *http.Server
	activity *activity

	state    stateStore
	copies   *local.Store // Of what Postgres has; nil with embedded storage.
	deploys  deploy.Store // state, and copies of what is deployed where it is elsewhere.
	saved    bot.Saved    // nil is deploys.
	cache    cache.Store
	tokens   *auth.Tokens
	callers  callers
	secrets  *secret.Service
	settings *settings.Service
	kv       *kv.DB
	stores   *kv.Mirror
	keys     kv.Store // The same, measured.
	logs     *logs.Hub
	crons    *cron.Ticker
	marks    *mark.Folder
	begun    *mark.Earlier // By the process before.
	listen   net.Listener
	sim      *discordsim.Sim // nil with the real Discord.
	rest     *discord.REST
	gateway  *discord.Gateway
	scope    *scope.Scope
	egress   *egress.Client
	ops      *op.Table
	bot      *bot.Bot
	pool     *supervisor.Pool
	api      *api.API
	builds   *build.Service

	connected chan struct{} // Closed when the bot was connected once.
	once      sync.Once
}

// assemble takes the port, where from now on the probes are answered; boot does
// the rest.
func assemble(ctx context.Context, cfg config.Config, o devOptions, life *lifeline, log *zap.Logger) (*runtime, error) {
	if err := sandbox.Shield(); err != nil {
		return nil, err
	}
	stats := telemetry.NewRegistry(Version)
	rt := &runtime{
		cfg: cfg, opts: o, log: log, life: life, connected: make(chan struct{}),
		hits:  telemetry.LimitHits(stats, limit.All()),
		stats: stats,
		harm:  telemetry.NewContainment(stats, supervisor.Causes()),
	}
	rt.live.Store(&cfg)
	names := make([]string, 0, len(rt.steps())+1)
	for _, s := range rt.steps() {
		names = append(names, s.name)
	}
	rt.health = telemetry.NewHealth(append(names, o.last...)...)
	rt.front.set(api.Starting(rt.ready))
	if err := rt.openPort(ctx); err != nil {
		return nil, err
	}
	if err := rt.openTelemetry(ctx); err != nil {
		return nil, err
	}
	rt.server = api.NewServer(&rt.front, log.Named("http"))
	life.run("HTTP", func(ctx context.Context) error { return serve(ctx, rt.listen, rt.server) })
	return rt, nil
}

// front is what answers HTTP at the moment.
type front struct{ handler atomic.Pointer[http.Handler] }

func (f *front) set(h http.Handler) { f.handler.Store(&h) }

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	(*f.handler.Load()).ServeHTTP(w, r)
}

// step is a part of the start.
type step struct {
	name string
	run  func(ctx context.Context) error
}

// steps are those of every start, in order: what needs what comes after it. The
// SDK's snapshot comes before the workers, which start from it.
func (rt *runtime) steps() []step {
	return []step{
		{"database", rt.openDatabase},
		{"cache", rt.openCache},
		{"data", rt.openData},
		{"Discord", rt.openDiscord},
		{"SDK and workers", rt.startWorkers},
		{"scripts", rt.loadScripts},
		{"gateway and API", rt.connect},
	}
}

// boot starts the parts in order, and says so.
func (rt *runtime) boot(ctx context.Context) error {
	for _, s := range rt.steps() {
		begun := time.Now()
		rt.health.Problem(s.name, "under way")
		if err := s.run(ctx); err != nil {
			return err
		}
		rt.health.Done(s.name)
		rt.log.Info("started", zap.String("step", s.name), zap.Duration("took", time.Since(begun).Round(time.Millisecond)))
	}
	return nil
}

// unlessAsked is the error of a start, unless it failed because the process was
// asked to end: that is no failure.
func (rt *runtime) unlessAsked(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	rt.log.Info("asked to end before the start was complete")
	return nil
}

// stateStore keeps deployments, API tokens, secrets and settings.
type stateStore interface {
	deploy.Store
	auth.TokenStore
	secret.Store
	settings.Store
	kv.Index
}

// openDatabase opens Postgres if there is one, else the store in the data
// folder. A Postgres that is away holds up only a runtime that has no copies of
// deployments to go on with.
func (rt *runtime) openDatabase(ctx context.Context) error {
	if err := os.MkdirAll(rt.cfg.DataDir, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	rt.activity = openActivity(filepath.Join(rt.cfg.DataDir, "activity.json"), rt.log.Named("activity"))
	log, keep := rt.log.Named("state"), rt.cfg.Deployments
	db := rt.cfg.Database
	if db.URL == "" {
		state, err := embedded.Open(embedded.Config{Dir: rt.cfg.StatePath(), Log: log, KeepRevisions: keep.KeepRevisions, KeepBytes: int64(keep.KeepMB) << 20})
		if err != nil {
			return err
		}
		rt.life.release("deployments", state.Close)
		rt.state, rt.deploys = state, state
		return nil
	}
	later, err := postgres.OpenLater(ctx, postgres.Config{URL: db.URL, MaxConnections: db.MaxConnections, Log: log, KeepRevisions: keep.KeepRevisions, KeepBytes: int64(keep.KeepMB) << 20})
	if err != nil {
		return err
	}
	rt.life.release("database", later.Close)
	copies, err := local.Open(filepath.Join(rt.cfg.DataDir, "deployments"), later, log)
	if err != nil {
		return err
	}
	rt.state, rt.deploys, rt.saved = later, copies, copies.Saved()
	rt.copies = copies
	rt.life.run("database", later.Run)
	empty, err := copies.Empty()
	if err != nil {
		return err
	}
	limit := databaseLimit
	if !empty {
		limit = databaseGrace
	}
	late, err := rt.within(ctx, limit, later.Reached())
	switch {
	case err != nil:
		return err
	case late && empty:
		return fmt.Errorf("the database was not reached within %s and this machine has no copies of deployments to go on with; the log says why", limit)
	case late:
		rt.log.Warn("the database is away; the runtime goes on with what it last ran")
	}
	return nil
}

// openCache opens Redis if there is one. One that is away holds nothing up:
// logins fail until it is back.
func (rt *runtime) openCache(ctx context.Context) error {
	url := rt.cfg.Cache.URL
	if url == "" {
		rt.cache = cache.NewMemory(clock.Real)
		return nil
	}
	log := rt.log.Named("cache")
	later, err := cache.NewLater(ctx, func(ctx context.Context) (cache.Store, error) {
		return redis.Open(ctx, redis.Config{URL: url, Log: log})
	}, log)
	if err != nil {
		return err
	}
	rt.cache = later
	rt.life.release("cache", later.Close)
	rt.life.run("cache", later.Run)
	return nil
}

func (rt *runtime) openData(context.Context) (err error) {
	if err := rt.openKV(); err != nil {
		return err
	}
	rt.tokens = auth.NewTokens(rt.state, clock.Real, rt.log.Named("tokens"))
	rt.openLogs()
	return rt.openSecrets()
}

func (rt *runtime) openPort(ctx context.Context) (err error) {
	if rt.listen, err = listen(ctx, rt.cfg.API.Address, rt.cfg.API.Port); err != nil {
		return err
	}
	rt.url = baseURL(rt.listen)
	return nil
}

// openMarks opens what tells a later process what the scripts had begun. Without
// it, all that was given to them counts as begun.
func (rt *runtime) openMarks() {
	var err error
	rt.marks, rt.begun, err = mark.OpenFolder(filepath.Join(rt.cfg.DataDir, "marks"))
	if err != nil {
		rt.log.Error("what scripts had begun will not be known after a kill: events that waited in a worker are then cut off, too", zap.Error(err))
		rt.begun = &mark.Earlier{}
	}
	if err := rt.begun.Unread(); err != nil {
		rt.log.Warn("what scripts had begun when the process before was killed is not known in full: what is not known counts as begun", zap.Error(err))
	}
}

// unmarked is told why a worker has no marks that outlive this process.
func (rt *runtime) unmarked(err error) {
	rt.log.Error("what the scripts of a worker had begun will not be known after a kill: events that waited in it are then cut off, too", zap.Error(err))
}

// openDiscord makes the client of Discord, real or simulated, and the API.
func (rt *runtime) openDiscord(context.Context) error {
	base, token, global := rt.cfg.Discord.APIBase, rt.cfg.Discord.BotToken, rt.cfg.Discord.GlobalLimit
	rt.openMarks()
	var err error
	var sessions discord.SessionStore = discord.FileSessions{Dir: filepath.Join(rt.cfg.DataDir, "gateway"), Begun: rt.begun.Begun}
	if token == "" {
		token = "simulated"
		base = rt.url + "/api/v10"
		rt.sim, err = discordsim.New(discordsim.Config{Guilds: rt.opts.guilds, Token: token, NoRateLimits: rt.opts.free, Record: rt.opts.record, Logger: rt.log.Named("discordsim")})
		if err != nil {
			return err
		}
		rt.sim.SetBaseURL(rt.url)
		// Its sessions end with this process, so there is nothing to resume.
		sessions = discord.MemorySessions{}
		if rt.opts.free {
			global = 0
		}
	}
	if global == 0 {
		global = -1 // What the client calls no limit.
	}
	rt.rest, err = discord.NewREST(discord.RESTConfig{
		Base: base, Token: token, GlobalLimit: global, GuildConcurrency: rt.cfg.Runtime.GuildConcurrency,
		Timeout: time.Duration(rt.cfg.Runtime.RestTimeoutMS) * time.Millisecond, Log: rt.log.Named("rest"), Meter: telemetry.NewRequests(rt.stats),
	})
	if err != nil {
		return err
	}
	gateway := discord.GatewayConfig{
		Token: token, REST: rt.rest, Compress: rt.cfg.Discord.Compress,
		Sessions: sessions, Log: rt.log.Named("gateway"),
	}
	if gateway.Intents, err = catalog.ParseIntents(rt.cfg.Discord.Intents); err != nil {
		return fmt.Errorf("discord.intents: %w", err)
	}
	if gateway.Privileged, err = catalog.ParsePrivileged(rt.cfg.Discord.PrivilegedIntents); err != nil {
		return fmt.Errorf("discord.privileged_intents: %w", err)
	}
	if rt.sim != nil {
		// It begins a session whenever it is asked to.
		gateway.IdentifyEvery, gateway.GatherIntents = time.Millisecond, 10*time.Millisecond
	}
	rt.gateway, err = discord.NewGateway(gateway, sink{rt})
	return err
}

// sink passes gateway events on, and notes that the bot is connected.
type sink struct{ *runtime }

func (s sink) Wants(eventType string) bool                      { return s.bot.Wants(eventType) }
func (s sink) HandleEvent(ctx context.Context, e discord.Event) { s.bot.HandleEvent(ctx, e) }
func (s sink) Join(guild snowflake.GuildID)                     { s.bot.Join(guild) }

func (s sink) Denied(intents catalog.Intents) { s.bot.Denied(intents) }

func (s sink) Leave(guild snowflake.GuildID) {
	s.bot.Leave(guild)
	s.scope.Forget(guild)
}

func (s sink) Ready(user json.RawMessage) {
	s.bot.Ready(user)
	s.once.Do(func() { close(s.connected) })
}

// startWorkers makes the core and the processes that run scripts, and what both
// need.
func (rt *runtime) startWorkers(ctx context.Context) error {
	sdk, err := sdkbundle.Bundle()
	if err != nil {
		return fmt.Errorf("bundle the SDK: %w", err)
	}
	launch, err := rt.launcher(ctx, sdk)
	if err != nil {
		return err
	}
	if err := rt.openEgress(); err != nil {
		return err
	}
	rt.scope = scope.New(scope.Config{REST: rt.rest, State: rt.gateway.State()})
	rt.ops, err = v8ops.Table(v8ops.Deps{
		Discord: &outbound.Discord{REST: rt.rest, Scope: rt.scope, Application: rt.gateway.Application, Fetcher: rt.egress},
		KV:      rt.keys,
		Egress:  rt.egress,
	})
	if err != nil {
		return err
	}
	r := rt.cfg.Runtime
	rt.pool, err = supervisor.New(supervisor.Config{
		Workers: r.MaxWorkers, PerWorker: r.MaxGuildsPerWorker, Turns: turnsPerCore * r.MaxWorkers,
		Ops: rt.ops.Names(), Launch: launch, Log: rt.log.Named("supervisor"), Penalty: penaltyWorkers, Metrics: rt.harm,
	})
	if err != nil {
		return err
	}
	telemetry.Sandbox(rt.stats, rt.features)
	telemetry.Present(rt.stats, rt.present)
	rt.crons = cron.NewTicker(clock.Real, func(f cron.Firing) { rt.bot.Fire(f) })
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the runtime's own binary: %w", err)
	}
	commands := &discord.Commands{REST: rt.rest, Application: rt.gateway.Application}
	rt.bot = bot.New(bot.Config{
		Pool: rt.pool, Op: rt.ops.At, Store: rt.deploys, Saved: rt.saved, Active: rt.activity.last, Logs: rt.logs, Crons: rt.crons,
		Bundle:       bundle.NewChild(self, bundle.Limits{Files: r.MaxBundleFiles, SourceBytes: r.MaxBundleTotalBytes, Sandbox: sandbox.Mode(r.Sandbox)}),
		SyncCommands: commands.SyncCommands, Remember: rt.scope.Remember, Application: rt.gateway.Application, Intents: rt.gateway,
		Environment: surroundings{rt}, Respond: rt.respond,
		Limits: botLimits(rt.cfg), Hits: rt.hits, Metrics: rt.harm, Log: rt.log.Named("bot"),
		Meter: flow(rt, rt.ops.Names()), Tracer: rt.tracer,
	})
	rt.life.run("workers", rt.pool.Run)
	rt.life.release("scripts", func() error { rt.bot.Close(); return nil })
	rt.life.run("secrets", rt.secrets.Run)
	rt.life.run("settings", rt.settings.Run)
	rt.life.run("activity", func(ctx context.Context) error { return rt.activity.run(ctx, rt.bot.Activity) })
	rt.life.slow("handlers", func() time.Duration { return rt.drainTime() + stopLimit }, func() error { rt.bot.Drain(rt.drainTime()); return nil })
	return rt.buildAPI(ctx)
}

// launcher starts worker processes, or runs the worker's loop in this process
// when isolation is off.
func (rt *runtime) launcher(ctx context.Context, sdk string) (supervisor.Launcher, error) {
	jit := rt.cfg.Runtime.JIT == config.JITOn
	if rt.cfg.Runtime.Isolation == config.IsolationNone {
		rt.log.Warn("scripts run inside the runtime's own process (runtime.isolation = \"none\"), without a sandbox: one script can end it, or take it over")
		blob, err := worker.Inside(sdk, jit)
		if err != nil {
			return nil, err
		}
		return supervisor.InProcess{Serve: func(c *wire.Conn, m *mark.Marks) error { return worker.Serve(c, blob, m) }}, nil
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the runtime's own binary: %w", err)
	}
	r := rt.cfg.Runtime
	spec := supervisor.Executable{
		Marks: rt.marks, Unmarked: rt.unmarked,
		Path: self, JIT: jit, Sandbox: sandbox.Mode(r.Sandbox), Memory: int64(r.WorkerMemoryMB) << 20, Threads: turnsPerCore * r.MaxWorkers,
	}
	if r.Sandbox != config.SandboxOff {
		var err error
		if spec.Groups, err = cgroup.Open(); err != nil {
			spec.Ungrouped = err.Error()
		}
	}
	e, err := supervisor.NewExecutable(ctx, spec, sdk)
	if err != nil {
		return nil, err
	}
	rt.life.release("snapshot", e.Close)
	if r.Sandbox == config.SandboxOff {
		rt.log.Warn("workers run without a sandbox (runtime.sandbox = \"off\"): a script that breaks out of V8 may do what the runtime's user may")
	}
	return e, nil
}

func botLimits(c config.Config) bot.Limits {
	r := c.Runtime
	return bot.Limits{
		Script: wire.Limits{
			MemoryBytes: int64(r.MaxMemoryMB) << 20, TurnMS: int64(r.TurnTimeoutMS), LoadMS: int64(r.LoadTimeoutSecs) * 1000,
			PendingOps: r.MaxPendingOps, Timers: r.MaxTimers, Crons: r.MaxCronJobs,
			LogsPerSecond: c.Logs.LinesPerSecond, LogBurst: c.Logs.Burst,
		},
		ScriptBytes: r.MaxScriptBytes,
		Dispatch:    time.Duration(r.DispatchTimeoutSecs) * time.Second,
		Cron:        time.Duration(r.CronTimeoutSecs) * time.Second,
		Load:        time.Duration(r.LoadTimeoutSecs) * time.Second,
		Op:          time.Duration(r.RestTimeoutMS) * time.Millisecond,
		InFlight:    r.MaxInFlight,
		Queue:       r.QueueCapacity,

		OpsPerSecond: r.OpsPerSecond, OpsBurst: r.OpsBurst,
	}
}

// loadScripts begins to load what is deployed. Those that are slow do not hold
// the start up: the events of their guilds wait.
func (rt *runtime) loadScripts(ctx context.Context) error {
	if rt.sim != nil {
		// It is asked from here on, at this very port.
		rt.front.set(rt.api.Handler())
		rt.life.release("simulated Discord", rt.sim.Close)
	}
	if err := rt.identify(ctx); err != nil {
		return err
	}
	tried, err := rt.bot.LoadAll(ctx)
	if err != nil {
		return err
	}
	if rt.copies != nil {
		rt.life.run("copies of deployments", func(ctx context.Context) error { return rt.copies.Run(ctx, rt.bot.Reconcile) })
	}
	rt.life.run("cron", rt.crons.Run)
	// What the bot asks Discord for follows from what scripts handle.
	if late, err := rt.within(ctx, loadsLimit, tried); err != nil {
		return err
	} else if late {
		rt.log.Warn("some scripts are still being loaded; their guilds' events wait")
	}
	return nil
}

// identify finds out who the bot is, which scripts are told when they load.
func (rt *runtime) identify(ctx context.Context) error {
	for pause := time.Second; ; pause = min(2*pause, identifyPause) {
		err := rt.gateway.Identity(ctx)
		if err == nil || fault.Is(err, fault.Unauthorized) || !rt.opts.patient {
			return err
		}
		rt.health.Problem("scripts", "Discord does not answer; it is asked again")
		rt.log.Error("Discord does not say who the bot is; it is asked again", zap.Error(err))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// connect opens the API and connects the bot.
func (rt *runtime) connect(ctx context.Context) error {
	rt.front.set(rt.api.Handler())
	rt.server.RegisterOnShutdown(rt.api.Close)
	rt.life.run("gateway", rt.gateway.Run)
	limit := connectLimit
	if rt.opts.patient {
		limit = time.Duration(math.MaxInt64) // The API serves meanwhile.
	}
	if late, err := rt.within(ctx, limit, rt.connected); err != nil {
		return err
	} else if late {
		return fmt.Errorf("the bot was not connected to Discord within %s; the log says why", limit)
	}
	// All sessions have taken over what they say.
	if err := rt.begun.Remove(); err != nil {
		rt.log.Warn("marks of an earlier process stay", zap.Error(err))
	}
	return nil
}

// within waits for done; late says that it was not in time.
func (rt *runtime) within(ctx context.Context, limit time.Duration, done <-chan struct{}) (late bool, err error) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
		return false, nil
	case err := <-rt.life.failed:
		return false, err
	case <-timer.C:
		return true, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// firstGuild waits until it is known which guilds the bot is in, and gives the
// oldest with its oldest text channel.
func (rt *runtime) firstGuild(ctx context.Context) (snowflake.GuildID, snowflake.ChannelID, error) {
	ctx, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for len(rt.gateway.State().Guilds()) == 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return 0, 0, errors.New("the bot is in no guild; invite it to one")
		}
	}
	guild := rt.gateway.State().Guilds()[0]
	raw, err := rt.rest.Do(ctx, discord.Request{Guild: guild, Method: "GET", Route: "/guilds/{guild.id}/channels", Path: "/guilds/" + guild.String() + "/channels"})
	if err != nil {
		return 0, 0, fmt.Errorf("list the channels of guild %s: %w", guild, err)
	}
	var channels []struct {
		ID   snowflake.ChannelID
		Type int
	}
	if err := json.Unmarshal(raw, &channels); err != nil {
		return 0, 0, fmt.Errorf("list the channels of guild %s: %w", guild, err)
	}
	var first snowflake.ChannelID
	for _, c := range channels {
		if c.Type == 0 && (first.IsZero() || c.ID < first) {
			first = c.ID
		}
	}
	if first.IsZero() {
		return 0, 0, fmt.Errorf("guild %s has no text channel that the bot sees; give it one", guild)
	}
	return guild, first, nil
}

func (rt *runtime) buildAPI(ctx context.Context) error {
	if err := rt.openIdentity(ctx); err != nil {
		return err
	}
	if err := rt.openBuilds(); err != nil {
		return err
	}
	types, err := sdkbundle.Types()
	if err != nil {
		return err
	}
	cfg := api.Config{
		Deploy: rt.bot.Deploy, Undeploy: rt.bot.Undeploy, Deployments: rt.deploys, Logs: rt.logs, KV: rt.keys, Log: rt.log.Named("api"),
		Ready: rt.ready, Details: rt.details, Guilds: rt.bot, Builds: rt.builds, Types: types, Metrics: telemetry.MetricsHandler(rt.stats), Summary: telemetry.SummaryHandler(rt.stats),
		Meter:   telemetry.NewHTTP(rt.stats).Answered,
		Secrets: rt.secrets, Settings: rt.settings, Crons: rt.crons,
		Limits: api.Limits{
			Sources:   deploy.Limits{Files: rt.cfg.Runtime.MaxBundleFiles, Bytes: rt.cfg.Runtime.MaxBundleTotalBytes},
			BuildBody: int64(rt.cfg.Builds.MaxZipBytes) + formBytes, Services: rt.serviceLimits(),
		},
	}
	if rt.opts.patient {
		rt.knowCallers(&cfg)
	} else {
		rt.knowOperator(&cfg)
	}
	if rt.sim != nil {
		cfg.Local, cfg.LocalPrefixes = rt.sim.Handler(), discordsim.Prefixes
	}
	rt.api, err = api.New(cfg)
	return err
}

func (rt *runtime) ready() error {
	if waiting := rt.health.Waiting(); waiting != "" {
		return fault.New(fault.Unavailable, "%s", waiting)
	}
	return nil
}
