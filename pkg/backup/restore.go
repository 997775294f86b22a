package backup

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"
)

const (
	// staged is beside the place of each part until all of the archive was read.
	staged = ".restoring"
	// decided says in the data folder that what is staged is to be used: from
	// then on the restore is done, however often it is cut off.
	decided = "restored.json"
)

// decision is the content of that file.
type decision struct {
	Parts []string `json:"parts"`
}

// Restore puts the archive's parts where parts say, of which nothing may be
// there yet. The caller has the data folder's lock alone.
func Restore(from io.Reader, dir string, parts []Part) (Summary, error) {
	if err := Settle(dir, parts); err != nil {
		return Summary{}, err
	}
	if err := vacant(parts); err != nil {
		return Summary{}, err
	}
	place := map[string]string{}
	for _, p := range parts {
		place[p.Name] = p.Path
	}
	folders := map[string]struct{}{}
	sum, err := read(from, func(part, name string, body io.Reader) error {
		path, known := place[part]
		if !known {
			return fmt.Errorf("%w (a part %q)", ErrNewer, part)
		}
		return put(filepath.Join(path+staged, filepath.FromSlash(name)), body, folders)
	})
	for folder := range folders {
		err = errors.Join(err, syncFolder(folder))
	}
	if err == nil {
		err = decide(dir, parts)
	}
	if err != nil {
		return sum, errors.Join(err, discard(parts))
	}
	return sum, Settle(dir, parts)
}

// vacant names what is in the way.
func vacant(parts []Part) error {
	var errs []error
	for _, p := range parts {
		entries, err := os.ReadDir(p.Path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err == nil && len(entries) == 0:
			// A folder takes its place later, which must be possible.
			if err := os.Remove(p.Path); err != nil {
				errs = append(errs, fmt.Errorf("%s cannot be replaced; if something is mounted there, choose a folder below: %w", p.Path, err))
			}
		case err != nil && !errors.Is(err, unix.ENOTDIR):
			errs = append(errs, err)
		default:
			errs = append(errs, fmt.Errorf("%s is there already; a restore overwrites nothing: move it away, or set another data_dir", p.Path))
		}
	}
	return errors.Join(errs...)
}

// put writes one file, on disk when it returns; its folders, which are noted, are
// not.
func put(file string, body io.Reader, folders map[string]struct{}) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	folders[filepath.Dir(file)] = struct{}{}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // Its name was checked.
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	_, err = io.Copy(f, body)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("restore %s: %w", file, err)
	}
	return nil
}

func decide(dir string, parts []Part) error {
	var d decision
	for _, p := range parts {
		if _, err := os.Lstat(p.Path + staged); err == nil {
			d.Parts = append(d.Parts, p.Name)
		}
		if err := syncFolder(filepath.Dir(p.Path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	text, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode what was restored: %w", err)
	}
	if err := renameio.WriteFile(filepath.Join(dir, decided), text, 0o600); err != nil {
		return fmt.Errorf("write what was restored: %w", err)
	}
	return syncFolder(dir)
}

// Settle ends a restore that was cut off: what was decided is done, all else is
// removed. Without one it does nothing.
func Settle(dir string, parts []Part) error {
	text, err := os.ReadFile(filepath.Join(dir, decided)) //nolint:gosec // In the runtime's own folder.
	if errors.Is(err, fs.ErrNotExist) {
		return discard(parts)
	}
	var d decision
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		return fmt.Errorf("go on with a restore that was cut off: %w", err)
	}
	for _, p := range parts {
		if !slices.Contains(d.Parts, p.Name) {
			continue
		}
		if err := move(p.Path); err != nil {
			return fmt.Errorf("go on with a restore: %w", err)
		}
	}
	if err := os.Remove(filepath.Join(dir, decided)); err != nil {
		return fmt.Errorf("end a restore: %w", err)
	}
	return syncFolder(dir)
}

// move puts what is staged in its place, if that was not done before.
func move(path string) error {
	if _, err := os.Lstat(path + staged); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	// An empty folder may be there, and nothing else.
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(path+staged, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func discard(parts []Part) error {
	var errs []error
	for _, p := range parts {
		errs = append(errs, os.RemoveAll(p.Path+staged))
	}
	return errors.Join(errs...)
}

func syncFolder(path string) error {
	d, err := os.Open(path) //nolint:gosec // The operator's own.
	if err != nil {
		return fmt.Errorf("sync a folder: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync a folder: %w", err)
	}
	return nil
}
