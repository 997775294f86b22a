package app

import (
	"context"
	"fmt"
	"os"
	"time"

	sdkbundle "github.com/flora-runtime/flora-runtime/sdk-bundle"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/bundle"
	"github.com/flora-runtime/flora-runtime/pkg/cgroup"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/config"
	"github.com/flora-runtime/flora-runtime/pkg/cron"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/mark"
	"github.com/flora-runtime/flora-runtime/pkg/sandbox"
	"github.com/flora-runtime/flora-runtime/pkg/scope"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
	"github.com/flora-runtime/flora-runtime/pkg/telemetry"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
	"github.com/flora-runtime/flora-runtime/pkg/worker"
	"github.com/flora-runtime/flora-runtime/v8ops"
	"github.com/flora-runtime/flora-runtime/v8ops/denokv"
	"github.com/flora-runtime/flora-runtime/v8ops/outbound"
)

// turnsPerCore is how many turns may run at once per core of the machine: the
// operating system shares the cores among them.
const turnsPerCore = 8

// loadsLimit is how long the start waits until all scripts were tried.
const loadsLimit = 10 * time.Second

// penaltyWorkers is how many processes there are, beside runtime.max_workers,
// for scripts that brought a worker down or may have. They run while somebody
// is in them.
const penaltyWorkers = 4

// drainTime is how long running handlers may take to end when the runtime is to
// stop.
func (rt *runtime) drainTime() time.Duration {
	return time.Duration(rt.live.Load().Runtime.DrainTimeoutSecs) * time.Second
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
	if err := rt.openInbound(); err != nil {
		return err
	}
	known := scope.Config{REST: rt.rest, State: rt.gateway.State()}
	if rt.interactions = rt.newInteractions(); rt.interactions != nil {
		known.Recall = rt.interactions.recall
	}
	rt.scope = scope.New(known)
	rt.ops, err = v8ops.Table(v8ops.Deps{
		Discord: &outbound.Discord{REST: rt.rest, Scope: rt.scope, Application: rt.gateway.Application, Fetcher: rt.egress},
		KV:      rt.keys,
		Egress:  rt.egress,
		Serve:   rt.inbound,
		DenoKV:  denokv.Deps{Store: rt.keys, Watches: rt.watches},
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
		SyncCommands: commands.SyncCommands, Remember: rt.remember, Application: rt.gateway.Application, Endpoint: rt.inbound.URL, Intents: rt.gateway,
		Environment: surroundings{rt}, Respond: rt.respond, Serves: rt.serves, Retry: rt.retryLater,
		Limits: botLimits(rt.cfg), Hits: rt.hits, Metrics: rt.harm, Log: rt.log.Named("bot"),
		Meter: flow(rt, rt.ops.Names()), Tracer: rt.tracer, Memories: rt.memories, Shared: rt.shared(), Overlap: rt.overlap(),
	})
	// It ends after the scripts: what their handlers came to is written down.
	rt.life.release("queue", func() error { rt.queue.Close(); rt.watches.Close(); return nil })
	rt.life.run("workers", rt.pool.Run)
	rt.life.run("memories", rt.memories.run)
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
	if rt.shared() {
		rt.runGuilds() // They come with their shards.
		return nil
	}
	tried, err := rt.bot.LoadAll(ctx)
	if err != nil {
		return err
	}
	rt.memories.forget()
	if err := rt.queue.Load(ctx); err != nil {
		return err
	}
	rt.runGuilds()
	// What the bot asks Discord for follows from what scripts handle.
	if late, err := rt.within(ctx, loadsLimit, tried); err != nil {
		return err
	} else if late {
		rt.log.Warn("some scripts are still being loaded; their guilds' events wait")
	}
	return nil
}

// runGuilds runs what brings things to scripts by time.
func (rt *runtime) runGuilds() {
	if rt.copies != nil {
		rt.life.run("copies of deployments", func(ctx context.Context) error { return rt.copies.Run(ctx, rt.bot.Reconcile) })
	}
	rt.life.run("cron", rt.crons.Run)
	rt.life.run("queues and schedules", rt.queue.Run)
}
