package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) getCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "get", Short: "Show what a guild runs", Args: cobra.NoArgs,
		RunE: a.run(func(ctx context.Context, _ []string) error {
			g, err := a.guild(ctx)
			if err != nil {
				return err
			}
			api, err := a.client(ctx)
			if err != nil {
				return err
			}
			d, err := api.Deployment(ctx, g)
			if err != nil {
				return err
			}
			return a.say(d, "guild:    %s\nentry:    %s\nrevision: %s\ncreated:  %s\nupdated:  %s",
				d.Guild, d.Entry, first(d.RevisionID, "unknown"), local(d.CreatedAt), local(d.UpdatedAt))
		}),
	}
	return a.withGuild(c)
}

func (a *app) listCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the deployments of your guilds", Args: cobra.NoArgs,
		RunE: a.run(func(ctx context.Context, _ []string) error {
			api, err := a.client(ctx)
			if err != nil {
				return err
			}
			all, err := api.Deployments(ctx)
			if err != nil {
				return err
			}
			lines := []string{}
			for _, d := range all {
				lines = append(lines, d.Guild.String()+"  entry: "+d.Entry+"  updated: "+local(d.UpdatedAt))
			}
			if len(lines) == 0 {
				lines = []string{"No deployments found."}
			}
			return a.say(all, "%s", strings.Join(lines, "\n"))
		}),
	}
}

func (a *app) healthCommand() *cobra.Command {
	return &cobra.Command{
		Use: "health", Short: "Ask whether the server is up", Args: cobra.NoArgs,
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

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: a.run(func(context.Context, []string) error {
			return a.say(map[string]string{"version": Version}, "flora %s", Version)
		}),
	}
}
