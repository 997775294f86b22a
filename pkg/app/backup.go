package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/backup"
	"github.com/flora-runtime/flora-runtime/pkg/config"
)

// backupParts are what the data folder has that cannot be made anew. Left out
// is the place in Discord's event stream: events would be handled twice from an
// old one. So are copies of what Postgres has.
func backupParts(c config.Config) []backup.Part {
	in := func(name string) backup.Part { return backup.Part{Name: name, Path: filepath.Join(c.DataDir, name)} }
	return []backup.Part{
		{Name: "state", Path: c.StatePath()}, {Name: "kv", Path: c.KVPath()},
		in("kv-archives"), {Name: "logs", Path: c.LogsPath()}, in("activity.json"), in("secret.key"),
	}
}

func backupCommand(s State) *cobra.Command {
	var file string
	c := &cobra.Command{
		Use: "backup <archive>", Short: "Write what the data folder keeps into one archive", Args: cobra.ExactArgs(1),
		Long: `Writes key-value data, logs and, with embedded storage, deployments, tokens,
secrets and settings into one archive (a .tar.gz with checksums), also while the
runtime runs. "-" writes it to standard output. With database.url, the rest is in
Postgres: take that with pg_dump, after this. The archive is as confidential as
the data folder.`,
		Example: "  flora-runtime backup flora-$(date +%F).tar.gz --config flora.toml",
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := config.Load(config.Options{File: file, Env: s.Env})
			if err != nil {
				return err
			}
			sum, err := takeBackup(c.Context(), cfg, args[0], s.Stdout)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(s.Stderr, "backed up %s\n", summary(sum))
			if err == nil && cfg.Database.URL != "" {
				_, err = fmt.Fprintln(s.Stderr, "deployments, tokens, secrets and settings are in Postgres: now take that with pg_dump")
			}
			return err
		},
	}
	c.Flags().StringVar(&file, "config", "", "TOML file with settings")
	return c
}

func restoreCommand(s State) *cobra.Command {
	var file string
	var check bool
	c := &cobra.Command{
		Use: "restore <archive>", Short: "Put back what backup wrote, into an empty data folder", Args: cobra.ExactArgs(1),
		Long: `Puts an archive's parts into data_dir (and kv.path), where none of them may be
yet, and no runtime may run. All of the archive is read and checked first: of a
damaged one nothing is put anywhere. "-" reads standard input. With database.url,
restore Postgres with pg_restore before the runtime is started.`,
		Example: "  flora-runtime restore flora-2026-11-28.tar.gz --config flora.toml\n  flora-runtime restore --check flora-2026-11-28.tar.gz",
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := config.Load(config.Options{File: file, Env: s.Env})
			if err != nil {
				return err
			}
			from := s.Stdin
			if args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return fmt.Errorf("open the archive: %w", err)
				}
				defer func() { _ = f.Close() }() // It was only read.
				from = f
			}
			if check {
				sum, err := backup.Verify(from)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(s.Stdout, "whole: %s\n", summary(sum))
				return err
			}
			sum, err := restoreBackup(cfg, from)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(s.Stdout, "restored %s\n", summary(sum))
			if err == nil && cfg.Database.URL != "" {
				_, err = fmt.Fprintln(s.Stdout, "deployments, tokens, secrets and settings come from Postgres: restore that with pg_restore before the runtime starts")
			}
			return err
		},
	}
	c.Flags().StringVar(&file, "config", "", "TOML file with settings")
	c.Flags().BoolVar(&check, "check", false, "only say whether the archive is whole")
	return c
}

func summary(s backup.Summary) string {
	return fmt.Sprintf("%s: %d files, %d bytes, made %s by version %s", strings.Join(s.Parts, ", "), s.Files, s.Bytes, s.Made.Format(time.RFC3339), s.Version)
}

