package mark_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"unsafe"

	"github.com/flora-runtime/flora-runtime/pkg/mark"
)

func TestBothSidesSeeTheSlots(t *testing.T) {
	t.Parallel()
	ours, f, err := mark.Shared(3)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := mark.Open(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	if ours.Len() != 3 || theirs.Len() != 3 {
		t.Fatalf("got %d and %d slots", ours.Len(), theirs.Len())
	}
	for i := range 3 {
		theirs.At(i).Begun.Store(uint64(10 + i))
	}
	for i := range 3 {
		if got := ours.At(i).Begun.Load(); got != uint64(10+i) {
			t.Errorf("slot %d: got %d", i, got)
		}
	}
	if ours.At(-1) != nil || ours.At(3) != nil {
		t.Error("a slot beyond the end")
	}
	if err := f.Truncate(0); err == nil {
		t.Error("the other side can take the memory away")
	}
	if err := theirs.Unmap(); err != nil {
		t.Error(err)
	}
	if got := ours.At(1).Begun.Load(); got != 11 {
		t.Errorf("got %d after the other side is gone", got)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestOwnMemory(t *testing.T) {
	t.Parallel()
	m := mark.New(2)
	m.At(1).Verdict.Store(7)
	if size := unsafe.Sizeof(mark.Slot{}); size != 64 {
		t.Errorf("a slot has %d bytes; the C++ side counts on 64", size)
	}
	if m.Len() != 2 || m.At(0).Verdict.Load() != 0 || m.At(1).Verdict.Load() != 7 {
		t.Fatal("the slots are not what was stored")
	}
	m.At(1).Clear()
	if m.At(1).Verdict.Load() != 0 {
		t.Error("a cleared slot still has its verdict")
	}
}

func TestMarksOutliveTheProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	folder, earlier, err := mark.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !earlier.Begun(1, 1) {
		t.Error("what is not known may begin again")
	}
	killed, f, err := folder.Make(3)
	if err != nil {
		t.Fatal(err)
	}
	ended, g, err := folder.Make(3)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Close(), g.Close()); err != nil {
		t.Error(err)
	}
	places := map[uint64]bool{0: true}
	for _, m := range []*mark.Marks{killed, ended} {
		for i := range 3 {
			if places[m.Place(i)] {
				t.Errorf("slot %d has no place of its own", i)
			}
			places[m.Place(i)] = true
			m.At(i).Begun.Store(uint64(100 + i))
			m.At(i).Clear()
		}
	}
	gone := ended.Place(1)
	if err := ended.Unmap(); err != nil {
		t.Error(err)
	}
	// One that cannot be read keeps nobody from the others.
	if err := os.Mkdir(filepath.Join(dir, "1.marks"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "notes.marks"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	// The next process, twice: it may be killed before it removes them.
	for range 2 {
		if _, earlier, err = mark.OpenFolder(dir); err != nil {
			t.Fatal(err)
		}
		if earlier.Unread() == nil {
			t.Error("it is not told that a file could not be read")
		}
		for i := range 3 {
			place, last := killed.Place(i), uint64(100+i)
			if !earlier.Begun(place, last-1) || !earlier.Begun(place, last) || earlier.Begun(place, last+1) {
				t.Errorf("slot %d: what had begun is not told from what had not", i)
			}
		}
		if !earlier.Begun(gone, 500) {
			t.Error("what a process that ended had not begun is known, although its file is gone")
		}
	}
	if err := earlier.Remove(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%v is left, %v", left, err)
	}
	if err := killed.Unmap(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is gone was removed: %v", err)
	}
	if place := mark.New(2).Place(1); place != 0 {
		t.Errorf("slots in memory have the place %d", place)
	}
}
