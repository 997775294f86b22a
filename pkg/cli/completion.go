package cli

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

var shells = []string{"bash", "zsh", "fish", "powershell"}

func (a *app) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "completion <shell>", Short: "Print a script that completes commands in your shell",
		Long: `Prints a script for bash, zsh, fish or powershell that completes commands, flags,
guilds, stores and revisions. To have it in every shell:

  bash        flora completion bash > ~/.local/share/bash-completion/completions/flora
  zsh         flora completion zsh > "${fpath[1]}/_flora"
  fish        flora completion fish > ~/.config/fish/completions/flora.fish
  powershell  flora completion powershell >> $PROFILE`,
		Example:   "  flora completion bash\n  flora completion zsh",
		ValidArgs: shells,
		Args:      exactly("the shell: " + strings.Join(shells, ", ")),
		RunE: func(c *cobra.Command, args []string) error {
			a.running = true
			root := c.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.Stdout, true)
			case "zsh":
				return root.GenZshCompletion(a.Stdout)
			case "fish":
				return root.GenFishCompletion(a.Stdout, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(a.Stdout)
			}
			return usage("%q is none of the shells %s", args[0], strings.Join(shells, ", "))
		},
	}
}

// completionTime bounds how long a person waits after pressing tab.
const completionTime = 2 * time.Second

// complete offers what the server knows; without it, nothing.
func (a *app) complete(c *cobra.Command, ask func(ctx context.Context, api *client.Client) []string) ([]string, cobra.ShellCompDirective) {
	ctx := c.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, completionTime)
	defer cancel()
	a.hurried, a.json = true, true // Nobody is asked either.
	api, err := a.client(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	// What is offered stands in a command line at once, where the shell would
	// take its signs for its own.
	plain := slices.DeleteFunc(ask(ctx, api), func(s string) bool {
		word, _, _ := strings.Cut(s, "\t")
		return strings.HasPrefix(word, "-") || strings.ContainsFunc(word, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.:", r)
		})
	})
	return plain, cobra.ShellCompDirectiveNoFileComp
}

func (a *app) completeGuilds(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return a.complete(c, func(ctx context.Context, api *client.Client) (out []string) {
		all, err := api.Guilds(ctx)
		if err != nil {
			return nil
		}
		for _, g := range all {
			out = append(out, cobra.CompletionWithDesc(g.ID.String(), oneLine(g.Name)))
		}
		return out
	})
}

// completeOf offers what there is in the guild that is named.
func (a *app) completeOf(c *cobra.Command, ask func(ctx context.Context, api *client.Client, guild snowflake.GuildID) []string) ([]string, cobra.ShellCompDirective) {
	return a.complete(c, func(ctx context.Context, api *client.Client) []string {
		guild, err := a.guild(ctx)
		if err != nil {
			return nil
		}
		return ask(ctx, api, guild)
	})
}

func (a *app) completeStores(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return a.completeOf(c, func(ctx context.Context, api *client.Client, guild snowflake.GuildID) (out []string) {
		all, err := api.Stores(ctx, guild)
		if err != nil {
			return nil
		}
		for _, s := range all {
			out = append(out, s.Name)
		}
		return out
	})
}

func (a *app) completeRevisions(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return a.completeOf(c, func(ctx context.Context, api *client.Client, guild snowflake.GuildID) (out []string) {
		all, err := api.History(ctx, guild, 0)
		if err != nil {
			return nil
		}
		for _, r := range all {
			if r.Status == "success" && !slices.Contains(args, r.ID) {
				out = append(out, cobra.CompletionWithDesc(r.ID, local(r.DeployedAt)))
			}
		}
		return out
	})
}
