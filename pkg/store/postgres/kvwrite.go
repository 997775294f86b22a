package postgres

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// groupMost is how many writes of a guild become one transaction.
const groupMost = 64

// lane has a guild's writes that wait. One goroutine, which ends when there are
// none, makes what waits at that moment one transaction: it costs as much as one
// write, and a guild never takes more than one connection for its writes.
type lane struct{ waiting []*kvWrite }

type kvWrite struct {
	kv.Update

	over chan error
	err  error // What its Do said.
	done bool  // Done was called.
}

// Update implements kv.Engine. A commit whose answer is lost is looked for, and
// made again if it did not take place.
func (k *KV) Update(ctx context.Context, guild snowflake.GuildID, _ bool, u kv.Update) error {
	if !k.ready.Load() {
		if err := k.register(ctx); err != nil {
			return err
		}
	}
	w := &kvWrite{Update: u, over: make(chan error, 1)}
	k.mu.Lock()
	if k.closed {
		k.mu.Unlock()
		return kvClosed()
	}
	l, running := k.lanes[guild]
	if !running {
		l = &lane{}
		k.lanes[guild] = l
		k.work.Go(func() { k.serve(guild, l) }) //nolint:contextcheck // It is for others as well.
	}
	l.waiting = append(l.waiting, w)
	k.mu.Unlock()
	select {
	case err := <-w.over:
		return err
	case <-ctx.Done():
	}
	if k.withdraw(l, w) {
		return fault.Wrap(ctx.Err(), fault.Timeout, "kv write did not start in time; try again")
	}
	return <-w.over // What was begun is bounded by itself.
}

func (k *KV) withdraw(l *lane, w *kvWrite) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	i := slices.Index(l.waiting, w)
	if i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
	}
	return i >= 0
}

// serve makes transactions of what waits until nothing does.
func (k *KV) serve(guild snowflake.GuildID, l *lane) {
	for {
		k.mu.Lock()
		n := min(len(l.waiting), groupMost)
		group := l.waiting[:n:n]
		l.waiting = l.waiting[n:]
		if n == 0 {
			delete(k.lanes, guild)
			k.mu.Unlock()
			return
		}
		k.mu.Unlock()
		err := k.write(guild, group)
		if err != nil {
			undone(group)
		}
		for _, w := range group {
			if err == nil {
				w.over <- w.err
			} else {
				w.over <- err
			}
		}
	}
}

func undone(group []*kvWrite) {
	for _, w := range group {
		if w.done {
			w.done = false
			w.Undone()
		}
	}
}

// write makes the writes one transaction. Those that refuse what is asked of them
// are not part of it, but their answer counts only if the others' do.
func (k *KV) write(guild snowflake.GuildID, group []*kvWrite) error {
	for last := false; ; last = true {
		mark := k.mark(guild)
		err := k.s.try(k.base, writeLimit, func(ctx context.Context, c *pgx.Conn) (bool, error) {
			undone(group) // In an attempt before this one.
			t := &kvTx{kvReader: kvReader{c: c, ctx: ctx}, base: map[string][]byte{}}
			err := t.begin(ctx, guild, group)
			if err == nil {
				err = t.run(group)
			}
			if err == nil {
				err = t.commit(mark, k.cfg.committing)
			}
			if err == nil || errors.Is(err, errUncertain) {
				return false, err
			}
			return t.undo(ctx, err), err
		})
		if !errors.Is(err, errUncertain) {
			return err
		}
		took, unknown := k.settle(guild, mark, err)
		switch {
		case took:
			return nil
		case unknown != nil:
			return unknown
		case last:
			return err
		}
	}
}

// mark is the pair that tells of the next commit of a guild by this process, which
// nobody else writes.
func (k *KV) mark(guild snowflake.GuildID) kvPair {
	key := append([]byte{tagCommit}, k.process[:]...)
	key = binary.BigEndian.AppendUint64(key, uint64(guild))
	return kvPair{key, binary.BigEndian.AppendUint64(nil, k.commits.Add(1))}
}