func restoreBackup(cfg config.Config, from io.Reader) (backup.Summary, error) {
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return backup.Summary{}, fmt.Errorf("make the data folder: %w", err)
	}
	lock, err := backup.Hold(cfg.DataDir)
	if errors.Is(err, backup.ErrBusy) {
		return backup.Summary{}, fmt.Errorf("a runtime uses %s; stop it first", cfg.DataDir)
	}
	if err != nil {
		return backup.Summary{}, err
	}
	sum, err := backup.Restore(from, cfg.DataDir, backupParts(cfg))
	return sum, errors.Join(err, lock.Close())
}

// takeBackup writes an archive to a new file, or to out when that is "-". What
// was written was read as well, and is whole.
func takeBackup(ctx context.Context, cfg config.Config, file string, out io.Writer) (sum backup.Summary, err error) {
	if file == "-" {
		return copyBackup(ctx, cfg, out)
	}
	if _, err := os.Lstat(file); err == nil {
		return sum, fmt.Errorf("%s is there already; a backup overwrites nothing", file)
	}
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*.part") // Readable for its owner only.
	if err != nil {
		return sum, fmt.Errorf("make the archive: %w", err)
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	sum, err = copyBackup(ctx, cfg, f)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return sum, err
	}
	// It fails when somebody else made the file meanwhile.
	if err := os.Link(f.Name(), file); err != nil {
		return sum, fmt.Errorf("put the archive in its place: %w", err)
	}
	d, err := os.Open(filepath.Dir(file))
	if err != nil {
		return sum, fmt.Errorf("sync the archive's folder: %w", err)
	}
	return sum, errors.Join(d.Sync(), d.Close())
}

// copyBackup has the runtime that runs write the archive, or writes it itself
// when none does, and checks what it passes on.
func copyBackup(ctx context.Context, cfg config.Config, to io.Writer) (backup.Summary, error) {
	if _, err := os.Stat(cfg.DataDir); errors.Is(err, fs.ErrNotExist) {
		return backup.Summary{}, fmt.Errorf("there is no data folder %s; set data_dir to that of the runtime", cfg.DataDir)
	}
	lock, err := backup.Hold(cfg.DataDir)
	switch {
	case errors.Is(err, backup.ErrBusy):
		conn, err := dialBackups(ctx, cfg.DataDir)
		if err != nil {
			return backup.Summary{}, fmt.Errorf("the runtime that uses %s does not take backups, because it has not opened its data yet, or is about to end; try again in a moment: %w", cfg.DataDir, err)
		}
		defer func() { _ = conn.Close() }()
		return backup.Verify(io.TeeReader(conn, to))
	case err != nil:
		return backup.Summary{}, err
	}
	defer func() { _ = lock.Close() }()
	parts := backupParts(cfg)
	if err := backup.Settle(cfg.DataDir, parts); err != nil {
		return backup.Summary{}, err
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(backup.Write(ctx, w, Version, time.Now(), parts)) }()
	sum, err := backup.Verify(io.TeeReader(r, to))
	return sum, errors.Join(err, r.CloseWithError(err))
}

// backupSocket is where a runtime gives a backup to whoever connects; only its
// own user can.
const backupSocket = "backup.sock"

// socketIn gives an address of the socket that is short enough, for as long as
// dir is open.
func socketIn(dir *os.File) string {
	return fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), backupSocket)
}

func dialBackups(ctx context.Context, dataDir string) (net.Conn, error) {
	dir, err := os.Open(dataDir) //nolint:gosec // The operator's own.
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }()
	return new(net.Dialer).DialContext(ctx, "unix", socketIn(dir))
}

// checkpointer is a database that makes a copy of itself while it is used.
type checkpointer interface{ Checkpoint(dir string) error }

