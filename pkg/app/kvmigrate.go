package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/config"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres"
	"github.com/flora-runtime/flora-runtime/pkg/telemetry"
)

// kvCommand has what is done to all key-value data at once.
func kvCommand(s State) *cobra.Command {
	c := &cobra.Command{Use: "kv", Short: "Work on all key-value data", Args: cobra.NoArgs}
	c.AddCommand(kvMigrateCommand(s))
	return c
}

// kvMigrateCommand moves key-value data from one engine to the other.
func kvMigrateCommand(s State) *cobra.Command {
	var file, to string
	var replace bool
	c := &cobra.Command{
		Use: "migrate", Short: "Move all key-value data to another kv.engine", Args: cobra.NoArgs,
		Long: `Copies the key-value data of all servers from the folder of kv.path to the
Postgres of database.url (--to postgres), or back (--to pebble): stores,
databases of Deno.openKv with their queued messages, schedules, versions,
expirations and archives. Both sides are read to the end and compared.

No runtime may run meanwhile. Afterwards no runtime uses the data where it came
from any more: set kv.engine to where it is now. One that is cut off changes
nothing where the data comes from; run it again, and it begins anew.`,
		Example: `  flora-runtime kv migrate --config flora.toml --to postgres
  flora-runtime kv migrate --config flora.toml --to pebble --replace`,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := config.Load(config.Options{File: file, Env: s.Env})
			if err != nil {
				return err
			}
			if to != config.EnginePebble && to != config.EnginePostgres {
				return fmt.Errorf("--to is %q, but it must be %s or %s", to, config.EnginePostgres, config.EnginePebble)
			}
			if cfg.Database.URL == "" {
				return errors.New("database.url is not set, so there is no Postgres to move data to or from; set it in the configuration file, in FLORA_DATABASE_URL or in DATABASE_URL")
			}
			log, _, err := telemetry.NewLogger(cfg.LogLevel, cfg.LogFormat, s.Stderr)
			if err != nil {
				return err
			}
			return migrateKV(c.Context(), cfg, to, replace, log, c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&file, "config", "", "TOML file with settings")
	c.Flags().StringVar(&to, "to", "", "where the data is to be: postgres or pebble")
	c.Flags().BoolVar(&replace, "replace", false, "take away data that is there already")
	return c
}

func migrateKV(ctx context.Context, cfg config.Config, to string, replace bool, log *zap.Logger, out io.Writer) (err error) {
	folder, database, done, err := openPlaces(ctx, cfg, to, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	source, target := folder, database
	if to == config.EnginePebble {
		source, target = database, folder
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		keepAway(ctx, cancel, database.Engine)
	}()
	moved, err := kv.Move(ctx, source, target, kv.MoveOptions{Replace: replace, Spool: archivesPath(cfg)})
	cause := context.Cause(ctx)
	cancel(nil)
	<-ended
	switch {
	case errors.Is(err, kv.ErrNotEmpty):
		return fmt.Errorf("%w of its own; --replace takes that away", err)
	case errors.Is(err, kv.ErrNothing):
		return fmt.Errorf("%w; nothing was changed. Is --to the right one? It says where the data is to be", err)
	case err != nil:
		return errors.Join(err, cause)
	}
	_, err = fmt.Fprintf(out, "moved %s from %s to %s; both have the sum %s\nset kv.engine = %q, and start the runtime; the data in %s is left as it is, and no runtime uses it\n",
		moved, source.Name, target.Name, moved.Sum, target.Name, source.Name)
	return err
}

// openPlaces opens both engines.
func openPlaces(ctx context.Context, cfg config.Config, to string, log *zap.Logger) (folder, database kv.Place, done func() error, err error) {
	if _, err := os.Stat(cfg.KVPath()); to == config.EnginePostgres && err != nil {
		return folder, database, nil, fmt.Errorf("there is no key-value data to move: %w", err)
	}
	state, err := postgres.Open(ctx, postgres.Config{URL: cfg.Database.URL, MaxConnections: 2, Log: log})
	if err != nil {
		return folder, database, nil, err
	}
	shared, err := state.KV(ctx, postgres.KVConfig{MaxConnections: 4, Exclusive: true})
	if err != nil {
		return folder, database, nil, errors.Join(err, state.Close())
	}
	if err := shared.Ready(ctx); err != nil {
		return folder, database, nil, errors.Join(err, shared.Close(), state.Close())
	}
	own, err := kv.OpenPebble(cfg.KVPath(), 0, log)
	if err != nil {
		return folder, database, nil, errors.Join(err, shared.Close(), state.Close())
	}
	folder = kv.Place{Name: config.EnginePebble, Engine: own, Archives: kv.ArchiveFiles(archivesPath(cfg))}
	database = kv.Place{Name: config.EnginePostgres, Engine: shared, Archives: shared}
	return folder, database, func() error { return errors.Join(own.Close(), shared.Close(), state.Close()) }, nil
}

// keepAway goes on telling runtimes that the data is being moved, and ends the
// move when it no longer can: one may then begin to use it.
func keepAway(ctx context.Context, end context.CancelCauseFunc, engine kv.Engine) {
	const every, patience = 5 * time.Second, 20 * time.Second
	for last := time.Now(); clock.Sleep(ctx, clock.Real, every); {
		if _, err := engine.Turn(ctx); err == nil {
			last = time.Now()
		} else if time.Since(last) > patience {
			end(fmt.Errorf("the database was away for too long; do it again: %w", err))
			return
		}
	}
}
