package hostile

import (
	"fmt"
	"os"
	"testing"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

var bin string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, cleanup, err := rig.Binaries()
	defer cleanup()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	bin = dir
	return m.Run()
}

// soak tells whether everything runs in full.
func soak() bool { return os.Getenv("FLORA_SOAK") != "" }
