package v8ops_test

import (
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/flora-runtime/flora-runtime/v8ops/endpoint"
)

// answered are the ops that were called against the simulated Discord and
// brought a result.
var answered sync.Map

// noBots are the ops that Discord never answers to a bot with success: only a
// user can change permissions of commands, and so there are none to read.
var noBots = map[string]bool{"op_edit_guild_command_permissions": true, "op_get_guild_command_permissions": true}

// TestMain sees after the whole suite that every op has been through the real
// client to the simulated Discord.
func TestMain(m *testing.M) {
	code := m.Run()
	if run := flag.Lookup("test.run"); code == 0 && (run == nil || run.Value.String() == "") && flag.Lookup("test.fuzzworker").Value.String() == "false" {
		for _, e := range endpoint.All() {
			if _, ok := answered.Load(e.Op()); !ok && !noBots[e.Op()] {
				fmt.Printf("FAIL: no test calls %s against the simulated Discord\n", e.Op())
				code = 1
			}
		}
	}
	os.Exit(code)
}