// settle finds out whether the commit with the mark took place.
func (k *KV) settle(guild snowflake.GuildID, mark kvPair, lost error) (took bool, err error) {
	limited, cancel := context.WithTimeout(k.base, k.s.cfg.settling)
	defer cancel()
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		err := k.s.write(limited, callLimit, func(ctx context.Context, tx pgx.Tx) error {
			// When it is granted, the transaction in question has ended.
			if err := alone(ctx, tx, kvLock, guild); err != nil {
				return err
			}
			return tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM kv_pairs WHERE key = $1 AND value = $2)`, mark.key, mark.value).Scan(&took)
		})
		if err == nil {
			return took, nil
		}
		if !clock.Sleep(limited, clock.Real, pause) {
			f := fault.Wrap(errors.Join(lost, err), fault.Unavailable, "the database went away in a kv write, and it is not known whether it took place; read before you try again")
			f.RetryAfter = retryAfter
			return false, f
		}
	}
}

// kvLock names the advisory lock of a guild's key-value data.
const kvLock = "kv pairs"

// kvTx is the transaction of a group. What it is to write is in memory until the
// end, so that a write that is refused leaves nothing behind.
type kvTx struct {
	kvReader

	known map[string][]byte // What was read ahead; nil for what is not there.
	base  map[string][]byte // What the writes before put; nil for what they took.
	layer map[string][]byte // The same of the one that is being made.
	wrote bool              // Something is in the transaction.
	own   bool              // Something of the one that is being made is.
}

// begin starts the transaction, waits until it is the only one that writes to
// the guild, and reads what the writes are likely to look at.
func (t *kvTx) begin(ctx context.Context, guild snowflake.GuildID, group []*kvWrite) error {
	// A database that hangs is found out here, not after all of the limit.
	ctx, cancel := context.WithTimeout(ctx, 2*callLimit)
	defer cancel()
	var keys [][]byte
	for _, w := range group {
		keys = append(keys, w.Keys()...)
	}
	t.known = make(map[string][]byte, len(keys))
	for _, key := range keys {
		t.known[string(key)] = nil
	}
	var b pgx.Batch
	b.Queue(`BEGIN`)
	b.Queue(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, "flora "+kvLock+" "+guild.String())
	b.Queue(`SELECT key, value FROM kv_pairs WHERE key = ANY ($1::bytea[])`, keys)
	results := t.c.SendBatch(ctx, &b)
	var err error
	for range 2 {
		if _, e := results.Exec(); e != nil && err == nil {
			err = e
		}
	}
	if err == nil {
		var rows pgx.Rows
		if rows, err = results.Query(); err == nil {
			err = each(rows, collectInto(t.known))
		}
	}
	return errors.Join(err, results.Close())
}

// run makes the writes one after another.
func (t *kvTx) run(group []*kvWrite) error {
	for _, w := range group {
		t.layer, t.own = map[string][]byte{}, false
		w.err = w.Do(t)
		switch {
		case t.err != nil:
			return t.err
		case w.err != nil && t.own:
			return fmt.Errorf("a write failed when some of it was written: %w", w.err)
		case w.err != nil:
		case len(t.layer) > 0 || t.own:
			for key, value := range t.layer {
				t.base[key] = value
			}
			w.done = true
			w.Done()
		}
	}
	return nil
}

// Get implements kv.Reader. It sees the writes before.
func (t *kvTx) Get(ctx context.Context, key []byte) ([]byte, error) {
	if value, ok := t.base[string(key)]; ok {
		return value, nil
	}
	if value, ok := t.known[string(key)]; ok {
		return value, nil
	}
	value, err := t.kvReader.Get(ctx, key)
	if err == nil {
		t.known[string(key)] = value
	}
	return value, err
}

// Fetch implements kv.Reader.
func (t *kvTx) Fetch(ctx context.Context, keys [][]byte) ([][]byte, error) {
	out := make([][]byte, len(keys))
	for i, key := range keys {
		var err error
		if out[i], err = t.Get(ctx, key); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Iter implements kv.Reader. The writes before come first.
func (t *kvTx) Iter(ctx context.Context, s kv.Span) (kv.Iterator, error) {
	if err := t.flush(t.base); err != nil {
		return nil, err
	}
	return t.kvReader.Iter(ctx, s)
}

// Set implements kv.Tx.
func (t *kvTx) Set(key, value []byte) {
	if value == nil {
		value = []byte{}
	}
	t.layer[string(key)] = value
}

// Delete implements kv.Tx.
func (t *kvTx) Delete(key []byte) { t.layer[string(key)] = nil }

// DeleteAll implements kv.Tx.
func (t *kvTx) DeleteAll(prefix []byte) {
	if t.flush(t.base) != nil || t.flush(t.layer) != nil {
		return
	}
	t.wrote, t.own = true, true
	clear(t.known)
	t.err = t.deleteAll(prefix)
}

func (t *kvTx) deleteAll(prefix []byte) error {
	_, err := t.c.Exec(t.ctx, `DELETE FROM kv_pairs WHERE key >= $1 AND key < $2`, prefix, following(prefix))
	return err
}

// following is the smallest key above all that start with the prefix, whose first
// byte is a tag and so never 0xff. Others may be: guilds end in any byte.
func following(prefix []byte) []byte {
	out := slices.Clone(bytes.TrimRight(prefix, "\xff"))
	out[len(out)-1]++
	return out
}

// flush writes what is in memory.
func (t *kvTx) flush(pairs map[string][]byte) error {
	if t.err != nil || len(pairs) == 0 {
		return t.err
	}
	var b pgx.Batch
	queue(&b, pairs)
	t.wrote = true
	for key, value := range pairs {
		t.known[key] = value
	}
	clear(pairs)
	t.err = t.c.SendBatch(t.ctx, &b).Close()
	return t.err
}

// queue adds the statements that write the pairs.
func queue(b *pgx.Batch, pairs map[string][]byte) {
	var gone, keys, values [][]byte
	for key, value := range pairs {
		if value == nil {
			gone = append(gone, []byte(key))
			continue
		}
		keys, values = append(keys, []byte(key)), append(values, value)
	}
	if len(gone) > 0 {
		b.Queue(`DELETE FROM kv_pairs WHERE key = ANY ($1::bytea[])`, gone)
	}
	if len(keys) > 0 {
		b.Queue(`INSERT INTO kv_pairs (key, value) SELECT * FROM unnest($1::bytea[], $2::bytea[])
			ON CONFLICT (key) DO UPDATE SET value = excluded.value`, keys, values)
	}
}

// commit writes what is left and the mark, and ends the transaction.
func (t *kvTx) commit(mark kvPair, committing func(context.Context, *pgx.Conn)) error {
	if len(t.base) == 0 && !t.wrote {
		_, err := t.c.Exec(t.ctx, `ROLLBACK`)
		return err
	}
	t.base[string(mark.key)] = mark.value
	if committing != nil { // All but the commit comes first.
		if err := t.flush(t.base); err != nil {
			return err
		}
		committing(t.ctx, t.c)
	}
	var b pgx.Batch
	queue(&b, t.base)
	b.Queue(`COMMIT`)
	if err := t.c.SendBatch(t.ctx, &b).Close(); err != nil {
		if t.c.IsClosed() {
			return fmt.Errorf("%w: %w", errUncertain, err)
		}
		return err
	}
	return nil
}

// undo ends a transaction that failed, and says whether it may be tried again.
func (t *kvTx) undo(ctx context.Context, err error) (retry bool) {
	retry = again(t.c, err)
	if !t.c.IsClosed() {
		ctx, cancel := context.WithTimeout(ctx, callLimit)
		defer cancel()
		_, _ = t.c.Exec(ctx, `ROLLBACK`) // Else the connection is of no use, and known for it.
	}
	return retry
}
