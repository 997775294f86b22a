package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"path/filepath"
)

// checkFolder refuses links in the project's folder .flora. A project that was
// cloned can bring one along, which would have us, and the runtime, write into
// any file of the person's.
func checkFolder(dir string) error {
	err := filepath.WalkDir(filepath.Join(dir, ".flora"), func(name string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // As a running runtime's files do.
		case err != nil:
			return err
		case d.Type()&fs.ModeSymlink != 0:
			return usage("%s is a link, which flora never makes; remove it", name)
		}
		return nil
	})
	if _, ok := errors.AsType[*failure](err); err != nil && !ok {
		return fmt.Errorf("look at the project's folder .flora: %w", err)
	}
	return err
}

// here reports whether the address is one of this machine's own: what the
// project's folder says may be anybody's.
func here(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return ip != nil && ip.IsLoopback()
}
