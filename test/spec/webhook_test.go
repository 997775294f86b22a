package spec

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
)

const hookScript = `
const hook = HOOK;
const { id: webhookId, token } = hook;
const say = (...words) => console.log("hook", ...words);
say(await rest.executeWebhook({ webhookId, token, content: "quiet" }));
const sent = await rest.executeWebhook({ webhookId, token, wait: true, content: "hi", username: "Other", embeds: [embed().setTitle("T").toJSON()] });
say(sent.content, sent.author.username, sent.webhook_id === webhookId);
say((await rest.editWebhook({ webhookId, payload: { name: "renamed" } })).name, (await rest.editWebhook({ webhookId, token, payload: { name: "again" } })).name);
const thread = await rest.createThread({ channelId: hook.channel_id, payload: { name: "thread", type: 11 } });
say((await rest.executeWebhook({ webhookId, token, wait: true, threadId: thread.id, content: "inside" })).channel_id === thread.id);
await rest.deleteWebhook({ webhookId, token });
await rest.executeWebhook({ webhookId, token, content: "x" }).catch((e) => say(e.code, e.discord_code));
`

// TestWebhooks uses one that an administrator has made: scripts of the original
// have its id and token. The Discord is another process, as the real one is.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sim, err := start(dir, os.Environ(), "discordsim", "--port", "0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.kill)
	p, err := start(dir, append(os.Environ(), "DISCORD_TOKEN=abc", "FLORA_DISCORD_API_BASE="+sim.url+"/api/v10"), "dev", "--port", "0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "POST", sim.url+"/api/v10/channels/"+p.channel+"/webhooks", strings.NewReader(`{"name":"hook"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bot abc")
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var hook json.RawMessage
	if err := json.NewDecoder(res.Body).Decode(&hook); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%d %s %v", res.StatusCode, hook, err)
	}
	body, err := json.Marshal(map[string]any{"entry": "main.ts", "files": []map[string]string{{"path": "main.ts", "contents": strings.Replace(hookScript, "HOOK", string(hook), 1)}}})
	if err != nil {
		t.Fatal(err)
	}
	tok := token(t, p)
	if status, answer, err := call("POST", p.url+"/api/deployments/"+p.guild, tok, body); err != nil || status != http.StatusOK {
		t.Fatalf("deploy: %d %s %v", status, answer, err)
	}
	want := []string{"hook null", "hook hi Other true", "hook renamed again", "hook true", "hook DISCORD_HTTP_ERROR 10015"}
	var log []byte
	if err := until("the script's lines", func() (bool, error) {
		_, log, err = call("GET", p.url+"/api/logs/"+p.guild, tok, nil)
		rest := log
		for _, line := range want {
			_, after, found := bytes.Cut(rest, []byte(`"message":"`+line+`"`))
			if !found {
				return false, err
			}
			rest = after
		}
		return true, nil
	}); err != nil {
		t.Errorf("%v; the log has %s", err, log)
	}
}
