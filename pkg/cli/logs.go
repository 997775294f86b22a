package cli

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// maxLogLines is how many lines the server gives at once.
const maxLogLines = 1000

func (a *app) logsCommand() *cobra.Command {
	var limit int
	var follow bool
	var level string
	c := &cobra.Command{
		Use: "logs", Short: "Show a guild's log", Args: cobra.NoArgs,
		Long: `Shows the latest lines of a guild's log, the oldest first. With --follow it goes
on with new lines until it is stopped, and connects again after a break without
losing a line that the server still has. With --json every line is one object.`,
		Example: "  flora logs\n  flora logs --limit 20 --level warn",
		RunE: a.run(func(ctx context.Context, _ []string) error {
			if limit < 1 || limit > maxLogLines {
				return usage("--limit is %d, but it must be from 1 to %d", limit, maxLogLines)
			}
			if _, ok := colours[level]; level != "" && !ok {
				return usage("--level is %q, but it must be one of trace, debug, info, warn, error", level)
			}
			return a.logs(ctx, limit, follow, level)
		}),
	}
	c.Flags().IntVarP(&limit, "limit", "n", 100, "how many of the latest lines")
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on with new lines")
	c.Flags().StringVar(&level, "level", "", "the least level: trace, debug, info, warn or error")
	_ = c.RegisterFlagCompletionFunc("level", cobra.FixedCompletions([]string{"trace", "debug", "info", "warn", "error"}, cobra.ShellCompDirectiveNoFileComp)) // The flag is there.
	return a.withGuild(c)
}

func (a *app) logs(ctx context.Context, limit int, follow bool, level string) error {
	guild, api, err := a.reach(ctx)
	if err != nil {
		return err
	}
	after := uint64(0)
	if follow { // What is below the level is past, too.
		if after, err = newestLine(ctx, api, guild); err != nil {
			return err
		}
	}
	recent, err := api.Logs(ctx, guild, limit, level)
	if err != nil {
		return err
	}
	for _, e := range recent {
		if err := a.logLine(e); err != nil {
			return err
		}
		after = max(after, e.ID)
	}
	if !follow {
		if len(recent) == 0 && !a.json {
			return a.printf("No logs found\n")
		}
		return nil
	}
	lost := func(err error, wait time.Duration) { a.warn("%s; connecting again in %s", err, wait) }
	err = api.StreamLogs(ctx, guild, client.StreamOptions{After: after, Level: level, Lost: lost}, a.logLine)
	if canceled(ctx, err) {
		return nil
	}
	return err
}

// newestLine is the id of the last line of the log, 0 if there is none.
func newestLine(ctx context.Context, api *client.Client, guild snowflake.GuildID) (uint64, error) {
	lines, err := api.Logs(ctx, guild, 1, "")
	if err != nil || len(lines) == 0 {
		return 0, err
	}
	return lines[len(lines)-1].ID, nil
}

// colours of levels, for terminals.
var colours = map[string]string{"error": "31", "warn": "33", "info": "32", "debug": "34", "trace": "35"}

func (a *app) logLine(e client.LogEntry) error {
	if a.json {
		return a.printJSON(e)
	}
	level := strings.ToUpper(printable(e.Level))
	at := time.UnixMilli(e.Timestamp).Local().Format("2006-01-02 15:04:05.000")
	return a.printf("%s %s [%s] %s\n", at, a.colour(colours[e.Level], level), printable(cmp.Or(e.Guild, "-")), printable(fmt.Sprintf("%s: %s", e.Target, e.Message)))
}
