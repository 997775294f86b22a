package mark_test

import (
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
