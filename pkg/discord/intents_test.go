package discord

import (
	"strings"
	"testing"
)

func TestIntents(t *testing.T) {
	t.Parallel()
	got, err := ParseIntents([]string{"guild_messages", " MESSAGE_CONTENT ", "GUILD_MESSAGE_REACTIONS"})
	if err != nil || got != DefaultIntents {
		t.Errorf("got %s, %v", got, err)
	}
	if got := DefaultIntents.String(); got != "GUILDS, GUILD_MESSAGES, GUILD_MESSAGE_REACTIONS, MESSAGE_CONTENT" {
		t.Errorf("got %s", got)
	}
	if got := Intents(1<<30).String() + Intents(0).String(); got != "0x40000000none" {
		t.Errorf("got %s", got)
	}
	if _, err := ParseIntents([]string{"GUILD_MESAGES"}); err == nil || !strings.Contains(err.Error(), `"GUILD_MESAGES"`) {
		t.Errorf("a misspelt intent gives %v", err)
	}
}

func TestCloseErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code   int
		fatal  bool
		forget bool
		says   string
	}{
		{4000, false, false, "code 4000 (why)"},
		{4001, false, false, "4001"},
		{4003, false, true, "4003"},
		{4004, true, false, "discord.bot_token"},
		{4007, false, true, "4007"},
		{4008, false, false, "4008"},
		{4009, false, true, "4009"},
		{4010, true, false, "discord.shards"},
		{4011, true, false, "discord.shards to 0"},
		{4012, true, false, "version 10"},
		{4013, true, false, "GUILD_MEMBERS, MESSAGE_CONTENT"},
		{4014, true, false, "the privileged intents GUILD_MEMBERS, MESSAGE_CONTENT;"},
		{1006, false, false, "1006"},
	} {
		e := newCloseError(c.code, "why", IntentGuilds|1<<1|IntentMessageContent)
		if e.Fatal() != c.fatal || forgetsSession(c.code) != c.forget || !strings.Contains(e.Error(), c.says) {
			t.Errorf("%d: fatal %v, forgets %v, %q", c.code, e.Fatal(), forgetsSession(c.code), e)
		}
	}
}
