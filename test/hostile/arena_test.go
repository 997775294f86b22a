package hostile

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/flora-runtime/flora-runtime/test/hostile/corpus"
	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// hostiles is how many guilds the scripts take turns in: what one leaves behind
// in its guild's log has ended when the guild's turn comes again.
const hostiles = 4

// arena is a runtime with one worker, in which a victim guild lives side by
// side with the hostile ones.
type arena struct {
	*rig.Process
	t      *testing.T
	token  string
	victim place
	guilds []*fighter
	// ids are what the victim has and others want.
	ids  map[string]string
	turn int
	acts sync.WaitGroup // Interactions that wait for their answers.
}

// place is a guild with a channel.
type place struct{ Guild, Channel string }

// fighter is a guild that runs hostile scripts.
type fighter struct {
	place
	seen uint64 // The log's last line that was read.
}

// limits are small, so that a script meets them soon.
var limits = []string{
	"FLORA_RUNTIME_MAX_WORKERS=1", "FLORA_RUNTIME_TURN_TIMEOUT_MS=150", "FLORA_RUNTIME_MAX_MEMORY_MB=64",
	"FLORA_RUNTIME_DISPATCH_TIMEOUT_SECS=2", "FLORA_RUNTIME_CRON_TIMEOUT_SECS=1", "FLORA_RUNTIME_LOAD_TIMEOUT_SECS=3",
	"FLORA_RUNTIME_MAX_PENDING_OPS=64", "FLORA_RUNTIME_MAX_TIMERS=64", "FLORA_LOGS_LINES_PER_SECOND=50", "FLORA_LOGS_BURST=200",
}

// enter starts a runtime with the victim's script in place.
func enter(t *testing.T, env ...string) *arena {
	t.Helper()
	dir := t.TempDir()
	env = slices.Concat(os.Environ(), []string{"HOME=" + dir, "GOTRACEBACK=all"}, limits, env)
	p, err := rig.Start(bin, dir, env, "dev", "--port", "0", "--no-rate-limits", "--guilds", fmt.Sprint(hostiles+1))
	if err != nil {
		t.Fatal(err)
	}
	p.Stderr.SetKeep(16 << 20)
	t.Cleanup(p.Kill)
	a := &arena{Process: p, t: t}
	if a.token, err = p.Token(); err != nil {
		t.Fatal(err)
	}
	var world struct {
		Guilds []struct {
			ID       string
			Channels []struct{ ID string }
			Roles    []struct{ ID, Name string }
			Members  []struct{ ID, Username string }
		}
	}
	a.get("/sim", &world)
	for i, g := range world.Guilds {
		at := place{g.ID, g.Channels[0].ID}
		if i == 0 {
			a.victim = at
			a.ids = map[string]string{"guild": g.ID, "channel": at.Channel, "role": g.Roles[1].ID}
			continue
		}
		a.guilds = append(a.guilds, &fighter{place: at})
	}
	a.settle()
	return a
}

// victimScript answers messages. What it declares stays at Discord when the
// script that follows declares no commands at all, so that a reload of that
// one asks Discord nothing.
const victimScript = `
on("messageCreate", async (ctx) => {
	if (ctx.msg.content.startsWith("!ping ")) await ctx.reply("pong " + ctx.msg.content.slice(6));
});
`

const tokenScript = `
createBot({ slashCommands: [slash({ name: "token", description: "tells its token", run: async (ctx) => {
	console.log("token " + ctx.msg.id + " " + ctx.msg.token);
	await ctx.reply("told");
} })] });
const own = store("own");
await own.set("secret", "the victim's");
`

// settle gives the victim its script and everything that can be attacked.
func (a *arena) settle() {
	a.t.Helper()
	if status, answer := a.deploy(a.victim.Guild, tokenScript); status != http.StatusOK {
		a.t.Fatalf("the victim's script: %d %s", status, answer)
	}
	var message, member struct {
		ID   string
		User struct{ ID string }
	}
	a.post("/sim/guilds/"+a.victim.Guild+"/channels/"+a.victim.Channel+"/messages", map[string]any{"content": "private"}, &message)
	a.post("/sim/guilds/"+a.victim.Guild+"/members", map[string]any{"username": "victims.friend"}, &member)
	a.ids["message"], a.ids["member"] = message.ID, member.User.ID
	var thread, webhook struct{ ID, Token string }
	a.bot("/channels/"+a.victim.Channel+"/threads", map[string]any{"name": "private", "type": 11}, &thread)
	a.bot("/channels/"+a.victim.Channel+"/webhooks", map[string]any{"name": "private"}, &webhook)
	a.ids["thread"], a.ids["webhook"], a.ids["webhookToken"] = thread.ID, webhook.ID, webhook.Token
	a.post("/sim/guilds/"+a.victim.Guild+"/interactions", map[string]any{"command": "token"}, nil)
	for _, l := range a.logs(a.victim.Guild, 0) {
		if f := strings.Fields(l.Message); len(f) == 3 && f[0] == "token" {
			a.ids["interaction"], a.ids["token"] = f[1], f[2]
		}
	}
	var guild struct{ Commands []struct{ ID string } }
	a.get("/sim/guilds/"+a.victim.Guild, &guild)
	if len(guild.Commands) > 0 {
		a.ids["command"] = guild.Commands[0].ID
	}
	for name, id := range a.ids {
		if id == "" {
			a.t.Fatalf("the victim has no %s: %v", name, a.ids)
		}
	}
	if len(a.ids) != 11 {
		a.t.Fatalf("the victim lacks something: %v", a.ids)
	}
	if status, answer := a.deploy(a.victim.Guild, victimScript); status != http.StatusOK {
		a.t.Fatalf("the victim's script: %d %s", status, answer)
	}
}

