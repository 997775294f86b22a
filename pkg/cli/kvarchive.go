package cli

import (
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// exportDoc is what --json prints.
type exportDoc struct {
	File string `json:"file"`
	client.Export
}

func (a *app) exportCommand() *cobra.Command {
	var store string
	var force bool
	c := a.inGuild(&cobra.Command{
		Use: "export [file]", Short: "Save the stores in a file", Args: cobra.MaximumNArgs(1),
		Long: `Saves all stores of a guild, or one of them, as they are at one moment: lines of
JSON in gzip, which "flora kv import" reads. Without a file it is
kv-<guild>.jsonl.gz here.

The file gets its name once it is whole and checked. A download that breaks goes
on where it was, also when the command is run again: what is there of it is in
<file>.<id>.part until then.`,
		Example: "  flora kv export backup.jsonl.gz\n  flora kv export main.jsonl.gz --store main --force",
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, args []string) error {
		file, err := a.path(cmp.Or(append(args, "kv-"+guild.String()+".jsonl.gz")...))
		if err != nil {
			return err
		}
		if _, err := os.Lstat(file); err == nil && !force {
			return coded(Conflict, "%s exists; name another file, or give --force", file)
		}
		e, err := a.export(ctx, api, guild, store, file)
		if err != nil {
			return err
		}
		return a.say(exportDoc{file, e}, "Saved the stores of guild %s, as they were at %s, in %s (%d bytes)", guild, local(e.CreatedAt), file, e.Bytes)
	})
	a.withStore(c, &store)
	c.Flags().BoolVar(&force, "force", false, "replace the file if it exists")
	return c
}

// partFile is where a download is until it is whole.
func partFile(file, store string, e client.Export) string {
	if store != "" {
		store = "." + store
	}
	return file + "." + e.ID + store + ".part"
}

// export downloads an archive, or the rest of one.
func (a *app) export(ctx context.Context, api *client.Client, guild snowflake.GuildID, store, file string) (client.Export, error) {
	kept, err := api.Exports(ctx, guild)
	if err != nil {
		return client.Export{}, err
	}
	for _, e := range kept {
		if part := partFile(file, store, e); regular(part) {
			a.note("going on with the archive of %s in %s", local(e.CreatedAt), part)
			return e, a.download(ctx, api, guild, e, part, file)
		}
	}
	a.progress("The server puts the stores into an archive ...")
	e, err := api.CreateExport(ctx, guild, store)
	if err != nil {
		return e, err
	}
	return e, a.download(ctx, api, guild, e, partFile(file, store, e), file)
}

// Attempts of a download that bring nothing, in a row.
const (
	downloadAttempts = 6
	downloadPause    = 200 * time.Millisecond // Doubles.
)

func (a *app) download(ctx context.Context, api *client.Client, guild snowflake.GuildID, e client.Export, part, file string) error {
	f, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("save the archive: %w", err)
	}
	defer func() { _ = f.Close() }() // Closed below when it is whole.
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("save the archive: %w", err)
	}
	have := info.Size()
	for failures := 0; have < e.Bytes; {
		a.progress("Downloading, %d of %d bytes are here ...", have, e.Bytes)
		n, err := api.Download(ctx, guild, e, have, f)
		if have += n; err == nil {
			break
		}
		if failures++; n > 0 {
			failures = 0
		}
		if _, broken := errors.AsType[*client.NetworkError](err); !broken || failures == downloadAttempts {
			a.note("what is here of the archive is in %s; run the command again to go on", part)
			return err
		}
		a.note("%s; going on at byte %d", err, have)
		if !clock.Sleep(ctx, clock.Real, downloadPause<<failures) {
			return ctx.Err()
		}
	}
	if err := checkArchive(f, e.Bytes); err != nil {
		return fmt.Errorf("the archive in %s is broken (%w); run the command again", part, errors.Join(err, f.Close(), os.Remove(part)))
	}
	err = errors.Join(f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(part, file)
	}
	if err != nil {
		return fmt.Errorf("save the archive: %w", err)
	}
	return nil
}

// checkArchive reads the archive whole: gzip knows its sum.
func checkArchive(f *os.File, bytes int64) error {
	if info, err := f.Stat(); err != nil || info.Size() != bytes {
		return fmt.Errorf("it should have %d bytes", bytes)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, z) //nolint:gosec // Nothing of it is kept.
	return err
}

func (a *app) importCommand() *cobra.Command {
	var replace, yes bool
	c := a.inGuild(&cobra.Command{
		Use: "import <file>", Short: "Bring the stores of a file in", Args: exactly("the file that `flora kv export` made"),
		Long: `Brings in what "flora kv export" saved, of any guild. Keys of the file replace
those of the same name. With --replace everything else goes, too: of all stores,
or when the file has one store only, of that; on a terminal it asks first. All of
it becomes visible in one step, or nothing.`,
		Example: "  flora kv import backup.jsonl.gz\n  flora kv import backup.jsonl.gz --replace --yes",
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, args []string) error {
		file, err := a.path(args[0])
		if err != nil {
			return err
		}
		f, err := os.Open(file)
		if err != nil {
			return usage("the archive cannot be read: %s", err)
		}
		defer func() { _ = f.Close() }() // Only read.
		size, err := archiveSize(f)
		if err != nil {
			return usage("%s is no archive of `flora kv export`: %s", file, err)
		}
		if replace {
			if err := a.confirm(yes, "Let what guild %s keeps go that is not in %s?", guild, filepath.Base(file)); err != nil {
				return err
			}
		}
		a.progress("Uploading %d bytes ...", size)
		done, err := api.Import(ctx, guild, f, size, replace)
		if err != nil {
			return err
		}
		return a.say(done, "Brought %d keys of %d stores into guild %s (%d had expired)", done.Keys, done.Stores, guild, done.Expired)
	})
	c.Flags().BoolVar(&replace, "replace", false, "what is not in the file goes")
	withYes(c, &yes)
	return c
}

// archiveSize is how many bytes the archive has, if it looks like one.
func archiveSize(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, errors.New("it is no file")
	}
	if _, err := gzip.NewReader(f); err != nil {
		return 0, errors.New("it is not in gzip")
	}
	_, err = f.Seek(0, io.SeekStart)
	return info.Size(), err
}
