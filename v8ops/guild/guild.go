// Package guild holds the ops that read the caller's own guild.
package guild

import (
	"context"
	"net/url"

	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/v8ops/outbound"
)

// Ops declares the family.
func Ops(d *outbound.Discord) []op.Op {
	f := &family{d}
	return []op.Op{
		op.Define("op_fetch_guild", op.Guild, f.fetch),
		op.Define("op_fetch_roles", op.Guild, f.roles),
	}
}

type family struct{ *outbound.Discord }

type fetchArgs struct {
	Guild      *snowflake.GuildID `json:"guildId,omitempty"`
	WithCounts bool               `json:"withCounts,omitempty"`
}

func (f *family) fetch(ctx context.Context, guild snowflake.GuildID, a fetchArgs) (any, error) {
	t, err := f.Guild(guild, a.Guild)
	if err != nil {
		return nil, err
	}
	q := url.Values{}
	if a.WithCounts {
		q.Set("with_counts", "true")
	}
	return f.Do(ctx, "GET", t, outbound.Content{Query: q})
}

type guildArgs struct {
	Guild *snowflake.GuildID `json:"guildId,omitempty"`
}

func (f *family) roles(ctx context.Context, guild snowflake.GuildID, a guildArgs) (any, error) {
	t, err := f.Guild(guild, a.Guild)
	if err != nil {
		return nil, err
	}
	return f.Do(ctx, "GET", t.Sub("/roles"), outbound.Content{})
}
