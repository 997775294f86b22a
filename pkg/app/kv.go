package app

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/config"
	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/later"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/telemetry"
	"github.com/flora-runtime/flora-runtime/v8ops/denokv"
)

// openKV opens the key-value data and does what it needs done beside requests.
// The list of stores is copied to where deployments are.
func (rt *runtime) openKV() (err error) {
	log := rt.log.Named("kv")
	rt.stores = kv.NewFollower(rt.state, clock.Real, log)
	rt.kv, err = kv.Open(kv.Config{
		Dir: rt.cfg.KVPath(), Archives: filepath.Join(rt.cfg.DataDir, "kv-archives"), Limits: kvLimits(rt.cfg.KV.Limits), Log: log,
		StoresChanged: rt.stores.Mark, Committed: rt.committed,
	})
	if err != nil {
		return err
	}
	rt.watches = denokv.NewWatches(rt.tellWatch)
	rt.queue = later.New(later.Config{
		Store: rt.kv, Clock: clock.Real, Deliver: rt.bring, Owns: rt.owns, Count: telemetry.NewMessages(rt.stats), Log: log,
	})
	rt.keys = newMeteredKV(rt)
	rt.life.release("key-value data", rt.kv.Close)
	rt.life.run("expiry of keys", rt.kv.Run)
	rt.life.run("index of stores", func(ctx context.Context) error { return rt.stores.Run(ctx, rt.kv) })
	return nil
}

// committed is told of every commit to the stores of Deno.Kv and of schedules.
func (rt *runtime) committed(guild snowflake.GuildID, store string, keys []string) {
	rt.queue.Committed(guild, store, keys)
	rt.watches.Committed(guild, store, keys)
}

// owns reports whether the guild is this process's, at the moment.
func (rt *runtime) owns(guild snowflake.GuildID) bool { return rt.bot.Owns(guild) }

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
