package spec

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestADeletedDeploymentStaysAway deletes a deployment: its script, jobs and
// slash commands go, no restart brings it back, and a rollback does.
func TestADeletedDeploymentStaysAway(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := dev(t, dir, "--no-rate-limits", "--data-dir", dir+"/data")
	guild, channel := second(t, p)
	get := func(method, path string, into any) int {
		t.Helper()
		status, answer, err := call(method, p.url+"/api"+path, token(t, p), nil)
		if err == nil && into != nil && status == http.StatusOK {
			err = json.Unmarshal(answer, into)
		}
		if err != nil {
			t.Fatalf("%s %s: %d %s %v", method, path, status, answer, err)
		}
		return status
	}
	commands := func() string {
		t.Helper()
		status, answer, err := call("GET", p.url+"/sim/guilds/"+guild, "", nil)
		if err != nil || status != http.StatusOK {
			t.Fatalf("the guild: %d %s %v", status, answer, err)
		}
		return string(answer)
	}
	other := *p // The same runtime, seen from its second guild.
	other.guild, other.channel = guild, channel
	deployed(t, &other, `on("messageCreate", (ctx) => { if (!ctx.msg.author.bot) console.log("heard " + ctx.msg.content); });
		createBot({ slashCommands: [slash({ name: "hello", description: "d", run() {} })] });`)
	if got := commands(); !strings.Contains(got, `"hello"`) {
		t.Fatalf("commands are %s", got)
	}
	var history []struct{ ID string }
	get("GET", "/deployments/"+guild+"/history", &history)
	var gone struct {
		Deleted  bool
		Warnings []string
	}
	if status := get("DELETE", "/deployments/"+guild, &gone); status != http.StatusOK || !gone.Deleted || len(gone.Warnings) > 0 {
		t.Fatalf("DELETE: %d %+v", status, gone)
	}
	away := func() {
		t.Helper()
		var state struct{ State string }
		get("GET", "/status/"+guild, &state)
		if status := get("GET", "/deployments/"+guild, nil); status != http.StatusNotFound || state.State != "none" {
			t.Errorf("GET gives %d, the state is %q", status, state.State)
		}
		if status := get("DELETE", "/deployments/"+guild, nil); status != http.StatusNotFound {
			t.Errorf("DELETE again gives %d", status)
		}
	}
	away()
	if got := commands(); strings.Contains(got, `"hello"`) {
		t.Errorf("commands are %s", got)
	}
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if err := p.signal(signal); err != nil {
			t.Fatal(err)
		}
		p = dev(t, dir, "--no-rate-limits", "--data-dir", dir+"/data")
		away()
	}
	other = *p
	other.guild, other.channel = second(t, p)
	if other.guild != guild {
		t.Fatalf("the guild is %s, was %s", other.guild, guild)
	}
	var back struct {
		RollbackOf string `json:"rollback_of"`
	}
	if status := get("POST", "/deployments/"+guild+"/rollback/"+history[0].ID, &back); status != http.StatusOK || back.RollbackOf != history[0].ID {
		t.Fatalf("rollback: %d %+v", status, back)
	}
	say(t, p, &other, "again")
	if err := until("the script to answer again", func() (bool, error) {
		lines, err := logLines(&other, token(t, p))
		return slices.Contains(lines, "heard again"), err
	}); err != nil {
		t.Fatal(err)
	}
}

// second is the runtime's second guild, and a text channel of it.
func second(t *testing.T, p *process) (guild, channel string) {
	t.Helper()
	var world struct {
		Guilds []struct {
			ID       string
			Channels []struct {
				ID   string
				Type int
			}
		}
	}
	status, answer, err := call("GET", p.url+"/sim", "", nil)
	if err == nil && status == http.StatusOK {
		err = json.Unmarshal(answer, &world)
	}
	if err != nil || status != http.StatusOK {
		t.Fatalf("guilds: %d %s %v", status, answer, err)
	}
	for _, g := range world.Guilds {
		for _, c := range g.Channels {
			if g.ID != p.guild && c.Type == 0 {
				return g.ID, c.ID
			}
		}
	}
	t.Fatalf("no second guild in %s", answer)
	return "", ""
}
