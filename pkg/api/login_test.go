package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/api"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
)

const tokenRoute = "POST /oauth2/token"

func TestLogin(t *testing.T) {
	t.Parallel()
	bothCaches(t, func(t *testing.T, cfg siteConfig) {
		s := newSite(t, cfg)
		b := s.browser(t).login("owner")
		b.want(200, "GET", "/api/auth/me", "", `"user":{"id":"`+s.users["owner"]+`","username":"owner","global_name":null,"avatar":null}`)
		guild := s.guilds[0].String()
		if got := b.want(200, "GET", "/api/guilds", "", `{"id":"`+guild+`","name":"Guild 1","icon":null,"permissions":`); strings.Count(got, `"id"`) != 2 {
			t.Errorf("guilds are %s", got)
		}
		b.want(200, "POST", "/api/deployments/"+guild, files, `"entry":"src/main.ts"`)
		if actor := s.deployer.asked()[0].Actor; actor.Type != "session" || actor.UserID != s.users["owner"] || actor.Username != "owner" {
			t.Errorf("the deploy is by %+v", actor)
		}
		b.want(200, "GET", "/api/deployments", "", guild)

		cookie := b.cookie("flora_session")
		b.want(204, "POST", "/api/auth/logout", "")
		if b.cookie("flora_session") != "" {
			t.Error("the browser keeps the cookie")
		}
		if res, got := b.do("GET", "/api/auth/me", "", "Cookie", "flora_session="+cookie); res.StatusCode != 401 || !strings.Contains(got, "Session expired") {
			t.Errorf("the cookie after the logout: %d %s", res.StatusCode, got)
		}
		if got := s.control(t, "GET", "/oauth", ""); !strings.Contains(got, `"grants":[]`) {
			t.Errorf("Discord still knows %s", got)
		}
		b.want(204, "POST", "/api/auth/logout", "")
	})
}

func TestLoginIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteConfig{})
	state := func(address string) string {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		return u.Query().Get("state")
	}
	rows := []struct {
		name    string
		address func(b *browser) string
		status  int
		want    string
	}{
		{"nothing", func(*browser) string { return "/api/auth/callback" }, 401, "Missing OAuth state"},
		{"another browser's", func(*browser) string { return s.browser(t).allow("alice", "/") }, 401, "Missing OAuth state"},
		{"another login's", func(b *browser) string {
			other := s.browser(t).allow("alice", "/")
			b.allow("alice", "/")
			return other
		}, 401, "OAuth state mismatch"},
		{"forged", func(b *browser) string {
			b.allow("alice", "/")
			return "/api/auth/callback?code=x&state=" + strings.Repeat("x", 43)
		}, 401, "OAuth state mismatch"},
		{"no state", func(b *browser) string { b.allow("alice", "/"); return "/api/auth/callback?code=x" }, 401, "OAuth state mismatch"},
		{"too late", func(b *browser) string {
			to := b.allow("alice", "/")
			s.clock.Advance(11 * time.Minute)
			return to
		}, 401, "Expired OAuth state"},
		{"cancelled", func(b *browser) string { return b.allow("deny", "/") }, 403, "cancelled"},
		{"another error", func(b *browser) string { return "/api/auth/callback?error=x&state=" + state(b.allow("alice", "/")) }, 400, "begin it again"},
		{"a made-up code", func(b *browser) string { return "/api/auth/callback?code=x&state=" + state(b.allow("alice", "/")) }, 401, "does not accept the code"},
	}
	for _, row := range rows {
		b := s.browser(t)
		b.want(row.status, "GET", row.address(b), "", row.want)
		if b.cookie("flora_session") != "" {
			t.Errorf("%s: there is a session", row.name)
		}
	}
	// Twice, in the browser that has the cookie still.
	b := s.browser(t)
	to := b.allow("alice", "/")
	kept := b.cookie("flora_oauth_state")
	b.follow(to)
	if res, got := b.do("GET", to, "", "Cookie", "flora_oauth_state="+kept); res.StatusCode != 401 || !strings.Contains(got, "Expired OAuth state") {
		t.Errorf("a callback twice: %d %s", res.StatusCode, got)
	}
}

