package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/flora-runtime/flora-runtime/pkg/kv"
)

// fillBytes is about how much a Fill writes at once.
const fillBytes = 2 << 20

// Fill implements kv.Engine. What a lost connection leaves unknown is written
// again, which is the same.
func (k *KV) Fill(ctx context.Context, f func(kv.Tx) error) error {
	t := &kvFill{KV: k, ctx: ctx, pairs: map[string][]byte{}}
	if err := f(t); err != nil {
		return err
	}
	t.write()
	return t.err
}

type kvFill struct {
	*KV

	ctx   context.Context //nolint:containedctx // It lives as long as the call.
	pairs map[string][]byte
	held  int
	err   error // The first one.
}

// Set implements kv.Tx.
func (t *kvFill) Set(key, value []byte) {
	t.pairs[string(key)] = append([]byte{}, value...)
	if t.held += len(key) + len(value); t.held >= fillBytes {
		t.write()
	}
}

// Delete implements kv.Tx.
func (t *kvFill) Delete(key []byte) { t.pairs[string(key)] = nil }

// DeleteAll implements kv.Tx.
func (t *kvFill) DeleteAll(prefix []byte) {
	t.write()
	t.do(func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, `DELETE FROM kv_pairs WHERE key >= $1 AND key < $2`, prefix, following(prefix))
		return err
	})
}

func (t *kvFill) write() {
	if len(t.pairs) == 0 {
		return
	}
	t.do(func(ctx context.Context, c *pgx.Conn) error {
		var b pgx.Batch
		queue(&b, t.pairs)
		return c.SendBatch(ctx, &b).Close()
	})
	t.pairs, t.held = map[string][]byte{}, 0
}

func (t *kvFill) do(f func(ctx context.Context, c *pgx.Conn) error) {
	if t.err == nil {
		t.err = t.try(t.ctx, writeLimit, func(ctx context.Context, c *pgx.Conn) (bool, error) {
			err := f(ctx, c)
			return again(c, err), err
		})
	}
}

// Reset implements kv.Engine. The list of stores elsewhere goes, too: it is about
// data that is no longer what counts.
func (k *KV) Reset(ctx context.Context, key, value []byte) error {
	if err := k.Ready(ctx); err != nil {
		return err
	}
	return k.s.write(ctx, archiveLimit, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `TRUNCATE kv_pairs, kv_archives, kv_archive_chunks, kv_stores`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO kv_pairs (key, value) VALUES ($1, $2)`, key, value)
		return err
	})
}
