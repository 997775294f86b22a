package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// maxToken bounds what is read as a token.
const maxToken = 4 << 10

func (a *app) loginCommand() *cobra.Command {
	var token string
	c := &cobra.Command{
		Use: "login [token]", Short: "Check an API token and save it",
		Long: `Checks an API token with the server and saves it, with the server's address, for
this user only. Without a token it is read from standard input.`,
		Example: "  flora login --api https://flora.example.org/api --token flora_...\n  flora login --api http://127.0.0.1:3000 < data/token",
		Args:    cobra.MaximumNArgs(1),
		RunE: a.run(func(ctx context.Context, args []string) error {
			return a.login(ctx, first(append(args, token)...))
		}),
	}
	c.Flags().StringVar(&token, "token", "", "the API token")
	return c
}

func (a *app) login(ctx context.Context, token string) error {
	s, err := a.server(ctx)
	if err != nil {
		return err
	}
	base, saved := s.base, s.saved
	if token == "" && !a.Terminal {
		b, err := io.ReadAll(io.LimitReader(a.Stdin, maxToken))
		if err != nil {
			return fmt.Errorf("read the token from standard input: %w", err)
		}
		token = strings.TrimSpace(string(b))
	}
	if token, err = a.need(token, "API token", "it as an argument, with --token or on standard input"); err != nil {
		return err
	}
	if open(base) {
		a.warn("%s is not encrypted; the token can be read on the way", base)
	}
	c, err := a.connect(base, token)
	if err != nil {
		return err
	}
	who, err := c.Me(ctx)
	if err != nil {
		return err
	}
	saved.API = base
	if saved.Tokens == nil {
		saved.Tokens = map[string]string{}
	}
	saved.Tokens[base] = token
	file, err := a.save(saved)
	if err != nil {
		return err
	}
	doc := map[string]any{"api": base, "user": who, "file": file}
	return a.say(doc, "Saved token to config (%s)\nLogged in to %s as %s", file, base, first(who.Username, who.ID, "unknown"))
}