func TestLoginLeadsToThisSiteOnly(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteConfig{})
	b := s.browser(t)
	for _, next := range []string{
		"//evil.test", "https://evil.test", "http:evil.test", "evil.test", "/\\evil.test", "\\\\evil.test", "/a\\b", "/\t/evil.test", " /a", "/\n", "javascript:alert(1)",
		"/a\x00b", "/\xff", "?a", "#a", "/" + strings.Repeat("a", 3000), "/%zz", "/../\u2028\x7f",
	} {
		res, got := b.do("GET", "/api/auth/login?"+url.Values{"next": {next}}.Encode(), "")
		if res.StatusCode != 400 || !strings.Contains(got, "next must be a path") || res.Header.Get("Location") != "" {
			t.Errorf("%q: %d %s", next, res.StatusCode, got)
		}
	}
	for _, next := range []string{"", "/", "/a/b?c=d&e=%2F%2Fevil#f", "/:80"} {
		want := siteURL + next
		if next == "" {
			want += "/"
		}
		if to := b.follow(b.allow("alice", next)); to.String() != want {
			t.Errorf("%q leads to %s", next, to)
		}
	}
}

func TestCookies(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		s := newSite(t, siteConfig{api: func(c *api.Config) { c.Site.Secure = secure }})
		prefix, tail := "", "; HttpOnly; SameSite=Lax"
		if secure {
			prefix, tail = "__Host-", "; HttpOnly; Secure; SameSite=Lax"
		}
		b := s.browser(t)
		res, _ := b.do("GET", "/api/auth/login", "")
		begun := res.Header.Get("Set-Cookie")
		if !strings.HasPrefix(begun, prefix+"flora_oauth_state=") || !strings.HasSuffix(begun, "; Path=/; Max-Age=600"+tail) {
			t.Errorf("secure %v: %s", secure, begun)
		}
		if hsts := res.Header.Get("Strict-Transport-Security"); (hsts != "") != secure {
			t.Errorf("secure %v: HSTS is %q", secure, hsts)
		}
		// The test's browser has no https, so it is helped.
		answer := b.follow(res.Header.Get("Location") + "&sim_user=alice").String()
		pair, _, _ := strings.Cut(begun, ";")
		res, _ = b.do("GET", answer, "", "Cookie", pair)
		set := res.Header.Values("Set-Cookie")
		if len(set) != 2 || !strings.HasSuffix(set[0], "flora_oauth_state=; Path=/; Max-Age=0"+tail) ||
			!strings.HasPrefix(set[1], prefix+"flora_session=") || !strings.HasSuffix(set[1], "; Path=/; Max-Age=2592000"+tail) {
			t.Errorf("secure %v: %q", secure, set)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin", "Cache-Control": "no-store",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
		} {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		if secure {
			pair, _, _ = strings.Cut(set[1], ";")
			if res, got := b.do("GET", "/api/auth/me", "", "Cookie", strings.TrimPrefix(pair, prefix)); res.StatusCode != 401 {
				t.Errorf("a cookie without %s: %d %s", prefix, res.StatusCode, got)
			}
			if res, got := b.do("GET", "/api/auth/me", "", "Cookie", pair); res.StatusCode != 200 {
				t.Errorf("the cookie: %d %s", res.StatusCode, got)
			}
		}
	}
}

func TestOtherSitesMayNotAct(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteConfig{})
	b := s.browser(t).login("owner")
	deploy := "/api/deployments/" + s.guilds[0].String()
	for _, row := range []struct {
		method, url, body string
		header            []string
		status            int
	}{
		{"POST", deploy, files, []string{"Origin", "https://evil.test"}, 403},
		{"POST", deploy, files, []string{"Origin", "null"}, 403},
		{"POST", deploy, files, []string{"Origin", "", "Sec-Fetch-Site", "cross-site"}, 403},
		{"POST", deploy, files, []string{"Origin", "", "Sec-Fetch-Site", "same-site"}, 403},
		{"POST", "/api/tokens", "{}", []string{"Origin", "https://evil.test"}, 403},
		{"POST", "/api/auth/logout", "", []string{"Origin", "https://evil.test"}, 403},
		{"POST", "/api/auth/cli", "", []string{"Origin", "https://evil.test"}, 403},
		{"POST", deploy, files, []string{"Origin", "https://evil.test", "Sec-Fetch-Site", "same-origin"}, 200},
		{"POST", "/api/tokens", "{}", []string{"Origin", ""}, 200},
		{"GET", "/api/auth/me", "", []string{"Origin", "https://evil.test"}, 200},
	} {
		res, got := b.do(row.method, row.url, row.body, row.header...)
		if res.StatusCode != row.status || row.status == 403 && !strings.Contains(got, "pages of other sites") {
			t.Errorf("%s %s %v: %d %s, want %d", row.method, row.url, row.header, res.StatusCode, got, row.status)
		}
		if res.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Error("other sites may read answers")
		}
	}
	if n := len(s.deployer.asked()); n != 1 {
		t.Errorf("%d deploys were made", n)
	}
	b.want(200, "GET", "/api/auth/me", "")
}

