package embedded

import (
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// WithFS opens the database in another file system.
func (c Config) WithFS(fs vfs.FS) Config {
	c.fs = fs
	return c
}

// Pebble is the database itself.
func (s *Store) Pebble() *pebble.DB { return s.pebble }
