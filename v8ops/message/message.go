// Package message holds the ops on messages that do more than one row of the
// table can say: what they send is read, checked and written anew.
package message

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
		op.Define("op_send_message", op.Channel, f.send),
		op.Define("op_edit_message", op.Channel, f.edit),
		op.Define("op_bulk_delete_messages", op.Channel, f.bulkRemove),
	}
}

type family struct{ *outbound.Discord }

type sendArgs struct {
	Channel snowflake.ChannelID  `json:"channelId"`
	ReplyTo *snowflake.MessageID `json:"replyTo,omitempty"`
	// Message is the old name of ReplyTo, which wins.
	Message *snowflake.MessageID `json:"messageId,omitempty"`
	Body    op.Rest
}

func (f *family) send(ctx context.Context, guild snowflake.GuildID, a sendArgs) (any, error) {
	t, err := f.Channel(ctx, guild, a.Channel)
	if err != nil {
		return nil, err
	}
	reply := a.ReplyTo
	if reply == nil {
		reply = a.Message
	}
	m, err := body.NewMessage(ctx, f.Discord, guild, a.Body, body.Rules{Reply: reply, Channel: a.Channel})
	if err != nil {
		return nil, err
	}
	m.SetNonce(f.NewNonce())
	return f.Do(ctx, "POST", t.Sub("/messages"), m.Content())
}

type editArgs struct {
	Channel snowflake.ChannelID `json:"channelId"`
	Message snowflake.MessageID `json:"messageId"`
	Body    op.Rest
}

func (f *family) edit(ctx context.Context, guild snowflake.GuildID, a editArgs) (any, error) {
	t, err := f.Channel(ctx, guild, a.Channel)
	if err != nil {
		return nil, err
	}
	m, err := body.NewMessage(ctx, f.Discord, guild, a.Body, body.Rules{Edit: true, Channel: a.Channel})
	if err != nil {
		return nil, err
	}
	return f.Do(ctx, "PATCH", t.Message(a.Message), m.Content())
}

// maxBulk is how many messages Discord deletes at once.
const maxBulk = 100

type bulkArgs struct {
	Channel  snowflake.ChannelID   `json:"channelId"`
	Messages []snowflake.MessageID `json:"messageIds"`
	Reason   string                `json:"reason,omitempty"`
}

// Validate implements what op.Define asks for.
func (a *bulkArgs) Validate() error {
	if n := len(a.Messages); n == 0 || n > maxBulk {
		return op.Invalid("messageIds", "there are %d; give 1 to %d", n, maxBulk)
	}
	return nil
}

func (f *family) bulkRemove(ctx context.Context, guild snowflake.GuildID, a bulkArgs) (any, error) {
	t, err := f.Channel(ctx, guild, a.Channel)
	if err != nil {
		return nil, err
	}
	if len(a.Messages) == 1 { // Discord's bulk route takes two or more.
		return f.Tell(ctx, "DELETE", t.Message(a.Messages[0]), outbound.Content{Reason: a.Reason})
	}
	return f.Tell(ctx, "POST", t.Sub("/messages/bulk-delete"), outbound.Content{
		Body: map[string]any{"messages": a.Messages}, Reason: a.Reason,
	})
}
