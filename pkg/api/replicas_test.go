package api_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/api"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/forward"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// pair is two replicas, of which one has all guilds. Each has stores of its own,
// so what was done where can be seen.
type pair struct {
	a, b *env

	mu      sync.Mutex // Guards the members below.
	owner   string     // "" is nobody.
	members []forward.Member
}

// side is the pair as one of them sees it.
type side struct {
	*pair
	self string
}

func (s side) Owner(context.Context, snowflake.GuildID) (forward.Member, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.members {
		if m.Name == s.owner {
			return m, s.owner == s.self, nil
		}
	}
	return forward.Member{}, false, fault.New(fault.Unavailable, "nobody")
}

func (s side) Changed() <-chan struct{} { return nil }

func (s side) Members() []forward.Member {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]forward.Member(nil), s.members...)
}

func (p *pair) give(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.owner = name
}

// newPair makes replicas a and b, of which b has the guilds, and which know the
// same tokens.
func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{owner: "b"}
	start := func(name string) *env {
		e := newEnv(t, func(c *api.Config) {
			f, err := forward.New(forward.Config{Group: side{p, name}, Name: name, Secret: strings.Repeat("s", 32)})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(f.Close)
			c.Replicas, c.Version, c.Inbound = f, name, echoes{}
			if p.b != nil {
				c.Tokens = p.b.auth
			}
		})
		p.members = append(p.members, forward.Member{Name: name, URL: e.server.URL})
		return e
	}
	p.b = start("b")
	p.a = start("a")
	p.a.tokens = p.b.tokens
	return p
}

// TestEveryRouteOfAGuildIsItsOwners: whichever replica is asked, the one that has
// the guild answers, once it knows who calls.
func TestEveryRouteOfAGuildIsItsOwners(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	tried := 0
	for _, route := range p.a.api.Routes() {
		method, path, _ := strings.Cut(route, " ")
		if !strings.Contains(path, "{guild}") {
			continue
		}
		tried++
		path = strings.ReplaceAll(path, "{guild}", guildA.String())
		for _, name := range []string{"{store}", "{key}", "{name}", "{export}", "{revision}"} {
			path = strings.ReplaceAll(path, name, "x")
		}
		as := "admin"
		if strings.HasSuffix(path, "/release") {
			as = "operator"
		}
		res := p.a.do(as, method, path, "", nil)
		if by := res.Header.Get("X-Flora-Version"); by != "b" {
			t.Errorf("%s was answered by %q with status %d", route, by, res.StatusCode)
		}
		_ = res.Body.Close()
	}
	if tried < 25 {
		t.Errorf("only %d routes have a guild", tried)
	}
	for _, path := range []string{"/api/kv/stores?guild_id=" + guildA.String(), "/api/status/" + guildA.String() + "/"} {
		if res := p.a.do("admin", "GET", path, "", nil); res.Header.Get("X-Flora-Version") != "b" || res.StatusCode != 200 {
			t.Errorf("%s: status %d by %q", path, res.StatusCode, res.Header.Get("X-Flora-Version"))
		}
	}
	// What names no guild is refused where it comes in.
	if res := p.a.do("admin", "GET", "/api/status/nonsense", "", nil); res.StatusCode != 400 || res.Header.Get("X-Flora-Version") != "a" {
		t.Errorf("status %d by %q", res.StatusCode, res.Header.Get("X-Flora-Version"))
	}
}

func TestWhatIsWrittenIsAtTheOwner(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	res := p.a.do("admin", "PUT", "/api/kv/"+guildA.String()+"/s/k", `{"value":"v"}`, nil)
	if res.StatusCode != 200 {
		t.Fatal(text(t, res))
	}
	res = p.a.do("admin", "POST", "/api/kv/stores", `{"guild_id":"`+guildA.String()+`","store_name":"made"}`, nil)
	if res.StatusCode != 200 {
		t.Fatal(text(t, res))
	}
	res = p.a.do("admin", "POST", "/api/deployments/"+guildA.String(), `{"entry":"a.ts","files":[{"path":"a.ts","contents":"1"}]}`, map[string]string{"X-Flora-Deploy-Source": "cli"})
	if res.StatusCode != 200 {
		t.Fatal(text(t, res))
	}
	stores, err := p.b.kv.Stores(t.Context(), guildA)
	if err != nil || len(stores) != 2 || len(p.b.deployer.asked()) != 1 || p.b.deployer.asked()[0].Source != "cli" {
		t.Errorf("the owner has %v (%v) and %v", stores, err, p.b.deployer.asked())
	}
	if stores, err := p.a.kv.Stores(t.Context(), guildA); err != nil || len(stores) > 0 || len(p.a.deployer.asked()) > 0 {
		t.Errorf("the other has %v (%v)", stores, err)
	}
	// Refusals are the owner's too, and have its request's id.
	res = p.a.do("neighbour", "GET", "/api/status/"+guildA.String(), "", nil)
	if got := text(t, res); res.StatusCode != 403 || !strings.Contains(got, res.Header.Get("X-Request-Id")) || len(res.Header.Values("X-Request-Id")) != 1 {
		t.Errorf("%d %s, %v", res.StatusCode, got, res.Header)
	}
	if len(res.Header.Values("Content-Security-Policy")) != 1 {
		t.Errorf("headers come twice: %v", res.Header)
	}
	// Nobody has the guild.
	p.give("")
	res = p.a.do("admin", "GET", "/api/status/"+guildA.String(), "", nil)
	if got := text(t, res); res.StatusCode != 503 || res.Header.Get("Retry-After") != "1" || !strings.Contains(got, `"code":"unavailable"`) {
		t.Errorf("%d %s", res.StatusCode, got)
	}
}

