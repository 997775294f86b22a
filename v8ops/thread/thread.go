// Package thread holds the op that starts threads: a post in a forum carries
// a message.
package thread

import (
	"context"
	"encoding/json"

	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/v8ops/body"
	"github.com/flora-runtime/flora-runtime/v8ops/outbound"
)

// Ops declares the family.
func Ops(d *outbound.Discord) []op.Op {
	f := &family{d}
	return []op.Op{
		op.Define("op_create_thread", op.Channel, f.create),
	}
}

type family struct{ *outbound.Discord }

type createArgs struct {
	Channel snowflake.ChannelID        `json:"channelId"`
	Payload map[string]json.RawMessage `json:"payload"`
	Reason  string                     `json:"reason,omitempty"`
}

func (f *family) create(ctx context.Context, guild snowflake.GuildID, a createArgs) (any, error) {
	t, err := f.Channel(ctx, guild, a.Channel)
	if err != nil {
		return nil, err
	}
	c, err := body.Thread(ctx, f.Discord, guild, a.Payload)
	if err != nil {
		return nil, err
	}
	c.Reason = a.Reason
	return f.Do(ctx, "POST", t.Sub("/threads"), c)
}
