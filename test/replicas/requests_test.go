package replicas

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"archive/zip"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// page is a script with all that requests about a guild can touch.
const page = `
console.log("loaded as", Deno.env.get("COLOUR"));
Deno.serve(async (r) => new Response(r.method + " " + new URL(r.url).pathname + " " + Deno.env.get("COLOUR") + " " + (await r.text()).length));
on("messageCreate", (c) => { if (!c.msg.author.bot) console.log(c.msg.content); });
`

// call is a request about a guild, at one replica, that must succeed.
func (g *group) call(r *replica, p place, method, path, body string) string {
	g.t.Helper()
	var text []byte
	if body != "" {
		text = []byte(body)
	}
	var answer []byte
	g.until(method+" "+path+" at "+r.name, func() (bool, error) {
		status, got, err := rig.Call(method, r.base+path, p.token, text)
		answer = got
		if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
			return false, fmt.Errorf("%d %.200s", status, got)
		}
		if err == nil && status >= 300 {
			g.t.Fatalf("%s %s at %s: %d %.300s", method, path, r.name, status, got)
		}
		return err == nil, err
	})
	return string(answer)
}

// TestRequestsFindTheirWay: whichever replica is asked, the one that has the guild
// answers, also after the guild has moved.
func TestRequestsFindTheirWay(t *testing.T) {
	t.Parallel()
	g := newGroup(t)
	a, b := g.add(), g.add()
	a.start()
	b.start()
	for _, p := range g.places { // All through one of them, so half goes on to the other.
		g.call(a, p, "PUT", "/api/vars/"+p.guild+"/COLOUR", `{"value":"red"}`)
		body, err := json.Marshal(map[string]any{"entry": "main.ts", "files": []map[string]string{{"path": "main.ts", "contents": page}}})
		if err != nil {
			t.Fatal(err)
		}
		g.call(a, p, "POST", "/api/deployments/"+p.guild, string(body))
		g.call(a, p, "PUT", "/api/guilds/"+p.guild+"/settings", `{"inbound_endpoint":true}`)
	}
	for i, p := range g.places {
		for _, r := range g.replicas {
			if got := g.call(r, p, "GET", "/api/status/"+p.guild, ""); !strings.Contains(got, `"state":"running"`) {
				t.Errorf("%s says of %s: %s", r.name, p.guild, got)
			}
			for _, path := range []string{"/api/deployments", "/api/guilds"} {
				if got := g.call(r, p, "GET", path, ""); !strings.Contains(got, p.guild) {
					t.Errorf("%s %s: %s", r.name, path, got)
				}
			}
			if got := g.call(r, p, "GET", "/api/logs/"+p.guild, ""); !strings.Contains(got, "loaded as red") {
				t.Errorf("%s's log of %s: %s", r.name, p.guild, got)
			}
			body := strings.Repeat("x", 500_000)
			if got, want := g.call(r, p, "POST", "/g/"+p.guild+"/a%2Fb", body), fmt.Sprint("POST /a%2Fb red ", len(body)); got != want {
				t.Errorf("%s's endpoint of %s: %.200s", r.name, p.guild, got)
			}
		}
		// Set by one, changed by the other, seen by both.
		first, second := g.replicas[i%2], g.replicas[1-i%2]
		g.call(first, p, "POST", "/api/kv/stores", fmt.Sprintf(`{"guild_id":%q,"store_name":"s"}`, p.guild))
		g.call(second, p, "PUT", "/api/kv/"+p.guild+"/s/k", `{"value":"1"}`)
		g.call(first, p, "POST", "/api/kv/"+p.guild+"/s/k/increment", `{}`)
		for _, r := range g.replicas {
			if got := g.call(r, p, "GET", "/api/kv/"+p.guild+"/s/k", ""); !strings.Contains(got, `"value":"2"`) {
				t.Errorf("%s's key of %s: %s", r.name, p.guild, got)
			}
		}
		g.call(second, p, "PUT", "/api/vars/"+p.guild+"/COLOUR", `{"value":"blue"}`)
		if got := g.call(first, p, "GET", "/g/"+p.guild+"/", ""); got != "GET / blue 0" {
			t.Errorf("after a change: %s", got)
		}
	}
	g.build()
	g.follow(a, b)
}

