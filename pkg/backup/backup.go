// Package backup writes what a runtime keeps in its data folder into one
// archive, and puts it back into an empty one, all of it or nothing. It knows
// files and no databases: who has one open gives a copy of it that stands still.
package backup

import (
	"errors"
	"time"
)

// Part is a folder or a file that an archive has.
type Part struct {
	Name string // In the archive: one path element.
	Path string // On this machine. What is not there is left out.
}

// Header is the first entry of an archive.
type Header struct {
	Format  int       `json:"format"`
	Version string    `json:"version"` // Of the runtime.
	Made    time.Time `json:"made"`
	Parts   []string  `json:"parts"` // Those that are there.
}

const (
	// format changes when an older runtime could not restore what is written.
	format     = 1
	headerName = "flora-backup.json"
	sumsName   = "SHA256SUMS"
	// headerBytes bounds what is read into memory of an archive's own entries.
	headerBytes = 1 << 20
	sumsBytes   = 256 << 20
)

// What can be wrong with an archive.
var (
	ErrDamaged = errors.New("the archive is damaged or incomplete; nothing was changed, use another one")
	ErrForeign = errors.New("this is no backup of a Flora runtime")
	ErrNewer   = errors.New("the archive was written by a newer version; restore it with that version")
)
