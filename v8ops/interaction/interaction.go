// Package interaction holds the ops that answer interactions. Their tokens are
// good for the guild that received them only, and for 15 minutes.
package interaction

import (
	"context"
	"encoding/json"
	"net/url"

	"github.com/tidwall/gjson"

	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/v8ops/body"
	"github.com/flora-runtime/flora-runtime/v8ops/outbound"
)

// Ops declares the family.
func Ops(d *outbound.Discord) []op.Op {
	f := &family{d}
	return []op.Op{
		op.Define("op_send_interaction_response", op.Interaction, f.send),
		op.Define("op_defer_interaction_response", op.Interaction, f.deferResponse),
		op.Define("op_update_interaction_response", op.Interaction, f.update),
		op.Define("op_defer_interaction_update", op.Interaction, f.deferUpdate),
		op.Define("op_show_modal", op.Interaction, f.showModal),
		op.Define("op_send_autocomplete_result", op.Interaction, f.autocomplete),
		op.Define("op_edit_original_interaction_response", op.Interaction, f.editOriginal),
		op.Define("op_create_followup_message", op.Interaction, f.followUp),
		op.Define("op_edit_followup_message", op.Interaction, f.editFollowUp),
	}
}

type family struct{ *outbound.Discord }

// Discord's interaction callback types.
const (
	callbackMessage      = 4
	callbackDefer        = 5
	callbackDeferUpdate  = 6
	callbackUpdate       = 7
	callbackAutocomplete = 8
	callbackModal        = 9
)

// callback answers the interaction. With message, the script gets the message
// that the answer made or changed.
func (f *family) callback(ctx context.Context, t outbound.Target, kind int, data any, c outbound.Content, message bool) (any, error) {
	doc := map[string]any{"type": kind}
	if data != nil {
		doc["data"] = data
	}
	c.Body = doc
	if !message {
		return f.Tell(ctx, "POST", t, c)
	}
	c.Query = url.Values{"with_response": {"true"}}
	raw, err := f.Raw(ctx, "POST", t, c)
	if err != nil {
		return nil, err
	}
	if m := gjson.GetBytes(raw, "resource.message"); m.IsObject() {
		return json.RawMessage(m.Raw), nil
	}
	return nil, nil
}

type sendArgs struct {
	Interaction snowflake.InteractionID `json:"interactionId"`
	Token       string                  `json:"token"`
	Body        op.Rest
}

func (f *family) send(ctx context.Context, guild snowflake.GuildID, a sendArgs) (any, error) {
	t, err := f.Callback(guild, a.Interaction, a.Token)
	if err != nil {
		return nil, err
	}
	m, err := body.NewMessage(ctx, f.Discord, guild, a.Body, body.Rules{Hides: true})
	if err != nil {
		return nil, err
	}
	return f.callback(ctx, t, callbackMessage, m.Fields(), m.Content(), true)
}

func (f *family) update(ctx context.Context, guild snowflake.GuildID, a sendArgs) (any, error) {
	t, err := f.Callback(guild, a.Interaction, a.Token)
	if err != nil {
		return nil, err
	}
	m, err := body.NewMessage(ctx, f.Discord, guild, a.Body, body.Rules{Edit: true})
	if err != nil {
		return nil, err
	}
	return f.callback(ctx, t, callbackUpdate, m.Fields(), m.Content(), true)
}

type deferArgs struct {
	Interaction snowflake.InteractionID `json:"interactionId"`
	Token       string                  `json:"token"`
	Ephemeral   bool                    `json:"ephemeral,omitempty"`
	Flags       uint32                  `json:"flags,omitempty"`
}

func (f *family) deferResponse(ctx context.Context, guild snowflake.GuildID, a deferArgs) (any, error) {
	t, err := f.Callback(guild, a.Interaction, a.Token)
	if err != nil {
		return nil, err
	}
	var data any
	switch {
	case a.Ephemeral:
		data = map[string]any{"flags": body.Ephemeral(uint64(a.Flags))}
	case a.Flags != 0:
		data = map[string]any{"flags": a.Flags}
	}
	return f.callback(ctx, t, callbackDefer, data, outbound.Content{}, false)
}

type tokenArgs struct {
	Interaction snowflake.InteractionID `json:"interactionId"`
	Token       string                  `json:"token"`
}

func (f *family) deferUpdate(ctx context.Context, guild snowflake.GuildID, a tokenArgs) (any, error) {
	t, err := f.Callback(guild, a.Interaction, a.Token)
	if err != nil {
		return nil, err
	}
	return f.callback(ctx, t, callbackDeferUpdate, nil, outbound.Content{}, false)
}

type modalArgs struct {
	Interaction snowflake.InteractionID    `json:"interactionId"`
	Token       string                     `json:"token"`
	Modal       map[string]json.RawMessage `json:"modal"`
}

func (f *family) showModal(ctx context.Context, guild snowflake.GuildID, a modalArgs) (any, error) {
	t, err := f.Callback(guild, a.Interaction, a.Token)
	if err != nil {
		return nil, err
	}
	modal, err := body.Modal(a.Modal)
	if err != nil {
		return nil, err
	}
	return f.callback(ctx, t, callbackModal, modal, outbound.Content{}, false)
}

// maxChoices is how many choices Discord shows.
const maxChoices = 25

type choicesArgs struct {
	Interaction snowflake.InteractionID `json:"interactionId"`
	Token       string                  `json:"token"`
	Choices     []json.RawMessage       `json:"choices"`
}

// Validate implements what op.Define asks for.
func (a *choicesArgs) Validate() error {
	if n := len(a.Choices); n > maxChoices {
		return op.Invalid("choices", "there are %d; the limit is %d", n, maxChoices)
	}
	return nil
}

func (f *family) autocomplete(ctx context.Context, guild snowflake.GuildID, a choicesArgs) (any, error) {
	t, err := f.Callback(guild, a.Interaction, a.Token)
	if err != nil {
		return nil, err
	}
	choices, err := body.Choices("choices", a.Choices)
	if err != nil {
		return nil, err
	}
	return f.callback(ctx, t, callbackAutocomplete, map[string]any{"choices": choices}, outbound.Content{}, false)
}
