package postgres

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/flora-runtime/flora-runtime/pkg/kv"
)

// The sizes of what an iterator reads at once.
const (
	firstPage = 64
	lastPage  = 1024
	pageBytes = 4 << 20
)

// Get implements kv.Reader.
func (k *KV) Get(ctx context.Context, key []byte) (value []byte, err error) {
	err = k.read(ctx, func(r *kvReader) error {
		value, err = r.Get(ctx, key)
		return err
	})
	return value, err
}

// Fetch implements kv.Reader.
func (k *KV) Fetch(ctx context.Context, keys [][]byte) (values [][]byte, err error) {
	err = k.read(ctx, func(r *kvReader) error {
		values, err = r.Fetch(ctx, keys)
		return err
	})
	return values, err
}

// Firsts implements kv.Reader.
func (k *KV) Firsts(ctx context.Context, spans []kv.Span) (keys [][]byte, err error) {
	err = k.read(ctx, func(r *kvReader) error {
		keys, err = r.Firsts(ctx, spans)
		return err
	})
	return keys, err
}

// read runs f with a reader that sees one moment at each call.
func (k *KV) read(ctx context.Context, f func(*kvReader) error) error {
	return k.try(ctx, callLimit, func(ctx context.Context, c *pgx.Conn) (bool, error) {
		err := f(&kvReader{c: c, ctx: ctx})
		return again(c, err), err
	})
}

// Iter implements kv.Reader. Every page of it is one moment.
func (k *KV) Iter(_ context.Context, s kv.Span) (kv.Iterator, error) {
	return newIterator(s, func(page kvPage) (out []kvPair, ended bool, err error) {
		err = k.read(k.base, func(r *kvReader) error {
			out, ended, err = r.page(page)
			return err
		})
		return out, ended, err
	}), nil
}

// View implements kv.Engine.
func (k *KV) View(ctx context.Context, f func(kv.Reader) error) error {
	return k.try(ctx, callLimit, func(ctx context.Context, c *pgx.Conn) (bool, error) {
		err := view(ctx, c, f)
		return again(c, err), err
	})
}

// LongView implements kv.Engine.
func (k *KV) LongView(ctx context.Context, f func(kv.Reader) error) error {
	return k.try(ctx, archiveLimit, func(ctx context.Context, c *pgx.Conn) (bool, error) {
		return false, view(ctx, c, f)
	})
}

// view runs f in a transaction that sees one moment; it begins with what is
// read first.
func view(ctx context.Context, c *pgx.Conn, f func(kv.Reader) error) error {
	r := &kvReader{c: c, ctx: ctx, begin: `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`}
	err := f(r)
	if r.begun && !c.IsClosed() {
		if _, e := c.Exec(ctx, `ROLLBACK`); e != nil && err == nil {
			err = e
		}
	}
	return err
}

// Skim implements kv.Engine.
func (k *KV) Skim(ctx context.Context, lower, upper []byte, width int, f func(key []byte) error) error {
	for {
		keys, err := k.skim(ctx, lower, upper, width)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if err := f(key); err != nil {
				return err
			}
		}
		if len(keys) < lastPage {
			return nil
		}
		last := keys[len(keys)-1]
		lower = append(slices.Clone(last[:min(width, len(last))]), 0xff)
	}
}

// skim goes from the first key of each group to that of the next, in the index.
func (k *KV) skim(ctx context.Context, lower, upper []byte, width int) (keys [][]byte, err error) {
	err = k.read(ctx, func(r *kvReader) error {
		keys = nil
		return r.query(`
			WITH RECURSIVE g (key) AS (
				(SELECT key FROM kv_pairs WHERE key >= $1 AND key < $2 ORDER BY key LIMIT 1)
				UNION ALL
				SELECT (SELECT p.key FROM kv_pairs p WHERE p.key >= substring(g.key FROM 1 FOR $3::int) || '\xff'::bytea AND p.key < $2 ORDER BY p.key LIMIT 1)
				FROM g WHERE g.key IS NOT NULL
			)
			SELECT key FROM g WHERE key IS NOT NULL LIMIT $4`,
			[]any{lower, upper, width, lastPage}, func(rows pgx.Rows) error {
				var key []byte
				err := rows.Scan(&key)
				keys = append(keys, key)
				return err
			})
	})
	return keys, err
}

// kvReader reads on a connection. Once a statement failed there, so does all
// else.
type kvReader struct {
	c     *pgx.Conn
	ctx   context.Context //nolint:containedctx // The call's that it lives in, which callers' may not outlive.
	begin string          // Opens a transaction, before the first statement.
	begun bool
	err   error
}

// query runs f with each row.
func (r *kvReader) query(sql string, args []any, f func(pgx.Rows) error) error {
	if r.err == nil {
		r.err = r.rows(sql, args, f)
	}
	return r.err
}

func (r *kvReader) rows(sql string, args []any, f func(pgx.Rows) error) (err error) {
	if r.begin == "" || r.begun {
		rows, err := r.c.Query(r.ctx, sql, args...)
		if err != nil {
			return err
		}
		return each(rows, f)
	}
	r.begun = true
	var b pgx.Batch
	b.Queue(r.begin)
	b.Queue(sql, args...)
	results := r.c.SendBatch(r.ctx, &b)
	defer func() { err = errors.Join(err, results.Close()) }()
	if _, err := results.Exec(); err != nil {
		return err
	}
	rows, err := results.Query()
	if err != nil {
		return err
	}
	return each(rows, f)
}

