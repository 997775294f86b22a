// Package cli is the flora command line tool. It takes everything from outside
// in a State, so that a test can run any command in its own process. It speaks
// to servers through pkg/client only, and about tests with a runtime that it
// starts, as pkg/trial/report says.
package cli

import (
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
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
	// Watched says that standard error is a terminal: progress may be shown.
	Watched bool
	// Hidden reads a line of Stdin, which is a terminal, without showing it; nil
	// when it is none.
	Hidden func() (string, error)
	// Browse opens an address in the person's browser; nil cannot.
	Browse func(address string) error
	// OS is whose rules for paths hold; "" is runtime.GOOS.
	OS string
	// Transport carries requests; nil is http.DefaultTransport.
	Transport http.RoundTripper
}

// app is one run of the tool.
type app struct {
	State
	api     string // --api.
	guildID string // --guild.
	json    bool   // --json.
	running bool   // Arguments and flags were understood.
	command string // What was asked for, as it is called.
	hurried bool   // Nothing is tried again: somebody waits at the prompt.

	says *projectSays // Of the project file, once it was looked for.
}

// Main runs the command that the arguments name.
func Main(ctx context.Context, s State) ExitCode {
	a := &app{State: s}
	root := a.root() //nolint:contextcheck // Commands get it from ExecuteContext.
	root.SetArgs(append([]string{}, s.Args...))
	root.SetIn(s.Stdin)
	root.SetOut(s.Stdout)
	root.SetErr(s.Stderr)
	c, err := root.ExecuteContextC(ctx)
	a.command = c.CommandPath()
	return a.finish(err)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "flora",
		Short: "Deploy scripts to a Flora runtime and look after them",
		Long: `flora deploys TypeScript bots to a Flora runtime and looks after them.

It reads FLORA_API_URL, FLORA_TOKEN and FLORA_GUILD from the environment; flags
win over them, and they win over the project file and what "flora login" saved.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not logged in or not allowed,
4 not found, 5 conflict, 6 over a limit, 7 no answer from the server.`,
		Version:       Version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.ArbitraryArgs,
		RunE:          group,
		Example:       "  flora --help\n  flora --version",
	}
	root.CompletionOptions.DisableDefaultCmd = true // It is among ours, with its examples.
	root.SetFlagErrorFunc(nearestFlag)
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
	addGroup(root, "write", "Write a bot:", a.initCommand(), a.devCommand(), a.testCommand(), a.checkCommand(), a.typesCommand(), a.deployCommand())
	addGroup(root, "run", "Look after what runs:", a.getCommand(), a.listCommand(), a.historyCommand(), a.diffCommand(), a.rollbackCommand(), a.deleteCommand(),
		a.logsCommand(), a.statusCommand(), a.cronCommand(), a.releaseCommand())
	addGroup(root, "keep", "Look after what it keeps:", a.kvCommand(), a.secretCommand(), a.varCommand(), a.settingsCommand())
	addGroup(root, "you", "You and the server:", a.loginCommand(), a.logoutCommand(), a.whoamiCommand(), a.guildsCommand(), a.tokenCommand(),
		a.limitsCommand(), a.healthCommand(), a.doctorCommand(), a.versionCommand(), a.completionCommand())
	return root
}

// addGroup adds commands that help lists together.
func addGroup(root *cobra.Command, id, title string, all ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: id, Title: title})
	for _, c := range all {
		c.GroupID = id
	}
	root.AddCommand(all...)
}

// run makes a command's body: errors before it are of usage.
func (a *app) run(body func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		a.running = true
		return body(c.Context(), args)
	}
}

// env is a variable's value, or "". Windows does not tell names apart by case.
func (a *app) env(name string) string {
	for i := len(a.Env) - 1; i >= 0; i-- {
		n, value, ok := strings.Cut(a.Env[i], "=")
		if ok && (n == name || a.system() == "windows" && strings.EqualFold(n, name)) {
			return value
		}
	}
	return ""
}
