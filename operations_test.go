package flora_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestEachAlertHasItsSection holds the runbook to the chart's alerts, which send
// people to sections of it.
func TestEachAlertHasItsSection(t *testing.T) {
	t.Parallel()
	read := func(file string) string {
		t.Helper()
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	var alerts, sections []string
	for _, m := range regexp.MustCompile(`(?m)^\s*- alert: (\w+)$`).FindAllStringSubmatch(read("charts/flora/alerts.yaml"), -1) {
		alerts = append(alerts, m[1])
	}
	page := read("docs/operations.md")
	for _, m := range regexp.MustCompile(`(?m)^### (Flora\w+)$`).FindAllStringSubmatch(page, -1) {
		sections = append(sections, m[1])
	}
	if len(alerts) < 10 {
		t.Fatalf("only %d alerts were found", len(alerts))
	}
	for _, a := range alerts {
		if !slices.Contains(sections, a) {
			t.Errorf("docs/operations.md has no section %s", a)
		}
		_, section, _ := strings.Cut(page, "### "+a+"\n")
		section, _, _ = strings.Cut(section, "\n#")
		if !strings.Contains(section, "**First:**") {
			t.Errorf("the section %s does not say what to do first", a)
		}
	}
	for _, s := range sections {
		if !slices.Contains(alerts, s) {
			t.Errorf("docs/operations.md has a section %s, which is no alert", s)
		}
	}
}
