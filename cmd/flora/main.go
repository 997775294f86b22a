// Command flora deploys scripts to a Flora runtime and looks after them: logs,
// key-value stores, deployments.
package main

import (
	"context"
	"os"

	"github.com/flora-runtime/flora-runtime/pkg/cli"
)

// An interrupt ends the process at once, as for any command line tool: nothing
// is left half done here.
func main() {
	self, _ := os.Executable() // Only to look beside it.
	os.Exit(int(cli.Main(context.Background(), cli.State{
		Args: os.Args[1:], Env: os.Environ(), Self: self, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Terminal: cli.IsTerminal(os.Stdin) && cli.IsTerminal(os.Stdout),
		Watched:  cli.IsTerminal(os.Stderr), Hidden: cli.ReadHidden(os.Stdin), Browse: cli.OpenBrowser,
	})))
}
