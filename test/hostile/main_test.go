package hostile

import (
	"os"
	"testing"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

var bin string

func TestMain(m *testing.M) { os.Exit(rig.Main(m, &bin)) }

// soak tells whether everything runs in full.
func soak() bool { return os.Getenv("FLORA_SOAK") != "" }
