package bot

import "testing"

// A script that keeps something open is not put away for being idle.
func TestWhatIsKeptOpenIsNotEvicted(t *testing.T) {
	t.Parallel()
	s := &script{up: true}
	release := s.keep()
	again := s.keep()
	release()
	release() // Counts once.
	if s.kept != 1 || s.Evict() {
		t.Errorf("kept %d, and it went", s.kept)
	}
	again()
	if s.kept != 0 {
		t.Errorf("kept %d after all were released", s.kept)
	}
}
