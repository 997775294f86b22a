package cli

import (
	"cmp"
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// What to do where nothing is deployed, or a revision is not there.
const (
	nothingRuns = "Nothing runs there: `flora deploy` begins, and `flora history` shows what was."
	revisions   = "`flora history` lists the revisions."
)

func (a *app) getCommand() *cobra.Command {
	return a.inGuild(&cobra.Command{
		Use: "get", Short: "Show what a guild runs", Args: cobra.NoArgs,
		Long:    "Shows what a guild runs. With --json the sources that are kept with it are there, too.",
		Example: "  flora get\n  flora get --json",
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, _ []string) error {
		d, err := api.Deployment(ctx, guild)
		if err != nil {
			return unknown(err, nothingRuns)
		}
		return a.fields(d, field{"guild", d.Guild.String()}, field{"entry", d.Entry}, field{"revision", cmp.Or(d.RevisionID, "unknown")},
			field{"created", local(d.CreatedAt)}, field{"updated", local(d.UpdatedAt)})
	})
}

func (a *app) listCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the deployments of your guilds", Args: cobra.NoArgs,
		Example: "  flora list",
		RunE: a.run(func(ctx context.Context, _ []string) error {
			api, err := a.client(ctx)
			if err != nil {
				return err
			}
			all, err := api.Deployments(ctx)
			if err != nil {
				return err
			}
			rows := make([][]string, len(all))
			for i, d := range all {
				rows[i] = []string{d.Guild.String(), d.Entry, cmp.Or(d.RevisionID, "-"), local(d.UpdatedAt)}
			}
			return a.table(all, "No deployments found.", []string{"GUILD", "ENTRY", "REVISION", "UPDATED"}, rows)
		}),
	}
}

func (a *app) historyCommand() *cobra.Command {
	var limit int
	var everything bool
	c := a.inGuild(&cobra.Command{
		Use: "history", Short: "List a guild's deployments, the newest first", Args: cobra.NoArgs,
		Long: `Lists a guild's deployments, also those that failed, the newest first. The
server keeps the latest ones; "flora limits" says how many.`,
		Example: "  flora history\n  flora history --limit 5 --json",
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, _ []string) error {
		if everything {
			limit = 0
		} else if limit < 1 {
			return usage("--limit is %d, but it must be 1 or more", limit)
		}
		all, err := api.History(ctx, guild, limit)
		if err != nil {
			return err
		}
		rows := make([][]string, len(all))
		for i, r := range all {
			rows[i] = []string{r.ID, r.Status, local(r.DeployedAt), cmp.Or(r.Actor.Username, r.Actor.UserID, r.Actor.Type, "-"), cmp.Or(r.Source, "-"), r.Entry, changes(r)}
		}
		return a.table(all, "Nothing was ever deployed to guild "+guild.String()+".",
			[]string{"REVISION", "STATUS", "DEPLOYED", "BY", "WITH", "ENTRY", "CHANGES"}, rows)
	})
	c.Flags().IntVarP(&limit, "limit", "n", 25, "how many")
	c.Flags().BoolVar(&everything, "all", false, "all that are kept")
	return c
}

// changes says in short what a revision brought.
func changes(r client.Revision) string {
	switch {
	case r.Error != "":
		return clip(r.Error)
	case r.RollbackOf != "":
		return "rollback to " + r.RollbackOf
	case r.Changes == nil:
		return "-"
	}
	return "+" + strconv.Itoa(len(r.Changes.Added)) + " -" + strconv.Itoa(len(r.Changes.Removed)) + " ~" + strconv.Itoa(len(r.Changes.Modified)) + " files"
}

// clip makes text short enough for a table.
func clip(s string) string {
	const most = 60
	runes := []rune(oneLine(s))
	if len(runes) <= most {
		return string(runes)
	}
	return string(runes[:most-3]) + "..."
}

func (a *app) rollbackCommand() *cobra.Command {
	var yes bool
	c := a.inGuild(&cobra.Command{
		Use: "rollback <revision>", Short: "Deploy an older revision again", Args: exactly("a revision; `flora history` lists them"),
		Long: `Deploys the bundle of an older, successful revision again, as a new revision.
When it does not load, what runs goes on. On a terminal it asks first.`,
		Example:           "  flora rollback $REVISION --yes",
		ValidArgsFunction: a.completeRevisions,
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, args []string) error {
		if err := a.confirm(yes, "Roll guild %s back to revision %s?", guild, args[0]); err != nil {
			return err
		}
		r, err := api.Rollback(ctx, guild, args[0])
		if err != nil {
			return unknown(err, revisions)
		}
		a.warnings(r.Warnings)
		return a.say(r, "Rolled guild %s back to %s\n  revision  %s\n  entry     %s", guild, args[0], r.ID, r.Entry)
	})
	withYes(c, &yes)
	return c
}

func (a *app) deleteCommand() *cobra.Command {
	var yes bool
	c := a.inGuild(&cobra.Command{
		Use: "delete", Short: "Stop a guild's script and delete it", Args: cobra.NoArgs,
		Long: `Stops a guild's script and deletes it, with its cron jobs and slash commands. Its
history stays, so "flora rollback" brings it back; key-value stores and secrets
stay, too. On a terminal it asks first.`,
		Example: "  flora delete --yes",
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, _ []string) error {
		if err := a.confirm(yes, "Stop and delete the script of guild %s?", guild); err != nil {
			return err
		}
		d, err := api.DeleteDeployment(ctx, guild)
		if err != nil {
			return unknown(err, nothingRuns)
		}
		a.warnings(d.Warnings)
		return a.say(d, "Deleted the deployment of guild %s; `flora history` has what it was", guild)
	})
	withYes(c, &yes)
	return c
}

// warnings passes on what the server warns of; with --json they are in the
// document.
func (a *app) warnings(all []string) {
	for _, w := range all {
		if !a.json {
			a.warn("%s", w)
		}
	}
}

func withYes(c *cobra.Command, yes *bool) {
	c.Flags().BoolVarP(yes, "yes", "y", false, "do not ask")
}

// exactly refuses anything but one argument, and says which.
func exactly(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch len(args) {
		case 1:
			return nil
		case 0:
			return usage("name %s: %s", what, c.UseLine())
		}
		return usage("accepts 1 argument, received %d: %s", len(args), c.UseLine())
	}
}
