// Package cli is the flora command line tool. It takes everything from outside
// in a State, so that a test can run any command in its own process, and it
// speaks to a runtime through pkg/client only.
package cli

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Version is set at build time.
var Version = "dev"

// State is what the process gets from outside.
type State struct {
	Args           []string
	Env            []string
	Dir            string // Working directory; "" is the process's own.
	Self           string // The tool's own file; "" is unknown.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Terminal says that a person sits in front: questions may be asked and
	// colours used.
	Terminal bool
	// Transport carries requests; nil is http.DefaultTransport.
	Transport http.RoundTripper
}

// IsTerminal reports whether the file is a terminal.
func IsTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// app is one run of the tool.
type app struct {
	State
	api     string // --api.
	guildID string // --guild.
	json    bool   // --json.
	running bool   // Arguments and flags were understood.
}

// Main runs the command that the arguments name.
func Main(ctx context.Context, s State) ExitCode {
	a := &app{State: s}
	root := a.root() //nolint:contextcheck // Commands get it from ExecuteContext.
	root.SetArgs(append([]string{}, s.Args...))
	root.SetIn(s.Stdin)
	root.SetOut(s.Stdout)
	root.SetErr(s.Stderr)
	return a.finish(root.ExecuteContext(ctx))
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "flora",
		Short: "Deploy scripts to a Flora runtime and look after them",
		Long: `flora deploys TypeScript bots to a Flora runtime and looks after them.

It reads FLORA_API_URL, FLORA_TOKEN and FLORA_GUILD from the environment; flags
win over them, and they win over what "flora login" saved.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not logged in or not allowed,
4 not found, 5 conflict, 6 over a limit, 7 no answer from the server.`,
		Version:       Version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          group,
	}
	root.SetVersionTemplate("flora {{.Version}}\n")
	flags := root.PersistentFlags()
	flags.StringVarP(&a.api, "api", "a", "", "address of the API (FLORA_API_URL)")
	flags.BoolVar(&a.json, "json", false, "print JSON")
	root.SetGlobalNormalizationFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "guild-id" { // The original's handbook calls it so.
			name = "guild"
		}
		return pflag.NormalizedName(name)
	})
	root.AddCommand(
		a.loginCommand(), a.deployCommand(), a.getCommand(), a.listCommand(), a.healthCommand(),
		a.logsCommand(), a.kvCommand(), a.versionCommand(),
	)
	return root
}

// group is the body of a command that only has subcommands.
func group(c *cobra.Command, _ []string) error {
	return usage("name a command; `%s --help` lists them", c.CommandPath())
}

// run makes a command's body: errors before it are of usage.
func (a *app) run(body func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		a.running = true
		return body(c.Context(), args)
	}
}

// withGuild adds --guild to a command.
func (a *app) withGuild(c *cobra.Command) *cobra.Command {
	c.Flags().StringVarP(&a.guildID, "guild", "g", "", "guild id (FLORA_GUILD)")
	return c
}

// guild is the guild that a command is about.
func (a *app) guild() (snowflake.GuildID, error) {
	text, err := a.need(first(a.guildID, a.env("FLORA_GUILD")), "Guild ID", "--guild or FLORA_GUILD")
	if err != nil {
		return 0, err
	}
	id, err := snowflake.ParseGuild(text)
	if err != nil {
		return 0, usage("guild %q is %s", text, err)
	}
	return id, nil
}

// env is a variable's value, or "".
func (a *app) env(name string) string {
	for i := len(a.Env) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(a.Env[i], name+"="); ok {
			return value
		}
	}
	return ""
}

// client makes the client for a command, with the token that belongs to the
// server.
func (a *app) client() (*client.Client, error) {
	base, saved, err := a.server()
	if err != nil {
		return nil, err
	}
	token := first(a.env("FLORA_TOKEN"), saved.Tokens[base])
	if token == "" {
		return nil, coded(Auth, "not logged in to %s; run `flora login --api %s --token <token>` or set FLORA_TOKEN", base, base)
	}
	return a.connect(base, token)
}

func (a *app) connect(base, token string) (*client.Client, error) {
	c, err := client.New(client.Config{BaseURL: base, Token: token, UserAgent: "flora-cli/" + Version, Transport: a.Transport})
	if err != nil {
		return nil, coded(Usage, "%s", err)
	}
	return c, nil
}

// server is the address that a command speaks to, and what is saved.
func (a *app) server() (string, settings, error) {
	saved, err := a.load()
	if err != nil {
		return "", saved, err
	}
	base, err := client.Address(first(a.api, a.env("FLORA_API_URL"), saved.API, defaultAPI))
	if err != nil {
		return "", saved, coded(Usage, "%s", err)
	}
	return base, saved, nil
}

// first is the first text that is not empty.
func first(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}
