package discord

import (
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
)

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
		e := newCloseError(c.code, "why", catalog.Guilds|catalog.GuildMembers|catalog.MessageContent)
		if e.Fatal() != c.fatal || forgetsSession(c.code) != c.forget || !strings.Contains(e.Error(), c.says) {
			t.Errorf("%d: fatal %v, forgets %v, %q", c.code, e.Fatal(), forgetsSession(c.code), e)
		}
	}
}
