package cli

import (
	"cmp"
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

func (a *app) tokenCommand() *cobra.Command {
	return family("token", "Look after your API tokens", a.tokenCreateCommand(), a.tokenListCommand(), a.tokenDeleteCommand())
}

func (a *app) tokenCreateCommand() *cobra.Command {
	var guilds []string
	var life span
	var readOnly bool
	c := &cobra.Command{
		Use: "create [label]", Short: "Make an API token", Args: cobra.MaximumNArgs(1),
		Long: `Makes an API token and prints it, this once. It is no wider than the one you are
logged in with: without --guild it is for the same guilds.`,
		Example: "  flora token create ci --guild $GUILD --expires-in 30d",
		RunE: a.run(func(ctx context.Context, args []string) error {
			t := client.NewToken{Label: cmp.Or(args...), ReadOnly: readOnly, ExpiresIn: life.seconds()}
			for _, text := range guilds {
				id, err := snowflake.ParseGuild(strings.TrimSpace(text))
				if err != nil {
					return usage("guild %q is %s; `flora guilds` lists yours", text, err)
				}
				t.Guilds = append(t.Guilds, id)
			}
			api, err := a.client(ctx)
			if err != nil {
				return err
			}
			made, err := api.CreateToken(ctx, t)
			if err != nil {
				return err
			}
			if !a.json {
				a.note("Made token %s, %s; it is shown this once:", made.ID, scope(made.Token))
			}
			return a.say(made, "%s", made.Text)
		}),
	}
	c.Flags().StringSliceVarP(&guilds, "guild", "g", nil, "a guild that it is for; may be given again")
	c.Flags().Var(&life, "expires-in", "how long it is good for: seconds, or like 12h, 30d")
	c.Flags().BoolVar(&readOnly, "read-only", false, "it may only read")
	_ = c.RegisterFlagCompletionFunc("guild", a.completeGuilds) // The flag is there.
	return c
}

// scope says what a token is good for.
func scope(t client.Token) string {
	text := "for all your guilds"
	if len(t.Guilds) > 0 {
		ids := make([]string, len(t.Guilds))
		for i, g := range t.Guilds {
			ids[i] = g.String()
		}
		text = "for " + strings.Join(ids, ",")
	}
	if t.ReadOnly {
		text += ", to read only"
	}
	if t.ExpiresAt != nil {
		text += ", until " + local(*t.ExpiresAt)
	}
	return text
}

func (a *app) tokenListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List your API tokens, without their texts", Args: cobra.NoArgs,
		Example: "  flora token list",
		RunE: a.run(func(ctx context.Context, _ []string) error {
			api, err := a.client(ctx)
			if err != nil {
				return err
			}
			all, err := api.Tokens(ctx)
			if err != nil {
				return err
			}
			rows := make([][]string, len(all))
			for i, t := range all {
				rows[i] = []string{t.ID, cmp.Or(t.Label, "-"), local(t.CreatedAt), moment(t.LastUsedAt), scope(t)}
			}
			return a.table(all, "No API tokens found.", []string{"TOKEN", "LABEL", "CREATED", "LAST USED", "GOOD"}, rows)
		}),
	}
}

func (a *app) tokenDeleteCommand() *cobra.Command {
	return &cobra.Command{
		Use: "delete <id>", Short: "End an API token", Args: exactly("the token's id; `flora token list` lists them"),
		Long:    "Ends an API token; from then on it is refused.",
		Example: "  flora token delete $TOKEN_ID",
		RunE: a.run(func(ctx context.Context, args []string) error {
			api, err := a.client(ctx)
			if err != nil {
				return err
			}
			if err := api.DeleteToken(ctx, args[0]); err != nil {
				return unknown(err, "`flora token list` lists yours.")
			}
			return a.say(deletedDoc, "Deleted token %s", args[0])
		}),
	}
}
