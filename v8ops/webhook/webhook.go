// Package webhook holds the ops that run, change and remove webhooks.
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
		op.Define("op_edit_webhook", op.Webhook, f.edit),
		op.Define("op_delete_webhook", op.Webhook, f.remove),
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
	q := url.Values{"wait": {strconv.FormatBool(a.Wait)}}
	if a.Thread != nil {
		if _, err := f.Channel(ctx, guild, *a.Thread); err != nil {
			return nil, err
		}
		q.Set("thread_id", a.Thread.String())
	}
	if a.WithComponents {
		q.Set("with_components", "true")
	}
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
	Webhook snowflake.WebhookID        `json:"webhookId"`
	Token   string                     `json:"token,omitempty"`
	Payload map[string]json.RawMessage `json:"payload"`
	Reason  string                     `json:"reason,omitempty"`
}

func (f *family) edit(ctx context.Context, guild snowflake.GuildID, a editArgs) (any, error) {
	t, err := f.Webhook(ctx, guild, a.Webhook, a.Token)
	if err != nil {
		return nil, err
	}
	fields, err := body.Payload(ctx, f.Discord, guild, a.Payload)
	if err != nil {
		return nil, err
	}
	return f.Do(ctx, "PATCH", t, outbound.Content{Body: fields, Reason: a.Reason})
}

type removeArgs struct {
	Webhook snowflake.WebhookID `json:"webhookId"`
	Token   string              `json:"token,omitempty"`
	Reason  string              `json:"reason,omitempty"`
}

func (f *family) remove(ctx context.Context, guild snowflake.GuildID, a removeArgs) (any, error) {
	t, err := f.Webhook(ctx, guild, a.Webhook, a.Token)
	if err != nil {
		return nil, err
	}
	return f.Tell(ctx, "DELETE", t, outbound.Content{Reason: a.Reason})
}
