// Package reaction holds the ops that add and remove reactions.
package reaction

import (
	"context"

	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/v8ops/body"
	"github.com/flora-runtime/flora-runtime/v8ops/outbound"
)

// Ops declares the family.
func Ops(d *outbound.Discord) []op.Op {
	f := &family{d}
	return []op.Op{
		op.Define("op_add_reaction", op.Channel, f.add),
		op.Define("op_remove_reaction", op.Channel, f.remove),
		op.Define("op_clear_reactions", op.Channel, f.clear),
	}
}

type family struct{ *outbound.Discord }

type addArgs struct {
	Channel snowflake.ChannelID `json:"channelId"`
	Message snowflake.MessageID `json:"messageId"`
	Emoji   body.Emoji          `json:"emoji"`
}

func (f *family) add(ctx context.Context, guild snowflake.GuildID, a addArgs) (any, error) {
	t, err := f.Channel(ctx, guild, a.Channel)
	if err != nil {
		return nil, err
	}
	return f.Tell(ctx, "PUT", t.Message(a.Message).Sub("/reactions/{emoji.id}/@me", string(a.Emoji)), outbound.Content{})
}

type removeArgs struct {
	Channel snowflake.ChannelID `json:"channelId"`
	Message snowflake.MessageID `json:"messageId"`
	Emoji   body.Emoji          `json:"emoji"`
	User    *snowflake.UserID   `json:"userId,omitempty"` // Absent is the bot itself.
}

func (f *family) remove(ctx context.Context, guild snowflake.GuildID, a removeArgs) (any, error) {
	t, err := f.Channel(ctx, guild, a.Channel)
	if err != nil {
		return nil, err
	}
	t = t.Message(a.Message).Sub("/reactions/{emoji.id}", string(a.Emoji))
	if a.User == nil {
		t = t.Sub("/@me")
	} else {
		t = t.Sub("/{user.id}", a.User.String())
	}
	return f.Tell(ctx, "DELETE", t, outbound.Content{})
}

type clearArgs struct {
	Channel snowflake.ChannelID `json:"channelId"`
	Message snowflake.MessageID `json:"messageId"`
	Emoji   *body.Emoji         `json:"emoji,omitempty"` // Absent is every emoji.
}

func (f *family) clear(ctx context.Context, guild snowflake.GuildID, a clearArgs) (any, error) {
	t, err := f.Channel(ctx, guild, a.Channel)
	if err != nil {
		return nil, err
	}
	t = t.Message(a.Message).Sub("/reactions")
	if a.Emoji != nil {
		t = t.Sub("/{emoji.id}", string(*a.Emoji))
	}
	return f.Tell(ctx, "DELETE", t, outbound.Content{})
}
