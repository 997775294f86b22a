// Package message holds the ops that send, change, read and remove messages.
package message

import (
	"context"
	"net/url"
	"strconv"

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
		op.Define("op_delete_message", op.Channel, f.remove),
		op.Define("op_bulk_delete_messages", op.Channel, f.bulkRemove),
		op.Define("op_pin_message", op.Channel, f.pin),
		op.Define("op_unpin_message", op.Channel, f.unpin),
		op.Define("op_crosspost_message", op.Channel, f.crosspost),
		op.Define("op_fetch_message", op.Channel, f.fetch),
		op.Define("op_fetch_messages", op.Channel, f.list),
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

// one names one message.
type one struct {
	Channel snowflake.ChannelID `json:"channelId"`
	Message snowflake.MessageID `json:"messageId"`
	Reason  string              `json:"reason,omitempty"`
}

func (f *family) target(ctx context.Context, guild snowflake.GuildID, a one) (outbound.Target, error) {
	t, err := f.Channel(ctx, guild, a.Channel)
	return t.Message(a.Message), err
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

func (f *family) remove(ctx context.Context, guild snowflake.GuildID, a one) (any, error) {
	t, err := f.target(ctx, guild, a)
	if err != nil {
		return nil, err
	}
	return f.Tell(ctx, "DELETE", t, outbound.Content{Reason: a.Reason})
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

func (f *family) pin(ctx context.Context, guild snowflake.GuildID, a one) (any, error) {
	return f.pins(ctx, "PUT", guild, a)
}

func (f *family) unpin(ctx context.Context, guild snowflake.GuildID, a one) (any, error) {
	return f.pins(ctx, "DELETE", guild, a)
}

func (f *family) pins(ctx context.Context, method string, guild snowflake.GuildID, a one) (any, error) {
	t, err := f.Channel(ctx, guild, a.Channel)
	if err != nil {
		return nil, err
	}
	return f.Tell(ctx, method, t.Sub("/pins/{message.id}", a.Message.String()), outbound.Content{Reason: a.Reason})
}

func (f *family) crosspost(ctx context.Context, guild snowflake.GuildID, a one) (any, error) {
	t, err := f.target(ctx, guild, a)
	if err != nil {
		return nil, err
	}
	return f.Do(ctx, "POST", t.Sub("/crosspost"), outbound.Content{})
}

func (f *family) fetch(ctx context.Context, guild snowflake.GuildID, a one) (any, error) {
	t, err := f.target(ctx, guild, a)
	if err != nil {
		return nil, err
	}
	return f.Do(ctx, "GET", t, outbound.Content{})
}

// maxPage is how many messages Discord gives at once.
const maxPage = 100

type listArgs struct {
	Channel snowflake.ChannelID  `json:"channelId"`
	Limit   *int                 `json:"limit,omitempty"`
	Before  *snowflake.MessageID `json:"before,omitempty"`
	After   *snowflake.MessageID `json:"after,omitempty"`
	Around  *snowflake.MessageID `json:"around,omitempty"`
}

// Validate implements what op.Define asks for.
func (a *listArgs) Validate() error {
	if a.Limit != nil && *a.Limit < 1 {
		return op.Invalid("limit", "it is %d; give 1 to %d", *a.Limit, maxPage)
	}
	return nil
}

func (f *family) list(ctx context.Context, guild snowflake.GuildID, a listArgs) (any, error) {
	t, err := f.Channel(ctx, guild, a.Channel)
	if err != nil {
		return nil, err
	}
	q := url.Values{}
	if a.Limit != nil { // The original caps what is more.
		q.Set("limit", strconv.Itoa(min(*a.Limit, maxPage)))
	}
	for _, bound := range []struct {
		name string
		id   *snowflake.MessageID
	}{{"before", a.Before}, {"after", a.After}, {"around", a.Around}} {
		if bound.id != nil {
			q.Set(bound.name, bound.id.String())
		}
	}
	return f.Do(ctx, "GET", t.Sub("/messages"), outbound.Content{Query: q})
}
