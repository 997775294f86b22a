package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// everyCommand walks the whole tree.
func everyCommand(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, sub := range c.Commands() {
		everyCommand(sub, visit)
	}
}

// steps are the lines of a script of test/spec, without its files.
func steps(t *testing.T, file string) []string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut("\n"+string(b), "\n-- ")
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

// runs reports whether the script runs the example's line and wants it to
// succeed: as it is or in the background; what is read from a file is read by
// stdin in the line before.
func runs(script []string, example string) bool {
	command, input, redirected := strings.Cut(example, " < ")
	for i, line := range script {
		if before, _, ok := strings.Cut(line, " &"); ok && !strings.Contains(command, "&") {
			line = before
		}
		if line == "exec "+command && (!redirected || i > 0 && script[i-1] == "stdin "+input) {
			return true
		}
	}
	return false
}

// TestExamplesAreRun holds every line of every command's example to a script of
// test/spec that runs it against a real runtime, so that help never lies.
func TestExamplesAreRun(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../test/spec/testdata/cli_*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var scripts [][]string
	for _, f := range files {
		scripts = append(scripts, steps(t, f))
	}
	everyCommand((&app{}).root(), func(c *cobra.Command) {
		if strings.TrimSpace(c.Example) == "" {
			t.Errorf("%s has no Example; give one that a test/spec/testdata/cli_*.txtar runs", c.CommandPath())
		}
		if c.Short == "" {
			t.Errorf("%s has no Short", c.CommandPath())
		}
		for line := range strings.Lines(c.Example) {
			for _, part := range strings.Split(strings.TrimSpace(line), " && ") {
				if !strings.HasPrefix(part, "flora ") {
					continue
				}
				if strings.Contains(part, `"`) {
					t.Errorf("the example of %s has double quotes, which scripts of test/spec take as they are; write single ones or none: %s", c.CommandPath(), part)
				}
				if !slices.ContainsFunc(scripts, func(s []string) bool { return runs(s, part) }) {
					want := "exec " + part
					if command, file, ok := strings.Cut(part, " < "); ok {
						want = "stdin " + file + "\n\texec " + command
					}
					t.Errorf("the example of %s has a line that no test/spec/testdata/cli_*.txtar runs as it is; write there:\n\t%s", c.CommandPath(), want)
				}
			}
		}
	})
}

func TestRuns(t *testing.T) {
	t.Parallel()
	script := []string{"runtime dev", "! exec flora get", "exec flora login --web &login&", "stdin key.txt", "exec flora secret set K --host h", "exec flora list --json"}
	rows := map[string]bool{
		"flora get":                             false,
		"flora login --web":                     true,
		"flora secret set K --host h < key.txt": true,
		"flora secret set K --host h < x.txt":   false,
		"flora list --json < key.txt":           false,
		"flora list":                            false,
		"flora list --json":                     true,
	}
	for example, want := range rows {
		if runs(script, example) != want {
			t.Errorf("%s: %v", example, !want)
		}
	}
}
