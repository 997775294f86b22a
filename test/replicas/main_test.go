package replicas

import (
	"os"
	"testing"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

var bin string

func TestMain(m *testing.M) { os.Exit(rig.Main(m, &bin)) }
