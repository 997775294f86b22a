package catalog_test

import (
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
)

func TestEventsAreWhole(t *testing.T) {
	t.Parallel()
	types, names := map[string]bool{}, map[string]bool{}
	for _, e := range catalog.Events() {
		if types[e.Type] || e.Type != strings.ToUpper(e.Type) {
			t.Errorf("%s is there twice, or is no name of Discord's", e.Type)
		}
		types[e.Type] = true
		for _, name := range e.Names {
			if names[name] || strings.ContainsAny(name, "_ ") {
				t.Errorf("%s: %q is there twice, or is no name for scripts", e.Type, name)
			}
			names[name] = true
			if catalog.ByName(name).Type != e.Type || !catalog.Exists(name) {
				t.Errorf("%q is not found", name)
			}
		}
		if e.Guild != "guild_id" && e.Guild != "id" || len(e.Scripts) != len(e.Names) || e.Scripts[0].When == "" || e.Scripts[0].Object == "" || (e.Intents|e.Whole)&^catalog.All != 0 {
			t.Errorf("%+v is not whole", e)
		}
		if reason, both := catalog.Omitted[e.Type]; both {
			t.Errorf("%s is delivered and left out: %s", e.Type, reason)
		}
		if catalog.ByType(e.Type) == nil || len(catalog.Names(e.Type)) == 0 {
			t.Errorf("%s is not found", e.Type)
		}
	}
	if len(types) < 65 {
		t.Errorf("%d events, want all of Discord's", len(types))
	}
	for _, e := range catalog.Events() {
		if e.Intents&catalog.Privileged == e.Intents && e.Intents != 0 {
			continue
		}
		if e.Intents&catalog.Privileged != 0 {
			t.Errorf("%s: one of its intents is privileged and the others are not; which one is asked for?", e.Type)
		}
	}
}

// The list of Discord's documentation of the intents, shortened: an intent that
// is wrong would only show with the real Discord.
func TestIntentsAreDiscords(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]uint32{
		"messageCreate": 1<<9 | 1<<15, "messageDelete": 1 << 9, "reactionAdd": 1 << 10, "guildMemberAdd": 1 << 1, "guildBanAdd": 1 << 2,
		"guildAuditLogEntryCreate": 1 << 2, "guildEmojisUpdate": 1 << 3, "guildSoundboardSoundsUpdate": 1 << 3, "integrationCreate": 1 << 4,
		"webhooksUpdate": 1 << 5, "inviteCreate": 1 << 6, "voiceStateUpdate": 1 << 7, "voiceChannelEffectSend": 1 << 7,
		"voiceChannelStatusUpdate": 1, "presenceUpdate": 1 << 8, "typingStart": 1 << 11, "guildScheduledEventUserAdd": 1 << 16,
		"autoModerationRuleCreate": 1 << 20, "autoModerationActionExecution": 1<<21 | 1<<15, "messagePollVoteAdd": 1 << 24,
		"threadMembersUpdate": 1<<0 | 1<<1, "stageInstanceCreate": 1, "channelPinsUpdate": 1, "interactionCreate": 0, "entitlementCreate": 0,
		"ready": 0, "__cron:x": 0, "nothing": 0,
	} {
		if got := catalog.Needed(name); got != catalog.Intents(want) {
			t.Errorf("%s needs %s, want %s", name, got, catalog.Intents(want))
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"messageReactionAdd": "reactionAdd", "GUILD_MEMBER_ADD": "guildMemberAdd", "guildmemberadd": "guildMemberAdd", "clientReady": "ready",
		"guildCreate": "guildAvailable", "nonsense": "",
	} {
		if got := catalog.Nearest(name); got != want || catalog.Exists(name) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
		if want != "" && !catalog.Exists(want) {
			t.Errorf("%s, which is meant by %s, does not exist", want, name)
		}
	}
	if !catalog.Exists("__cron:x") || !catalog.Exists("ready") || catalog.ByName("ready") != nil || catalog.Names("TYPING") != nil {
		t.Error("what comes from no event of Discord's is not told apart")
	}
}

func TestIntentNames(t *testing.T) {
	t.Parallel()
	if got := (catalog.Guilds | catalog.MessageContent).String(); got != "GUILDS, MESSAGE_CONTENT" {
		t.Errorf("got %s", got)
	}
	if got := catalog.Intents(1<<30).String() + catalog.Intents(0).String(); got != "0x40000000none" {
		t.Errorf("got %s", got)
	}
	for list, want := range map[string]catalog.Intents{
		"": 0, "none": 0, "message_content, GUILD_MEMBERS": catalog.MessageContent | catalog.GuildMembers, "guild_presences": catalog.GuildPresences,
	} {
		if got, err := catalog.ParsePrivileged(list); err != nil || got != want {
			t.Errorf("%q: got %s, %v", list, got, err)
		}
	}
	if _, err := catalog.ParsePrivileged("guilds"); err == nil || !strings.Contains(err.Error(), `"guilds"`) {
		t.Errorf("an intent that is not privileged gives %v", err)
	}
	if catalog.Known()&catalog.All != catalog.All {
		t.Error("some intents have no name")
	}
}

func TestParseIntents(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]catalog.Intents{
		"": 0, " , ": 0, "guilds": catalog.Guilds, "Guild_Messages, GUILD_MESSAGE_REACTIONS": catalog.GuildMessages | catalog.GuildMessageReactions,
		"message_content": catalog.MessageContent,
	} {
		if got, err := catalog.ParseIntents(list); err != nil || got != want {
			t.Errorf("%q: %v, %v", list, got, err)
		}
	}
	for _, list := range []string{"reactions", "guilds;guild_messages", "direct_messages", "1"} {
		if got, err := catalog.ParseIntents(list); err == nil || !strings.Contains(err.Error(), "guild_messages") {
			t.Errorf("%q: %v, %v", list, got, err)
		}
	}
}
