package examples

import (
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

var bin string

func TestMain(m *testing.M) { os.Exit(rig.Main(m, &bin)) }

// folders are the examples that have a table row below; the starter has tests
// of its own.
func folders(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() && e.Name() != "starter" {
			out = append(out, e.Name())
		}
	}
	return out
}

func TestExamples(t *testing.T) {
	t.Parallel()
	names := folders(t)
	if len(names) < 20 {
		t.Fatalf("only %d examples", len(names))
	}
	dir := t.TempDir()
	p, err := rig.Start(bin, dir, append(os.Environ(), "HOME="+dir, "FLORA_EGRESS_DENY=0.0.0.0/0,::/0",
		// A session that is begun anew for one bot's events would lose some of another's.
		"FLORA_DISCORD_INTENTS="+strings.Join(catalog.All.Names(), ",")), "dev", "--port", "0", "--no-rate-limits", "--guilds", strconv.Itoa(len(names)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	token, err := p.Token()
	if err != nil {
		t.Fatal(err)
	}
	_, answer, err := rig.Call("GET", p.URL+"/sim", "", nil)
	var world struct {
		Guilds []struct {
			ID string
			state
		}
	}
	if err == nil {
		err = json.Unmarshal(answer, &world)
	}
	if err != nil {
		t.Fatal(err)
	}
	// A few at a time: an interaction has three seconds, on a busy machine, too.
	room := make(chan struct{}, 4)
	// The runtime ends when all of them have.
	t.Run("bots", func(t *testing.T) {
		for i, name := range names {
			use, ok := bots[name]
			if !ok {
				t.Errorf("the example %s is used by no test", name)
				continue
			}
			in := world.Guilds[i]
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				room <- struct{}{}
				defer func() { <-room }()
				g := &guild{t: t, rig: p, token: token, id: in.ID, channel: in.Channels[0].ID, users: map[string]string{}}
				for _, m := range in.Members {
					g.users[m.Username] = m.ID
				}
				for _, r := range in.Roles {
					if r.Name != "@everyone" && r.Name != "flora" {
						g.role = r.ID
					}
				}
				g.deploy(name)
				use(g)
			})
		}
	})
	for name := range bots {
		if !slices.Contains(names, name) {
			t.Errorf("there is no example %s", name)
		}
	}
}

func TestReadmeNamesEveryExample(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../examples/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(folders(t), "starter") {
		if !strings.Contains(string(text), "| ["+name+"]("+name+") |") {
			t.Errorf("examples/README.md has no line for %s", name)
		}
	}
}
