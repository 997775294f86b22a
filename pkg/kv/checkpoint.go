package kv

import (
	"github.com/cockroachdb/pebble/v2"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// Checkpoint makes a copy of the database, as it is at one moment, in a folder
// that is not there yet, while it is used. What was acknowledged before is in it.
// It makes none where the data is in no folder of this machine.
func (db *DB) Checkpoint(dir string) error {
	db.life.RLock()
	defer db.life.RUnlock()
	if db.closed {
		return fault.New(fault.Unavailable, "kv storage is closed; try again when the runtime has restarted")
	}
	if e, ok := db.engine.(interface{ Checkpoint(dir string) error }); ok {
		return wrap("copy the database", e.Checkpoint(dir))
	}
	return nil
}

// Checkpoint makes that copy.
func (e *onDisk) Checkpoint(dir string) error {
	return e.db.Checkpoint(dir, pebble.WithFlushedWAL())
}
