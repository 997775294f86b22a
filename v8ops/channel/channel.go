// Package channel holds the ops that read, make, change and remove channels.
package channel

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
		op.Define("op_create_channel", op.Guild, f.create),
		op.Define("op_edit_channel", op.Channel, f.edit),
		op.Define("op_delete_channel", op.Channel, f.remove),
		op.Define("op_fetch_channel", op.Channel, f.fetch),
		op.Define("op_fetch_channels", op.Guild, f.list),
	}
}

type family struct{ *outbound.Discord }

type createArgs struct {
	Guild   *snowflake.GuildID         `json:"guildId,omitempty"`
	Payload map[string]json.RawMessage `json:"payload"`
	Reason  string                     `json:"reason,omitempty"`
}

func (f *family) create(ctx context.Context, guild snowflake.GuildID, a createArgs) (any, error) {
	t, err := f.Guild(guild, a.Guild)
	if err != nil {
		return nil, err
	}
	fields, err := body.Payload(ctx, f.Discord, guild, a.Payload)
	if err != nil {
		return nil, err
	}
	return f.Do(ctx, "POST", t.Sub("/channels"), outbound.Content{Body: fields, Reason: a.Reason})
}

type editArgs struct {
	Channel snowflake.ChannelID        `json:"channelId"`
	Payload map[string]json.RawMessage `json:"payload"`
	Reason  string                     `json:"reason,omitempty"`
}

func (f *family) edit(ctx context.Context, guild snowflake.GuildID, a editArgs) (any, error) {
	t, err := f.Channel(ctx, guild, a.Channel)
	if err != nil {
		return nil, err
	}
	fields, err := body.Payload(ctx, f.Discord, guild, a.Payload)
	if err != nil {
		return nil, err
	}
	return f.Do(ctx, "PATCH", t, outbound.Content{Body: fields, Reason: a.Reason})
}

type channelArgs struct {
	Channel snowflake.ChannelID `json:"channelId"`
	Reason  string              `json:"reason,omitempty"`
}

func (f *family) remove(ctx context.Context, guild snowflake.GuildID, a channelArgs) (any, error) {
	t, err := f.Channel(ctx, guild, a.Channel)
	if err != nil {
		return nil, err
	}
	return f.Do(ctx, "DELETE", t, outbound.Content{Reason: a.Reason})
}

func (f *family) fetch(ctx context.Context, guild snowflake.GuildID, a channelArgs) (any, error) {
	t, err := f.Channel(ctx, guild, a.Channel)
	if err != nil {
		return nil, err
	}
	return f.Do(ctx, "GET", t, outbound.Content{})
}

type guildArgs struct {
	Guild *snowflake.GuildID `json:"guildId,omitempty"`
}

func (f *family) list(ctx context.Context, guild snowflake.GuildID, a guildArgs) (any, error) {
	t, err := f.Guild(guild, a.Guild)
	if err != nil {
		return nil, err
	}
	return f.Do(ctx, "GET", t.Sub("/channels"), outbound.Content{})
}
