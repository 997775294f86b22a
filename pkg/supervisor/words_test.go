package supervisor

import (
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestWhatAWorkerWritesIsBounded(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		text string
		most int
		want []string
	}{
		"lines":              {"one\n\n two \r\n", 2, []string{"one", "two"}},
		"no end":             {"one", 1, []string{"one"}},
		"control characters": {"a\x1b[31mb\x00\xffc\n", 1, []string{"a[31mbc"}},
		"a long line":        {strings.Repeat("x", lineBytes*2+1) + "\n", 3, []string{strings.Repeat("x", lineBytes), strings.Repeat("x", lineBytes), "x"}},
		"a flood":            {strings.Repeat("x\n", 100_000), linesAtOnce + 100, nil},
	} {
		core, seen := observer.New(zap.DebugLevel)
		listen(strings.NewReader(row.text), zap.New(core))
		var got []string
		dropped := int64(0)
		for _, e := range seen.All() {
			if n, ok := e.ContextMap()["lines"].(int64); ok {
				dropped += n
				continue
			}
			line, _ := e.ContextMap()["line"].(string)
			got = append(got, line)
		}
		if row.want != nil && strings.Join(got, "\n") != strings.Join(row.want, "\n") {
			t.Errorf("%s: got %q", name, got)
		}
		if len(got) > row.most || int64(len(got))+dropped < int64(len(row.want)) || name == "a flood" && int64(len(got))+dropped != 100_000 {
			t.Errorf("%s: %d lines logged, %d counted", name, len(got), dropped)
		}
	}
}