// stale makes the access tokens of all sessions too old, here and at Discord.
func (s *site) stale() {
	s.clock.Advance(8 * 24 * time.Hour)
	s.sim.ExpireAccessTokens()
}

func TestOneRenewalForAll(t *testing.T) {
	t.Parallel()
	bothCaches(t, func(t *testing.T, cfg siteConfig) {
		cfg.replicas = 2
		s := newSite(t, cfg)
		for _, many := range []int{2, 50} {
			b := s.browser(t).login("owner")
			session := "flora_session=" + b.cookie("flora_session")
			s.stale()
			since := s.seq()
			// The answer takes a moment, so that all ask while it is under way.
			s.fail(t, discordsim.RequestFault{Route: tokenRoute, DelayMS: 50})
			var all sync.WaitGroup
			for i := range many {
				all.Go(func() {
					e := s.replicas[i%2]
					req, err := http.NewRequestWithContext(t.Context(), "GET", e.server.URL+"/api/auth/me", nil)
					if err != nil {
						t.Error(err)
						return
					}
					req.Header.Set("Cookie", session)
					res, err := e.server.Client().Do(req)
					if err != nil {
						t.Error(err)
						return
					}
					_ = res.Body.Close()
					if res.StatusCode != 200 {
						t.Errorf("status %d", res.StatusCode)
					}
				})
			}
			all.Wait()
			if n := s.asked(since, tokenRoute); n != 1 {
				t.Errorf("%d requests made %d renewals", many, n)
			}
			b.want(200, "GET", "/api/guilds", "", `"name":"Guild 1"`)
		}
	})
}

func TestRenewalFails(t *testing.T) {
	t.Parallel()
	bothCaches(t, func(t *testing.T, cfg siteConfig) {
		cfg.within = time.Second / 2
		s := newSite(t, cfg)
		for i, row := range []struct {
			name   string
			fault  discordsim.RequestFault
			status int
			want   string
		}{
			{"error", discordsim.RequestFault{Status: 500}, 502, "Discord answered with an error (500)"},
			{"rate limit", discordsim.RequestFault{Status: 429, RetryAfter: 7}, 503, "Discord limits how often"},
			{"hung up", discordsim.RequestFault{Drop: true}, 502, "Discord could not be reached"},
			{"no answer", discordsim.RequestFault{DelayMS: 1500, Status: 500}, 502, "Discord could not be reached"},
		} {
			if cfg.redis && i > 0 {
				break // Its time is real, and once is enough.
			}
			b := s.browser(t).login("owner")
			s.stale()
			row.fault.Route = tokenRoute
			s.fail(t, row.fault)
			res, got := b.do("GET", "/api/auth/me", "")
			if res.StatusCode != row.status || !strings.Contains(got, row.want) || (row.status == 503) != (res.Header.Get("Retry-After") == "7") {
				t.Errorf("%s: %d %s, Retry-After %q", row.name, res.StatusCode, got, res.Header.Get("Retry-After"))
			}
			// What failed is not tried again at once, and then works.
			since := s.seq()
			b.want(502, "GET", "/api/auth/me", "", "did not renew the login")
			if n := s.asked(since, tokenRoute); n != 0 {
				t.Errorf("%s: tried again %d times at once", row.name, n)
			}
			s.clock.Advance(3 * time.Second)
			tick := time.NewTicker(20 * time.Millisecond)
			for end := time.Now().Add(patience); res.StatusCode != 200 && time.Now().Before(end); <-tick.C {
				res, got = b.do("GET", "/api/auth/me", "")
			}
			tick.Stop()
			if res.StatusCode != 200 {
				t.Errorf("%s: afterwards %d %s", row.name, res.StatusCode, got)
			}
		}
	})
}

