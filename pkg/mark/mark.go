// Package mark is the memory that control shares with one worker: for each
// script a slot that says which dispatch began last, whether a turn runs and
// whether it brought the process down. It outlives the worker, so control knows
// which events a dead worker had not begun (only those are delivered again) and
// whose script it was executing. A worker may write anything into it.
package mark

import (
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Slot is what is known of one script.
type Slot struct {
	// Begun is the id of the last dispatch whose handlers began.
	Begun atomic.Uint64
	// Turn is 0 while no turn of the script runs. Else its low half is the id of
	// the thread that runs it, and its high half tells it from other turns.
	Turn atomic.Uint64
	// Verdict is not 0 when the script's own code brought the process down.
	Verdict atomic.Uint64
	// Held is how many bytes of memory the script had at the end of its last turn.
	Held atomic.Uint64
	_    [stride - 32]byte
}

// The verdicts; the C++ of pkg/v8 writes them.
const (
	Fatal       = 1 // V8 gave up: what was asked of it is impossible.
	OutOfMemory = 2 // The script's heap reached its limit.
	Signal      = 3 // A signal, such as of an access to wrong memory.
	Stuck       = 4 // V8 did not come back after it was told to stop.
	NoMemory    = 5 // The process had no memory left, whoever used it.
)

// stride keeps the slots of two scripts out of one cache line.
const stride = 64

// Marks are the slots. Any number of goroutines may use them.
type Marks struct {
	memory []byte
	place  uint64 // Of the slots in a Folder, 0 elsewhere.
	file   string // In a Folder.
}

// New makes n slots in memory of this process only.
func New(n int) *Marks {
	// Words need their alignment, which bytes alone do not have.
	words := make([]uint64, n*stride/8)
	return &Marks{memory: unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), len(words)*8)} //nolint:gosec // The same memory, in bytes.
}

// Shared makes n slots in a memory file that a worker can inherit.
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

// Open maps the slots of an inherited memory file; the descriptor stays open.
func Open(fd int) (*Marks, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, fmt.Errorf("look at the marks: %w", err)
	}
	b, err := unix.Mmap(fd, 0, int(st.Size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map the marks: %w", err)
	}
	return &Marks{memory: b}, nil
}

// Len is the number of slots.
func (m *Marks) Len() int { return len(m.memory) / stride }

// At gives a slot, or nil when there is none with that index.
func (m *Marks) At(i int) *Slot {
	if i < 0 || i >= m.Len() {
		return nil
	}
	return (*Slot)(unsafe.Pointer(&m.memory[i*stride])) //nolint:gosec // Within bounds, and mappings are aligned.
}

// Clear makes a slot ready for another script. Begun stays: ids only rise, and
// what the script before had begun has begun.
func (s *Slot) Clear() {
	s.Turn.Store(0)
	s.Verdict.Store(0)
	s.Held.Store(0)
}

// Unmap gives up the memory of Shared or Open; the slots must not be used any
// more.
func (m *Marks) Unmap() error {
	if err := unix.Munmap(m.memory); err != nil {
		return fmt.Errorf("unmap the marks: %w", err)
	}
	m.memory = nil
	if m.file != "" {
		if err := os.Remove(m.file); err != nil {
			return fmt.Errorf("remove the marks: %w", err)
		}
	}
	return nil
}
