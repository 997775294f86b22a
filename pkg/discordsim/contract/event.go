package contract

import (
	"encoding/json"
	"strings"
)

// events are the gateway's events whose payload, or a part of it, is an object
// of REST, by the name of its schema. Parts with "[]" are lists.
var events = map[string]map[string]string{
	"GUILD_CREATE": {
		"roles[]": "GuildRoleResponse", "emojis[]": "EmojiResponse", "stickers[]": "GuildStickerResponse", "channels[]": "GuildChannelResponse",
		"threads[]": "ThreadResponse", "members[]": "GuildMemberResponse", "stage_instances[]": "StageInstanceResponse",
		"soundboard_sounds[]": "SoundboardSoundResponse", "voice_states[]": "VoiceStateResponse",
	},
	"GUILD_UPDATE":                  {"": "GuildResponse"},
	"GUILD_ROLE_CREATE":             {"role": "GuildRoleResponse"},
	"GUILD_ROLE_UPDATE":             {"role": "GuildRoleResponse"},
	"GUILD_BAN_ADD":                 {"user": "UserResponse"},
	"GUILD_BAN_REMOVE":              {"user": "UserResponse"},
	"GUILD_MEMBER_ADD":              {"": "GuildMemberResponse"},
	"GUILD_MEMBER_UPDATE":           {"": "GuildMemberResponse"},
	"GUILD_MEMBER_REMOVE":           {"user": "UserResponse"},
	"GUILD_EMOJIS_UPDATE":           {"emojis[]": "EmojiResponse"},
	"GUILD_STICKERS_UPDATE":         {"stickers[]": "GuildStickerResponse"},
	"GUILD_SOUNDBOARD_SOUND_CREATE": {"": "SoundboardSoundResponse"},
	"GUILD_SOUNDBOARD_SOUND_UPDATE": {"": "SoundboardSoundResponse"},
	"GUILD_AUDIT_LOG_ENTRY_CREATE":  {"": "AuditLogEntryResponse"},
	"CHANNEL_CREATE":                {"": "GuildChannelResponse"},
	"CHANNEL_UPDATE":                {"": "GuildChannelResponse"},
	"CHANNEL_DELETE":                {"": "GuildChannelResponse"},
	"THREAD_CREATE":                 {"": "ThreadResponse"},
	"THREAD_UPDATE":                 {"": "ThreadResponse"},
	"MESSAGE_CREATE":                {"": "MessageResponse"},
	"MESSAGE_UPDATE":                {"": "MessageResponse"},
	"STAGE_INSTANCE_CREATE":         {"": "StageInstanceResponse"},
	"STAGE_INSTANCE_UPDATE":         {"": "StageInstanceResponse"},
	"STAGE_INSTANCE_DELETE":         {"": "StageInstanceResponse"},
	"VOICE_STATE_UPDATE":            {"": "VoiceStateResponse"},
}

// Event checks an event's payload.
func (d *Document) Event(name string, data json.RawMessage) []Violation {
	var out []Violation
	for part, schema := range events[name] {
		v, err := decode(data)
		if err != nil {
			return []Violation{{Path: name, Side: "event", Text: err.Error()}}
		}
		values := []any{v}
		if part != "" {
			key, many := strings.CutSuffix(part, "[]")
			values = []any{object(v)[key]}
			if many {
				values = array(object(v)[key])
			}
		}
		o := &Operation{Path: name}
		for _, one := range values {
			out = append(out, d.validate(o, "event", "/components/schemas/"+schema, one)...)
		}
	}
	return keep(out)
}
