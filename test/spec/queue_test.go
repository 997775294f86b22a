package spec

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"
)

// queueBot puts messages and schedules off, notes what was acknowledged, and what
// came.
const queueBot = `
const db = await Deno.openKv();
db.listenQueue((n) => kv.store("came").set(String(n), "1"));
schedule.on("s", ({ data }) => kv.store("came").set(data, "1"));
(async () => {
	const life = Date.now().toString(36);
	for (let i = 0; i < 15; i++) {
		const m = life + "-" + i;
		if (i % 3 === 0) await schedule(Date.now() + 20 * i, "s", m);
		else await db.enqueue(m, { delay: 20 * i });
		await kv.store("acked").set(m, "1");
		await new Promise((r) => setTimeout(r, 10));
	}
})();
`

// keysOf lists the keys of a store.
func keysOf(t *testing.T, p *process, token, store string) map[string]bool {
	t.Helper()
	status, body, err := call("GET", p.url+"/api/kv/"+p.guild+"/"+store+"?limit=1000", token, nil)
	if err != nil || status != http.StatusOK && status != http.StatusNotFound {
		t.Fatalf("got %d %s, %v", status, body, err)
	}
	var page struct {
		Keys []struct {
			Name string `json:"name"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(body, &page); err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, k := range page.Keys {
		out[k.Name] = true
	}
	return out
}

// TestAKillLosesNoMessage kills control and workers at random moments of
// enqueueing and handling: all that was acknowledged comes in the end.
func TestAKillLosesNoMessage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for round := range rounds(60) {
		p := dev(t, dir, "--data-dir", dir+"/data")
		if round == 0 {
			body, err := json.Marshal(map[string]any{"entry": "m.ts", "files": []map[string]string{{"path": "m.ts", "contents": queueBot}}})
			if err != nil {
				t.Fatal(err)
			}
			if status, answer, err := call("POST", p.url+"/api/deployments/"+p.guild, token(t, p), body); err != nil || status != http.StatusOK {
				t.Fatalf("got %d %s, %v", status, answer, err)
			}
		}
		timer := time.NewTimer(time.Duration(rand.IntN(400)) * time.Millisecond) //nolint:gosec // A moment, not a secret.
		<-timer.C
		p.kill()
	}
	p := dev(t, dir, "--data-dir", dir+"/data")
	access := token(t, p)
	acked := 0
	err := until("all acknowledged messages to come", func() (bool, error) {
		want, came := keysOf(t, p, access, "acked"), keysOf(t, p, access, "came")
		acked = len(want)
		for m := range want {
			if !came[m] {
				return false, nil
			}
		}
		return acked >= 15, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d acknowledged messages came", acked)
}
