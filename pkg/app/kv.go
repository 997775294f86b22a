package app

import (
	"context"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/telemetry"
	"github.com/flora-runtime/flora-runtime/pkg/trace"
)

// meteredKV is the key-value storage, measured and traced. Calls that it does
// not name pass through.
type meteredKV struct {
	kv.Store
	keys *telemetry.Keys
}

func newMeteredKV(rt *runtime) kv.Store {
	return meteredKV{rt.kv, telemetry.NewKeys(rt.stats, []string{"get", "set", "delete", "list"})}
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

// Set implements kv.Store.
func (m meteredKV) Set(ctx context.Context, guild snowflake.GuildID, store, key, value string, o kv.SetOptions) error {
	ctx, end := m.call(ctx, "set")
	begun := time.Now()
	err := m.Store.Set(ctx, guild, store, key, value, o)
	if err == nil {
		m.keys.Set(len(value), time.Since(begun))
	}
	end(err)
	return err
}

// Delete implements kv.Store.
func (m meteredKV) Delete(ctx context.Context, guild snowflake.GuildID, store, key string) (bool, error) {
	ctx, end := m.call(ctx, "delete")
	existed, err := m.Store.Delete(ctx, guild, store, key)
	end(err)
	return existed, err
}

// List implements kv.Store.
func (m meteredKV) List(ctx context.Context, guild snowflake.GuildID, store string, o kv.ListOptions) (kv.Page, error) {
	ctx, end := m.call(ctx, "list")
	page, err := m.Store.List(ctx, guild, store, o)
	end(err)
	return page, err
}
