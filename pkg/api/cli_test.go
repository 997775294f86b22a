package api_test

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/api"
)

const (
	cliVerifier = "0123456789012345678901234567890123456789-._~"
	cliAddress  = "http://127.0.0.1:4711/done"
)

func cliQuery(change ...string) url.Values {
	sum := sha256.Sum256([]byte(cliVerifier))
	q := url.Values{
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
		"redirect_uri": {cliAddress}, "state": {`a&b="<c>`},
	}
	for i := 0; i+1 < len(change); i += 2 {
		q.Set(change[i], change[i+1])
	}
	return q
}

var inputs = regexp.MustCompile(`name="([a-z_]+)" value="([^"]*)"`)

// consent opens the page and gives its form.
func (b *browser) consent(q url.Values) url.Values {
	b.t.Helper()
	page := b.want(200, "GET", "/api/auth/cli?"+q.Encode(), "", "flora login", "127.0.0.1:4711")
	form := url.Values{}
	for _, m := range inputs.FindAllStringSubmatch(page, -1) {
		if m[1] != "decision" {
			form.Set(m[1], html.UnescapeString(m[2]))
		}
	}
	return form
}

// decide sends the form and gives the status, where it leads and the answer.
func (b *browser) decide(form url.Values, header ...string) (int, *url.URL, string) {
	b.t.Helper()
	res, got := b.do("POST", "/api/auth/cli", form.Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)...)
	to, err := res.Location()
	if err != nil {
		to = &url.URL{}
	}
	return res.StatusCode, to, got
}

func with(form url.Values, key, value string) url.Values {
	out := url.Values{}
	for k, v := range form {
		out[k] = v
	}
	out.Set(key, value)
	return out
}

func redeem(code, verifier string) string {
	return `{"code":"` + code + `","code_verifier":"` + verifier + `","label":"laptop"}`
}

func TestCommandLineLogin(t *testing.T) {
	t.Parallel()
	bothCaches(t, func(t *testing.T, cfg siteConfig) {
		s := newSite(t, cfg)
		b := s.browser(t)
		// Who is not logged in is, and comes back.
		to := b.follow("/api/auth/cli?" + cliQuery().Encode())
		if to.Path != "/api/auth/login" {
			t.Fatalf("without a session it leads to %s", to)
		}
		back := b.follow(b.follow(b.follow(to.String()).String() + "&sim_user=owner").String())
		if back.Path != "/api/auth/cli" || back.Query().Get("state") != `a&b="<c>` {
			t.Fatalf("the login leads to %s", back)
		}
		res, page := b.do("GET", back.String(), "")
		if res.StatusCode != 200 || strings.Contains(page, "<c>") || !strings.Contains(page, "<strong>owner</strong>") {
			t.Fatalf("page: %d %s", res.StatusCode, page)
		}
		policy := res.Header.Get("Content-Security-Policy")
		for _, w := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action 'self' http://127.0.0.1:4711", "style-src 'sha256-"} {
			if !strings.Contains(policy, w) {
				t.Errorf("the policy lacks %s: %s", w, policy)
			}
		}
		if res.Header.Get("X-Frame-Options") != "DENY" || res.Header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("headers are %v", res.Header)
		}
		status, done, got := b.decide(with(b.consent(cliQuery()), "decision", "allow"))
		code := done.Query().Get("code")
		if status != 303 || !strings.HasPrefix(done.String(), cliAddress+"?") || done.Query().Get("state") != `a&b="<c>` || code == "" {
			t.Fatalf("allowing: %d %s %s", status, done, got)
		}
		tool := s.browser(t) // Without a cookie.
		raw := tool.want(200, "POST", "/api/auth/cli/token", redeem(code, cliVerifier), `"token":"flora_`, `"label":"laptop"`)
		token := regexp.MustCompile(`flora_\w+`).FindString(raw)
		if res := s.do(token, "GET", "/api/logs/"+s.guilds[0].String(), "", nil); res.StatusCode != 200 {
			t.Errorf("the token gets %d", res.StatusCode)
		}
		tool.want(400, "POST", "/api/auth/cli/token", redeem(code, cliVerifier), "was used")
	})
}

func TestCommandLineCodes(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteConfig{})
	b := s.browser(t).login("owner")
	code := func() string {
		_, to, _ := b.decide(with(b.consent(cliQuery()), "decision", "allow"))
		return to.Query().Get("code")
	}
	const path = "/api/auth/cli/token"
	wrong := code()
	b.want(400, "POST", path, redeem(wrong, cliVerifier+"x"), "does not fit the challenge")
	b.want(400, "POST", path, redeem(wrong, cliVerifier), "was used") // A guess costs the code.
	late := code()
	s.clock.Advance(time.Minute)
	b.want(400, "POST", path, redeem(late, cliVerifier), "older than 1m0s")
	for _, bad := range []string{"", "x", strings.Repeat("A", 43), strings.Repeat("A", 5000)} {
		b.want(400, "POST", path, redeem(bad, cliVerifier), "the code is wrong")
	}
	b.want(422, "POST", path, `{"code":"x"}`, "code_verifier")
	b.want(400, "POST", path, strings.Replace(redeem(code(), cliVerifier), "laptop", strings.Repeat("x", 101), 1), "label is longer")
}