func TestEndpointsAreServedByTheOwnerForTheCaller(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	res := p.a.do("", "GET", "/g/"+guildA.String()+"/a%2Fb?x", "", map[string]string{"X-Forwarded-For": "9.9.9.9"})
	if got, want := text(t, res), "GET /g/"+guildA.String()+"/a%2Fb 127.0.0.1 127.0.0.1"; got != want || res.StatusCode != 200 {
		t.Errorf("%d %q, want %q", res.StatusCode, got, want)
	}
	if res := p.a.do("", "GET", "/g/"+guildA.String()+"/no", "", nil); res.StatusCode != 404 {
		t.Errorf("status %d", res.StatusCode)
	}
	if res := p.a.do("", "GET", "/g/nobody/no", "", nil); res.StatusCode != 404 {
		t.Errorf("status %d", res.StatusCode)
	}
}

func TestABuildIsFoundAtAnyReplicaAndDeployedByAnyOwner(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	body, kind := form("guild_id", guildA.String(), "entry", "a.ts", "project_zip", "PK archive")
	res := p.a.do("admin", "POST", "/api/builds", body, map[string]string{"Content-Type": kind})
	var made struct {
		ID string `json:"build_id"`
	}
	got := text(t, res)
	if err := json.Unmarshal([]byte(got), &made); err != nil || res.StatusCode != 200 || res.Header.Get("X-Flora-Version") != "b" {
		t.Fatalf("%d %s by %q", res.StatusCode, got, res.Header.Get("X-Flora-Version"))
	}
	if got := text(t, p.a.do("admin", "GET", "/api/builds/"+made.ID+"/logs", "", nil)); !strings.Contains(got, "event: done\ndata: {\"status\":\"done\"}") {
		t.Errorf("the log is %s", got)
	}
	// The guild has gone to the other one; the build stays where it was made.
	p.give("a")
	for _, e := range []*env{p.a, p.b} {
		res := e.do("admin", "GET", "/api/builds/"+made.ID, "", nil)
		if got := text(t, res); res.StatusCode != 200 || !strings.Contains(got, `"status":"done"`) || res.Header.Get("X-Flora-Version") != "b" {
			t.Errorf("%d %s", res.StatusCode, got)
		}
		if res := e.do("neighbour", "GET", "/api/builds/"+made.ID, "", nil); res.StatusCode != 403 {
			t.Errorf("a stranger gets %d", res.StatusCode)
		}
	}
	res = p.b.do("admin", "POST", "/api/deployments/"+guildA.String(), `{"build_id":"`+made.ID+`"}`, nil)
	if got := text(t, res); res.StatusCode != 200 || len(p.a.deployer.asked()) != 1 {
		t.Fatalf("%d %s", res.StatusCode, got)
	}
	if r := p.a.deployer.asked()[0]; r.BuildID != made.ID || r.Bundle == nil || *r.Bundle == "" || len(r.Files) == 0 {
		t.Errorf("deployed: %+v", r)
	}
	// A replica that is gone took its builds along.
	p.mu.Lock()
	p.members = p.members[1:]
	p.mu.Unlock()
	if res := p.a.do("admin", "GET", "/api/builds/"+made.ID, "", nil); res.StatusCode != 404 {
		t.Errorf("status %d", res.StatusCode)
	}
}

func TestAStreamOfLogsGoesThroughAnotherReplica(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	res := p.a.do("admin", "GET", "/api/logs/"+guildA.String()+"/stream", "", nil)
	if res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatal(text(t, res))
	}
	buf := make([]byte, 4096)
	read := func(want string) {
		t.Helper()
		var all string
		for !strings.Contains(all, want) {
			n, err := res.Body.Read(buf)
			if all += string(buf[:n]); err != nil {
				t.Fatalf("%v after %q", err, all)
			}
		}
	}
	read("retry: 2000")
	for _, line := range []string{"one", "two"} {
		p.b.logs.Append(guildA, "info", "flora:js", line)
		read(`"message":"` + line + `"`)
	}
}
