package cli

import (
	"cmp"
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// maxSecret bounds a secret that is read, and a variable; the server's own
// limits are below.
const maxSecret = 512 << 10

// deletedDoc is what --json prints for what was there.
var deletedDoc = map[string]bool{"deleted": true}

func (a *app) secretCommand() *cobra.Command {
	return family("secret", "Look after values that a script sends and never sees", a.secretSetCommand(), a.secretListCommand(), a.secretDeleteCommand())
}

func (a *app) secretSetCommand() *cobra.Command {
	var hosts []string
	var allowHTTP bool
	c := a.inGuild(&cobra.Command{
		Use: "set <name>", Short: "Make or replace a secret", Args: exactly("the secret"),
		Long: `Makes or replaces a secret. Its value is read from standard input, without a line
feed at the end, or on a terminal asked for without showing it; it is never an
argument, which others on the machine could read. It is sent to the hosts that
--host names and to no others: api.example.com, *.example.com or * for all.`,
		Example: "  flora secret set API_KEY --host api.example.com < key.txt",
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, args []string) error {
		if len(hosts) == 0 {
			return usage("name the hosts that the secret may go to: --host api.example.com (or '*' for all)")
		}
		value, err := a.secretValue(args[0])
		if err != nil {
			return err
		}
		s, err := api.SetSecret(ctx, guild, args[0], value, hosts, allowHTTP)
		if err != nil {
			return err
		}
		return a.say(s, "Set secret '%s' for guild %s, for %s", s.Name, guild, strings.Join(s.AllowedHosts, ", "))
	})
	c.Flags().StringSliceVar(&hosts, "host", nil, "a host that it may be sent to; may be given again")
	c.Flags().BoolVar(&allowHTTP, "allow-http", false, "let it be sent without encryption")
	return c
}

func (a *app) secretValue(name string) (value string, err error) {
	if a.Hidden != nil {
		value, err = a.hidden("Value of " + name)
	} else if value, err = a.input(maxSecret); err == nil {
		value = line(value)
	}
	if err == nil && value == "" {
		err = usage("the secret is empty; its value is read from standard input: flora secret set %s --host ... < file", name)
	}
	return value, err
}

func (a *app) secretListCommand() *cobra.Command {
	return a.inGuild(&cobra.Command{
		Use: "list", Short: "List the secrets, without their values", Args: cobra.NoArgs,
		Example: "  flora secret list",
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, _ []string) error {
		all, err := api.Secrets(ctx, guild)
		if err != nil {
			return err
		}
		rows := make([][]string, len(all))
		for i, s := range all {
			notes := []string{}
			if s.AllowHTTP {
				notes = append(notes, "http")
			}
			if s.Broken {
				notes = append(notes, "broken: set it anew")
			}
			rows[i] = []string{s.Name, strings.Join(s.AllowedHosts, ","), local(s.UpdatedAt), cmp.Or(strings.Join(notes, ", "), "-")}
		}
		return a.table(all, "No secrets found for guild "+guild.String(), []string{"NAME", "HOSTS", "UPDATED", "NOTES"}, rows)
	})
}

func (a *app) secretDeleteCommand() *cobra.Command {
	return a.inGuild(&cobra.Command{
		Use: "delete <name>", Short: "Remove a secret", Args: exactly("the secret; `flora secret list` lists them"),
		Long:    "Removes a secret. When there is none of the name, the exit code is 4.",
		Example: "  flora secret delete API_KEY",
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, args []string) error {
		there, err := api.DeleteSecret(ctx, guild, args[0])
		if err != nil {
			return err
		}
		if !there {
			return coded(NotFound, "guild %s has no secret '%s'; `flora secret list` lists them", guild, args[0])
		}
		return a.say(deletedDoc, "Deleted secret '%s' of guild %s", args[0], guild)
	})
}

func (a *app) varCommand() *cobra.Command {
	c := family("var", "Look after plain values that a script reads", a.varSetCommand(), a.varGetCommand(), a.varListCommand(), a.varDeleteCommand())
	c.Long = "Looks after the variables that a script reads with Deno.env.get. What must stay secret is for \"flora secret\"."
	return c
}

func (a *app) varSetCommand() *cobra.Command {
	var c *cobra.Command
	c = a.inGuild(&cobra.Command{
		Use: "set <name> <value>", Short: "Make or replace a variable", Args: cobra.ExactArgs(2),
		Long:    "Makes or replaces a variable; - reads the value from standard input, without a line feed at the end.",
		Example: "  flora var set PREFIX '!'\n  flora var set MOTD - < motd.txt",
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, args []string) error {
		value := args[1]
		if at := c.ArgsLenAtDash(); value == "-" && (at < 0 || at > 1) {
			text, err := a.input(maxSecret)
			if err != nil {
				return err
			}
			value = line(text)
		}
		v, err := api.SetVariable(ctx, guild, args[0], value)
		if err != nil {
			return err
		}
		return a.say(v, "Set variable '%s' for guild %s", v.Name, guild)
	})
	return c
}

func (a *app) varGetCommand() *cobra.Command {
	return a.inGuild(&cobra.Command{
		Use: "get <name>", Short: "Print a variable", Args: exactly("the variable; `flora var list` lists them"),
		Long:    "Prints a variable's value and a line feed. When there is none of the name, the exit code is 4.",
		Example: "  flora var get PREFIX",
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, args []string) error {
		v, err := api.Variable(ctx, guild, args[0])
		switch {
		case err != nil:
			return unknown(err, "`flora var list` lists them.")
		case a.json:
			return a.printJSON(v)
		case a.Terminal:
			v.Value = printable(v.Value)
		}
		return a.printf("%s\n", v.Value)
	})
}

func (a *app) varListCommand() *cobra.Command {
	return a.inGuild(&cobra.Command{
		Use: "list", Short: "List the variables", Args: cobra.NoArgs,
		Example: "  flora var list",
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, _ []string) error {
		all, err := api.Variables(ctx, guild)
		if err != nil {
			return err
		}
		rows := make([][]string, len(all))
		for i, v := range all {
			rows[i] = []string{v.Name, clip(v.Value), local(v.UpdatedAt)}
		}
		return a.table(all, "No variables found for guild "+guild.String(), []string{"NAME", "VALUE", "UPDATED"}, rows)
	})
}

func (a *app) varDeleteCommand() *cobra.Command {
	return a.inGuild(&cobra.Command{
		Use: "delete <name>", Short: "Remove a variable", Args: exactly("the variable; `flora var list` lists them"),
		Long:    "Removes a variable. When there is none of the name, the exit code is 4.",
		Example: "  flora var delete PREFIX",
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, args []string) error {
		there, err := api.DeleteVariable(ctx, guild, args[0])
		if err != nil {
			return err
		}
		if !there {
			return coded(NotFound, "guild %s has no variable '%s'; `flora var list` lists them", guild, args[0])
		}
		return a.say(deletedDoc, "Deleted variable '%s' of guild %s", args[0], guild)
	})
}
