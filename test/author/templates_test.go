package author

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/examples"
	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// TestTemplates begins a project with each template, checks its types with the
// real compiler, runs its tests, and deploys it.
func TestTemplates(t *testing.T) {
	t.Parallel()
	all := examples.Templates()
	if len(all) < 5 {
		t.Fatalf("only %d templates", len(all))
	}
	dir := t.TempDir()
	p, err := rig.Start(bin, dir, append(os.Environ(), "HOME="+dir), "dev", "--port", "0", "--guilds", strconv.Itoa(len(all)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	token, err := p.Token()
	if err != nil {
		t.Fatal(err)
	}
	guilds := guildsOf(t, p)
	packages, err := modules()
	if err != nil {
		t.Fatal(err)
	}
	t.Run("each", func(t *testing.T) { // The runtime ends when all of them have.
		for i, template := range all {
			t.Run(template.Name, func(t *testing.T) {
				t.Parallel()
				c := begin(t, "--template", template.Name)
				c.env = append(c.env, "FLORA_API_URL="+p.URL+"/api", "FLORA_TOKEN="+token, "FLORA_GUILD="+guilds[i].ID)
				if err := os.Symlink(packages, filepath.Join(c.dir, "node_modules")); err != nil {
					t.Fatal(err)
				}
				if out := c.must(t, "flora", "check", "--require-tsc"); !strings.Contains(out, "src/main.ts and its types are fine") {
					t.Errorf("%s", out)
				}
				if out := c.must(t, "flora", "test"); !regexp.MustCompile(`(?m)^[2-9] passed in`).MatchString(out) {
					t.Errorf("%s", out)
				}
				out := c.must(t, "flora", "deploy", "--json")
				var d struct {
					Entry    string
					Warnings []string
				}
				if err := json.Unmarshal([]byte(out), &d); err != nil || d.Entry != "src/main.ts" || len(d.Warnings) > 0 {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
	})
}

type guild struct {
	ID       string
	Channels []struct{ ID string }
}

// guildsOf are those of the simulated Discord.
func guildsOf(t *testing.T, p *rig.Process) []guild {
	t.Helper()
	var world struct{ Guilds []guild }
	get(t, p.URL+"/sim", &world)
	if len(world.Guilds) == 0 {
		t.Fatal("there are no guilds")
	}
	return world.Guilds
}

func get(t *testing.T, url string, into any) {
	t.Helper()
	status, answer, err := rig.Call(http.MethodGet, url, "", nil)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%d %s", status, answer)
	}
	if err == nil {
		err = json.Unmarshal(answer, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", url, err)
	}
}

// TestEachTemplateHasATest: what is begun with has something to go on with.
func TestEachTemplateHasATest(t *testing.T) {
	t.Parallel()
	for _, template := range examples.Templates() {
		sources, err := examples.Sources(template.Name)
		if err != nil {
			t.Fatal(err)
		}
		names := make([]string, 0, len(sources))
		for name := range sources {
			names = append(names, name)
		}
		slices.Sort(names)
		if !slices.Equal(names, []string{"src/main.test.ts", "src/main.ts"}) || !strings.Contains(sources["src/main.test.ts"], "Deno.test(") {
			t.Errorf("%s has %q", template.Name, names)
		}
	}
}
