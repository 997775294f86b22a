package cli

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/project"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// withGuild adds --guild to a command.
func (a *app) withGuild(c *cobra.Command) *cobra.Command {
	c.Flags().StringVarP(&a.guildID, "guild", "g", "", "guild id (FLORA_GUILD)")
	_ = c.RegisterFlagCompletionFunc("guild", a.completeGuilds) // The flag is there.
	return c
}

// inGuild makes the body of a command about one guild.
func (a *app) inGuild(c *cobra.Command, body func(ctx context.Context, api *client.Client, guild snowflake.GuildID, args []string) error) *cobra.Command {
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		guild, api, err := a.reach(ctx)
		if err != nil {
			return err
		}
		return body(ctx, api, guild, args)
	})
	return a.withGuild(c)
}

// reach gives the guild that a command is about, and a client for its server.
func (a *app) reach(ctx context.Context) (snowflake.GuildID, *client.Client, error) {
	guild, err := a.guild(ctx)
	if err != nil {
		return 0, nil, err
	}
	api, err := a.client(ctx)
	return guild, api, err
}

// projectSays is what a project file has for whoever names neither a guild nor
// a server.
type projectSays struct{ File, Guild, API string }

// projectFile looks for the project file, once. What it says without effect is
// for the commands that use it whole.
func (a *app) projectFile(ctx context.Context) (projectSays, error) {
	if a.says != nil {
		return *a.says, nil
	}
	dir, err := a.path(".")
	if err != nil {
		return projectSays{}, err
	}
	p, err := project.Load(ctx, dir)
	if err != nil {
		return projectSays{}, err
	}
	a.says = &projectSays{File: p.File, Guild: p.Guild, API: p.API}
	return *a.says, nil
}

// guild is the guild that a command is about.
func (a *app) guild(ctx context.Context) (snowflake.GuildID, error) {
	text := cmp.Or(a.guildID, a.env("FLORA_GUILD"))
	if text == "" {
		says, err := a.projectFile(ctx)
		if err != nil {
			return 0, err
		}
		text = says.Guild
	}
	text, err := a.need(text, "Guild ID", "--guild or FLORA_GUILD")
	if err != nil {
		return 0, err
	}
	id, err := snowflake.ParseGuild(text)
	if err != nil {
		return 0, usage("guild %q is %s; `flora guilds` lists yours", text, err)
	}
	return id, nil
}

// target is where a command speaks to, and what is saved.
type target struct {
	base  string
	saved settings
	// project is the project file that the address comes from, "" when the
	// person said it. Tokens that are given rather than saved for this very
	// address do not go there: the file may be somebody else's.
	project string
}

func (a *app) server(ctx context.Context) (target, error) {
	saved, err := a.load()
	if err != nil {
		return target{}, err
	}
	s := target{saved: saved}
	text := cmp.Or(a.api, a.env("FLORA_API_URL"))
	if text == "" {
		says, err := a.projectFile(ctx)
		if err != nil {
			return target{}, err
		}
		if text = says.API; text != "" {
			s.project = says.File
		}
	}
	own, err := client.Address(cmp.Or(saved.API, defaultAPI))
	if err == nil || text != "" {
		s.base, err = client.Address(cmp.Or(text, own))
	}
	if err != nil {
		return target{}, coded(Usage, "%s", err)
	}
	if s.base == own {
		s.project = ""
	}
	return s, nil
}

// client makes the client for a command, with the token that belongs to the
// server.
func (a *app) client(ctx context.Context) (*client.Client, error) {
	s, err := a.server(ctx)
	if err != nil {
		return nil, err
	}
	token, err := a.token(s)
	if err != nil {
		return nil, err
	}
	return a.connect(s.base, token)
}

// token is the one for the server.
func (a *app) token(s target) (string, error) {
	given := a.env("FLORA_TOKEN")
	if given != "" && s.project == "" {
		return given, nil
	}
	if token := s.saved.Tokens[s.base]; token != "" {
		return token, nil
	}
	if given != "" {
		return "", coded(Auth, "the address %s comes from %s, and FLORA_TOKEN only goes to one that you name; if it is right, set FLORA_API_URL=%s", s.base, s.project, s.base)
	}
	return "", coded(Auth, "not logged in to %s; run `flora login --api %s` or set FLORA_TOKEN", s.base, s.base)
}

// patience is how long calls are tried again that are safe to repeat; 0 is the
// client's own.
func (a *app) patience() (time.Duration, error) {
	if a.hurried {
		return -1, nil
	}
	text := a.env("FLORA_RETRY_SECS")
	if text == "" {
		return 0, nil
	}
	seconds, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, usage("FLORA_RETRY_SECS is %q, but it must be a number of seconds; 0 tries nothing again", text)
	}
	if seconds == 0 {
		return -1, nil
	}
	return time.Duration(seconds) * time.Second, nil
}

// about is a time as people say it.
func about(d time.Duration) string {
	if d < time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

func (a *app) connect(base, token string) (*client.Client, error) {
	patience, err := a.patience()
	if err != nil {
		return nil, err
	}
	c, err := client.New(client.Config{
		BaseURL: base, Token: token, UserAgent: "flora-cli/" + Version, Transport: a.Transport, Patience: patience,
		Retrying: func(err error, wait time.Duration) { a.warn("%s; trying again in %s", err, about(wait)) },
	})
	if err != nil {
		return nil, coded(Usage, "%s", err)
	}
	return c, nil
}
