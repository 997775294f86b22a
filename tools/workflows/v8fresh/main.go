// Command v8fresh says whether the V8 that the product links is the newest that
// its fork of v8go has, and keeps one GitHub issue open while it is not.
//
// Without GITHUB_REPOSITORY and GITHUB_TOKEN in the environment it only says it.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"
)

func main() {
	dir := "."
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	err := run(ctx, dir, os.Getenv, os.Stdout)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "v8fresh:", err)
		os.Exit(1)
	}
}

// run looks at the module in the folder.
func run(ctx context.Context, dir string, env func(string) string, out io.Writer) error {
	s, err := look(ctx, dir)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, s); err != nil {
		return err
	}
	repository, token := env("GITHUB_REPOSITORY"), env("GITHUB_TOKEN")
	if repository == "" || token == "" {
		return nil
	}
	api := env("GITHUB_API_URL")
	if api == "" {
		api = "https://api.github.com"
	}
	done, err := tracker{api: api + "/repos/" + repository, token: token}.settle(ctx, s)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, done)
	return err
}
