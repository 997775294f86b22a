package cli

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

func (a *app) cronCommand() *cobra.Command {
	return family("cron", "Look after a script's cron jobs", a.cronListCommand(), a.cronRunCommand())
}

func (a *app) cronListCommand() *cobra.Command {
	return a.inGuild(&cobra.Command{
		Use: "list", Short: "List the cron jobs of the script that runs", Args: cobra.NoArgs,
		Example: "  flora cron list",
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, _ []string) error {
		all, err := api.Crons(ctx, guild)
		if err != nil {
			return err
		}
		rows := make([][]string, len(all))
		for i, j := range all {
			rows[i] = []string{j.Name, j.Expression, moment(j.NextRun), moment(j.LastRun), strconv.Itoa(j.Running), cmp.Or(j.Warning, "-")}
		}
		return a.table(all, "The script of guild "+guild.String()+" has no cron jobs.", []string{"NAME", "TIMES", "NEXT", "LAST", "RUNNING", "WARNING"}, rows)
	})
}

// moment is a time that may be missing.
func moment(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return local(*t)
}

func (a *app) cronRunCommand() *cobra.Command {
	return a.inGuild(&cobra.Command{
		Use: "run <name>", Short: "Run a cron job now", Args: exactly("the job; `flora cron list` lists them"),
		Long:    "Runs a cron job now, beside its times. What it does shows in \"flora logs\".",
		Example: "  flora cron run tick",
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, args []string) error {
		s, err := api.RunCron(ctx, guild, args[0])
		if err != nil {
			return unknown(err, "`flora cron list` lists them.")
		}
		return a.say(s, "Started cron job '%s'; `flora logs` shows what it does", s.Name)
	})
}
