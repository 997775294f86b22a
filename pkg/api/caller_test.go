package api_test

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/flora-runtime/flora-runtime/db/dbtest"
	"github.com/flora-runtime/flora-runtime/pkg/api"
	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/cache"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/store/redis"
)

const memberRoute = "GET /guilds/{guild}/members/{user}"

// tokensOf makes an API token of each user, under their names.
func (s *site) tokensOf(names ...string) {
	for _, name := range names {
		s.token(name, s.users[name])
	}
}

func TestWhoAdministersAGuild(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteConfig{guilds: 3})
	first, left := s.guilds[0].String(), s.guilds[2]
	s.tokensOf("owner", "moderator", "alice")
	s.token("somebody", "123")
	s.token("odd", "nobody")
	s.token("elsewhere", s.users["owner"], auth.WithGuilds(s.guilds[1]))
	s.control(t, "DELETE", "/guilds/"+first+"/members/carol", "")
	s.state.leave(left)
	for _, row := range []struct {
		user, guild string
		status      int
		want        string
		token, web  bool
	}{
		{"owner", first, 200, "", true, true},
		{"moderator", first, 403, "Forbidden: Admin permission required", true, true},
		{"alice", first, 403, "Forbidden: Admin permission required", true, true},
		{"carol", first, 403, "Forbidden: User is not in guild", false, true},
		{"somebody", first, 403, "Forbidden: User is not in guild", true, false},
		{"odd", first, 400, "Bad request: Invalid user ID", true, false},
		{"elsewhere", first, 403, "not for guild", true, false},
		{"elsewhere", s.guilds[1].String(), 200, "", true, false},
		{"owner", left.String(), 403, "Forbidden: Bot not in guild", true, true},
		{"owner", "99999", 403, "Forbidden: Bot not in guild", true, false},
		{"owner", "99999", 403, "Forbidden: User is not in guild", false, true},
		{"owner", "x", 400, "Bad request: Invalid guild ID", true, true},
		{"owner", "9223372036854775808", 400, "Bad request: Invalid guild ID", true, true},
	} {
		address := "/api/logs/" + row.guild
		if row.token {
			if res := s.do(row.user, "GET", address, "", nil); res.StatusCode != row.status || !strings.Contains(text(t, res), row.want) {
				t.Errorf("token of %s in %s: %d, want %d %s", row.user, row.guild, res.StatusCode, row.status, row.want)
			}
		}
		if row.web {
			if res, got := s.browser(t).login(row.user).do("GET", address, ""); res.StatusCode != row.status || !strings.Contains(got, row.want) {
				t.Errorf("session of %s in %s: %d %s, want %d %s", row.user, row.guild, res.StatusCode, got, row.status, row.want)
			}
		}
	}
}

func TestPermissionsFollowDiscord(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteConfig{})
	guild := s.guilds[0].String()
	s.tokensOf("alice")
	b := s.browser(t).login("alice")
	both := func(want int) {
		t.Helper()
		b.want(want, "GET", "/api/logs/"+guild, "")
		if res := s.do("alice", "GET", "/api/logs/"+guild, "", nil); res.StatusCode != want {
			t.Errorf("token: %d, want %d", res.StatusCode, want)
		}
	}
	both(403)
	// Half a minute later Discord is asked again, and not before.
	admin := func(method, path, body string) string {
		t.Helper()
		return s.ask(t, method, "/api/v10/guilds/"+guild+path, body)
	}
	var role struct{ ID string }
	if err := json.Unmarshal([]byte(admin("POST", "/roles", `{"name":"managers","permissions":"32"}`)), &role); err != nil {
		t.Fatal(err)
	}
	admin("PUT", "/members/"+s.users["alice"]+"/roles/"+role.ID, "")
	both(403)
	s.clock.Advance(31 * time.Second)
	both(200)
	s.control(t, "DELETE", "/guilds/"+guild+"/members/alice", "")
	both(200)
	s.clock.Advance(31 * time.Second)
	both(403)
}

