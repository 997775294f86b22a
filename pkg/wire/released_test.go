package wire_test

import (
	"errors"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// TestReleasedBuildsKnowNoAttacks: the frames of the build that makes them are
// like any other that does not exist.
func TestReleasedBuildsKnowNoAttacks(t *testing.T) {
	t.Parallel()
	for _, number := range []byte{240, 241} {
		// An array of two texts, as an attack is.
		if v, err := wire.Decode([]byte{number, 0x82, 0x61, 'x', 0x62, 'g', 'o'}); !errors.Is(err, wire.ErrUnknown) {
			t.Errorf("frame %d: got %v, %v", number, v, err)
		}
	}
}