// build has a project built by way of one replica and deployed by way of the other.
func (g *group) build() {
	g.t.Helper()
	for i, p := range g.places[:shards] {
		first, second := g.replicas[i%2], g.replicas[1-i%2]
		var archive, form bytes.Buffer
		z := zip.NewWriter(&archive)
		f, err := z.Create("main.ts")
		if err != nil {
			g.t.Fatal(err)
		}
		_, _ = f.Write([]byte(page))
		_ = z.Close()
		w := multipart.NewWriter(&form)
		_ = w.WriteField("guild_id", p.guild)
		_ = w.WriteField("entry", "main.ts")
		part, err := w.CreateFormFile("project_zip", "p.zip")
		if err != nil {
			g.t.Fatal(err)
		}
		_, _ = part.Write(archive.Bytes())
		_ = w.Close()
		r, err := http.NewRequestWithContext(g.t.Context(), "POST", first.base+"/api/builds", &form)
		if err != nil {
			g.t.Fatal(err)
		}
		r.Header.Set("Content-Type", w.FormDataContentType())
		r.Header.Set("Authorization", "Bearer "+p.token)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			g.t.Fatal(err)
		}
		var made struct {
			ID      string `json:"build_id"`
			Message string
		}
		err = json.NewDecoder(res.Body).Decode(&made)
		_ = res.Body.Close()
		if err != nil || made.ID == "" {
			g.t.Fatalf("build at %s: %d %s %v", first.name, res.StatusCode, made.Message, err)
		}
		g.until("the build", func() (bool, error) {
			var b struct{ Status string }
			err := second.ask("/api/builds/"+made.ID, p.token, &b)
			return b.Status == "done", err
		})
		g.call(second, p, "POST", "/api/deployments/"+p.guild, `{"build_id":"`+made.ID+`"}`)
	}
}

// follow reads the guilds' logs live while their replica ends, in one way and in
// the other.
func (g *group) follow(a, b *replica) {
	g.t.Helper()
	ctx, stop := context.WithCancel(g.t.Context())
	defer stop()
	type heard struct {
		sync.Mutex
		lines []client.LogEntry
	}
	all := make([]*heard, len(g.places))
	var readers sync.WaitGroup
	defer readers.Wait()
	defer stop()
	for i, p := range g.places {
		h := &heard{}
		all[i] = h
		c, err := client.New(client.Config{BaseURL: a.base, Token: p.token})
		if err != nil {
			g.t.Fatal(err)
		}
		guild, err := snowflake.ParseGuild(p.guild)
		if err != nil {
			g.t.Fatal(err)
		}
		readers.Go(func() {
			_ = c.StreamLogs(ctx, guild, client.StreamOptions{}, func(e client.LogEntry) error {
				h.Lock()
				defer h.Unlock()
				h.lines = append(h.lines, e)
				return nil
			})
		})
	}
	said := func(word string) {
		for i, p := range g.places {
			if _, err := g.say(p, word); err != nil {
				g.t.Fatal(err)
			}
			g.until("the reader of "+p.guild+" to see "+word, func() (bool, error) {
				all[i].Lock()
				defer all[i].Unlock()
				for _, e := range all[i].lines {
					if e.Message == word {
						return true, nil
					}
				}
				return false, nil
			})
		}
	}
	said("before")
	b.stop()
	said("stopped")
	if err := b.begin(); err != nil {
		g.t.Fatal(err)
	}
	said("back")
	pause(time.Second) // Lines are written half a second later at most.
	b.kill()
	said("killed")
	stop()
	readers.Wait()
	for i, p := range g.places {
		seen, last := map[string]int{}, uint64(0)
		for _, e := range all[i].lines {
			if e.Dropped > 0 {
				g.t.Errorf("the reader of %s missed %d lines", p.guild, e.Dropped)
			}
			if seen[e.Message]++; e.ID <= last {
				g.t.Errorf("ids of %s do not rise: %d after %d", p.guild, e.ID, last)
			}
			last = e.ID
		}
		for _, word := range []string{"before", "stopped", "back", "killed"} {
			if seen[word] != 1 {
				g.t.Errorf("the reader of %s saw %q %d times", p.guild, word, seen[word])
			}
		}
		// What only the dead one has is said to be missing, and nothing else is.
		got := g.call(a, p, "GET", "/api/logs/"+p.guild+"?limit=1000", "")
		if !strings.Contains(got, `"killed"`) || !strings.Contains(got, `"before"`) && !strings.Contains(got, "may be missing here") {
			g.t.Errorf("the log of %s: %.2000s", p.guild, got)
		}
	}
	if err := b.begin(); err != nil {
		g.t.Fatal(err)
	}
	for _, p := range g.places {
		g.until("the whole log", func() (bool, error) {
			got := g.call(a, p, "GET", "/api/logs/"+p.guild+"?limit=1000", "")
			for _, word := range []string{"before", "stopped", "back", "killed"} {
				if strings.Count(got, `"message":"`+word+`"`) != 1 {
					return false, fmt.Errorf("%s: %.2000s", word, got)
				}
			}
			return !strings.Contains(got, "may be missing here"), fmt.Errorf("%.2000s", got)
		})
	}
}
