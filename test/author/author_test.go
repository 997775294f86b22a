package author

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

var bin string

func TestMain(m *testing.M) { os.Exit(rig.Main(m, &bin)) }

// modules gives the folder of the packages that package.json pins.
var modules = sync.OnceValues(func() (string, error) {
	dir, err := filepath.Abs("node_modules")
	if err != nil || installed(dir) {
		return dir, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund").CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	return dir, nil
})

// installed tells whether the folder holds what package.json pins.
func installed(dir string) bool {
	var pinned struct{ Dependencies map[string]string }
	text, err := os.ReadFile("package.json")
	if err != nil || json.Unmarshal(text, &pinned) != nil {
		return false
	}
	for name, version := range pinned.Dependencies {
		var have struct{ Version string }
		text, err := os.ReadFile(filepath.Join(dir, name, "package.json"))
		if err != nil || json.Unmarshal(text, &have) != nil || have.Version != version {
			return false
		}
	}
	return true
}

// compiler is the path of TypeScript's.
func compiler(t *testing.T) string {
	t.Helper()
	dir, err := modules()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, ".bin", "tsc")
}

// command is a run of a program that may not take longer than a test waits.
type command struct {
	dir string
	env []string
}

// run gives what the program wrote, standard error included, and its exit code.
func (c command) run(t *testing.T, name string, args ...string) (out string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), rig.Patience)
	defer cancel()
	if own := filepath.Join(bin, name); name == "flora" || name == "flora-runtime" {
		name = own
	}
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // Programs of the tests.
	cmd.Dir, cmd.Env = c.dir, c.env
	b, err := cmd.CombinedOutput()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatalf("%s %s: %v", name, strings.Join(args, " "), err)
	}
	return string(b), cmd.ProcessState.ExitCode()
}

// must runs a program that has to succeed.
func (c command) must(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, code := c.run(t, name, args...)
	if code != 0 {
		t.Fatalf("%s %s: exit code %d\n%s", filepath.Base(name), strings.Join(args, " "), code, out)
	}
	return out
}

// environment is an author's: nothing saved, and the binaries on the PATH.
func environment(t *testing.T, more ...string) []string {
	t.Helper()
	home := t.TempDir()
	return append(os.Environ(), append([]string{
		"HOME=" + home, "XDG_CONFIG_HOME=" + home, "NO_COLOR=1", "FLORA_TOKEN=", "FLORA_API_URL=", "FLORA_GUILD=",
		"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"),
	}, more...)...)
}

// write makes a file below the folder.
func write(t *testing.T, dir, name, text string) {
	t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// block is a fenced one of a page.
type block struct {
	language, text string
	line           int
	heading        string // The one above it, as links name it.
}

var (
	fence   = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	odd     = regexp.MustCompile(`[^a-z0-9 ]`)
)

// blocks are the fenced blocks of a page below docs or of the README.
func blocks(t *testing.T, page string) []block {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", page)) //nolint:gosec // A page of the repository.
	if err != nil {
		t.Fatal(err)
	}
	var all []block
	for _, m := range fence.FindAllStringSubmatchIndex(string(text), -1) {
		b := block{language: string(text[m[2]:m[3]]), text: string(text[m[4]:m[5]]), line: 1 + strings.Count(string(text[:m[4]]), "\n")}
		if above := heading.FindAllSubmatch(fence.ReplaceAll(text[:m[0]], nil), -1); len(above) > 0 {
			b.heading = strings.ReplaceAll(odd.ReplaceAllString(strings.ToLower(string(above[len(above)-1][1])), ""), " ", "-")
		}
		all = append(all, b)
	}
	return all
}
