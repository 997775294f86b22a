package app

import (
	"os"
	"strings"
	"testing"
)

// TestReloadableIsDocumented holds the handbook to the list.
func TestReloadableIsDocumented(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../docs/serving.md")
	if err != nil {
		t.Fatal(err)
	}
	want := "`" + strings.Join(reloadable, "`, `") + "`"
	if !strings.Contains(string(b), want) {
		t.Errorf("docs/serving.md lacks %s", want)
	}
}
