package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// loadBytes is how much of a load is in memory.
const loadBytes = 1 << 20

// Load implements kv.Engine: it is one transaction, which writes as it goes.
// Others read what was there until it ends, and the guild's writes wait.
func (k *KV) Load(ctx context.Context, guild snowflake.GuildID, _ string, f func(kv.Tx) error) error {
	if !k.ready.Load() {
		if err := k.register(ctx); err != nil {
			return err
		}
	}
	mark := k.mark(guild)
	err := k.s.try(ctx, archiveLimit, func(ctx context.Context, c *pgx.Conn) (bool, error) {
		t := &kvLoad{kvTx: kvTx{kvReader: kvReader{c: c, ctx: ctx}, base: map[string][]byte{}, layer: map[string][]byte{}}}
		err := t.begin(ctx, guild, nil)
		if err == nil {
			if err = f(t); t.err != nil {
				err = t.err
			}
		}
		if err == nil {
			t.base = t.layer
			err = t.commit(mark, k.cfg.committing)
		}
		if err != nil && !errors.Is(err, errUncertain) {
			t.undo(ctx, err)
		}
		return false, err
	})
	if !errors.Is(err, errUncertain) {
		return err
	}
	took, unknown := k.settle(guild, mark, err) //nolint:contextcheck // Whoever gave up must still not leave it open what is there.
	switch {
	case took:
		return nil
	case unknown != nil:
		return unknown
	}
	return fault.Wrap(err, fault.Unavailable, "the database went away, and nothing was imported; try again")
}

// kvLoad is the transaction of a load, which may be larger than memory.
type kvLoad struct {
	kvTx

	held int
}

// Set implements kv.Tx.
func (t *kvLoad) Set(key, value []byte) {
	t.kvTx.Set(key, value)
	t.grown(len(key) + len(value))
}

// Delete implements kv.Tx.
func (t *kvLoad) Delete(key []byte) {
	t.kvTx.Delete(key)
	t.grown(len(key))
}

func (t *kvLoad) grown(n int) {
	if t.held += n; t.held >= loadBytes {
		t.held = 0
		_ = t.flush(t.layer) // It stays in err.
		clear(t.known)
	}
}
