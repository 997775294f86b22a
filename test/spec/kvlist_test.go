package spec

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/kv/archive"
	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// listed is how many keys are there all the time.
const listed = 100_000

// kvWorld is a runtime with a store of many keys that stay, between which others
// come and go.
type kvWorld struct {
	t     *testing.T
	p     *process
	token string
}

func stays(i int) string { return fmt.Sprintf("k%06d", i) }

// TestListingWhileOthersWrite lists 100,000 keys by pages, over HTTP and from a
// script, while writers set and delete keys between them: none that stays is
// left out, none is there twice.
func TestListingWhileOthersWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p, err := start(dir, append(os.Environ(), "HOME="+dir, "FLORA_KV_LIMITS_WRITES_PER_MINUTE=1000000"), "dev", "--port", "0", "--no-rate-limits")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	w := &kvWorld{t: t, p: p, token: token(t, p)}
	w.fill()
	const source = `
		on("messageCreate", async (c) => {
			if (c.msg.content !== "!list") return;
			const s = kv.store("many");
			let kept = 0, last = "", cursor;
			do {
				const page = await s.list({ limit: 1000, cursor });
				for (const { name } of page.keys) {
					if (name <= last) return c.reply("bad: " + name + " after " + last);
					last = name;
					if (!name.endsWith("~")) {
						if (name !== "k" + String(kept).padStart(6, "0")) return c.reply("bad: " + name + " is no. " + kept);
						kept++;
					}
				}
				cursor = page.cursor;
				if (page.listComplete !== (cursor === undefined)) return c.reply("bad: no cursor");
			} while (cursor !== undefined);
			await c.reply("listed " + kept);
		});`
	w.ok("POST", "/api/deployments/"+p.guild, map[string]any{"entry": "main.js", "files": []map[string]string{{"path": "main.js", "contents": source}}})
	over := make(chan struct{})
	var writers sync.WaitGroup
	for n := range 3 {
		writers.Go(func() { w.disturb(n, over) })
	}
	w.list()
	messages := "/sim/guilds/" + p.guild + "/channels/" + p.channel + "/messages"
	w.ok("POST", messages, map[string]string{"content": "!list"})
	err = rig.Until("the script's list", func() (bool, error) {
		_, answer, err := call("GET", p.url+messages+"?limit=100", "", nil)
		if err == nil && bytes.Contains(answer, []byte(`"bad: `)) {
			err = fmt.Errorf("the script says %.2000s", answer)
		}
		return bytes.Contains(answer, []byte(fmt.Sprintf(`"listed %d"`, listed))), err
	})
	close(over)
	writers.Wait()
	if err != nil {
		t.Errorf("%v\n%s", err, p.stderr)
	}
}

// ok makes a request that must succeed.
func (w *kvWorld) ok(method, path string, body any) []byte {
	w.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	status, answer, err := call(method, w.p.url+path, w.token, b)
	if err != nil || status != http.StatusOK {
		w.t.Fatalf("%s %s: %d %.500s %v", method, path, status, answer, err)
	}
	return answer
}

// fill brings the keys that stay, as an archive.
func (w *kvWorld) fill() {
	w.t.Helper()
	var b bytes.Buffer
	a, err := archive.NewWriter(&b, archive.Header{Guild: w.p.guild, CreatedAt: time.Now()})
	if err == nil {
		err = a.Store(archive.Store{Name: "many", CreatedAt: time.Now()})
	}
	for i := range listed {
		if err == nil {
			err = a.Entry(archive.Entry{Key: stays(i), Value: "v"})
		}
	}
	if err == nil {
		err = a.Close()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "POST", w.p.url+"/api/kv/import/"+w.p.guild, &b)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.token)
	req.Header.Set("Content-Type", "application/gzip")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		w.t.Fatalf("import: %s", res.Status)
	}
}

// disturb sets and deletes keys between those that stay.
func (w *kvWorld) disturb(n int, over <-chan struct{}) {
	for i := n; ; i += 7919 {
		var sets []map[string]string
		var deletes []string
		for k := range 40 {
			sets = append(sets, map[string]string{"key": stays((i+k*2503)%listed) + "~", "value": "x"})
			deletes = append(deletes, stays((i+k*2503+1)%listed)+"~")
		}
		b, err := json.Marshal(map[string]any{"set": sets, "delete": deletes})
		if err == nil {
			var status int
			var answer []byte
			if status, answer, err = call("POST", w.p.url+"/api/kv/"+w.p.guild+"/many/batch", w.token, b); err == nil && status != http.StatusOK {
				err = fmt.Errorf("%d %s", status, answer)
			}
		}
		if err != nil {
			w.t.Errorf("writer %d: %v", n, err)
			return
		}
		select {
		case <-over:
			return
		default:
		}
	}
}

// list goes through all pages over HTTP.
func (w *kvWorld) list() {
	w.t.Helper()
	kept, others, last, cursor := 0, 0, "", ""
	for {
		path := "/api/kv/" + w.p.guild + "/many?limit=1000&cursor=" + url.QueryEscape(cursor)
		status, answer, err := call("GET", w.p.url+path, w.token, nil)
		var page struct {
			Keys     []struct{ Name string }
			Complete bool `json:"listComplete"`
			Cursor   string
		}
		if err == nil {
			err = json.Unmarshal(answer, &page)
		}
		if err != nil || status != http.StatusOK {
			w.t.Fatalf("list: %d %.200s %v", status, answer, err)
		}
		for _, k := range page.Keys {
			if k.Name <= last {
				w.t.Fatalf("%s comes after %s", k.Name, last)
			}
			last = k.Name
			if strings.HasSuffix(k.Name, "~") {
				others++
				continue
			}
			if k.Name != stays(kept) {
				w.t.Fatalf("%s comes where %s should", k.Name, stays(kept))
			}
			kept++
		}
		if page.Complete {
			break
		}
		cursor = page.Cursor
	}
	if kept != listed {
		w.t.Errorf("%d keys are listed, want %d", kept, listed)
	}
	w.t.Logf("%d keys and %d others", kept, others)
}
