package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/client"
)

// maxToken bounds what is read as a token.
const maxToken = 4 << 10

// loginOptions are the command's flags.
type loginOptions struct {
	token          string
	web, noBrowser bool
}

func (a *app) loginCommand() *cobra.Command {
	var o loginOptions
	c := &cobra.Command{
		Use: "login [token]", Short: "Log in, and save the API token",
		Long: `Logs in to a server and saves the API token, with the server's address, for this
user only. On a terminal it opens the browser, where you say yes, and the server
makes a token for this machine. A token that you have is taken as an argument,
with --token or from standard input; it is checked with the server first.`,
		Example: "  flora login --token $TOKEN\n  flora login < token.txt\n  flora login --web",
		Args:    cobra.MaximumNArgs(1),
		RunE: a.run(func(ctx context.Context, args []string) error {
			o.token = cmp.Or(append(args, o.token)...)
			return a.login(ctx, o)
		}),
	}
	c.Flags().StringVar(&o.token, "token", "", "the API token")
	c.Flags().BoolVar(&o.web, "web", false, "log in with the browser, also without a terminal")
	c.Flags().BoolVar(&o.noBrowser, "no-browser", false, "print the address to open instead of opening it")
	return c
}

func (a *app) login(ctx context.Context, o loginOptions) error {
	s, err := a.server(ctx)
	if err != nil {
		return err
	}
	web := o.web || o.noBrowser
	switch {
	case web && o.token != "":
		return usage("give a token, or --web or --no-browser, not both")
	case web, o.token == "" && (a.asks() || a.Hidden != nil):
		return a.webLogin(ctx, s, o)
	case s.project != "":
		return coded(Usage, "the address %s comes from %s, and a token only goes to one that you name; if it is right, give --api %s", s.base, s.project, s.base)
	case o.token == "":
		b, err := io.ReadAll(io.LimitReader(a.Stdin, maxToken))
		if err != nil {
			return fmt.Errorf("read the token from standard input: %w", err)
		}
		o.token = strings.TrimSpace(string(b))
	}
	if o.token == "" {
		return usage("missing required value: API token (give it as an argument, with --token or on standard input; or log in with the browser: --web)")
	}
	return a.keep(ctx, s, o.token, "")
}

// keep checks a token and saves it; id is the token's if it was made for us.
func (a *app) keep(ctx context.Context, s target, token, id string) error {
	if open(s.base) {
		a.warn("%s is not encrypted; the token can be read on the way", s.base)
	}
	c, err := a.connect(s.base, token)
	if err != nil {
		return err
	}
	who, err := c.Me(ctx)
	if err != nil {
		return err
	}
	next := s.saved.with(s.base, token, id)
	if s.project != "" { // Somebody else's file makes no server the one for all.
		next.API = s.saved.API
	}
	file, err := a.save(next)
	if err != nil {
		return err
	}
	doc := loginDoc{API: s.base, User: who, File: file}
	return a.say(doc, "Saved token to config (%s)\nLogged in to %s as %s", file, s.base, cmp.Or(who.Username, who.ID, "unknown"))
}

// loginDoc is what --json prints.
type loginDoc struct {
	API  string      `json:"api"`
	User client.User `json:"user"`
	File string      `json:"file"`
}

// logoutDoc is what --json prints.
type logoutDoc struct {
	API     string `json:"api"`
	Ended   bool   `json:"token_ended"`
	Removed bool   `json:"removed"`
}

func (a *app) logoutCommand() *cobra.Command {
	return &cobra.Command{
		Use: "logout", Short: "Forget the saved API token of a server", Args: cobra.NoArgs,
		Long: `Forgets the saved API token of a server. One that "flora login" made with the
browser ends on the server, too; one that you gave goes on being good, and
"flora token delete" ends it.`,
		Example: "  flora logout",
		RunE:    a.run(func(ctx context.Context, _ []string) error { return a.logout(ctx) }),
	}
}

func (a *app) logout(ctx context.Context) error {
	s, err := a.server(ctx)
	if err != nil {
		return err
	}
	doc := logoutDoc{API: s.base}
	token, id := s.saved.Tokens[s.base], s.saved.Made[s.base]
	if token == "" {
		return a.say(doc, "You are not logged in to %s", s.base)
	}
	if id != "" {
		err := a.end(ctx, s.base, token, id)
		if doc.Ended = err == nil; err != nil && codeOf(err) != Auth && codeOf(err) != NotFound {
			a.warn("the server did not end the token %s: %s; `flora token delete %s` does that", id, err, id)
		}
	}
	if _, err := a.save(s.saved.without(s.base)); err != nil {
		return err
	}
	doc.Removed = true
	text := "Logged out of " + s.base
	if id == "" {
		text += "; the token itself is still good, `flora token delete` ends one"
	}
	if a.env("FLORA_TOKEN") != "" {
		text += "\nFLORA_TOKEN is set and goes on being used"
	}
	return a.say(doc, "%s", text)
}

// end ends a token on the server that made it.
func (a *app) end(ctx context.Context, base, token, id string) error {
	c, err := a.connect(base, token)
	if err != nil {
		return err
	}
	return c.DeleteToken(ctx, id)
}

// whoDoc is what --json prints.
type whoDoc struct {
	API  string      `json:"api"`
	User client.User `json:"user"`
}

func (a *app) whoamiCommand() *cobra.Command {
	return &cobra.Command{
		Use: "whoami", Short: "Show who you are logged in as, and where", Args: cobra.NoArgs,
		Example: "  flora whoami",
		RunE: a.run(func(ctx context.Context, _ []string) error {
			api, err := a.client(ctx)
			if err != nil {
				return err
			}
			who, err := api.Me(ctx)
			if err != nil {
				return err
			}
			return a.fields(whoDoc{api.BaseURL(), who},
				field{"user", cmp.Or(who.Username, "unknown")}, field{"id", who.ID}, field{"server", api.BaseURL()})
		}),
	}
}
