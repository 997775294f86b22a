package identity_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/discord/identity"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// answers is a Discord that says one thing.
func answers(t *testing.T, status int, body string, header ...string) *identity.OAuth {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return client(t, server.URL+"/api/v10")
}

func client(t *testing.T, base string) *identity.OAuth {
	t.Helper()
	o, err := identity.NewOAuth(identity.Config{Base: base, ClientID: "12", ClientSecret: "s3cret", RedirectURI: "https://flora.test/cb", Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return o
}

func TestAnswersOfTheTokenEndpoint(t *testing.T) {
	t.Parallel()
	const good = `{"access_token":"a","refresh_token":"r","token_type":"Bearer","scope":"identify guilds","expires_in":604800}`
	for _, row := range []struct {
		name   string
		status int
		body   string
		header []string
		code   fault.Code // "" is success, "ended" is ErrGrantEnded.
		after  time.Duration
	}{
		{"good", 200, good, nil, "", 0},
		{"fraction of a second", 200, strings.Replace(good, "604800", "604800.5", 1), nil, "", 0},
		{"ended", 400, `{"error":"invalid_grant","error_description":"Invalid \"code\" in request."}`, nil, "ended", 0},
		{"another 400", 400, `{"error":"invalid_request"}`, nil, fault.Upstream, 0},
		{"another status with the word", 500, `{"error":"invalid_grant"}`, nil, fault.Upstream, 0},
		{"wrong application", 401, `{"error":"invalid_client"}`, nil, fault.Upstream, 0},
		{"page", 502, "<html>invalid_grant</html>", nil, fault.Upstream, 0},
		{"no JSON", 200, "<html>", nil, fault.Upstream, 0},
		{"nothing", 200, "", nil, fault.Upstream, 0},
		{"no token", 200, strings.Replace(good, `"a"`, `""`, 1), nil, fault.Upstream, 0},
		{"another kind of token", 200, strings.Replace(good, "Bearer", "MAC", 1), nil, fault.Upstream, 0},
		{"never good", 200, strings.Replace(good, "604800", "0", 1), nil, fault.Upstream, 0},
		{"good forever", 200, strings.Replace(good, "604800", "1e300", 1), nil, fault.Upstream, 0},
		{"too large", 200, `"` + strings.Repeat("x", 2<<20) + `"`, nil, fault.Upstream, 0},
		{"elsewhere", 302, "", []string{"Location", "http://127.0.0.1:1/"}, fault.Upstream, 0},
		{"later", 429, `{"retry_after":1.5}`, nil, fault.Unavailable, 1500 * time.Millisecond},
		{"later, by header", 429, "<html>", []string{"Retry-After", "7"}, fault.Unavailable, 7 * time.Second},
		{"later, not said when", 429, "", nil, fault.Unavailable, time.Second},
		{"later, nonsense", 429, `{"retry_after":-1e300}`, []string{"Retry-After", "1e300"}, fault.Unavailable, time.Second},
	} {
		o := answers(t, row.status, row.body, row.header...)
		g, err := o.Refresh(t.Context(), "the refresh token")
		switch row.code {
		case "":
			want := auth.Grant{Access: "a", Refresh: "r", Scopes: []string{"identify", "guilds"}, ExpiresIn: 604800 * time.Second}
			if diff := cmp.Diff(g, want); diff != "" || err != nil {
				t.Errorf("%s: %v (-got +want):\n%s", row.name, err, diff)
			}
			continue
		case "ended":
			if !errors.Is(err, auth.ErrGrantEnded) {
				t.Errorf("%s: %v", row.name, err)
			}
			continue
		}
		if !fault.Is(err, row.code) || fault.From(err).RetryAfter != row.after || errors.Is(err, auth.ErrGrantEnded) {
			t.Errorf("%s: %v after %s, want %s after %s", row.name, err, fault.From(err).RetryAfter, row.code, row.after)
		}
		for _, secret := range []string{"s3cret", "the refresh token"} {
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error tells a secret: %v", row.name, err)
			}
		}
	}
}

func TestAnswersAboutPeople(t *testing.T) {
	t.Parallel()
	o := answers(t, 200, `[{"id":"5","name":"five","icon":null,"permissions":"2251799813685247","new":1}]`)
	list, err := o.Guilds(t.Context(), "a")
	if diff := cmp.Diff(list, []auth.Membership{{ID: 5, Name: "five", Permissions: 2251799813685247}}); diff != "" || err != nil {
		t.Errorf("%v (-got +want):\n%s", err, diff)
	}
	for body, code := range map[string]fault.Code{`[{"id":"x"}]`: fault.Upstream, `{}`: fault.Upstream, `[{"permissions":"-1"}]`: fault.Upstream, "": fault.Upstream} {
		if _, err := answers(t, 200, body).Guilds(t.Context(), "a"); !fault.Is(err, code) {
			t.Errorf("%s: %v", body, err)
		}
	}
	if _, err := answers(t, 401, `{"message":"401: Unauthorized"}`).User(t.Context(), "a"); !errors.Is(err, auth.ErrGrantEnded) {
		t.Errorf("401: %v", err)
	}
	if _, err := client(t, "http://127.0.0.1:1/api/v10").User(t.Context(), "the access token"); !fault.Is(err, fault.Upstream) || strings.Contains(err.Error(), "access token") {
		t.Errorf("nobody there: %v", err)
	}
}

func TestLoginURL(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{"": "https://discord.com/api/oauth2/authorize", "http://127.0.0.1:9/api/v10": "http://127.0.0.1:9/api/oauth2/authorize", "http://127.0.0.1:9/api/": "http://127.0.0.1:9/api/oauth2/authorize"} {
		u, err := url.Parse(client(t, base).LoginURL("s t", "c"))
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		if u.RawQuery = ""; u.String() != want {
			t.Errorf("%q: %s", base, u)
		}
		wantQuery := url.Values{
			"client_id": {"12"}, "response_type": {"code"}, "redirect_uri": {"https://flora.test/cb"}, "scope": {"identify guilds"}, "state": {"s t"},
			"prompt": {"consent"}, "code_challenge": {"c"}, "code_challenge_method": {"S256"},
		}
		if diff := cmp.Diff(q, wantQuery); diff != "" {
			t.Errorf("query (-got +want):\n%s", diff)
		}
	}
	for _, cfg := range []identity.Config{{}, {ClientID: "1", ClientSecret: "x"}, {ClientID: "1", RedirectURI: "x"}, {ClientSecret: "1", RedirectURI: "x"}} {
		if _, err := identity.NewOAuth(cfg); err == nil {
			t.Errorf("%+v: no error", cfg)
		}
	}
}

// says is a Discord for the bot.
type says struct {
	body string
	err  error
}

func (s says) Do(context.Context, discord.Request) (json.RawMessage, error) {
	return json.RawMessage(s.body), s.err
}

func TestBotsAnswers(t *testing.T) {
	t.Parallel()
	ask := func(s says) (auth.Guild, error) {
		return (&identity.Bot{REST: s}).Guild(t.Context(), 5)
	}
	got, err := ask(says{body: `{"id":"5","name":"five","icon":"i","owner_id":"7","roles":[{"id":"5","permissions":"1"},{"id":"6","permissions":"8"}]}`})
	icon := "i"
	want := auth.Guild{ID: 5, Name: "five", Icon: &icon, Owner: 7, Roles: map[snowflake.RoleID]uint64{5: 1, 6: 8}}
	if diff := cmp.Diff(got, want); diff != "" || err != nil {
		t.Errorf("%v (-got +want):\n%s", err, diff)
	}
	refused := func(status int) error {
		return fault.New(fault.DiscordHTTP, "Discord HTTP error (%d)", status).With("status", status)
	}
	limited := fault.New(fault.DiscordRateLimited, "limited")
	limited.RetryAfter = 3 * time.Second
	for name, row := range map[string]struct {
		says says
		code fault.Code
	}{
		"unknown": {says{err: refused(404)}, fault.NotFound}, "not allowed": {says{err: refused(403)}, fault.NotFound}, "token": {says{err: refused(401)}, fault.Upstream},
		"error": {says{err: refused(500)}, fault.Upstream}, "limit": {says{err: limited}, fault.Unavailable}, "given up": {says{err: fmt.Errorf("x: %w", context.Canceled)}, fault.Upstream},
		"bug": {says{err: fault.New(fault.InvalidInput, "x")}, fault.InvalidInput}, "no JSON": {says{body: "x"}, fault.Upstream},
		"no permissions": {says{body: `{"roles":[{"id":"1","permissions":"x"}]}`}, fault.Upstream}, "no id": {says{body: `{"owner_id":"x"}`}, fault.Upstream},
	} {
		_, err := ask(row.says)
		if !fault.Is(err, row.code) || row.code == fault.Unavailable && fault.From(err).RetryAfter != 3*time.Second {
			t.Errorf("%s: %v, want %s", name, err, row.code)
		}
	}
}
