package stores

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// TestMoreServersThanRoom has one worker with room for two scripts, and five
// servers with one each. All answer, before and after a restart, which loads two
// and knows of the others.
func TestMoreServersThanRoom(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := func() (*bot, []string, []string) {
		t.Helper()
		env := append(os.Environ(), "HOME="+dir, "FLORA_RUNTIME_MAX_WORKERS=1", "FLORA_RUNTIME_MAX_GUILDS_PER_WORKER=2")
		p, err := rig.Start(bin, dir, env, "dev", "--port", "0", "--guilds", "5", "--no-rate-limits")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Kill)
		token, err := p.Token()
		if err != nil {
			t.Fatal(err)
		}
		var world struct {
			Guilds []struct {
				ID       string
				Channels []struct {
					ID   string
					Type int
				}
			}
		}
		if err := get(p.URL+"/sim", &world); err != nil || len(world.Guilds) != 5 {
			t.Fatalf("%d guilds, %v", len(world.Guilds), err)
		}
		var guilds, channels []string
		for _, g := range world.Guilds {
			for _, c := range g.Channels {
				if c.Type == 0 {
					guilds, channels = append(guilds, g.ID), append(channels, c.ID)
					break
				}
			}
		}
		return &bot{Process: p, t: t, token: token}, guilds, channels
	}
	asleep := func(b *bot, guilds []string) (n int) {
		t.Helper()
		for _, g := range guilds {
			var status struct{ State string }
			code, answer, err := rig.Call("GET", b.URL+"/api/status/"+g, b.token, nil)
			if err == nil {
				err = json.Unmarshal(answer, &status)
			}
			if err != nil || code != http.StatusOK {
				t.Fatalf("%d %s %v", code, answer, err)
			}
			if status.State == "asleep" {
				n++
			}
		}
		return n
	}
	b, guilds, channels := run()
	for i := range guilds {
		b.Guild, b.Channel = guilds[i], channels[i]
		if status := b.deploy(fmt.Sprint(i, " heard ")); status != http.StatusOK {
			t.Fatalf("deploy: %d", status)
		}
	}
	round := func() {
		t.Helper()
		for i := range guilds {
			b.Guild, b.Channel = guilds[i], channels[i]
			b.answers(fmt.Sprint(i, " heard "))
		}
		b.until("three to sleep", func() (bool, error) { return asleep(b, guilds) == 3, nil })
	}
	round()
	round()
	if err := b.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	said := b.said
	b, _, _ = run()
	b.said = said
	b.until("three to sleep", func() (bool, error) { return asleep(b, guilds) == 3, nil })
	round()
	metrics, err := func() (string, error) {
		_, text, err := rig.Call("GET", b.URL+"/metrics", b.token, nil)
		return string(text), err
	}()
	if err != nil || !strings.Contains(metrics, "flora_guilds_asleep 3") || strings.Contains(metrics, "flora_guild_wake_seconds_count 0") {
		t.Errorf("the metrics do not tell (%v)", err)
	}
}