func TestChecksAreOneQuestion(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteConfig{})
	s.tokensOf("owner")
	session := "flora_session=" + s.browser(t).login("owner").cookie("flora_session")
	for name, row := range map[string]struct{ key, value, route string }{
		"token":   {"Authorization", "Bearer " + s.tokens["owner"], memberRoute},
		"session": {"Cookie", session, "GET /users/@me/guilds"},
	} {
		since := s.seq()
		s.fail(t, discordsim.RequestFault{Route: row.route, DelayMS: 50})
		var all sync.WaitGroup
		for range 30 {
			all.Go(func() {
				if res := s.do("", "GET", "/api/logs/"+s.guilds[0].String(), "", map[string]string{row.key: row.value}); res.StatusCode != 200 {
					t.Errorf("%s: status %d", name, res.StatusCode)
				}
			})
		}
		all.Wait()
		if n := s.asked(since, row.route); n != 1 {
			t.Errorf("%s: Discord was asked %d times", name, n)
		}
	}
}

func TestDiscordFailsAtAGuild(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteConfig{within: time.Second / 2})
	s.tokensOf("owner")
	b := s.browser(t).login("owner")
	guild := "/api/logs/" + s.guilds[0].String()
	for _, route := range []string{memberRoute, "GET /guilds/{guild}", "GET /users/@me/guilds"} {
		for name, row := range map[string]struct {
			fault  discordsim.RequestFault
			status int
		}{
			"error":      {discordsim.RequestFault{Status: 500, Count: 3}, 502},
			"rate limit": {discordsim.RequestFault{Status: 429, RetryAfter: 30}, 503},
			"hung up":    {discordsim.RequestFault{Drop: true, Count: 10}, 502},
			"no answer":  {discordsim.RequestFault{DelayMS: 1500, Count: 10}, 502},
		} {
			if name == "no answer" && route != memberRoute {
				continue // Slow, and no different.
			}
			s.clock.Advance(time.Minute)
			row.fault.Route = route
			s.fail(t, row.fault)
			status, after, got := 0, "", ""
			if route == "GET /users/@me/guilds" {
				var res *http.Response
				res, got = b.do("GET", guild, "")
				status, after = res.StatusCode, res.Header.Get("Retry-After")
			} else {
				res := s.do("owner", "GET", guild, "", nil)
				status, after, got = res.StatusCode, res.Header.Get("Retry-After"), text(t, res)
			}
			if status != row.status || (after != "") != (status == 503) {
				t.Errorf("%s, %s: %d %s, Retry-After %q", route, name, status, got, after)
			}
			s.sim.ClearFaults()
			if name == "rate limit" && route != "GET /users/@me/guilds" {
				// The client of the bot keeps to the limit; another site begins anew.
				s = newSite(t, siteConfig{within: time.Second / 2})
				s.tokensOf("owner")
				b = s.browser(t).login("owner")
				guild = "/api/logs/" + s.guilds[0].String()
			}
		}
	}
}

func TestGuildsOfATokensUser(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteConfig{guilds: 3})
	s.tokensOf("owner", "alice")
	s.token("one", s.users["owner"], auth.WithGuilds(s.guilds[1], 99))
	list := func(as string) (ids []string) {
		t.Helper()
		res := s.do(as, "GET", "/api/guilds", "", nil)
		var out []struct {
			ID          string
			Name        string
			Permissions uint64
		}
		raw := text(t, res)
		if err := json.Unmarshal([]byte(raw), &out); err != nil || res.StatusCode != 200 {
			t.Fatalf("%s: %d %s", as, res.StatusCode, raw)
		}
		for _, g := range out {
			if g.Name == "" || g.Permissions&0x28 == 0 {
				t.Errorf("%s: %+v", as, g)
			}
			ids = append(ids, g.ID)
		}
		return ids
	}
	var all []string
	for _, g := range s.guilds {
		all = append(all, g.String())
	}
	for as, want := range map[string][]string{"owner": all, "alice": nil, "one": all[1:2]} {
		if diff := cmp.Diff(list(as), want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", as, diff)
		}
	}
	if res := s.do("alice", "GET", "/api/guilds", "", nil); text(t, res) != "[]\n" {
		t.Error("no guilds are no empty list")
	}
	s.seed("x")
	if res := s.do("owner", "GET", "/api/deployments", "", nil); res.StatusCode != 200 || text(t, res) != "[]\n" {
		t.Errorf("deployments of others: %d", res.StatusCode)
	}
}

