package app

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/api"
	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/build"
	"github.com/flora-runtime/flora-runtime/pkg/cache"
	"github.com/flora-runtime/flora-runtime/pkg/config"
	"github.com/flora-runtime/flora-runtime/pkg/cron"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/egress"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/forward"
	"github.com/flora-runtime/flora-runtime/pkg/inbound"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/later"
	"github.com/flora-runtime/flora-runtime/pkg/limit"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/logs/shared"
	"github.com/flora-runtime/flora-runtime/pkg/mark"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/replica"
	"github.com/flora-runtime/flora-runtime/pkg/sandbox"
	"github.com/flora-runtime/flora-runtime/pkg/scope"
	"github.com/flora-runtime/flora-runtime/pkg/secret"
	"github.com/flora-runtime/flora-runtime/pkg/settings"
	"github.com/flora-runtime/flora-runtime/pkg/store/local"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
	"github.com/flora-runtime/flora-runtime/pkg/telemetry"
	"github.com/flora-runtime/flora-runtime/pkg/trace"
	"github.com/flora-runtime/flora-runtime/v8ops/denokv"
)

// runtime is a control process and what it consists of.
type runtime struct {
	cfg    config.Config
	live   atomic.Pointer[config.Config] // cfg, and what was reloaded since.
	opts   options
	log    *zap.Logger
	life   *lifeline
	health *telemetry.Health
	hits   func(limit.Name, int)
	stats  *prometheus.Registry
	harm   *telemetry.Containment
	tracer *trace.Tracer // Nil traces nothing.
	url    string

	front   front
	server  *http.Server
	proxies []netip.Prefix

	// Opened by the steps of the start, in their order.

	activity     *activity
	memories     *memories
	state        stateStore
	database     *postgres.Store // nil with embedded storage.
	copies       *local.Store    // Of what Postgres has; nil with embedded storage.
	deploys      deploy.Store    // state, and copies of what is deployed where it is elsewhere.
	saved        bot.Saved       // nil is deploys.
	cache        cache.Store
	tokens       *auth.Tokens
	callers      callers
	secrets      *secret.Service
	settings     *settings.Service
	kv           *kv.DB
	keys         meteredKV    // The same, measured.
	stores       *kv.Follower // nil where the stores are in the database themselves.
	queue        *later.Queue // Messages of Deno.Kv, and schedules.
	watches      *denokv.Watches
	logs         *logs.Hub
	crons        *cron.Ticker
	marks        *mark.Folder
	begun        *mark.Earlier // By the process before.
	listen       net.Listener
	sim          *discordsim.Sim // nil with the real Discord.
	rest         *discord.REST
	replicas     *replica.Group // Nil when this process serves the bot alone.
	gateway      *discord.Gateway
	interactions *interactions // Nil when this process serves the bot alone.
	scope        *scope.Scope
	egress       *egress.Client
	inbound      *inbound.Endpoint
	unopened     sync.Map // Guilds that were told that their endpoint is not open.
	ops          *op.Table
	bot          *bot.Bot
	pool         *supervisor.Pool
	api          *api.API
	builds       *build.Service
	forward      *forward.Forwarder // To the other replicas; nil where there are none.
	history      *shared.Log        // Of all replicas; nil likewise.
	notices      *notices           // Likewise.

	connected chan struct{} // Closed when the bot was connected once.
	once      sync.Once
}

// assemble takes the port, where from now on the probes are answered; boot does
// the rest.
func assemble(ctx context.Context, cfg config.Config, o options, life *lifeline, log *zap.Logger) (*runtime, error) {
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
	var err error
	if rt.proxies, err = proxies(cfg); err != nil {
		return nil, err
	}
	if err := rt.openPort(ctx); err != nil {
		return nil, err
	}
	if err := rt.openTelemetry(ctx); err != nil {
		return nil, err
	}
	rt.server = api.NewServer(&rt.front, rt.proxies, log.Named("http"))
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

func (rt *runtime) openPort(ctx context.Context) (err error) {
	if rt.listen, err = listen(ctx, rt.cfg.API.Address, rt.cfg.API.Port); err != nil {
		return err
	}
	rt.url = baseURL(rt.listen)
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

func (rt *runtime) ready() error {
	if waiting := rt.health.Waiting(); waiting != "" {
		return fault.New(fault.Unavailable, "%s", waiting)
	}
	return nil
}
