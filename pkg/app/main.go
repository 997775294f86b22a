// Package app is the composition root: it builds the parts of a runtime from
// its configuration, starts and stops them in order, and is the body of every
// subcommand of flora-runtime.
package app

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/bundle"
	"github.com/flora-runtime/flora-runtime/pkg/sandbox"
	"github.com/flora-runtime/flora-runtime/pkg/worker"
)

// State is what a process gets from outside, so that tests can run any command
// in-process.
type State struct {
	Args           []string
	Env            []string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Main runs the command named by the arguments and gives the exit code.
func Main(ctx context.Context, s State) int {
	code := 0
	root := &cobra.Command{
		Use:           "flora-runtime",
		Short:         "One Discord bot, many servers, each with its own TypeScript",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetArgs(s.Args)
	root.SetIn(s.Stdin)
	root.SetOut(s.Stdout)
	root.SetErr(s.Stderr)
	root.AddCommand(serveCommand(s), devCommand(s), simCommand(s), configCommand(s), checkCommand(s), healthCommand(s), migrateCommand(s), kvCommand(s), backupCommand(s), restoreCommand(s), workerCommand(s), bundleCommand(s, &code), testCommand(s), versionCommand())
	if err := root.ExecuteContext(ctx); err != nil {
		_, _ = fmt.Fprintf(s.Stderr, "flora-runtime: %s\n", err)
		return 1
	}
	return code
}

// workerCommand is started by the supervisor only.
func workerCommand(s State) *cobra.Command {
	var snapshot bool
	var o worker.Options
	var mode string
	c := &cobra.Command{
		Use: "worker", Short: "Run scripts (started by the runtime itself)", Hidden: true, Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			o.Sandbox = sandbox.Mode(mode)
			if snapshot {
				return worker.Snapshot(s.Stdin, s.Stdout, o)
			}
			return worker.Main(o)
		},
	}
	c.Flags().BoolVar(&o.JIT, "jit", false, "let V8 compile")
	c.Flags().StringVar(&mode, "sandbox", string(sandbox.Auto), "auto, require or off")
	c.Flags().Uint64Var(&o.Data, "data", 0, "bytes of private memory")
	c.Flags().BoolVar(&snapshot, "snapshot", false, "read the SDK from stdin and write its snapshot to stdout")
	return c
}

// bundleCommand is started by the bundler only.
func bundleCommand(s State, code *int) *cobra.Command {
	return &cobra.Command{
		Use: "bundle", Short: "Bundle sources (started by the runtime itself)", Hidden: true, Args: cobra.NoArgs,
		Run: func(*cobra.Command, []string) { *code = bundle.Main(s.Stdin, s.Stdout) },
	}
}

// Version is set at build time.
var Version = "dev"

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		Run: func(c *cobra.Command, _ []string) {
			revision := "unknown"
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, kv := range info.Settings {
					if kv.Key == "vcs.revision" {
						revision = kv.Value
					}
				}
			}
			_, _ = fmt.Fprintf(c.OutOrStdout(), "flora-runtime %s (%s)\n", Version, revision)
		},
	}
}
