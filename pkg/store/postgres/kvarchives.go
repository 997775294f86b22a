package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// archiveChunk is the size of all chunks of an archive but the last.
const archiveChunk = 256 << 10

// Keep implements kv.Archives. An archive whose commit got no answer is told as
// one that failed; if it is there, it is one of those that are kept.
func (k *KV) Keep(ctx context.Context, guild snowflake.GuildID, e kv.Export, _ string, file io.ReadSeeker) error {
	return k.s.write(ctx, archiveLimit, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("read an archive: %w", err)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO kv_archives (guild_id, id, created_at, bytes) VALUES ($1, $2, $3, $4)`,
			number(guild), e.ID, stamp(e.CreatedAt), e.Bytes); err != nil {
			return err
		}
		buf := make([]byte, archiveChunk)
		for n := 0; ; n++ {
			m, err := io.ReadFull(file, buf)
			if m == 0 && errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
				return fmt.Errorf("read an archive: %w", err)
			}
			if _, err := tx.Exec(ctx, `INSERT INTO kv_archive_chunks (guild_id, id, n, data) VALUES ($1, $2, $3, $4)`, number(guild), e.ID, n, buf[:m]); err != nil {
				return err
			}
		}
	})
}

// List implements kv.Archives.
func (k *KV) List(ctx context.Context, guild snowflake.GuildID) ([]kv.Export, error) {
	return collect(ctx, k.s, func(row pgx.CollectableRow) (kv.Export, error) {
		var e kv.Export
		err := row.Scan(&e.ID, &e.CreatedAt, &e.Bytes)
		e.CreatedAt = e.CreatedAt.UTC()
		return e, err
	}, `SELECT id::text, created_at, bytes FROM kv_archives WHERE guild_id = $1`, number(guild))
}

// Guilds implements kv.Archives.
func (k *KV) Guilds(ctx context.Context) ([]snowflake.GuildID, error) {
	return collect(ctx, k.s, func(row pgx.CollectableRow) (snowflake.GuildID, error) {
		var guild int64
		err := row.Scan(&guild)
		return snowflake.GuildID(guild), err //nolint:gosec // A check of the table.
	}, `SELECT DISTINCT guild_id FROM kv_archives ORDER BY guild_id`)
}

// Remove implements kv.Archives.
func (k *KV) Remove(ctx context.Context, guild snowflake.GuildID, e kv.Export) error {
	_, err := k.s.remove(ctx, `DELETE FROM kv_archives WHERE guild_id = $1 AND id = $2`, number(guild), e.ID)
	return err
}

// Open implements kv.Archives.
func (k *KV) Open(ctx context.Context, guild snowflake.GuildID, e kv.Export) (kv.ExportFile, error) {
	f := &archiveReader{ctx: ctx, k: k, guild: guild, export: e, at: -1}
	if e.Bytes > 0 { // So that one that is gone is found out now.
		if err := f.load(0); err != nil {
			return nil, err
		}
	}
	return struct {
		io.ReadSeeker
		io.Closer
	}{io.NewSectionReader(f, 0, e.Bytes), io.NopCloser(nil)}, nil
}

// archiveReader reads an archive chunk by chunk.
type archiveReader struct {
	ctx    context.Context //nolint:containedctx // The caller's, who reads while it lives.
	k      *KV
	guild  snowflake.GuildID
	export kv.Export
	at     int64 // The chunk that is in memory, -1 for none.
	chunk  []byte
}

// ReadAt implements io.ReaderAt, for one caller at a time.
func (f *archiveReader) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) && off < f.export.Bytes {
		if err := f.load(off / archiveChunk); err != nil {
			return n, err
		}
		from := off % archiveChunk
		if from >= int64(len(f.chunk)) {
			return n, io.ErrUnexpectedEOF
		}
		m := copy(p[n:], f.chunk[from:])
		n += m
		off += int64(m)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *archiveReader) load(n int64) error {
	if f.at == n {
		return nil
	}
	f.at = -1
	err := f.k.s.read(f.ctx, func(ctx context.Context, c *pgx.Conn) error {
		err := c.QueryRow(ctx, `SELECT data FROM kv_archive_chunks WHERE guild_id = $1 AND id = $2 AND n = $3`, number(f.guild), f.export.ID, n).Scan(&f.chunk)
		if errors.Is(err, pgx.ErrNoRows) {
			return fault.New(fault.NotFound, "export not found")
		}
		return err
	})
	if err == nil {
		f.at = n
	}
	return err
}
