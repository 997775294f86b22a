package spec

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
)

// deployed deploys a script and gives its warnings.
func deployed(t *testing.T, p *process, source string) []string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"entry": "main.ts", "files": []map[string]string{{"path": "main.ts", "contents": source}}})
	if err != nil {
		t.Fatal(err)
	}
	status, answer, err := call("POST", p.url+"/api/deployments/"+p.guild, token(t, p), body)
	var got struct{ Warnings []string }
	if err == nil && status == http.StatusOK {
		err = json.Unmarshal(answer, &got)
	}
	if err != nil || status != http.StatusOK {
		t.Fatalf("deploy: %d %s %v", status, answer, err)
	}
	return got.Warnings
}

// logLines are the texts of the guild's log, oldest first.
func logLines(p *process, tok string) ([]string, error) {
	status, answer, err := call("GET", p.url+"/api/logs/"+p.guild+"?limit=1000", tok, nil)
	if err != nil || status != http.StatusOK {
		return nil, fmt.Errorf("log: %d %s %w", status, answer, err)
	}
	var got []struct{ Message string }
	if err := json.Unmarshal(answer, &got); err != nil {
		return nil, fmt.Errorf("log %s: %w", answer, err)
	}
	var out []string
	for _, l := range got {
		out = append(out, l.Message)
	}
	return out, nil
}

// TestEveryEventReachesAScript sends every recorded event to a script that
// listens to all of them, whose deploy made the bot ask for their intents.
func TestEveryEventReachesAScript(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	env := append(os.Environ(), "HOME="+dir, "FLORA_DISCORD_PRIVILEGED_INTENTS=guild_members,guild_presences,message_content", "FLORA_LOGS_BURST=10000")
	p, err := start(dir, env, "dev", "--port", "0", "--no-rate-limits")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	names, err := json.Marshal(catalog.AllNames())
	if err != nil {
		t.Fatal(err)
	}
	warnings := deployed(t, p, `for (const name of `+string(names)+`) on(name, (ctx) => console.log("got", name, Object.keys(ctx.msg).sort().join()));`)
	if len(warnings) > 0 {
		t.Errorf("warnings: %q", warnings)
	}
	files, err := filepath.Glob("../../pkg/discord/testdata/events/*.json")
	if err != nil || len(files) < 70 {
		t.Fatalf("%d recordings, %v", len(files), err)
	}
	var want []string
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var r struct {
			Type, Event   string
			Data, Payload map[string]json.RawMessage
		}
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatal(err)
		}
		// Where the recording's guild is, this one is.
		delete(r.Data, catalog.ByType(r.Type).Guild)
		body, err := json.Marshal(map[string]any{"type": r.Type, "data": r.Data})
		if err != nil {
			t.Fatal(err)
		}
		if status, answer, err := call("POST", p.url+"/sim/guilds/"+p.guild+"/events", "", body); err != nil || status >= 300 {
			t.Fatalf("%s: %d %s %v", name, status, answer, err)
		}
		var keys []string
		for key := range r.Payload {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		want = append(want, "got "+r.Event+" "+strings.Join(keys, ","))
	}
	tok := token(t, p)
	var got []string
	if err := until("the last event", func() (bool, error) {
		got, err = logLines(p, tok)
		return err == nil && slices.Contains(got, want[len(want)-1]), err
	}); err != nil {
		t.Errorf("%v\n%s", err, strings.Join(got, "\n"))
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("missing: %s", line)
		}
	}
}

// TestUnheardEventsAreTold deploys a script that listens to what cannot come.
func TestUnheardEventsAreTold(t *testing.T) {
	t.Parallel()
	p := dev(t, t.TempDir())
	warnings := deployed(t, p, `for (const n of ["presenceUpdate", "guildMemberAdd", "messageReactionAdd", "ready", "nonsense"]) on(n, () => {});`)
	if len(warnings) != 3 || !strings.Contains(warnings[0], `called "reactionAdd" here`) || !strings.Contains(warnings[1], `"nonsense"`) ||
		!strings.Contains(warnings[2], "GUILD_PRESENCES") || !strings.Contains(warnings[2], "discord.privileged_intents") {
		t.Errorf("warnings: %q", warnings)
	}
	got, err := logLines(p, token(t, p))
	for _, w := range warnings {
		if !slices.Contains(got, w) {
			t.Errorf("the log has no %q: %q, %v", w, got, err)
		}
	}
	_, answer, err := call("GET", p.url+"/readyz?verbose", "", nil)
	if !strings.Contains(string(answer), `"missing_intents":["GUILD_PRESENCES"]`) {
		t.Errorf("readyz: %s, %v", answer, err)
	}
}