// idsFor adds what the fighter itself has.
func (a *arena) idsFor(f *fighter) map[string]string {
	all := map[string]string{"ownGuild": f.Guild, "ownChannel": f.Channel}
	for name, id := range a.ids {
		all[name] = id
	}
	return all
}

// next is the guild whose turn it is.
func (a *arena) next() *fighter {
	a.turn++
	return a.guilds[a.turn%len(a.guilds)]
}

func (a *arena) deploy(guild, source string) (int, string) {
	a.t.Helper()
	body, err := json.Marshal(map[string]any{"entry": "main.js", "files": []map[string]string{{"path": "main.js", "contents": source}}})
	if err != nil {
		a.t.Fatal(err)
	}
	status, answer, err := rig.Call("POST", a.URL+"/api/deployments/"+guild, a.token, body)
	if err != nil {
		a.t.Fatalf("deploy: %v\n%s", err, a.Stderr)
	}
	return status, string(answer)
}

// line is one of a guild's log.
type line struct {
	ID                     uint64
	Level, Target, Message string
}

// logs gives the guild's lines after an id.
func (a *arena) logs(guild string, after uint64) []line {
	a.t.Helper()
	status, answer, err := rig.Call("GET", a.URL+"/api/logs/"+guild+"?limit=1000", a.token, nil)
	var list []line
	if err == nil {
		err = json.Unmarshal(answer, &list)
	}
	if err != nil || status != http.StatusOK {
		a.t.Fatalf("logs: %d %.300s %v\n%s", status, answer, err, a.Stderr)
	}
	return slices.DeleteFunc(list, func(l line) bool { return l.ID <= after })
}

func (a *arena) say(at place, content string) string {
	a.t.Helper()
	var message struct{ ID string }
	a.post("/sim/guilds/"+at.Guild+"/channels/"+at.Channel+"/messages", map[string]any{"content": content}, &message)
	return message.ID
}

func (a *arena) get(path string, into any) {
	a.t.Helper()
	a.call("GET", path, "", nil, into)
}

func (a *arena) post(path string, body, into any) {
	a.t.Helper()
	a.call("POST", path, "", body, into)
}

// bot sends a request to the simulated Discord in the bot's name.
func (a *arena) bot(path string, body, into any) {
	a.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		a.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(a.t.Context(), "POST", a.URL+"/api/v10"+path, strings.NewReader(string(b)))
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bot simulated")
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil || res.StatusCode >= 300 {
		a.t.Fatalf("POST %s: %d %v", path, res.StatusCode, err)
	}
}

func (a *arena) call(method, path, token string, body, into any) {
	a.t.Helper()
	var b []byte
	var err error
	if body != nil {
		if b, err = json.Marshal(body); err != nil {
			a.t.Fatal(err)
		}
	}
	status, answer, err := rig.Call(method, a.URL+path, token, b)
	if err == nil && into != nil && status < 300 {
		err = json.Unmarshal(answer, into)
	}
	if err != nil || status >= 300 {
		a.t.Fatalf("%s %s: %d %.300s %v\n%s", method, path, status, answer, err, a.Stderr)
	}
}

// provoke sets the deployed script off.
func (a *arena) provoke(f *fighter, t corpus.Trigger) {
	a.t.Helper()
	switch t {
	case corpus.Message, corpus.Timer, corpus.Microtask, corpus.Module:
		a.say(f.place, corpus.Word)
	case corpus.Interaction:
		// Whoever acts waits for an answer; the outcome is in the guild's log.
		a.acts.Go(func() {
			body := []byte(`{"command":"` + corpus.Command + `"}`)
			if status, answer, err := rig.Call("POST", a.URL+"/sim/guilds/"+f.Guild+"/interactions", "", body); err != nil || status >= 300 {
				a.t.Errorf("interaction: %d %s %v", status, answer, err)
			}
		})
	case corpus.Load, corpus.Cron:
	}
}
