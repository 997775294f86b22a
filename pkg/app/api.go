package app

import (
	"context"

	sdkbundle "github.com/flora-runtime/flora-runtime/sdk-bundle"

	"github.com/flora-runtime/flora-runtime/pkg/api"
	"github.com/flora-runtime/flora-runtime/pkg/config"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/telemetry"
	"github.com/flora-runtime/flora-runtime/v8ops/denokv"
)

func (rt *runtime) buildAPI(ctx context.Context) error {
	if err := rt.openForward(); err != nil {
		return err
	}
	if err := rt.openIdentity(ctx); err != nil {
		return err
	}
	if err := rt.openBuilds(); err != nil {
		return err
	}
	types, err := sdkbundle.Declarations(Version)
	if err != nil {
		return err
	}
	cfg := api.Config{
		Deploy: rt.bot.Deploy, Settle: rt.bot.Settle, Undeploy: rt.bot.Undeploy, Deployments: rt.deploys, Logs: rt.logs, KV: rt.keys, Log: rt.log.Named("api"),
		Ready: rt.ready, Details: rt.details, Guilds: rt.bot, Builds: rt.builds, Types: types, Version: Version, Metrics: telemetry.MetricsHandler(rt.stats), Summary: telemetry.SummaryHandler(rt.stats),
		Meter:   telemetry.NewHTTP(rt.stats).Answered,
		Secrets: rt.secrets, Settings: rt.settings, Crons: rt.crons, Inbound: rt.inbound,
		Limits: api.Limits{
			Sources:   deploy.Limits{Files: rt.cfg.Runtime.MaxBundleFiles, Bytes: rt.cfg.Runtime.MaxBundleTotalBytes},
			BuildBody: int64(rt.cfg.Builds.MaxZipBytes) + formBytes, Services: rt.serviceLimits,
		},
	}
	if rt.opts.patient {
		rt.knowCallers(&cfg)
	} else {
		rt.knowOperator(&cfg)
	}
	if rt.forward == nil { // Else it is known of some guilds and not of others.
		cfg.Authorizer = knowing{cfg.Authorizer, rt.gateway.State().Known()}
	}
	if err := rt.mountLocal(&cfg); err != nil {
		return err
	}
	rt.shareRequests(&cfg)
	rt.api, err = api.New(cfg)
	return err
}

// formBytes is what a form needs beside its archive.
const formBytes = 64 << 10

// serviceLimits are what GET /api/limits tells of the services.
func (rt *runtime) serviceLimits() map[string]map[string]int64 {
	c := rt.live.Load()
	r, b, e, l, k := c.Runtime, c.Builds, c.Egress, c.Logs, kvLimits(c.KV.Limits)
	n := func(v int) int64 { return int64(v) }
	webAssembly := int64(0)
	if r.JIT == config.JITOn {
		webAssembly = 1
	}
	return map[string]map[string]int64{
		"scripts": {
			"webassembly":  webAssembly,
			"bundle_bytes": n(r.MaxScriptBytes), "memory_bytes": n(r.MaxMemoryMB) << 20, "turn_timeout_ms": n(r.TurnTimeoutMS),
			"dispatch_timeout_ms": n(r.DispatchTimeoutSecs) * 1000, "cron_timeout_ms": n(r.CronTimeoutSecs) * 1000, "load_timeout_ms": n(r.LoadTimeoutSecs) * 1000,
			"op_timeout_ms": n(r.RestTimeoutMS), "cron_jobs": n(r.MaxCronJobs), "timers": n(r.MaxTimers), "pending_ops": n(r.MaxPendingOps),
			"ops_per_second": n(r.OpsPerSecond), "ops_burst": n(r.OpsBurst), "in_flight": n(r.MaxInFlight), "queued_events": n(r.QueueCapacity),
		},
		"builds": {
			"zip_bytes": n(b.MaxZipBytes), "files": n(b.MaxFiles), "file_bytes": n(b.MaxFileBytes), "files_bytes": n(b.MaxTotalBytes),
			"active": n(b.MaxActive), "active_per_guild": n(b.MaxActivePerGuild), "min_interval_ms": n(b.MinIntervalMS), "kept_ms": n(b.KeepSecs) * 1000,
		},
		"kv": {
			"value_bytes": n(k.ValueBytes), "entry_bytes": n(k.EntryBytes), "key_characters": n(k.KeyRunes), "store_name_characters": n(k.StoreRunes),
			"store_bytes": k.StoreBytes, "guild_bytes": k.GuildBytes, "guild_keys": k.GuildKeys, "stores": n(k.Stores),
			"writes_per_minute": n(k.WritesPerMinute), "commits_per_minute": n(k.CommitsPerMinute), "schedules": denokv.MaxSchedules, "list_keys": n(k.ListMax),
		},
		"logs": {"lines": n(l.Lines), "bytes": n(l.Bytes), "lines_per_second": n(l.LinesPerSecond), "lines_burst": n(l.Burst)},
		"egress": {
			"request_bytes": n(e.MaxRequestBytes), "response_bytes": n(e.MaxResponseBytes), "held_bytes": n(e.MaxHeldBytes), "bytes_per_minute": n(e.BytesPerMinute),
			"bytes_burst": n(e.BytesAtOnce), "concurrency": n(e.Concurrency), "timeout_ms": n(e.TimeoutMS), "idle_timeout_ms": n(e.IdleTimeoutMS),
		},
		"deployments_kept": {"revisions": n(c.Deployments.KeepRevisions), "bytes": n(c.Deployments.KeepMB) << 20},
	}
}