func TestGuildsOfAGreatBot(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteConfig{guilds: 101})
	s.tokensOf("owner")
	res := s.do("owner", "GET", "/api/guilds", "", nil)
	if got := text(t, res); res.StatusCode != 409 || !strings.Contains(got, "log in once") {
		t.Errorf("not known: %d %s", res.StatusCode, got)
	}
	s.browser(t).login("owner").want(200, "GET", "/api/guilds", "")
	if res := s.do("owner", "GET", "/api/guilds", "", nil); res.StatusCode != 200 || strings.Count(text(t, res), `"id"`) != 101 {
		t.Errorf("known: %d", res.StatusCode)
	}
	// A user cannot make the bot ask without end.
	s.clock.Advance(31 * time.Second)
	if res := s.do("owner", "GET", "/api/guilds", "", nil); res.StatusCode != 429 || res.Header.Get("Retry-After") == "" {
		t.Errorf("again: %d", res.StatusCode)
	}
}

func TestMeByToken(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteConfig{})
	s.tokensOf("owner", "alice")
	s.token("stranger", "77")
	me := func(as string) string { return text(t, s.do(as, "GET", "/api/auth/me", "", nil)) }
	since := s.seq()
	for range 3 {
		if got := me("owner"); !strings.Contains(got, `"id":"`+s.users["owner"]+`","username":"owner"`) {
			t.Errorf("owner is %s", got)
		}
	}
	if n := s.asked(since, "GET /users/{user}"); n != 1 {
		t.Errorf("Discord was asked %d times", n)
	}
	s.fail(t, discordsim.RequestFault{Route: "GET /users/{user}", Status: 500, Count: 3})
	// The name as it was when the token was made.
	if got := me("alice"); !strings.Contains(got, `"username":"user`+s.users["alice"]+`"`) {
		t.Errorf("alice is %s", got)
	}
	if got := me("alice"); !strings.Contains(got, `"username":"alice"`) {
		t.Errorf("afterwards alice is %s", got)
	}
	if got := me("stranger"); !strings.Contains(got, `"username":"user77"`) {
		t.Errorf("stranger is %s", got)
	}
}

