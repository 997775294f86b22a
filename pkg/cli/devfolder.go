package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
)

// ownFolder makes the project's folder .flora. A project that was cloned can
// bring one along: a link in it would have us, and the runtime, write into any
// file of the person's.
func ownFolder(dir string) (string, error) {
	folder := filepath.Join(dir, ".flora")
	err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
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
	if _, ok := errors.AsType[*failure](err); ok {
		return "", err
	}
	if err == nil {
		err = os.MkdirAll(folder, 0o700)
	}
	if err != nil {
		return "", fmt.Errorf("make the project's folder .flora: %w", err)
	}
	return folder, nil
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
