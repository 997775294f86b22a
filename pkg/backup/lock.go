package backup

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// ErrBusy is that somebody else uses the data folder.
var ErrBusy = errors.New("the data folder is in use")

// Lock is held on a data folder by the one who uses it: a runtime, or who restores
// it or reads it without one.
type Lock struct{ dir *os.File }

// Hold takes the lock.
func Hold(dir string) (*Lock, error) {
	f, err := os.Open(dir) //nolint:gosec // The operator's own.
	if err != nil {
		return nil, fmt.Errorf("open the data folder: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	switch {
	case err == nil:
		return &Lock{f}, nil
	case errors.Is(err, unix.EWOULDBLOCK):
		return nil, errors.Join(ErrBusy, f.Close())
	default:
		return nil, errors.Join(fmt.Errorf("lock the data folder: %w", err), f.Close())
	}
}

// Close gives the lock back.
func (l *Lock) Close() error { return l.dir.Close() }
