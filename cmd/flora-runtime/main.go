// Command flora-runtime is Flora's server: control, its workers and the
// simulated Discord are subcommands of this one binary.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/flora-runtime/flora-runtime/pkg/app"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := app.Main(ctx, app.State{Args: os.Args[1:], Env: os.Environ(), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr})
	stop()
	os.Exit(code)
}