func each(rows pgx.Rows, f func(pgx.Rows) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Get implements kv.Reader.
func (r *kvReader) Get(_ context.Context, key []byte) (value []byte, err error) {
	err = r.query(`SELECT value FROM kv_pairs WHERE key = $1`, []any{key}, func(rows pgx.Rows) error { return rows.Scan(&value) })
	return value, err
}

// Fetch implements kv.Reader.
func (r *kvReader) Fetch(_ context.Context, keys [][]byte) ([][]byte, error) {
	found := make(map[string][]byte, len(keys))
	if err := r.query(`SELECT key, value FROM kv_pairs WHERE key = ANY ($1::bytea[])`, []any{keys}, collectInto(found)); err != nil {
		return nil, err
	}
	out := make([][]byte, len(keys))
	for i, key := range keys {
		out[i] = found[string(key)]
	}
	return out, nil
}

func collectInto(found map[string][]byte) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		var key, value []byte
		err := rows.Scan(&key, &value)
		found[string(key)] = value
		return err
	}
}

// Firsts implements kv.Reader.
func (r *kvReader) Firsts(_ context.Context, spans []kv.Span) ([][]byte, error) {
	lower, upper := make([][]byte, len(spans)), make([][]byte, len(spans))
	for i, s := range spans {
		lower[i], upper[i] = s.Lower, s.Upper
	}
	out := make([][]byte, len(spans))
	err := r.query(`
		SELECT s.n, p.key FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY s (lower, upper, n),
			LATERAL (SELECT key FROM kv_pairs WHERE key >= s.lower AND key < s.upper ORDER BY key LIMIT 1) p`,
		[]any{lower, upper}, func(rows pgx.Rows) error {
			var n int
			var key []byte
			err := rows.Scan(&n, &key)
			if err == nil {
				out[n-1] = key
			}
			return err
		})
	return out, err
}

// Iter implements kv.Reader.
func (r *kvReader) Iter(_ context.Context, s kv.Span) (kv.Iterator, error) {
	return newIterator(s, r.page), nil
}

type kvPair struct{ key, value []byte }

// kvPage is a part of a span.
type kvPage struct {
	lower, upper []byte
	reverse      bool
	limit        int
}

// One page is so many pairs or a few megabytes, but one pair at least; count is
// that of the pairs before the megabytes were looked at.
const pageQuery = `
	SELECT key, value, count FROM (
		SELECT key, value, count(*) OVER () AS count, sum(octet_length(value)) OVER (ORDER BY key) - octet_length(value) AS before
		FROM (SELECT key, value FROM kv_pairs WHERE key >= $1 AND key < $2 ORDER BY key LIMIT $3) p
	) q WHERE before < $4 ORDER BY key`

const reversePageQuery = `
	SELECT key, value, count FROM (
		SELECT key, value, count(*) OVER () AS count, sum(octet_length(value)) OVER (ORDER BY key DESC) - octet_length(value) AS before
		FROM (SELECT key, value FROM kv_pairs WHERE key >= $1 AND key < $2 ORDER BY key DESC LIMIT $3) p
	) q WHERE before < $4 ORDER BY key DESC`

// page reads a page, and says whether nothing of the span comes after it.
func (r *kvReader) page(p kvPage) (out []kvPair, ended bool, err error) {
	sql := pageQuery
	if p.reverse {
		sql = reversePageQuery
	}
	count := 0
	err = r.query(sql, []any{p.lower, p.upper, p.limit, pageBytes}, func(rows pgx.Rows) error {
		var one kvPair
		err := rows.Scan(&one.key, &one.value, &count)
		out = append(out, one)
		return err
	})
	return out, count < p.limit && len(out) == count, err
}

// kvIterator reads its span page by page.
type kvIterator struct {
	read func(kvPage) (out []kvPair, ended bool, err error)
	next kvPage // The rest of the span.
	page []kvPair
	at   int // In page; -1 is before its first.
	over bool
	err  error
}

func newIterator(s kv.Span, read func(kvPage) ([]kvPair, bool, error)) *kvIterator {
	limit := firstPage
	if s.Expect > 0 {
		limit = min(s.Expect, lastPage)
	}
	return &kvIterator{read: read, next: kvPage{s.Lower, s.Upper, s.Reverse, limit}, at: -1}
}

// Next implements kv.Iterator.
func (i *kvIterator) Next() bool {
	if i.at+1 < len(i.page) {
		i.at++
		return true
	}
	return i.fetch()
}

func (i *kvIterator) fetch() bool {
	i.page, i.at = nil, -1
	if i.over || i.err != nil {
		return false
	}
	i.page, i.over, i.err = i.read(i.next)
	if i.err != nil || len(i.page) == 0 {
		i.page, i.over = nil, true
		return false
	}
	i.at = 0
	last := i.page[len(i.page)-1].key
	if i.next.reverse {
		i.next.upper = last
	} else {
		i.next.lower = append(slices.Clone(last), 0)
	}
	i.next.limit = min(4*i.next.limit, lastPage)
	return true
}

// Seek implements kv.Iterator.
func (i *kvIterator) Seek(key []byte) bool {
	from := max(i.at, 0)
	n, _ := slices.BinarySearchFunc(i.page[from:], key, func(p kvPair, key []byte) int { return slices.Compare(p.key, key) })
	if from+n < len(i.page) {
		i.at = from + n
		return true
	}
	if slices.Compare(i.next.lower, key) < 0 {
		i.next.lower = key
	}
	// Far apart, most of a large page would be read for nothing.
	if i.at < len(i.page)/2 {
		i.next.limit = max(firstPage/4, i.next.limit/16)
	}
	return i.fetch()
}

// Key implements kv.Iterator.
func (i *kvIterator) Key() []byte { return i.page[i.at].key }

// Value implements kv.Iterator.
func (i *kvIterator) Value() ([]byte, error) { return i.page[i.at].value, nil }

// Close implements kv.Iterator.
func (i *kvIterator) Close() error { return i.err }