func TestTokensOfASession(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteConfig{})
	b := s.browser(t).login("owner")
	guild := s.guilds[0].String()
	var made struct {
		Token, Label string
		ID           string   `json:"token_id"`
		Guilds       []string `json:"guild_ids"`
		ReadOnly     bool     `json:"read_only"`
		ExpiresAt    string   `json:"expires_at"`
	}
	raw := b.want(200, "POST", "/api/tokens", `{"label":" CI ","expires_in_secs":3600,"guild_ids":["`+guild+`"],"read_only":true}`)
	if err := json.Unmarshal([]byte(raw), &made); err != nil || made.Label != "CI" || !made.ReadOnly || made.ExpiresAt == "" || !slices.Equal(made.Guilds, []string{guild}) {
		t.Fatalf("made %s", raw)
	}
	if res := s.do(made.Token, "GET", "/api/logs/"+guild, "", nil); res.StatusCode != 200 {
		t.Errorf("the token gets %d", res.StatusCode)
	}
	if res := s.do(made.Token, "POST", "/api/deployments/"+guild, files, nil); res.StatusCode != 403 {
		t.Errorf("the read-only token deploys: %d", res.StatusCode)
	}
	if got := b.want(200, "GET", "/api/tokens", "", made.ID, `"last_used_at":"2`); strings.Contains(got, made.Token[20:]) {
		t.Errorf("the list shows the token: %s", got)
	}
	s.browser(t).login("alice").want(404, "DELETE", "/api/tokens/"+made.ID, "", "Token not found")
	b.want(204, "DELETE", "/api/tokens/"+made.ID, "")
	b.want(404, "DELETE", "/api/tokens/"+made.ID, "", "Token not found")
	if res := s.do(made.Token, "GET", "/api/logs/"+guild, "", nil); res.StatusCode != 401 {
		t.Errorf("the deleted token gets %d", res.StatusCode)
	}
	for body, want := range map[string]string{
		`{"expires_in_secs":0}`: "expires_in_secs", `{"expires_in_secs":9000000000000000000}`: "expires_in_secs", `{"expires_at":"yesterday"}`: "expires_at",
		`{"expires_at":"2020-01-01T00:00:00Z"}`: "expires_at", `{"expires_at":"9999-01-01T00:00:00Z"}`: "expires_at",
		`{"expires_in_secs":1,"expires_at":"2030-01-01T00:00:00Z"}`: "not both", `{"guild_ids":[]}`: "of no use", `{"label":"` + strings.Repeat("x", 101) + `"}`: "100 characters",
	} {
		b.want(400, "POST", "/api/tokens", body, want)
	}
	for _, body := range []string{`{"guild_ids":["x"]}`, `{"guild_ids":[5]}`, `{"label":5}`, `{"read_only":"yes"}`, `{"expires_in_secs":1.5}`} {
		b.want(422, "POST", "/api/tokens", body)
	}
}

func TestTokensOfAToken(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteConfig{})
	a, b := s.guilds[0].String(), s.guilds[1].String()
	owner := s.users["owner"]
	wide := s.token("wide", owner)
	s.token("narrow", owner, auth.WithGuilds(s.guilds[0]), auth.WithExpiry(time.Now().Add(time.Hour)))
	s.token("reader", owner, auth.ReadOnly())
	s.token("stranger", s.users["alice"])
	for _, row := range []struct {
		name, as, body string
		status         int
		want           []string
		wantNot        []string
	}{
		{"all", "wide", `{}`, 200, []string{`"label":null`}, []string{"expires_at", "guild_ids", "read_only"}},
		{"less", "wide", `{"guild_ids":["` + b + `"],"read_only":true,"expires_in_secs":9}`, 200, []string{b, `"read_only":true`, "expires_at"}, nil},
		{"as narrow", "narrow", `{}`, 200, []string{`"guild_ids":["` + a + `"]`, "expires_at"}, []string{b}},
		{"narrower", "narrow", `{"read_only":true,"expires_in_secs":60,"guild_ids":["` + a + `"]}`, 200, []string{a, `"read_only":true`}, nil},
		{"another guild", "narrow", `{"guild_ids":["` + b + `"]}`, 403, []string{"may not be for other guilds"}, nil},
		{"more guilds", "narrow", `{"guild_ids":["` + a + `","` + b + `"]}`, 403, []string{"may not be for other guilds"}, nil},
		{"later", "narrow", `{"expires_in_secs":7200}`, 403, []string{"live longer"}, nil},
		{"by a reader", "reader", `{"read_only":true}`, 403, []string{"may only read"}, nil},
		{"by nobody", "", `{}`, 401, []string{"Login required"}, nil},
	} {
		res := s.do(row.as, "POST", "/api/tokens", row.body, nil)
		got := text(t, res)
		if res.StatusCode != row.status {
			t.Errorf("%s: %d %s, want %d", row.name, res.StatusCode, got, row.status)
		}
		for _, w := range row.want {
			if !strings.Contains(got, w) {
				t.Errorf("%s: %q is not in %s", row.name, w, got)
			}
		}
		for _, w := range row.wantNot {
			if strings.Contains(got, w) {
				t.Errorf("%s: %q is in %s", row.name, w, got)
			}
		}
	}
	count := func(as string) int {
		return strings.Count(text(t, s.do(as, "GET", "/api/tokens", "", nil)), "token_id")
	}
	// Three to begin with, and four that were made.
	for as, want := range map[string]int{"wide": 7, "narrow": 3, "reader": 3, "stranger": 1} {
		if n := count(as); n != want {
			t.Errorf("%s sees %d tokens, want %d", as, n, want)
		}
	}
	for _, as := range []string{"narrow", "stranger"} {
		if res := s.do(as, "DELETE", "/api/tokens/"+wide, "", nil); res.StatusCode != 404 {
			t.Errorf("%s deletes a wider token: %d", as, res.StatusCode)
		}
	}
	if res := s.do("reader", "DELETE", "/api/tokens/"+wide, "", nil); res.StatusCode != 403 {
		t.Errorf("a read-only token deletes: %d", res.StatusCode)
	}
	if res := s.do("wide", "DELETE", "/api/tokens/"+wide, "", nil); res.StatusCode != 204 {
		t.Errorf("a token deletes itself: %d", res.StatusCode)
	}
	if res := s.do("wide", "GET", "/api/tokens", "", nil); res.StatusCode != 401 {
		t.Errorf("and is good afterwards: %d", res.StatusCode)
	}
}

