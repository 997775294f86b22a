package spec

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

var bin string

func TestMain(m *testing.M) { os.Exit(rig.Main(m, &bin)) }

func TestSpec(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", bin+string(os.PathListSeparator)+env.Getenv("PATH"))
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, "config"))
			w := &runtimes{}
			env.Values[world{}] = w
			env.Defer(w.stopAll)
			return nil
		},
		Cmds:                commands,
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		ContinueOnError:     false,
		Deadline:            time.Now().Add(9 * time.Minute),
	})
}
