package app

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/config"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres"
	"github.com/flora-runtime/flora-runtime/pkg/telemetry"
)

// migrateCommand brings the database's tables up to date, as a start does.
func migrateCommand(s State) *cobra.Command {
	var file string
	c := &cobra.Command{
		Use: "migrate", Short: "Bring the tables in Postgres up to date", Args: cobra.NoArgs,
		Long: `Makes the tables in the Postgres of database.url, or brings those of an older
version up to date. The runtime does the same when it starts; this is for those
who want it done before. It may run while runtimes run, and more than once.`,
		Example: "  flora-runtime migrate --config flora.toml",
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := config.Load(config.Options{File: file, Env: s.Env})
			if err != nil {
				return err
			}
			if cfg.Database.URL == "" {
				return errors.New("database.url is not set, so there is nothing to migrate; set it in the configuration file, in FLORA_DATABASE_URL or in DATABASE_URL")
			}
			log, _, err := telemetry.NewLogger(cfg.LogLevel, cfg.LogFormat, s.Stderr)
			if err != nil {
				return err
			}
			done, err := postgres.Migrate(c.Context(), cfg.Database.URL, log)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "the database is at step %d, %d applied\n", done.To, len(done.Applied))
			return err
		},
	}
	c.Flags().StringVar(&file, "config", "", "TOML file with settings")
	return c
}
