package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

func (a *app) healthCommand() *cobra.Command {
	return &cobra.Command{
		Use: "health", Short: "Ask whether the server is up", Args: cobra.NoArgs,
		Long:    "Asks whether the server is up. This needs no token.",
		Example: "  flora health",
		RunE: a.run(func(ctx context.Context, _ []string) error {
			s, err := a.server(ctx)
			if err != nil {
				return err
			}
			api, err := a.connect(s.base, "")
			if err != nil {
				return err
			}
			text, err := api.Health(ctx)
			if err != nil {
				return err
			}
			return a.say(map[string]string{"api": s.base, "health": text}, "%s", text)
		}),
	}
}

// versionTime bounds how long a version waits for the server's.
const versionTime = 3 * time.Second

// versionDoc is what --json prints.
type versionDoc struct {
	Version string         `json:"version"`
	Server  *serverVersion `json:"server,omitempty"`
}

type serverVersion struct {
	API     string `json:"api"`
	Version string `json:"version"`
}

func (a *app) versionCommand() *cobra.Command {
	var own bool
	c := &cobra.Command{
		Use: "version", Short: "Print the version, and the server's", Args: cobra.NoArgs,
		Long: `Prints the version of this tool, and below it the server's, when you are logged
in and it answers.`,
		Example: "  flora version\n  flora version --client",
		RunE: a.run(func(ctx context.Context, _ []string) error {
			doc := versionDoc{Version: Version}
			text := "flora " + Version
			if !own {
				if doc.Server = a.serverVersion(ctx); doc.Server != nil {
					text += fmt.Sprintf("\nserver %s (%s)", doc.Server.Version, doc.Server.API)
				}
			}
			return a.say(doc, "%s", text)
		}),
	}
	c.Flags().BoolVar(&own, "client", false, "do not ask the server")
	return c
}

// serverVersion is the server's version, or nil when it cannot be told: that is
// no error of a version.
func (a *app) serverVersion(ctx context.Context) *serverVersion {
	ctx, cancel := context.WithTimeout(ctx, versionTime)
	defer cancel()
	api, err := a.client(ctx)
	if err != nil {
		return nil
	}
	s, err := api.Server(ctx)
	if err != nil || s.Version == "" {
		return nil
	}
	return &serverVersion{API: api.BaseURL(), Version: s.Version}
}

func (a *app) guildsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "guilds", Short: "List the guilds that you administer and the bot is in", Args: cobra.NoArgs,
		Example: "  flora guilds",
		RunE: a.run(func(ctx context.Context, _ []string) error {
			api, err := a.client(ctx)
			if err != nil {
				return err
			}
			all, err := api.Guilds(ctx)
			if err != nil {
				return err
			}
			rows := make([][]string, len(all))
			for i, g := range all {
				rows[i] = []string{g.ID.String(), g.Name}
			}
			return a.table(all, "No guilds found: you administer none that the bot is in.", []string{"GUILD", "NAME"}, rows)
		}),
	}
}

func (a *app) limitsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "limits", Short: "Show the server's limits", Args: cobra.NoArgs,
		Long:    "Shows the limits in force on the server. What ends in _bytes or _ms is a size or a time.",
		Example: "  flora limits",
		RunE: a.run(func(ctx context.Context, _ []string) error {
			api, err := a.client(ctx)
			if err != nil {
				return err
			}
			all, err := api.Limits(ctx)
			if err != nil {
				return err
			}
			var rows [][]string
			for _, group := range slices.Sorted(maps.Keys(all)) {
				d := json.NewDecoder(bytes.NewReader(all[group]))
				d.UseNumber()
				var value any
				if err := d.Decode(&value); err != nil {
					return fmt.Errorf("read the limits of %s: %w", group, err)
				}
				rows = append(rows, leaves(group, value)...)
			}
			return a.table(all, "The server tells of no limits.", []string{"LIMIT", "VALUE"}, rows)
		}),
	}
}

// leaves are the values of a JSON document by their paths.
func leaves(path string, value any) [][]string {
	members, ok := value.(map[string]any)
	if !ok {
		return [][]string{{path, fmt.Sprint(value)}}
	}
	var rows [][]string
	for _, name := range slices.Sorted(maps.Keys(members)) {
		rows = append(rows, leaves(path+"."+name, members[name])...)
	}
	return rows
}

func (a *app) statusCommand() *cobra.Command {
	return a.inGuild(&cobra.Command{
		Use: "status", Short: "Show what a guild's script is doing", Args: cobra.NoArgs,
		Long: `Shows what a guild's script is doing: running, loading, throttled, penalty,
quarantined or none. docs/api.md says what they mean.`,
		Example: "  flora status",
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, _ []string) error {
		s, err := api.Status(ctx, guild)
		if err != nil {
			return err
		}
		return a.printStatus(s)
	})
}

func (a *app) releaseCommand() *cobra.Command {
	return a.inGuild(&cobra.Command{
		Use: "release", Short: "End a guild's quarantine (for the operator)", Args: cobra.NoArgs,
		Long: `Forgets what a guild's script was charged with, ends its quarantine and loads it
again. Only who runs the bot may do this; authors deploy something better.`,
		Example: "  flora release",
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, _ []string) error {
		s, err := api.Release(ctx, guild)
		if err != nil {
			return err
		}
		return a.printStatus(s)
	})
}

func (a *app) printStatus(s client.Status) error {
	worker, since, apart := "", "", ""
	if s.Worker != nil {
		worker = strconv.Itoa(*s.Worker)
	}
	if s.Since != nil {
		since = local(*s.Since)
	}
	if s.ApartUntil != nil {
		apart = local(*s.ApartUntil)
	}
	fields := []field{
		{"guild", s.Guild.String()}, {"state", s.State}, {"since", since}, {"revision", s.RevisionID}, {"worker", worker}, {"apart until", apart},
		{"queued events", strconv.Itoa(s.QueuedEvents)}, {"in flight", strconv.Itoa(s.InFlight)}, {"dropped", strconv.FormatUint(s.DroppedEvents, 10)},
	}
	for _, strike := range s.Strikes {
		fields = append(fields, field{"strike", local(strike.At) + "  " + strike.Reason})
	}
	return a.fields(s, fields...)
}
