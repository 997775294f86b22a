package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/config"
	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/telemetry"
)

// serveCommand runs a bot for everybody.
func serveCommand(s State) *cobra.Command {
	var file string
	c := &cobra.Command{
		Use: "serve", Short: "Run a bot for many servers, with Discord, Postgres and Redis", Args: cobra.NoArgs,
		Long: `Runs the bot for everybody: people log in with Discord and deploy to the servers
that they administer. It needs the settings that check-config names; with
storage.embedded everything is kept in data_dir, for one process on one machine.

SIGTERM lets running handlers end and keeps the Discord session for the next
process; SIGHUP reads the configuration again.`,
		Example: "  flora-runtime serve --config flora.toml",
		RunE: func(c *cobra.Command, _ []string) error {
			from := config.Options{File: file, Env: s.Env, Check: required}
			cfg, err := config.Load(from)
			if err != nil {
				return err
			}
			return runServe(c.Context(), s, cfg, from)
		},
	}
	c.Flags().StringVar(&file, "config", "", "TOML file with settings")
	return c
}

// required names the settings that serve cannot do without and that are not
// set, and what only others than the configuration know to be wrong.
func required(c config.Config) error {
	rows := []struct {
		key, value, what string
		external         bool // Not with embedded storage.
	}{
		{"discord.bot_token", c.Discord.BotToken, "the bot's token, from Discord's developer portal (DISCORD_TOKEN)", false},
		{"discord.client_id", c.Discord.ClientID, "the application's OAuth2 client id, for logins (DISCORD_CLIENT_ID)", false},
		{"discord.client_secret", c.Discord.ClientSecret, "the application's OAuth2 client secret (DISCORD_CLIENT_SECRET)", false},
		{"api.secret", c.API.Secret, "at least 32 random characters, to seal sessions (API_SECRET)", false},
		{"secrets.master_key", c.Secrets.MasterKey, "64 random hexadecimal digits, to seal scripts' secrets (SECRETS_MASTER_KEY)", false},
		{"database.url", c.Database.URL, "a Postgres, like postgres://user:password@host:5432/flora (DATABASE_URL); or set storage.embedded = true", true},
		{"cache.url", c.Cache.URL, "a Redis or Valkey, like redis://host:6379/0 (CACHE_URL); or set storage.embedded = true", true},
	}
	var missing []string
	for _, r := range rows {
		switch {
		case r.value == "" && r.external && c.Replicas.Enabled:
			missing = append(missing, fmt.Sprintf("%s is not set, and replicas.enabled needs it: what replicas share is there", r.key))
		case r.value == "" && (!r.external || !c.Storage.Embedded):
			missing = append(missing, fmt.Sprintf("%s is not set; it is %s", r.key, r.what))
		}
	}
	missing = append(missing, engineLacks(c)...)
	if _, err := catalog.ParseIntents(c.Discord.Intents); err != nil {
		missing = append(missing, "discord.intents: "+err.Error())
	}
	if len(missing) > 0 {
		return errors.New(strings.Join(missing, "\n"))
	}
	return nil
}

func runServe(ctx context.Context, s State, cfg config.Config, from config.Options) (err error) {
	log, level, err := telemetry.NewLogger(cfg.LogLevel, cfg.LogFormat, s.Stderr)
	if err != nil {
		return err
	}
	// From the start on: it ends a process that does not listen.
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	life := newLifeline(log)
	defer func() {
		log.Info("stopping")
		err = errors.Join(err, life.stop())
		log.Info("stopped")
	}()
	rt, err := assemble(ctx, cfg, options{patient: true}, life, log)
	if err != nil {
		return err
	}
	rt.log.Info("started", zap.String("step", "configuration"))
	if err := rt.boot(ctx); err != nil {
		return rt.unlessAsked(ctx, err)
	}
	life.run("reload", func(ctx context.Context) error { return rt.reload(ctx, hup, from, level) })
	_, _ = fmt.Fprintf(s.Stdout, "ready %s\n", rt.url)
	err = life.wait(ctx)
	rt.health.Stopping()
	return err
}
