package recipe

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCodeFrames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 80) + "HERE" + strings.Repeat("y", 80)
	rows := map[string]struct {
		source       string
		line, column int
		want         []string
	}{
		"the first line":           {"throw 1;\nnext\nmore", 0, 0, []string{"> 1 | throw 1;", "    | ^", "  2 | next"}},
		"lines before":             {"a\nb\nc\n  d(e)", 3, 4, []string{"  2 | b", "  3 | c", "> 4 |   d(e)", "    |     ^"}},
		"numbers of two widths":    {strings.Repeat("\n", 8) + "a\nb", 9, 0, []string{"   8 |", "   9 | a", "> 10 | b", "     | ^"}},
		"empty lines":              {"a\n\n  \nd\n", 3, 0, []string{"  2 |", "  3 |", "> 4 | d", "    | ^"}},
		"tabs and carriage return": {"\tif\t(x)\r\n", 0, 4, []string{"> 1 |  if (x)", "    |     ^"}},
		"letters of two units":     {"😀😀 x", 0, 5, []string{"> 1 | 😀😀 x", "    |    ^"}},
		"a column beyond the end":  {"ab", 0, 99, []string{"> 1 | ab", "    |   ^"}},
		"a long line":              {"a\n" + long + "\nb", 1, 80, []string{"> 2 | ..." + long[20:120] + "...", "    | " + strings.Repeat(" ", 63) + "^"}},
		"control characters":       {"a\x1b[31m\u202eb", 0, 0, []string{"> 1 | a\ufffd[31m\ufffdb", "    | ^"}},
		"a line that is not there": {"a", 7, 0, nil},
		"an empty line":            {"\n\n", 1, 0, nil},
		"a column before the line": {"a", 0, -1, nil},
		"a line before the source": {"a", -1, 0, nil},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(strings.Join(row.want, "\n"), CodeFrame(row.source, row.line, row.column)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
