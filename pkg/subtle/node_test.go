package subtle_test

import (
	"encoding/json"
	"os/exec"
	"testing"
)

// TestNodeAgrees computes what Node's crypto, which is OpenSSL, has computed: with
// keys and data that differ in each run.
func TestNodeAgrees(t *testing.T) {
	t.Parallel()
	doc, err := exec.CommandContext(t.Context(), "node", "--no-warnings", "testdata/cases.mjs").Output()
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name          string
		Request, Want json.RawMessage
	}
	if err := json.Unmarshal(doc, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 90 {
		t.Fatalf("Node tells of %d cases only", len(cases))
	}
	for _, c := range cases {
		if got, failed := do(t, string(c.Request)); got != string(c.Want) {
			t.Errorf("%s: got %s %s, want %s\n%s", c.Name, got, failed, c.Want, c.Request)
		}
	}
}