func TestOperatorsSecret(t *testing.T) {
	t.Parallel()
	metrics := func(c *api.Config) {
		c.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("flora_build_info 1\n")) })
	}
	s := newSite(t, siteConfig{api: metrics})
	s.tokensOf("owner")
	for _, row := range []struct {
		bearer string
		status int
		want   string
	}{
		{"", 401, "Operator bearer token required"}, {"x", 403, "Invalid operator token"}, {operatorIs + "x", 403, "Invalid operator token"},
		{operatorIs[1:], 403, "Invalid operator token"}, {"owner", 403, "Invalid operator token"}, {operatorIs, 200, "flora_build_info"},
	} {
		res := s.do(row.bearer, "GET", "/metrics", "", nil)
		if got := text(t, res); res.StatusCode != row.status || !strings.Contains(got, row.want) {
			t.Errorf("%q: %d %s, want %d", row.bearer, res.StatusCode, got, row.status)
		}
	}
	release := "/api/status/" + s.guilds[0].String() + "/release"
	if res := s.do(operatorIs, "POST", release, "", nil); res.StatusCode != 404 || !strings.Contains(text(t, res), "nothing is deployed") {
		t.Errorf("release: %d", res.StatusCode)
	}
	s.browser(t).login("owner").want(401, "POST", release, "", "Operator bearer token required")
	none := newSite(t, siteConfig{api: func(c *api.Config) { metrics(c); c.Operators = nil }})
	for _, bearer := range []string{"", "x"} {
		if res := none.do(bearer, "GET", "/metrics", "", nil); res.StatusCode != 403 || !strings.Contains(text(t, res), "Operator access is not configured") {
			t.Errorf("without a secret %q gets %d", bearer, res.StatusCode)
		}
	}
}

