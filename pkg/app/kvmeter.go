package app

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/telemetry"
	"github.com/flora-runtime/flora-runtime/pkg/trace"
)

// meteredKV is the key-value storage, measured and traced; what is done to whole
// stores passes through.
type meteredKV struct {
	kv.Store
	kv.Ordered

	keys *telemetry.Keys
}

func newMeteredKV(rt *runtime) meteredKV {
	return meteredKV{rt.kv, rt.kv, telemetry.NewKeys(rt.stats, []string{"get", "get_many", "write", "increment", "update_metadata", "list", "read_ranges", "commit"})}
}

// call begins one; the returned function ends it.
func (m meteredKV) call(ctx context.Context, name string) (context.Context, func(error)) {
	ctx, span := trace.Start(ctx, "kv")
	span.Set("flora.kv.call", name)
	return ctx, func(err error) {
		outcome := telemetry.OutcomeOK
		if err != nil {
			f := fault.From(err)
			if outcome = telemetry.OutcomeFailed; f.Status() < 500 {
				outcome = telemetry.OutcomeRefused
			}
			span.Fail(string(f.Code))
		}
		m.keys.Called(name, outcome)
		span.End()
	}
}

// Get implements kv.Store.
func (m meteredKV) Get(ctx context.Context, guild snowflake.GuildID, store, key string) (kv.Entry, error) {
	ctx, end := m.call(ctx, "get")
	e, err := m.Store.Get(ctx, guild, store, key)
	m.keys.Read(len(e.Value))
	end(err)
	return e, err
}

// GetMany implements kv.Store.
func (m meteredKV) GetMany(ctx context.Context, guild snowflake.GuildID, store string, keys []string) ([]kv.Entry, error) {
	ctx, end := m.call(ctx, "get_many")
	all, err := m.Store.GetMany(ctx, guild, store, keys)
	for _, e := range all {
		m.keys.Read(len(e.Value))
	}
	end(err)
	return all, err
}

// written counts what a call wrote, if it did.
func (m meteredKV) written(bytes int, begun time.Time, err error) {
	if err == nil {
		m.keys.Set(bytes, time.Since(begun))
	}
}

// Write implements kv.Store.
func (m meteredKV) Write(ctx context.Context, guild snowflake.GuildID, store string, changes []kv.Change) (uint64, error) {
	ctx, end := m.call(ctx, "write")
	begun := time.Now()
	version, err := m.Store.Write(ctx, guild, store, changes)
	bytes := 0
	for _, c := range changes {
		bytes += len(c.Value)
	}
	m.written(bytes, begun, err)
	end(err)
	return version, err
}

// Increment implements kv.Store.
func (m meteredKV) Increment(ctx context.Context, guild snowflake.GuildID, store, key string, o kv.IncrementOptions) (kv.Number, error) {
	ctx, end := m.call(ctx, "increment")
	begun := time.Now()
	n, err := m.Store.Increment(ctx, guild, store, key, o)
	m.written(len(strconv.FormatInt(n.Value, 10)), begun, err)
	end(err)
	return n, err
}

// UpdateMetadata implements kv.Store.
func (m meteredKV) UpdateMetadata(ctx context.Context, guild snowflake.GuildID, store, key string, metadata json.RawMessage) error {
	ctx, end := m.call(ctx, "update_metadata")
	begun := time.Now()
	err := m.Store.UpdateMetadata(ctx, guild, store, key, metadata)
	m.written(0, begun, err)
	end(err)
	return err
}

// List implements kv.Store.
func (m meteredKV) List(ctx context.Context, guild snowflake.GuildID, store string, o kv.ListOptions) (kv.Page, error) {
	ctx, end := m.call(ctx, "list")
	page, err := m.Store.List(ctx, guild, store, o)
	end(err)
	return page, err
}

// ReadRanges implements kv.Ordered.
func (m meteredKV) ReadRanges(ctx context.Context, guild snowflake.GuildID, store string, ranges []kv.Range) ([][]kv.Pair, error) {
	ctx, end := m.call(ctx, "read_ranges")
	found, err := m.Ordered.ReadRanges(ctx, guild, store, ranges)
	for _, pairs := range found {
		for _, p := range pairs {
			m.keys.Read(len(p.Value))
		}
	}
	end(err)
	return found, err
}

// Commit implements kv.Ordered.
func (m meteredKV) Commit(ctx context.Context, guild snowflake.GuildID, store string, c kv.Commit) (kv.Committed, error) {
	ctx, end := m.call(ctx, "commit")
	begun := time.Now()
	done, err := m.Ordered.Commit(ctx, guild, store, c)
	if done.OK {
		bytes := 0
		for _, one := range c.Mutations {
			bytes += len(one.Value)
		}
		m.written(bytes, begun, err)
	}
	end(err)
	return done, err
}
