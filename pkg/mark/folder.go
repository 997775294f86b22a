package mark

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Folder keeps the slots of workers in files, so that they outlive control too:
// the next control finds what the scripts had begun when this one was killed.
type Folder struct {
	dir   string
	epoch uint64 // Tells this process's files from others'; never 0.
	next  atomic.Uint64
}

const (
	ending = ".marks"
	// A place is the epoch, the file's number and the slot's index.
	indexBits  = 12
	numberBits = 20
)

// OpenFolder makes the folder, and reads what is left there of processes that
// were killed.
func OpenFolder(dir string) (*Folder, *Earlier, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("make the folder of marks: %w", err)
	}
	earlier, err := readEarlier(dir)
	if err != nil {
		return nil, nil, err
	}
	var b [4]byte
	if _, err := rand.Read(b[:]); err != nil {
		return nil, nil, fmt.Errorf("name the marks: %w", err)
	}
	return &Folder{dir: dir, epoch: uint64(binary.LittleEndian.Uint32(b[:]) | 1)}, earlier, nil
}

// Make makes n slots in a file that a worker can inherit. The worker must not
// keep the file open: one that makes it shorter has control die of SIGBUS, which
// no mapping can do.
func (f *Folder) Make(n int) (*Marks, *os.File, error) {
	if n >= 1<<indexBits {
		return nil, nil, fmt.Errorf("%d scripts in one worker are more than marks can name", n)
	}
	place := f.epoch<<numberBits | f.next.Add(1)&(1<<numberBits-1)
	name := filepath.Join(f.dir, strconv.FormatUint(place, 16)+ending)
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // The operator's own folder.
	if err != nil {
		return nil, nil, fmt.Errorf("make marks: %w", err)
	}
	m, err := fill(file, n)
	if err != nil {
		return nil, nil, errors.Join(err, file.Close(), os.Remove(name))
	}
	m.place, m.file = place, name
	return m, file, nil
}

// fill takes the room now: a disk that is full later would be a SIGBUS.
func fill(file *os.File, n int) (*Marks, error) {
	if err := unix.Fallocate(int(file.Fd()), 0, 0, int64(n*stride)); err != nil { //nolint:gosec // Descriptors are small.
		return nil, fmt.Errorf("take room for marks: %w", err)
	}
	return Open(int(file.Fd())) //nolint:gosec // Descriptors are small.
}

// Place names the slot in this process and in those after it; 0 when the slots
// do not outlive this one.
func (m *Marks) Place(i int) uint64 {
	if m.place == 0 {
		return 0
	}
	return m.place<<indexBits | uint64(i) //nolint:gosec // Below 4,096.
}

// Earlier is what the workers of processes that were killed had begun.
type Earlier struct {
	files  []string
	slots  map[uint64]uint64 // The last dispatch begun, by place.
	unread error
}

// Unread says what of it could not be read.
func (e *Earlier) Unread() error { return e.unread }

// Begun reports whether the dispatch that was given to the place had begun. What
// is not known counts as begun: nothing may begin twice.
func (e *Earlier) Begun(place, dispatch uint64) bool {
	last, known := e.slots[place]
	return !known || dispatch <= last
}

// Remove removes the files, once nobody will ask again in a process after this.
func (e *Earlier) Remove() error {
	var errs []error
	for _, name := range e.files {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func readEarlier(dir string) (*Earlier, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*"+ending))
	if err != nil {
		return nil, fmt.Errorf("look for marks: %w", err)
	}
	e := &Earlier{slots: map[uint64]uint64{}}
	for _, name := range names {
		place, err := strconv.ParseUint(strings.TrimSuffix(filepath.Base(name), ending), 16, 64)
		if err != nil {
			continue // Not ours.
		}
		e.files = append(e.files, name)
		b, err := os.ReadFile(name) //nolint:gosec // The operator's own folder.
		if err != nil {
			e.unread = errors.Join(e.unread, fmt.Errorf("read marks: %w", err))
			continue
		}
		for i := range len(b) / stride {
			e.slots[place<<indexBits|uint64(i)] = binary.NativeEndian.Uint64(b[i*stride:]) //nolint:gosec // An index.
		}
	}
	return e, nil
}
