package hostile

import (
	"os"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim/contract"
	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

var bin string

// What hostile scripts put into a body beside Discord's members reaches Discord
// as it is.
func TestMain(m *testing.M) { os.Exit(rig.Main(m, &bin, contract.Unknown)) }

// soak tells whether everything runs in full.
func soak() bool { return os.Getenv("FLORA_SOAK") != "" }
