package body

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/scope"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/v8ops/outbound"
)

// nobody is who a message pings when its author did not say: the author of the
// message it replies to, and no one else.
const nobody = `{"parse":[],"replied_user":true}`

// limitMentions writes allowed_mentions anew from the parts that are known.
// Kinds and ids that make no sense are left out, like the original did.
func (m *Message) limitMentions(edit bool) error {
	raw, given := m.fields["allowed_mentions"]
	if !given {
		_, content := m.fields["content"]
		_, components := m.fields["components"]
		// An edit of the flags of somebody else's message may carry nothing more.
		if !edit || content || components {
			m.fields["allowed_mentions"] = json.RawMessage(nobody)
		}
		return nil
	}
	var in struct {
		Parse       []any `json:"parse"`
		Users       []any `json:"users"`
		Roles       []any `json:"roles"`
		RepliedUser *bool `json:"repliedUser"`
		Snake       *bool `json:"replied_user"`
	}
	if err := decode("allowedMentions", raw, &in); err != nil {
		return err
	}
	out := map[string]any{"parse": known(in.Parse)}
	if in.Users != nil {
		out["users"] = ids(in.Users)
	}
	if in.Roles != nil {
		out["roles"] = ids(in.Roles)
	}
	switch {
	case in.Snake != nil:
		out["replied_user"] = *in.Snake
	case in.RepliedUser != nil:
		out["replied_user"] = *in.RepliedUser
	}
	m.fields["allowed_mentions"] = encode(out)
	return nil
}

func known(kinds []any) []string {
	out := []string{}
	for _, k := range kinds {
		if s, ok := k.(string); ok && (s == "everyone" || s == "users" || s == "roles") {
			out = append(out, s)
		}
	}
	return out
}

func ids(list []any) []string {
	out := []string{}
	for _, v := range list {
		s, _ := v.(string)
		if _, err := snowflake.ParseGuild(s); err == nil {
			out = append(out, s)
		}
	}
	return out
}

// decode reads a member whose type errors name it.
func decode(name string, raw json.RawMessage, into any) error {
	err := json.Unmarshal(raw, into)
	if err == nil {
		return nil
	}
	if te, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if te.Field != "" {
			name += "." + te.Field
		}
		return op.Invalid(name, "%s does not belong here", te.Value)
	}
	return op.Invalid(name, "%s", err)
}

// refer makes the message a reply, or proves the reference that it carries: a
// forward copies what it refers to, so it must come from the guild itself.
func (m *Message) refer(ctx context.Context, d *outbound.Discord, guild snowflake.GuildID, rules Rules) error {
	raw, given := m.fields["message_reference"]
	if rules.Reply != nil {
		m.fields["message_reference"] = encode(map[string]any{"message_id": rules.Reply, "channel_id": rules.Channel})
		return nil
	}
	if !given {
		return nil
	}
	ref, err := readReference(raw)
	if err != nil {
		return err
	}
	if ref.Guild != nil && *ref.Guild != guild {
		return scope.Forbidden()
	}
	if ref.Channel != nil {
		if _, err := d.Channel(ctx, guild, *ref.Channel); err != nil {
			return err
		}
	} else if !rules.Channel.IsZero() {
		ref.Channel = &rules.Channel
	}
	m.fields["message_reference"] = encode(ref)
	return nil
}

type reference struct {
	Type    int                  `json:"type"`
	Message snowflake.MessageID  `json:"message_id"`
	Channel *snowflake.ChannelID `json:"channel_id,omitempty"`
	Guild   *snowflake.GuildID   `json:"guild_id,omitempty"`
	Must    *bool                `json:"fail_if_not_exists,omitempty"`
}

func readReference(raw json.RawMessage) (reference, error) {
	var in struct {
		Type      int                  `json:"type,omitempty"`
		MessageID *snowflake.MessageID `json:"messageId,omitempty"`
		Message   *snowflake.MessageID `json:"message_id,omitempty"`
		ChannelID *snowflake.ChannelID `json:"channelId,omitempty"`
		Channel   *snowflake.ChannelID `json:"channel_id,omitempty"`
		GuildID   *snowflake.GuildID   `json:"guildId,omitempty"`
		Guild     *snowflake.GuildID   `json:"guild_id,omitempty"`
		MustCamel *bool                `json:"failIfNotExists,omitempty"`
		Must      *bool                `json:"fail_if_not_exists,omitempty"`
	}
	if err := op.DecodeMember("messageReference", raw, &in); err != nil {
		return reference{}, err
	}
	out := reference{Type: in.Type, Channel: either(in.Channel, in.ChannelID), Guild: either(in.Guild, in.GuildID), Must: either(in.Must, in.MustCamel)}
	id := either(in.Message, in.MessageID)
	if id == nil {
		return reference{}, op.Invalid("messageReference.message_id", "it is missing")
	}
	out.Message = *id
	return out, nil
}

func either[T any](a, b *T) *T {
	if a != nil {
		return a
	}
	return b
}