func TestCommandLineFormIsThePagesOwn(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteConfig{})
	b := s.browser(t).login("owner")
	form := with(b.consent(cliQuery()), "decision", "allow")
	alice := with(s.browser(t).login("alice").consent(cliQuery()), "decision", "allow")
	for name, row := range map[string]struct {
		form   url.Values
		header []string
		status int
	}{
		"no ticket":       {with(form, "ticket", ""), nil, 403},
		"another ticket":  {with(form, "ticket", form.Get("ticket")+"x"), nil, 403},
		"another's":       {alice, nil, 403},
		"other address":   {with(form, "redirect_uri", "http://127.0.0.1:4712/done"), nil, 403},
		"other challenge": {with(form, "code_challenge", strings.Repeat("A", 43)), nil, 403},
		"other state":     {with(form, "state", "x"), nil, 403},
		"another site":    {form, []string{"Origin", "https://evil.test"}, 403},
		"JSON":            {form, []string{"Content-Type", "application/json"}, 415},
		"no session":      {form, []string{"Cookie", "flora_session=x"}, 401},
	} {
		other := b
		if name == "no session" {
			other = s.browser(t)
		}
		if status, to, got := other.decide(row.form, row.header...); status != row.status || to.String() != "" {
			t.Errorf("%s: %d %s %s", name, status, to, got)
		}
	}
	if status, to, _ := b.decide(with(form, "decision", "deny")); status != 303 || to.Query().Get("error") != "access_denied" || to.Query().Has("code") {
		t.Errorf("denied: %d %s", status, to)
	}
	s.clock.Advance(11 * time.Minute)
	if status, _, got := b.decide(form); status != 403 || !strings.Contains(got, "too old") {
		t.Errorf("an old page: %d %s", status, got)
	}
}

func TestCommandLineAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteConfig{})
	b := s.browser(t).login("owner")
	for _, bad := range []string{
		"", "http://127.0.0.1/x", "https://127.0.0.1:1/x", "http://localhost:1/x", "http://evil.test:1/x", "http://127.0.0.1:1@evil.test/", "http://127.0.0.1.evil.test:1/",
		"http://user@127.0.0.1:1/", "http://127.0.0.1:1/x?y", "http://127.0.0.1:1/x?", "http://127.0.0.1:1/#x", "http://127.0.0.1:1\\@evil.test/", "http://127.1:1/",
		"http://2130706433:1/", "http://[::ffff:127.0.0.1]:1/", "http://127.0.0.1:99999999/", "http://127.0.0.1:x/", "http://127.0.0.1:/", "javascript:alert(1)", "//127.0.0.1:1/",
		"http://127.0.0.1:1/" + strings.Repeat("a", 300), "http://127.0.0.1:1/\u2028", "http://127.0.0.1:0/",
	} {
		b.want(400, "GET", "/api/auth/cli?"+cliQuery("redirect_uri", bad).Encode(), "", "redirect_uri must be like")
	}
	for key, value := range map[string]string{"code_challenge": "x", "code_challenge_method": "plain", "state": strings.Repeat("s", 257)} {
		b.want(400, "GET", "/api/auth/cli?"+cliQuery(key, value).Encode(), "", key)
	}
	// The longest that there may be survives the way over a login.
	long := cliQuery("state", strings.Repeat(`"`, 256), "redirect_uri", cliAddress+"/"+strings.Repeat("%2F", 70))
	b.want(200, "GET", "/api/auth/cli?"+long.Encode(), "")
	if to := s.browser(t).follow("/api/auth/cli?" + long.Encode()); s.browser(t).follow(to.String()).Host == "" {
		t.Error("it does not lead to Discord")
	}
}

func FuzzCommandLineAddress(f *testing.F) {
	for _, seed := range []string{cliAddress, "http://127.0.0.1:1@evil/", "http://127.0.0.1:1\\x", "http://[::1]:1/", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		to, err := api.CLIAddress(in)
		if err != nil {
			return
		}
		u, err := url.Parse(to)
		if err != nil || u.Scheme != "http" || u.Hostname() != "127.0.0.1" || u.Port() == "" || u.User != nil || u.Query().Get("code") != "c" {
			t.Errorf("%q leads to %q, %v", in, to, err)
		}
	})
}
