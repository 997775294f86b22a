// Package thread holds the ops that start threads and say who is in them.
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
		op.Define("op_create_thread_from_message", op.Channel, f.createFromMessage),
		op.Define("op_join_thread", op.Thread, f.join),
		op.Define("op_leave_thread", op.Thread, f.leave),
		op.Define("op_add_thread_member", op.Thread, f.add),
		op.Define("op_remove_thread_member", op.Thread, f.remove),
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

type fromMessageArgs struct {
	Channel snowflake.ChannelID        `json:"channelId"`
	Message snowflake.MessageID        `json:"messageId"`
	Payload map[string]json.RawMessage `json:"payload"`
	Reason  string                     `json:"reason,omitempty"`
}

func (f *family) createFromMessage(ctx context.Context, guild snowflake.GuildID, a fromMessageArgs) (any, error) {
	t, err := f.Channel(ctx, guild, a.Channel)
	if err != nil {
		return nil, err
	}
	fields, err := body.Payload(ctx, f.Discord, guild, a.Payload)
	if err != nil {
		return nil, err
	}
	return f.Do(ctx, "POST", t.Message(a.Message).Sub("/threads"), outbound.Content{Body: fields, Reason: a.Reason})
}

type threadArgs struct {
	Thread snowflake.ChannelID `json:"threadId"`
}

func (f *family) join(ctx context.Context, guild snowflake.GuildID, a threadArgs) (any, error) {
	return f.self(ctx, "PUT", guild, a)
}

func (f *family) leave(ctx context.Context, guild snowflake.GuildID, a threadArgs) (any, error) {
	return f.self(ctx, "DELETE", guild, a)
}

func (f *family) self(ctx context.Context, method string, guild snowflake.GuildID, a threadArgs) (any, error) {
	t, err := f.Channel(ctx, guild, a.Thread)
	if err != nil {
		return nil, err
	}
	return f.Tell(ctx, method, t.Sub("/thread-members/@me"), outbound.Content{})
}

type memberArgs struct {
	Thread snowflake.ChannelID `json:"threadId"`
	User   snowflake.UserID    `json:"userId"`
}

func (f *family) add(ctx context.Context, guild snowflake.GuildID, a memberArgs) (any, error) {
	return f.member(ctx, "PUT", guild, a)
}

func (f *family) remove(ctx context.Context, guild snowflake.GuildID, a memberArgs) (any, error) {
	return f.member(ctx, "DELETE", guild, a)
}

func (f *family) member(ctx context.Context, method string, guild snowflake.GuildID, a memberArgs) (any, error) {
	t, err := f.Channel(ctx, guild, a.Thread)
	if err != nil {
		return nil, err
	}
	return f.Tell(ctx, method, t.Sub("/thread-members/{user.id}", a.User.String()), outbound.Content{})
}
