// Package webhook holds the ops that send and change messages of webhooks.
package webhook

import (
	"context"
	"encoding/json"
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
		op.Define("op_execute_webhook", op.Webhook, f.execute),
		op.Define("op_edit_webhook_message", op.Webhook, f.edit),
	}
}

type family struct{ *outbound.Discord }

type executeArgs struct {
	Webhook        snowflake.WebhookID  `json:"webhookId"`
	Token          string               `json:"token"`
	Wait           bool                 `json:"wait,omitempty"`
	Thread         *snowflake.ChannelID `json:"threadId,omitempty"`
	WithComponents bool                 `json:"withComponents,omitempty"`
	Body           op.Rest
}

// Validate implements what op.Define asks for.
func (a *executeArgs) Validate() error {
	if a.Token == "" {
		return op.Invalid("token", "it is empty")
	}
	return nil
}

func (f *family) execute(ctx context.Context, guild snowflake.GuildID, a executeArgs) (any, error) {
	t, err := f.Webhook(ctx, guild, a.Webhook, a.Token)
	if err != nil {
		return nil, err
	}
	q, err := f.query(ctx, guild, a.Thread, a.WithComponents)
	if err != nil {
		return nil, err
	}
	q.Set("wait", strconv.FormatBool(a.Wait))
	m, err := body.NewMessage(ctx, f.Discord, guild, a.Body, body.Rules{})
	if err != nil {
		return nil, err
	}
	c := m.Content()
	c.Query = q
	answer, err := f.Do(ctx, "POST", t, c)
	if err != nil || !a.Wait || answer == nil {
		return json.RawMessage("null"), err
	}
	return answer, nil
}

type editArgs struct {
	Webhook        snowflake.WebhookID  `json:"webhookId"`
	Token          string               `json:"token"`
	Message        snowflake.MessageID  `json:"messageId"`
	Thread         *snowflake.ChannelID `json:"threadId,omitempty"`
	WithComponents bool                 `json:"withComponents,omitempty"`
	Body           op.Rest
}

// Validate implements what op.Define asks for.
func (a *editArgs) Validate() error {
	if a.Token == "" {
		return op.Invalid("token", "it is empty")
	}
	return nil
}

func (f *family) edit(ctx context.Context, guild snowflake.GuildID, a editArgs) (any, error) {
	t, err := f.Webhook(ctx, guild, a.Webhook, a.Token)
	if err != nil {
		return nil, err
	}
	q, err := f.query(ctx, guild, a.Thread, a.WithComponents)
	if err != nil {
		return nil, err
	}
	m, err := body.NewMessage(ctx, f.Discord, guild, a.Body, body.Rules{Edit: true})
	if err != nil {
		return nil, err
	}
	c := m.Content()
	c.Query = q
	return f.Do(ctx, "PATCH", t.Message(a.Message), c)
}

// query says in which thread the message is, and whether components count.
func (f *family) query(ctx context.Context, guild snowflake.GuildID, thread *snowflake.ChannelID, components bool) (url.Values, error) {
	q := url.Values{}
	if thread != nil {
		if _, err := f.Channel(ctx, guild, *thread); err != nil {
			return nil, err
		}
		q.Set("thread_id", thread.String())
	}
	if components {
		q.Set("with_components", "true")
	}
	return q, nil
}
