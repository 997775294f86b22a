package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// BeforeCommit calls f before each commit.
func (c Config) BeforeCommit(f func(ctx context.Context, tx pgx.Tx)) Config {
	c.committing = f
	return c
}

// Pool is the connections themselves.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }
