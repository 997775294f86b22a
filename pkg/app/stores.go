package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/cache"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/secret"
	"github.com/flora-runtime/flora-runtime/pkg/settings"
	"github.com/flora-runtime/flora-runtime/pkg/store/embedded"
	"github.com/flora-runtime/flora-runtime/pkg/store/local"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres"
	"github.com/flora-runtime/flora-runtime/pkg/store/redis"
)

const (
	// databaseLimit is how long a start without copies of deployments waits for
	// the database, databaseGrace one that has them.
	databaseLimit = 2 * time.Minute
	databaseGrace = 5 * time.Second
)

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
	if err := rt.openFolder(); err != nil {
		return err
	}
	rt.activity = openActivity(filepath.Join(rt.cfg.DataDir, "activity.json"), rt.log.Named("activity"))
	rt.memories = openMemories(filepath.Join(rt.cfg.DataDir, "scripts.jsonl"), rt.log.Named("memories"))
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
	rt.copies, rt.database = copies, later
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
	c := rt.cfg.Cache
	if c.URL == "" {
		rt.cache = cache.NewMemory(clock.Real)
		return nil
	}
	log := rt.log.Named("cache")
	later, err := cache.NewLater(ctx, func(ctx context.Context) (cache.Store, error) {
		return redis.Open(ctx, redis.Config{URL: c.URL, Log: log, PoolSize: c.PoolSize})
	}, log)
	if err != nil {
		return err
	}
	rt.cache = later
	rt.life.release("cache", later.Close)
	rt.life.run("cache", later.Run)
	return nil
}

func (rt *runtime) openData(ctx context.Context) (err error) {
	if err := rt.openKV(ctx); err != nil {
		return err
	}
	rt.tokens = auth.NewTokens(rt.state, clock.Real, rt.log.Named("tokens"))
	rt.openLogs()
	if err := rt.openSecrets(); err != nil {
		return err
	}
	return rt.giveBackups()
}
