package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/bench/internal/report"
	"github.com/flora-runtime/flora-runtime/bench/internal/stats"
	"github.com/flora-runtime/flora-runtime/db/dbtest"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres"
)

// durableShared compares sets that are committed in Postgres with those that are
// on disk in Pebble, in turn.
func (b *bench) durableShared(ctx context.Context) (err error) {
	server, err := dbtest.StartDurable()
	if err != nil {
		return fmt.Errorf("start Postgres: %w", err)
	}
	defer func() { err = errors.Join(err, server.Remove()) }()
	for _, guilds := range []int{1, kvWriters} {
		var here, there []float64
		for range b.plan.rounds {
			rate, err := b.durableSets(ctx, guilds)
			if err != nil {
				return err
			}
			here = append(here, rate)
			if rate, err = b.sharedSets(ctx, server.URL, guilds); err != nil {
				return err
			}
			there = append(there, rate)
		}
		b.report.Add(report.Row{
			Group: "kv", Name: fmt.Sprintf("durable sets in Postgres, 64 writers of %d guilds", guilds), Unit: "/s", Higher: true,
			Value: stats.Of(there), Baseline: "the same in Pebble", Base: stats.Of(here),
		})
	}
	return nil
}

// sharedSets gives the sets a second of all writers, spread over the guilds.
func (b *bench) sharedSets(ctx context.Context, address string, guilds int) (rate float64, err error) {
	s, err := postgres.Open(ctx, postgres.Config{URL: address, MaxConnections: 2, Log: zap.NewNop()})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	engine, err := s.KV(ctx, postgres.KVConfig{})
	if err != nil {
		return 0, err
	}
	db, err := kv.Open(kv.Config{Engine: engine, Kept: engine, Archives: filepath.Join(b.tmp, "kv-shared"), Limits: unlimitedKV()})
	if err != nil {
		return 0, errors.Join(err, engine.Close())
	}
	rate, err = setsPerSecond(ctx, db, guilds, b.plan.slice)
	return rate, errors.Join(err, db.Close())
}
