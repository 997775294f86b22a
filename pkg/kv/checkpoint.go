package kv

import (
	"github.com/cockroachdb/pebble/v2"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// Checkpoint makes a copy of the database, as it is at one moment, in a folder
// that is not there yet, while it is used. What was acknowledged before is in it.
func (db *DB) Checkpoint(dir string) error {
	db.life.RLock()
	defer db.life.RUnlock()
	if db.closed {
		return fault.New(fault.Unavailable, "kv storage is closed; try again when the runtime has restarted")
	}
	return wrap("copy the database", db.pebble.Checkpoint(dir, pebble.WithFlushedWAL()))
}
