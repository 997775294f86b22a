package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Rights of files that are written: sources are for everybody who may see the
// folder, secrets for their owner.
const (
	forAll   fs.FileMode = 0o644
	forOwner fs.FileMode = 0o600
)

// replaceFile writes a file whole or not at all, and makes its folder. Nobody
// but the owner can read it before it has its rights. renameio, which does that
// elsewhere, is not for Windows.
func replaceFile(file, text string, mode fs.FileMode) error {
	fail := func(err error) error { return fmt.Errorf("write %s: %w", file, err) }
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, mode|mode&0o444>>2); err != nil { // Who may read may look.
		return fail(err)
	}
	t, err := os.CreateTemp(dir, ".flora-*.tmp")
	if err != nil {
		return fail(err)
	}
	_, err = t.WriteString(text)
	err = errors.Join(err, t.Chmod(mode), t.Close())
	if err == nil {
		err = os.Rename(t.Name(), file)
	}
	if err != nil {
		return fail(errors.Join(err, os.Remove(t.Name())))
	}
	return nil
}

func regular(p string) bool {
	info, err := os.Stat(p)
	return err == nil && info.Mode().IsRegular()
}
