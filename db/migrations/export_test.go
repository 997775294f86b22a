package migrations

import (
	"context"
	"io/fs"
	"math"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"
)

// UpTo is Up until a step.
func UpTo(ctx context.Context, conn *pgx.ConnConfig, last int64) (Result, error) {
	return up(ctx, conn, zap.NewNop(), steps, last)
}

// UpWith is Up with other steps.
func UpWith(ctx context.Context, conn *pgx.ConnConfig, from fs.FS) (Result, error) {
	return up(ctx, conn, zap.NewNop(), from, math.MaxInt64)
}

// Steps are the files.
var Steps fs.FS = steps
