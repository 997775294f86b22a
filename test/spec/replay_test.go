package spec

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
)

// TestARestartLosesNoEvent ends a runtime in the middle of a conversation, in
// every way, while its Discord goes on. What its scripts had not begun is
// replayed to the next runtime, nothing is handled twice, and what was cut off
// is told.
func TestARestartLosesNoEvent(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		signal syscall.Signal
		cut    bool // Handlers may be cut off.
	}{
		{"terminated", syscall.SIGTERM, false},
		{"killed", syscall.SIGKILL, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			sim, err := start(dir, append(os.Environ(), "HOME="+dir), "discordsim", "--port", "0", "--no-rate-limits")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(sim.kill)
			env := append(os.Environ(), "HOME="+dir, "DISCORD_TOKEN=token", "FLORA_DISCORD_API_BASE="+sim.url+"/api/v10",
				"FLORA_DISCORD_GLOBAL_LIMIT=0", "FLORA_RUNTIME_MAX_IN_FLIGHT=4", "FLORA_LOG_LEVEL=debug")
			run := func() *process {
				p, err := start(dir, env, "dev", "--port", "0", "--data-dir", dir+"/data")
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(p.kill)
				return p
			}
			p := run()
			// Four handlers at once, each for some time: most messages wait.
			deployed(t, p, `on("messageCreate", async (c) => {
				if (c.msg.author.bot) return;
				console.log("begun " + c.msg.content);
				await new Promise((done) => setTimeout(done, 20));
				await kv.store("handled").set(c.msg.content, String(1 + Number(await kv.store("handled").get(c.msg.content) ?? 0)));
			});`)
			const rounds, each = 4, 40
			lost := 0
			for round := range rounds {
				for i := range each {
					say(t, sim, p, fmt.Sprintf("m%d-%d", round, i))
				}
				// In the middle: some are handled, some are being handled, many wait.
				tok := token(t, p)
				if err := until("the first to be handled", func() (bool, error) {
					n, err := handled(p, tok, round)
					return len(n) >= each/4, err
				}); err != nil {
					t.Fatal(err)
				}
				if err := p.signal(row.signal); err != nil {
					t.Fatal(err)
				}
				// Said while nobody is there.
				say(t, sim, p, fmt.Sprintf("m%d-meanwhile", round))
				p = run()
				tok = token(t, p)
				cut := 0
				if err := until("the rest to be handled", func() (bool, error) {
					n, err := handled(p, tok, round)
					if err != nil {
						return false, err
					}
					lines, err := logLines(p, tok)
					cut = -lost // The log goes on over restarts.
					for _, l := range lines {
						if strings.Contains(l, "it is cut off and not run again") {
							cut++
						}
					}
					// A handler may have counted and be cut off after that.
					return each+1-len(n) <= cut && n[fmt.Sprintf("m%d-meanwhile", round)] != "", err
				}); err != nil {
					n, _ := handled(p, tok, round)
					t.Fatalf("%v: %d handled, %d cut off\n%s", err, len(n), cut, p.stderr)
				}
				lost += cut
			}
			if !row.cut && lost > 0 || lost > rounds*4 {
				t.Errorf("%d handlers were cut off", lost)
			}
			for round := range rounds {
				n, err := handled(p, token(t, p), round)
				if err != nil {
					t.Fatal(err)
				}
				for name, times := range n {
					if times != "1" {
						t.Errorf("%s was handled %s times", name, times)
					}
				}
			}
			// One session for the start, one for the messages' intents: the others went on.
			var gateway struct{ Identifies int }
			_, answer, err := call("GET", sim.url+"/sim/gateway", "", nil)
			if err == nil {
				err = json.Unmarshal(answer, &gateway)
			}
			if err != nil || gateway.Identifies != 2 {
				t.Errorf("gateway: %s, %v", answer, err)
			}
		})
	}
}

// say speaks in the runtime's guild at a Discord of its own.
func say(t *testing.T, sim, p *process, text string) {
	t.Helper()
	status, answer, err := call("POST", sim.url+"/sim/guilds/"+p.guild+"/channels/"+p.channel+"/messages", "", []byte(`{"content":"`+text+`"}`))
	if err != nil || status != http.StatusOK {
		t.Fatalf("say: %d %s %v", status, answer, err)
	}
}

// handled are the round's messages that a handler has counted, and how often.
func handled(p *process, tok string, round int) (map[string]string, error) {
	status, answer, err := call("GET", fmt.Sprintf("%s/api/kv/%s/handled?prefix=m%d-&limit=1000", p.url, p.guild, round), tok, nil)
	if err != nil || status == http.StatusNotFound {
		return nil, err
	}
	var list struct{ Keys []struct{ Name string } }
	if err := json.Unmarshal(answer, &list); err != nil || status != http.StatusOK {
		return nil, fmt.Errorf("keys: %d %s %w", status, answer, err)
	}
	out := map[string]string{}
	for _, k := range list.Keys {
		status, answer, err := call("GET", p.url+"/api/kv/"+p.guild+"/handled/"+k.Name, tok, nil)
		var got struct{ Value string }
		if err == nil {
			err = json.Unmarshal(answer, &got)
		}
		if err != nil || status != http.StatusOK {
			return nil, fmt.Errorf("%s: %d %s %w", k.Name, status, answer, err)
		}
		out[k.Name] = got.Value
	}
	return out, nil
}
