package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// guildSetting is one setting of a guild as people write it.
type guildSetting struct {
	name string
	get  func(client.Settings) string
	set  func(s *client.Settings, value string) error
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func guildSwitch(name string, of func(*client.Settings) *bool) guildSetting {
	return guildSetting{
		name: name,
		get:  func(s client.Settings) string { return onOff(*of(&s)) },
		set: func(s *client.Settings, value string) error {
			if value != "on" && value != "off" {
				return usage("%s is on or off, not %q", name, value)
			}
			*of(s) = value == "on"
			return nil
		},
	}
}

// guildSettings are all of them, in the order in which they are shown.
var guildSettings = []guildSetting{
	guildSwitch("inbound_endpoint", func(s *client.Settings) *bool { return &s.InboundEndpoint }),
	guildSwitch("error_replies", func(s *client.Settings) *bool { return &s.ErrorReplies }),
	{
		name: "error_reply_text",
		get:  func(s client.Settings) string { return s.ErrorText },
		set: func(s *client.Settings, value string) error {
			s.ErrorText = value
			return nil
		},
	},
}

func (a *app) settingsCommand() *cobra.Command {
	c := family("settings", "Look after a guild's switches", a.settingsListCommand(), a.settingsSetCommand())
	c.Long = `Looks after what the runtime does for a guild beside running its script:

  inbound_endpoint  on or off: whether Deno.serve gets requests from outside
  error_replies     on or off: whether the bot answers for handlers that failed
  error_reply_text  what it answers then; "" for the standard text`
	return c
}

func (a *app) settingsListCommand() *cobra.Command {
	return a.inGuild(&cobra.Command{
		Use: "list", Short: "List the settings", Args: cobra.NoArgs,
		Long:    "Lists the settings, and the address of the guild's endpoint, open or not.",
		Example: "  flora settings list",
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, _ []string) error {
		s, err := api.Settings(ctx, guild)
		if err != nil {
			return err
		}
		var rows [][]string
		for _, one := range guildSettings {
			rows = append(rows, []string{one.name, clip(one.get(s))})
		}
		rows = append(rows, []string{"endpoint_url", s.EndpointURL})
		return a.table(s, "", []string{"NAME", "VALUE"}, rows)
	})
}

func (a *app) settingsSetCommand() *cobra.Command {
	return a.inGuild(&cobra.Command{
		Use: "set <name> <value>", Short: "Change a setting", Args: cobra.ExactArgs(2),
		Long:    "Changes one setting; the others stay. It is in force at once.",
		Example: "  flora settings set inbound_endpoint on",
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, args []string) error {
		for _, one := range guildSettings {
			if one.name != args[0] {
				continue
			}
			s, err := api.Settings(ctx, guild)
			if err != nil {
				return err
			}
			if err := one.set(&s, args[1]); err != nil {
				return err
			}
			if s, err = api.PutSettings(ctx, guild, s); err != nil {
				return err
			}
			more := ""
			if one.name == "inbound_endpoint" && s.InboundEndpoint {
				more = "; the script is reached at " + s.EndpointURL
			}
			return a.say(s, "Set '%s' of guild %s to %s%s", one.name, guild, clip(one.get(s)), more)
		}
		return usage("there is no setting %q; `flora settings list` lists them", args[0])
	})
}
