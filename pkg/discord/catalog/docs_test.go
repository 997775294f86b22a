package catalog_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
)

// TestDocumentation compares the tables of docs/events.md with the catalog.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "events.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{}
	for _, g := range catalog.Groups {
		for _, e := range g.Events {
			for _, s := range e.Scripts {
				want[g.Title] = append(want[g.Title], fmt.Sprintf("| `%s` | %s | %s | `%s` |", s.Name, s.When, needs(e), s.Object))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(catalog.Omitted)) {
		want["What does not come"] = append(want["What does not come"], fmt.Sprintf("| `%s` | %s |", name, catalog.Omitted[name]))
	}
	got := map[string][]string{}
	title := ""
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSpace(line)
		if after, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") {
			title = after
		}
		if strings.HasPrefix(line, "| `") {
			got[title] = append(got[title], line)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tables (-catalog +docs/events.md):\n%s", diff)
	}
}

// needs says which intents an event needs: "`A` (`B`)" is A, and more with B.
func needs(e catalog.Event) string {
	text := "none"
	if e.Intents != 0 {
		text = "`" + e.Intents.String() + "`"
	}
	if e.Whole != 0 {
		text += " (`" + e.Whole.String() + "`)"
	}
	return text
}
