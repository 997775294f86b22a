package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/config"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres"
	"github.com/flora-runtime/flora-runtime/pkg/store/redis"
)

// configCommand shows the settings that would be used.
func configCommand(s State) *cobra.Command {
	var file string
	load := func() (config.Config, error) { return config.Load(config.Options{File: file, Env: s.Env}) }
	c := &cobra.Command{Use: "config", Short: "Look at the configuration", Args: cobra.NoArgs}
	c.PersistentFlags().StringVar(&file, "config", "", "TOML file with settings")
	c.AddCommand(&cobra.Command{
		Use: "print", Short: "Print the effective configuration as TOML, secrets hidden", Args: cobra.NoArgs,
		Example: "  flora-runtime config print --config flora.toml",
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := load()
			if err != nil {
				return err
			}
			text, err := cfg.Redacted()
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(c.OutOrStdout(), text)
			return err
		},
	})
	return c
}

// checkCommand says whether serve would start with the configuration.
func checkCommand(s State) *cobra.Command {
	var file string
	var connect bool
	c := &cobra.Command{
		Use: "check-config", Short: "Say whether serve would start with the configuration", Args: cobra.NoArgs,
		Long: `Reads the configuration as serve does and names everything that is wrong or
missing. With --connect, when nothing is, it also reaches Postgres and Redis, and
asks Discord whether the bot's token works; nothing is changed there.`,
		Example: "  flora-runtime check-config --config flora.toml --connect",
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := config.Load(config.Options{File: file, Env: s.Env, Check: required})
			if err == nil && connect {
				err = reachable(c.Context(), cfg)
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), "the configuration is complete")
			return err
		},
	}
	c.Flags().StringVar(&file, "config", "", "TOML file with settings")
	c.Flags().BoolVar(&connect, "connect", false, "also reach Postgres, Redis and Discord")
	return c
}

// checkLimit bounds each look at another server.
const checkLimit = 15 * time.Second

// reachable tries what the configuration names.
func reachable(ctx context.Context, cfg config.Config) error {
	rows := []struct {
		name string
		set  bool
		try  func(ctx context.Context) error
	}{
		{"database.url", cfg.Database.URL != "", func(ctx context.Context) error { return postgres.Ping(ctx, cfg.Database.URL) }},
		{"cache.url", cfg.Cache.URL != "", func(ctx context.Context) error {
			s, err := redis.Open(ctx, redis.Config{URL: cfg.Cache.URL})
			if err != nil {
				return err
			}
			return s.Close()
		}},
		{"discord.bot_token", cfg.Discord.BotToken != "", func(ctx context.Context) error {
			rest, err := discord.NewREST(discord.RESTConfig{Base: cfg.Discord.APIBase, Token: cfg.Discord.BotToken, GlobalLimit: -1, GuildConcurrency: 1, Timeout: checkLimit})
			if err != nil {
				return err
			}
			app, _, err := rest.CurrentApplication(ctx)
			if err == nil && cfg.Discord.ClientID != "" && cfg.Discord.ClientID != app.String() {
				return fmt.Errorf("the token is of application %s, but discord.client_id is %s", app, cfg.Discord.ClientID)
			}
			return err
		}},
	}
	var errs []error
	for _, r := range rows {
		if !r.set {
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, checkLimit)
		if err := r.try(ctx); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", r.name, err))
		}
		cancel()
	}
	return errors.Join(errs...)
}