func TestRefusedRenewalEndsTheSession(t *testing.T) {
	t.Parallel()
	bothCaches(t, func(t *testing.T, cfg siteConfig) {
		s := newSite(t, cfg)
		b := s.browser(t).login("owner")
		s.stale()
		s.control(t, "POST", "/oauth", `{"action":"deauthorize","author":"owner"}`)
		since := s.seq()
		for range 3 {
			b.want(401, "GET", "/api/auth/me", "", "Session expired")
		}
		if n := s.asked(since, tokenRoute); n != 1 {
			t.Errorf("a session that is over is renewed %d times", n)
		}
	})
}

func TestAccessTokenTakenBackEarly(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteConfig{})
	b := s.browser(t).login("owner")
	s.sim.ExpireAccessTokens() // Long before their time.
	since := s.seq()
	b.want(200, "GET", "/api/guilds", "", `"name":"Guild 1"`)
	if n := s.asked(since, tokenRoute); n != 1 {
		t.Errorf("%d renewals", n)
	}
	s.clock.Advance(time.Minute)
	s.control(t, "POST", "/oauth", `{"action":"deauthorize","author":"owner"}`)
	b.want(401, "GET", "/api/guilds", "", "Session expired")
	b.want(401, "GET", "/api/auth/me", "", "Session expired")
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteConfig{})
	b := s.browser(t).login("alice")
	cookie := b.cookie("flora_session")
	s.clock.Advance(30*24*time.Hour - time.Second)
	b.want(200, "GET", "/api/auth/me", "")
	s.clock.Advance(time.Second)
	b.want(401, "GET", "/api/auth/me", "", "Session expired")
	for i, bad := range []string{"x", cookie + "x", cookie[:42], strings.Repeat("A", 43), strings.Repeat("%", 43), strings.Repeat("A", 5000)} {
		if res, got := b.do("GET", "/api/auth/me", "", "Cookie", "flora_session="+bad); res.StatusCode != 401 || !strings.Contains(got, "Session expired") {
			t.Errorf("cookie %d: %d %s", i, res.StatusCode, got)
		}
	}
}

// TestSessionGoesFirst holds the order in which a caller is known.
func TestSessionGoesFirst(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteConfig{})
	b := s.browser(t).login("alice")
	s.token("owner", s.users["owner"])
	bearer := []string{"Authorization", "Bearer " + s.tokens["owner"]}
	if _, got := b.do("GET", "/api/auth/me", "", bearer...); !strings.Contains(got, `"username":"alice"`) {
		t.Errorf("with both: %s", got)
	}
	if _, got := b.do("GET", "/api/auth/me", "", append(bearer, "Cookie", "flora_session=x")...); !strings.Contains(got, `"username":"owner"`) {
		t.Errorf("with a session that is over: %s", got)
	}
	if res, got := s.browser(t).do("GET", "/api/auth/me", ""); res.StatusCode != 401 || !strings.Contains(got, "Login required") {
		t.Errorf("with nothing: %d %s", res.StatusCode, got)
	}
}

func TestWithoutLogins(t *testing.T) {
	t.Parallel()
	var rows []scenario
	for _, r := range [][3]string{{"GET", "/api/auth/login"}, {"GET", "/api/auth/callback"}, {"GET", "/api/auth/cli"}, {"POST", "/api/auth/cli"}, {"POST", "/api/auth/cli/token", "{}"}} {
		rows = append(rows, scenario{name: r[0] + " " + r[1], method: r[0], url: r[1], body: r[2], status: 404, want: []string{"logins are not configured", "discord.client_id"}})
	}
	rows = append(rows, scenario{name: "cookie", method: "GET", url: "/api/auth/me", header: map[string]string{"Cookie": "flora_session=x"}, status: 401})
	run(t, rows)
}

func TestDiscordFailsDuringLogin(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteConfig{})
	for _, route := range []string{tokenRoute, "GET /users/@me"} {
		for status, want := range map[int]int{500: 502, 429: 503} {
			b := s.browser(t)
			to := b.allow("alice", "/")
			s.fail(t, discordsim.RequestFault{Route: route, Status: status, RetryAfter: 3})
			res, got := b.do("GET", to, "")
			if res.StatusCode != want || b.cookie("flora_session") != "" || (want == 503) != (res.Header.Get("Retry-After") == "3") {
				t.Errorf("%s with %d: %d %s", route, status, res.StatusCode, got)
			}
		}
	}
}
