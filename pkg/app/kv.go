package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/config"
	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/later"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres"
	"github.com/flora-runtime/flora-runtime/pkg/telemetry"
	"github.com/flora-runtime/flora-runtime/v8ops/denokv"
)

// archivesPath is the folder of key-value archives, and of those under way.
func archivesPath(c config.Config) string { return filepath.Join(c.DataDir, "kv-archives") }

// engineLacks names what kv.engine needs and is not set, and whether it does for
// replicas.
func engineLacks(c config.Config) []string {
	switch {
	case c.KV.Engine == config.EnginePostgres && c.Database.URL == "":
		return []string{`kv.engine is "postgres", which needs database.url; set that, or kv.engine = "pebble"`}
	case c.KV.Engine != config.EnginePostgres && c.Replicas.Enabled:
		return []string{fmt.Sprintf(`kv.engine is %q, and replicas.enabled needs "postgres": key-value data must be where all replicas reach it`, c.KV.Engine)}
	}
	return nil
}

// openKV opens the key-value data and does what it needs done beside requests.
// Where it is in files, the list of stores is copied to where deployments are.
func (rt *runtime) openKV(ctx context.Context) (err error) {
	log := rt.log.Named("kv")
	cfg := kv.Config{Dir: rt.cfg.KVPath(), Archives: archivesPath(rt.cfg), Limits: kvLimits(rt.cfg.KV.Limits), Log: log, Committed: rt.committed}
	if rt.cfg.KV.Engine == config.EnginePostgres {
		if err := rt.sharedKV(ctx, &cfg); err != nil {
			return err
		}
	} else {
		rt.stores = kv.NewFollower(rt.state, clock.Real, log)
		cfg.StoresChanged = rt.stores.Mark
	}
	if rt.kv, err = kv.Open(cfg); err != nil {
		return err
	}
	rt.watches = denokv.NewWatches(rt.tellWatch)
	rt.queue = later.New(later.Config{
		Store: rt.kv, Clock: clock.Real, Deliver: rt.bring, Owns: rt.owns, Count: telemetry.NewMessages(rt.stats), Log: log,
	})
	rt.keys = newMeteredKV(rt)
	rt.life.release("key-value data", rt.kv.Close)
	rt.life.run("expiry of keys", rt.kv.Run)
	if rt.stores != nil {
		rt.life.run("index of stores", func(ctx context.Context) error { return rt.stores.Run(ctx, rt.kv) })
	}
	return nil
}

// sharedKV has the data in the database. One that is away now is no reason not to
// start, other than one whose data is not to be used.
func (rt *runtime) sharedKV(ctx context.Context, cfg *kv.Config) error {
	if lacks := engineLacks(rt.cfg); len(lacks) > 0 {
		return errors.New(lacks[0])
	}
	engine, err := rt.database.KV(ctx, postgres.KVConfig{MaxConnections: rt.cfg.KV.MaxConnections})
	if err != nil {
		return err
	}
	cfg.Engine, cfg.Kept, cfg.Reads = engine, engine, max(1, rt.cfg.KV.MaxConnections/3)
	select {
	case <-rt.database.Reached():
	default:
		return nil
	}
	if err := engine.Ready(ctx); errors.Is(err, kv.ErrElsewhere) {
		return errors.Join(err, engine.Close())
	}
	return nil
}

// committed is told of every commit to the stores of Deno.Kv and of schedules.
func (rt *runtime) committed(guild snowflake.GuildID, store string, keys []string) {
	if !rt.owns(guild) {
		rt.notices.tell(notice{Guild: guild, What: written, Store: store})
		return
	}
	rt.queue.Committed(guild, store, keys)
	rt.watches.Committed(guild, store, keys)
}

// owns reports whether the guild is this process's, at the moment.
func (rt *runtime) owns(guild snowflake.GuildID) bool { return !rt.shared() || rt.bot.Owns(guild) }

func (rt *runtime) tellWatch(guild snowflake.GuildID, payload []byte, over func()) bool {
	return rt.bot.Notify(later.Delivery{Guild: guild, Name: denokv.WatchEvent, Payload: payload, Over: func(later.Outcome) { over() }})
}

// bring delivers a message that is due.
func (rt *runtime) bring(d later.Delivery) bool {
	if strings.HasPrefix(d.Name, catalog.CronPrefix) {
		rt.bot.Rerun(d)
		return true
	}
	return rt.bot.Notify(d)
}

// retryLater keeps a run of a cron job that is to be tried again.
func (rt *runtime) retryLater(ctx context.Context, guild snowflake.GuildID, m later.Message, in time.Duration) error {
	return later.Keep(ctx, rt.kv, guild, m, clock.Real.Now().Add(in))
}

func kvLimits(c config.KVLimits) kv.Limits {
	l := kv.DefaultLimits()
	l.ValueBytes, l.EntryBytes, l.WritesPerMinute, l.CommitsPerMinute = c.MaxValueBytes, c.MaxEntryBytes, c.WritesPerMinute, c.CommitsPerMinute
	l.StoreBytes, l.GuildBytes = int64(c.MaxStoreBytes), int64(c.MaxGuildBytes)
	return l
}
