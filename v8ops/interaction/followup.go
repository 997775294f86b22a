package interaction

import (
	"context"
	"net/url"

	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/v8ops/body"
	"github.com/flora-runtime/flora-runtime/v8ops/outbound"
)

const original = "/messages/@original"

type originalBody struct {
	Token string `json:"token"`
	Body  op.Rest
}

func (f *family) editOriginal(ctx context.Context, guild snowflake.GuildID, a originalBody) (any, error) {
	t, err := f.FollowUp(guild, a.Token)
	if err != nil {
		return nil, err
	}
	return f.change(ctx, guild, t.Sub(original), a.Body)
}

func (f *family) change(ctx context.Context, guild snowflake.GuildID, t outbound.Target, in op.Rest) (any, error) {
	m, err := body.NewMessage(ctx, f.Discord, guild, in, body.Rules{Edit: true})
	if err != nil {
		return nil, err
	}
	return f.Do(ctx, "PATCH", t, m.Content())
}

func (f *family) followUp(ctx context.Context, guild snowflake.GuildID, a originalBody) (any, error) {
	t, err := f.FollowUp(guild, a.Token)
	if err != nil {
		return nil, err
	}
	m, err := body.NewMessage(ctx, f.Discord, guild, a.Body, body.Rules{Hides: true})
	if err != nil {
		return nil, err
	}
	c := m.Content()
	c.Query = url.Values{"wait": {"true"}}
	return f.Do(ctx, "POST", t, c)
}

type followUpBody struct {
	Token   string              `json:"token"`
	Message snowflake.MessageID `json:"messageId"`
	Body    op.Rest
}

func (f *family) editFollowUp(ctx context.Context, guild snowflake.GuildID, a followUpBody) (any, error) {
	t, err := f.FollowUp(guild, a.Token)
	if err != nil {
		return nil, err
	}
	return f.change(ctx, guild, t.Message(a.Message), a.Body)
}
