package mark_test

import (
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/mark"
)

func TestBothSidesSeeTheWords(t *testing.T) {
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
		t.Fatalf("got %d and %d words", ours.Len(), theirs.Len())
	}
	for i := range 3 {
		theirs.At(i).Store(uint64(10 + i))
	}
	for i := range 3 {
		if got := ours.At(i).Load(); got != uint64(10+i) {
			t.Errorf("word %d: got %d", i, got)
		}
	}
	if ours.At(-1) != nil || ours.At(3) != nil {
		t.Error("a word beyond the end")
	}
	if err := f.Truncate(0); err == nil {
		t.Error("the other side can take the memory away")
	}
	if err := theirs.Unmap(); err != nil {
		t.Error(err)
	}
	if got := ours.At(1).Load(); got != 11 {
		t.Errorf("got %d after the other side is gone", got)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestOwnMemory(t *testing.T) {
	t.Parallel()
	m := mark.New(2)
	m.At(1).Store(7)
	if m.Len() != 2 || m.At(0).Load() != 0 || m.At(1).Load() != 7 {
		t.Fatal("the words are not what was stored")
	}
}