func TestWhoAskedBehindProxies(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, proxies, header, want string
	}{
		{"no proxy, made up", "", "1.2.3.4", "127.0.0.1"},
		{"a proxy", "127.0.0.0/8", "1.2.3.4", "1.2.3.4"},
		{"a proxy, made up before", "127.0.0.0/8", "6.6.6.6, 1.2.3.4", "1.2.3.4"},
		{"two proxies", "127.0.0.0/8,10.0.0.0/8", "6.6.6.6, 1.2.3.4, 10.1.1.1", "1.2.3.4"},
		{"a private address is no proxy", "127.0.0.0/8", "1.2.3.4, 10.1.1.1", "10.1.1.1"},
		{"version 6", "127.0.0.0/8,fd00::/8", "2001:db8::1, fd00::2", "2001:db8::1"},
		{"no address", "127.0.0.0/8", "1.2.3.4, evil\nname", "127.0.0.1"},
		{"none", "127.0.0.0/8", "", "127.0.0.1"},
		{"another's proxy", "10.0.0.0/8", "1.2.3.4", "127.0.0.1"},
	} {
		core, logs := observer.New(zap.InfoLevel)
		e := newEnv(t, func(c *api.Config) {
			c.Log = zap.New(core)
			c.Limits.Strangers = api.Rate{PerSecond: 0.001, Burst: 1}
			for p := range strings.SplitSeq(row.proxies, ",") {
				if p != "" {
					c.Site.Proxies = append(c.Site.Proxies, netip.MustParsePrefix(p))
				}
			}
		})
		header := map[string]string{}
		if row.header != "" {
			header["X-Forwarded-For"] = strings.ReplaceAll(row.header, "\n", " ")
		}
		for _, want := range []int{401, 429} {
			if res := e.do("", "GET", "/api/auth/me", "", header); res.StatusCode != want {
				t.Errorf("%s: status %d, want %d", row.name, res.StatusCode, want)
			}
		}
		lines := logs.FilterMessage("request").All()
		if len(lines) != 2 || lines[0].ContextMap()["remote"] != row.want {
			t.Errorf("%s: the log says %v, want %s", row.name, lines, row.want)
		}
		// Another address has a limit of its own.
		if row.want == "1.2.3.4" {
			header["X-Forwarded-For"] = strings.ReplaceAll(row.header, "1.2.3.4", "5.6.7.8")
			if res := e.do("", "GET", "/api/auth/me", "", header); res.StatusCode != 401 {
				t.Errorf("%s: another address gets %d", row.name, res.StatusCode)
			}
		}
	}
}

func TestRedisAway(t *testing.T) {
	t.Parallel()
	server := dbtest.OwnRedis(t)
	s := newSite(t, siteConfig{cache: func(t *testing.T, _ clock.Clock) cache.Store {
		t.Helper()
		store, err := redis.Open(t.Context(), redis.Config{URL: server.URL})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		return store
	}})
	s.tokensOf("owner")
	b := s.browser(t).login("owner")
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	guild := "/api/logs/" + s.guilds[0].String()
	for _, row := range [][2]string{{"GET", "/api/auth/me"}, {"GET", guild}, {"GET", "/api/guilds"}, {"POST", "/api/auth/logout"}, {"GET", "/api/auth/login"}} {
		if res, got := b.do(row[0], row[1], ""); res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
			t.Errorf("%s %s: %d %s", row[0], row[1], res.StatusCode, got)
		}
	}
	for _, address := range []string{guild, "/api/guilds", "/api/tokens", "/api/auth/me"} {
		if res := s.do("owner", "GET", address, "", nil); res.StatusCode != 200 {
			t.Errorf("token, %s: %d %s", address, res.StatusCode, text(t, res))
		}
		if res, got := b.do("GET", address, "", "Authorization", "Bearer "+s.tokens["owner"]); res.StatusCode != 200 {
			t.Errorf("both, %s: %d %s", address, res.StatusCode, got)
		}
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	// It forgot everything; who logs in again goes on.
	status := 0
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); status != 302 && time.Now().Before(end); <-tick.C {
		res, _ := b.do("GET", "/api/auth/login", "")
		status = res.StatusCode
	}
	b.login("owner").want(200, "GET", "/api/auth/me", "")
}

// TestKnownCallersAreToldTheVersion: strangers are not.
func TestKnownCallersAreToldTheVersion(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(c *api.Config) { c.Version = "1.2.3" })
	for who, want := range map[string]string{"admin": "1.2.3", "reader": "1.2.3", "": ""} {
		for _, path := range []string{"/api/auth/me", deployURL, "/api/health"} {
			res := e.do(who, "GET", path, "", nil)
			_ = text(t, res)
			if path == "/api/health" {
				want = "" // A probe knows nobody.
			}
			if got := res.Header.Get("X-Flora-Version"); got != want {
				t.Errorf("%q at %s: %q, want %q", who, path, got, want)
			}
		}
	}
}
