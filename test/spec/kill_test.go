package spec

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// rounds is how often a count above 50 runs: 20 times, and in full in a soak.
func rounds(full int) int { return rig.Soak(min(full, 20), full) }

// TestAKillLosesNothingAcknowledged kills control at random moments of KV
// writes and deploys, and compares what was acknowledged with what is there.
func TestAKillLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	acked := map[string]string{}
	deployed := ""
	for round := range rounds(100) {
		p := dev(t, dir, "--data-dir", dir+"/data")
		token := token(t, p)
		check(t, p, token, acked, deployed)
		var mu sync.Mutex
		var writers sync.WaitGroup
		for w := range 3 {
			writers.Go(func() {
				for n := 0; ; n++ {
					key, value := fmt.Sprintf("k%d-%d", w, n), fmt.Sprintf("%d.%d", round, n)
					status, _, err := call("PUT", p.url+"/api/kv/"+p.guild+"/s"+fmt.Sprint(w)+"/"+key, token, []byte(`{"value":"`+value+`"}`))
					if err != nil || status == http.StatusTooManyRequests {
						return // Killed, or the guild's write limit; both end this writer.
					}
					mu.Lock()
					if status < 300 {
						acked[fmt.Sprintf("s%d/%s", w, key)] = value
					}
					mu.Unlock()
				}
			})
		}
		writers.Go(func() {
			for n := 0; ; n++ {
				entry := fmt.Sprintf("r%d-%d.ts", round, n)
				status, _, err := call("POST", p.url+"/api/deployments/"+p.guild, token, deployment(entry))
				if err != nil {
					return
				}
				if status == http.StatusOK {
					mu.Lock()
					deployed = entry
					mu.Unlock()
				}
			}
		})
		timer := time.NewTimer(time.Duration(50+rand.IntN(400)) * time.Millisecond) //nolint:gosec // A moment, not a secret.
		<-timer.C
		p.kill()
		writers.Wait()
	}
	p := dev(t, dir, "--data-dir", dir+"/data")
	check(t, p, token(t, p), acked, deployed)
	t.Logf("%d acknowledged writes are there, and %s runs", len(acked), deployed)
}

// deployment is a bot that says the name of its entry.
func deployment(entry string) []byte {
	body, err := json.Marshal(map[string]any{"entry": entry, "files": []map[string]string{{
		"path": entry, "contents": "on('messageCreate', async (c) => { if (c.msg.content === '!which') await c.reply('" + entry + "') })",
	}}})
	if err != nil {
		panic(err) // Strings only.
	}
	return body
}

func token(t *testing.T, p *process) string {
	t.Helper()
	b, err := os.ReadFile(p.file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// check compares a sample of the writes, the newest among them, and the
// deployment. A deploy that was cut off may have been stored or not; one that
// was acknowledged must not be older than what runs.
func check(t *testing.T, p *process, token string, acked map[string]string, deployed string) {
	t.Helper()
	for key, want := range acked {
		status, answer, err := call("GET", p.url+"/api/kv/"+p.guild+"/"+key, token, nil)
		var got struct{ Value *string }
		if err == nil {
			err = json.Unmarshal(answer, &got)
		}
		if err != nil || status != http.StatusOK || got.Value == nil {
			t.Fatalf("%s: an acknowledged write is lost: %d %s %v", key, status, answer, err)
		}
		if *got.Value != want && !newer(*got.Value, want) {
			t.Fatalf("%s: got %s, want %s", key, *got.Value, want)
		}
	}
	if deployed == "" {
		return
	}
	status, answer, err := call("GET", p.url+"/api/deployments/"+p.guild, token, nil)
	var got struct{ Entry string }
	if err == nil {
		err = json.Unmarshal(answer, &got)
	}
	if err != nil || status != http.StatusOK || got.Entry != deployed && !newer(strings.Trim(got.Entry, "r.ts"), strings.Trim(deployed, "r.ts")) {
		t.Fatalf("got %d %s %v, want the deployment %s or the one that was cut off after it", status, answer, err, deployed)
	}
	if err := says(p, "!which", got.Entry); err != nil {
		t.Fatal(err)
	}
}

// newer compares "round.n" or "round-n".
func newer(got, than string) bool {
	var a, b, c, d int
	if n, _ := fmt.Sscanf(strings.ReplaceAll(got, "-", "."), "%d.%d", &a, &b); n != 2 {
		return false
	}
	if n, _ := fmt.Sscanf(strings.ReplaceAll(than, "-", "."), "%d.%d", &c, &d); n != 2 {
		return false
	}
	return a > c || a == c && b > d
}

// says speaks in the first channel and waits for the bot to say want.
func says(p *process, content, want string) error {
	url := p.url + "/sim/guilds/" + p.guild + "/channels/" + p.channel + "/messages"
	status, answer, err := call("POST", url, "", []byte(`{"content":"`+content+`"}`))
	if err != nil || status >= 300 {
		return fmt.Errorf("say: %d %s %w", status, answer, err)
	}
	return until("the bot to say "+want, func() (bool, error) {
		_, answer, err := call("GET", url, "", nil)
		if err != nil {
			return false, err
		}
		var list []message
		if err := json.Unmarshal(answer, &list); err != nil {
			return false, err
		}
		return len(list) > 0 && list[len(list)-1].Author.Bot && list[len(list)-1].Content == want, nil
	})
}
