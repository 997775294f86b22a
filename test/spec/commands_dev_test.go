package spec

import (
	"encoding/json"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// develops waits until flora dev, which was started in the background, has its
// runtime and its script runs, and sets URL, GUILD, CHANNEL and TOKEN.
func cmdDevelops(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: develops")
	}
	var a struct {
		address
		TokenFile string `json:"token_file"`
	}
	ts.Check(until("the runtime of flora dev", func() (bool, error) {
		doc, err := os.ReadFile(ts.MkAbs(".flora/data/dev.json"))
		if err == nil {
			err = json.Unmarshal(doc, &a)
		}
		return err == nil, err
	}))
	token, err := os.ReadFile(a.TokenFile)
	ts.Check(err)
	ts.Setenv("URL", a.URL)
	ts.Setenv("GUILD", a.Guild)
	ts.Setenv("CHANNEL", a.Channel)
	ts.Setenv("TOKEN", strings.TrimSpace(string(token)))
	cmdState(ts, false, []string{"running"})
}
