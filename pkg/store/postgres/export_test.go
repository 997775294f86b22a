package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// BeforeCommit calls f before each commit.
func (c Config) BeforeCommit(f func(ctx context.Context, tx pgx.Tx)) Config {
	c.committing = f
	return c
}

// Settling bounds the time in which it is found out whether a commit took place.
func (c Config) Settling(limit time.Duration) Config {
	c.settling = limit
	return c
}

// BeforeCommit calls f before each commit of a write.
func (c KVConfig) BeforeCommit(f func(ctx context.Context, c *pgx.Conn)) KVConfig {
	c.committing = f
	return c
}
