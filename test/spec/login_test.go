package spec

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
)

// person is somebody with a browser that follows where it is led.
type person struct {
	t    *testing.T
	p    *process
	http *http.Client
}

// login logs a user of the simulated Discord in.
func login(t *testing.T, p *process, user string) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &person{t: t, p: p, http: &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasSuffix(r.URL.Path, "/oauth2/authorize") && !r.URL.Query().Has("sim_user") {
			// The page asks who it is, and this is the button.
			q := r.URL.Query()
			q.Set("sim_user", user)
			r.URL.RawQuery = q.Encode()
		}
		return nil
	}}}
	b.want(200, "GET", "/api/auth/login?next=/api/auth/me", "", `"username":"`+user+`"`)
	return b
}

func (b *person) want(status int, method, path, body, text string) string {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.p.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := b.http.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	answer, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil || res.StatusCode != status || !strings.Contains(string(answer), text) {
		b.t.Errorf("%s %s: %d %s, %v, want %d %s", method, path, res.StatusCode, answer, err, status, text)
	}
	return string(answer)
}

// TestPeopleLogInToDev logs in to a runtime without a Discord of its own, deploys
// as a person and sees that the others' rights are theirs alone.
func TestPeopleLogInToDev(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := dev(t, dir)
	owner, alice := login(t, p, "owner"), login(t, p, "alice")
	if got := owner.want(200, "GET", "/api/guilds", "", p.guild); strings.Count(got, `"id"`) != 2 {
		t.Errorf("the owner's guilds are %s", got)
	}
	const script = `{"entry":"main.ts","files":[{"path":"main.ts","contents":"on('messageCreate', async (c) => { if (c.msg.content === '!who') await c.reply('the owner') })"}]}`
	alice.want(403, "POST", "/api/deployments/"+p.guild, script, "Admin permission required")
	owner.want(200, "POST", "/api/deployments/"+p.guild, script, "revision_id")
	if err := says(p, "!who", "the owner"); err != nil {
		t.Error(err)
	}
	owner.want(200, "GET", "/api/deployments/"+p.guild+"/history", "", `"actor_type":"session"`)
	alice.want(200, "GET", "/api/guilds", "", "[]")
	theirs := alice.want(200, "POST", "/api/tokens", "{}", "flora_")
	for _, word := range strings.Split(theirs, `"`) {
		if !strings.HasPrefix(word, "flora_") {
			continue
		}
		for path, want := range map[string]int{"/api/tokens": 200, "/api/logs/" + p.guild: 403, "/metrics": 403} {
			if status, answer, err := call("GET", p.url+path, word, nil); status != want || err != nil {
				t.Errorf("alice's token at %s: %d %s, %v, want %d", path, status, answer, err, want)
			}
		}
	}
	for _, path := range []string{"/api/logs/" + p.guild, "/metrics", "/api/guilds", "/api/auth/me"} {
		if status, answer, err := call("GET", p.url+path, token(t, p), nil); status != 200 || err != nil {
			t.Errorf("the operator's token at %s: %d %s, %v", path, status, answer, err)
		}
	}
	owner.want(204, "POST", "/api/auth/logout", "", "")
	owner.want(401, "GET", "/api/guilds", "", "Login required")
	alice.want(200, "GET", "/api/auth/me", "", "alice")
}