// openFolder makes the data folder this runtime's, and ends a restore that was
// cut off.
func (rt *runtime) openFolder() error {
	lock, err := backup.Hold(rt.cfg.DataDir)
	if errors.Is(err, backup.ErrBusy) {
		return fmt.Errorf("%s is in use by another runtime, or is being restored or backed up; stop that one or wait for its end, or set data_dir to another folder: each process needs one of its own", rt.cfg.DataDir)
	}
	if err != nil {
		return err
	}
	rt.life.release("data folder", lock.Close)
	return errors.Join(backup.Settle(rt.cfg.DataDir, backupParts(rt.cfg)), rt.tidyBackups())
}

// giveBackups listens for those who want a backup, one after another.
func (rt *runtime) giveBackups() error {
	dir, err := os.Open(rt.cfg.DataDir)
	if err != nil {
		return fmt.Errorf("open the data folder: %w", err)
	}
	at := socketIn(dir)
	if err := os.Remove(at); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fmt.Errorf("remove the socket of backups: %w", err), dir.Close())
	}
	l, err := new(net.ListenConfig).Listen(context.Background(), "unix", at)
	if err != nil {
		return errors.Join(fmt.Errorf("listen for backups: %w", err), dir.Close())
	}
	if err := os.Chmod(at, 0o600); err != nil {
		return errors.Join(fmt.Errorf("guard the socket of backups: %w", err), l.Close(), dir.Close())
	}
	rt.life.run("backups", func(ctx context.Context) error {
		defer func() { _ = dir.Close() }() // The socket goes with the listener, by this name.
		stop := context.AfterFunc(ctx, func() { _ = l.Close() })
		defer stop()
		for {
			conn, err := l.Accept()
			if ctx.Err() != nil {
				return nil
			}
			if err != nil {
				return fmt.Errorf("listen for backups: %w", err)
			}
			rt.giveBackup(ctx, conn)
		}
	})
	return nil
}

// backupStall is how long whoever takes a backup may take nothing.
const backupStall = time.Minute

func (rt *runtime) giveBackup(ctx context.Context, conn net.Conn) {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	err := rt.writeBackup(ctx, patient{conn})
	if err = errors.Join(err, conn.Close()); err != nil && ctx.Err() == nil {
		rt.log.Error("a backup failed", zap.Error(err))
	} else if err == nil {
		rt.log.Info("a backup was taken")
	}
}

// patient is a connection that fails when nobody reads it for long.
type patient struct{ net.Conn }

// Write implements io.Writer.
func (p patient) Write(b []byte) (int, error) {
	if err := p.SetWriteDeadline(time.Now().Add(backupStall)); err != nil {
		return 0, err
	}
	return p.Conn.Write(b)
}

// writeBackup writes an archive of copies that stand still: those of databases
// are made of links to files that never change.
func (rt *runtime) writeBackup(ctx context.Context, to io.Writer) error {
	parts := backupParts(rt.cfg)
	databases := map[string]any{"state": rt.state, "kv": rt.kv}
	for i := range parts {
		p := &parts[i]
		db, ok := databases[p.Name].(checkpointer)
		if !ok {
			continue
		}
		// Beside the database, because links cannot lead to other disks.
		at := strings.TrimRight(p.Path, "/") + checkpointed
		if err := os.RemoveAll(at); err != nil {
			return fmt.Errorf("remove an old copy: %w", err)
		}
		defer func() { _ = os.RemoveAll(at) }()
		if err := db.Checkpoint(at); err != nil {
			return fmt.Errorf("copy %s: %w", p.Name, err)
		}
		p.Path = at
	}
	return backup.Write(ctx, to, Version, time.Now(), parts)
}

// checkpointed is the end of the name of a database's copy.
const checkpointed = ".backup"

// tidyBackups removes what a backup left that was cut off.
func (rt *runtime) tidyBackups() error {
	var errs []error
	for _, p := range backupParts(rt.cfg) {
		errs = append(errs, os.RemoveAll(strings.TrimRight(p.Path, "/")+checkpointed))
	}
	return errors.Join(errs...)
}
