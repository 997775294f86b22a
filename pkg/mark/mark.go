// Package mark is the memory that control shares with one worker: for each
// script the id of the last dispatch whose handlers began. It outlives the
// worker, so control knows which events a dead worker had not begun, and only
// those are delivered again.
package mark

import (
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// stride keeps the words of two scripts out of one cache line.
const stride = 64

// Marks are the words. Any number of goroutines may use them.
type Marks struct{ memory []byte }

// New makes n words in memory of this process only.
func New(n int) *Marks {
	// Words need their alignment, which bytes alone do not have.
	words := make([]uint64, n*stride/8)
	return &Marks{unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), len(words)*8)} //nolint:gosec // The same memory, in bytes.
}

// Shared makes n words in a memory file that a worker can inherit.
func Shared(n int) (*Marks, *os.File, error) {
	fd, err := unix.MemfdCreate("flora-marks", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, nil, fmt.Errorf("make a memory file: %w", err)
	}
	f := os.NewFile(uintptr(fd), "flora-marks") //nolint:gosec // A descriptor is not negative here.
	m, err := share(f, n)
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return m, f, nil
}

func share(f *os.File, n int) (*Marks, error) {
	if err := f.Truncate(int64(n * stride)); err != nil {
		return nil, fmt.Errorf("size a memory file: %w", err)
	}
	// A worker that shrank it would have control die of SIGBUS.
	if _, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_SEAL|unix.F_SEAL_SHRINK|unix.F_SEAL_GROW); err != nil {
		return nil, fmt.Errorf("seal a memory file: %w", err)
	}
	return Open(int(f.Fd())) //nolint:gosec // Descriptors are small.
}

// Open maps the words of an inherited memory file; the descriptor stays open.
func Open(fd int) (*Marks, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, fmt.Errorf("look at the marks: %w", err)
	}
	b, err := unix.Mmap(fd, 0, int(st.Size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map the marks: %w", err)
	}
	return &Marks{b}, nil
}

// Len is the number of words.
func (m *Marks) Len() int { return len(m.memory) / stride }

// At gives a word, or nil when there is none with that index.
func (m *Marks) At(i int) *atomic.Uint64 {
	if i < 0 || i >= m.Len() {
		return nil
	}
	return (*atomic.Uint64)(unsafe.Pointer(&m.memory[i*stride])) //nolint:gosec // Within bounds, and mappings are aligned.
}

// Unmap gives up the memory of Shared or Open; the words must not be used any
// more.
func (m *Marks) Unmap() error {
	if err := unix.Munmap(m.memory); err != nil {
		return fmt.Errorf("unmap the marks: %w", err)
	}
	m.memory = nil
	return nil
}
