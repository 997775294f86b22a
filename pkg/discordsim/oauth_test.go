package discordsim_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
)

const (
	landing  = "http://127.0.0.1:9/callback"
	verifier = "a-verifier-of-at-least-forty-three-characters-long"
)

func challenge() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// authorization is what an application sends people to, with changes.
func (w *world) authorization(change ...string) url.Values {
	q := url.Values{
		"client_id": {w.app}, "response_type": {"code"}, "redirect_uri": {landing}, "scope": {"identify guilds"}, "state": {"s t&"},
		"prompt": {"consent"}, "code_challenge": {challenge()}, "code_challenge_method": {"S256"},
	}
	for i := 0; i+1 < len(change); i += 2 {
		if change[i+1] == "" {
			q.Del(change[i])
		} else {
			q.Set(change[i], change[i+1])
		}
	}
	return q
}

// authorize asks for an authorization and gives where it leads, or the status.
func (w *world) authorize(q url.Values) (*url.URL, int) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), "GET", w.base+"/api/oauth2/authorize?"+q.Encode(), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = resp.Body.Close()
	to, err := resp.Location()
	if err != nil {
		return nil, resp.StatusCode
	}
	return to, resp.StatusCode
}

func (w *world) code(user string) string {
	w.t.Helper()
	to, status := w.authorize(w.authorization("sim_user", user))
	if status != 302 || to.Query().Get("state") != "s t&" || to.Query().Get("code") == "" || !strings.HasPrefix(to.String(), landing+"?") {
		w.t.Fatalf("authorize gives %d %v", status, to)
	}
	return to.Query().Get("code")
}

// form posts to a token endpoint; change is like that of authorization.
func (w *world) form(path string, q url.Values, headers ...string) (int, object) {
	w.t.Helper()
	resp, text := w.request("POST", w.base+"/api/v10/oauth2/"+path, q.Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, headers...)...)
	return resp.StatusCode, w.decode(text)
}

func (w *world) exchange(code string) url.Values {
	return url.Values{
		"client_id": {w.app}, "client_secret": {"s3cret"}, "grant_type": {"authorization_code"}, "code": {code},
		"redirect_uri": {landing}, "code_verifier": {verifier},
	}
}

// signIn gives a person's tokens.
func (w *world) signIn(user string) (access, refresh string) {
	w.t.Helper()
	status, doc := w.form("token", w.exchange(w.code(user)))
	access, _ = doc["access_token"].(string)
	refresh, _ = doc["refresh_token"].(string)
	if status != 200 || access == "" || refresh == "" || doc["scope"] != "identify guilds" || doc["token_type"] != "Bearer" || doc["expires_in"] != 604800.0 {
		w.t.Fatalf("exchange gives %d %v", status, doc)
	}
	return access, refresh
}

func oauthWorld(t *testing.T) *world {
	t.Helper()
	return newWorld(t, discordsim.Config{NoRateLimits: true, ClientSecret: "s3cret", RedirectURIs: []string{landing}})
}

func TestPeopleLogIn(t *testing.T) {
	t.Parallel()
	w := oauthWorld(t)
	access, _ := w.signIn("moderator")
	bearer := []string{"Authorization", "Bearer " + access}
	me := w.must(200, "GET", "/users/@me", nil, bearer...)
	if me["username"] != "moderator" || me["id"] != w.users["moderator"] {
		t.Errorf("users/@me is %v", me)
	}
	about := w.must(200, "GET", "/oauth2/@me", nil, bearer...)
	if user, _ := about["user"].(object); user["username"] != "moderator" {
		t.Errorf("oauth2/@me is %v", about)
	}
	owner, _ := w.signIn("owner")
	for token, want := range map[string]string{access: "false", owner: "true"} {
		resp, text := w.request("GET", w.base+"/api/v10/users/@me/guilds?limit=1&with_counts=true", nil, "Authorization", "Bearer "+token)
		if resp.StatusCode != 200 || !strings.Contains(string(text), `"owner":`+want) || strings.Count(string(text), `"permissions":"`) != 1 || !strings.Contains(string(text), `"approximate_member_count":6`) {
			t.Errorf("guilds are %d %s", resp.StatusCode, text)
		}
	}
	if status, _ := w.control("DELETE", "/guilds/"+w.guild+"/members/moderator", nil); status != 204 {
		t.Fatalf("leaving gives %d", status)
	}
	if _, text := w.request("GET", w.base+"/api/v10/users/@me/guilds", nil, bearer...); strings.Contains(string(text), w.guild) {
		t.Errorf("guilds after leaving: %s", text)
	}
	w.must(401, "GET", "/guilds/"+w.guild, nil, bearer...)
	w.must(401, "GET", "/users/@me", nil, "Authorization", "Bearer x"+access)
}

func TestAuthorizeRefuses(t *testing.T) {
	t.Parallel()
	w := oauthWorld(t)
	for name, change := range map[string][]string{
		"another application": {"client_id", "1"}, "no application": {"client_id", ""}, "implicit": {"response_type", "token"},
		"another address": {"redirect_uri", landing + "/x"}, "no address": {"redirect_uri", ""}, "no scope": {"scope", ""},
		"unknown scope": {"scope", "identify everything"}, "plain PKCE": {"code_challenge_method", "plain"}, "half of PKCE": {"code_challenge", ""},
		"short challenge": {"code_challenge", "x"}, "prompt": {"prompt", "login"}, "nobody": {"sim_user", "nobody"}, "the bot": {"sim_user", "flora"},
	} {
		to, status := w.authorize(w.authorization(append([]string{"sim_user", "alice"}, change...)...))
		if to != nil || status < 400 || status > 499 {
			t.Errorf("%s: %d %v", name, status, to)
		}
	}
	to, _ := w.authorize(w.authorization("sim_user", "deny"))
	if to == nil || to.Query().Get("error") != "access_denied" || to.Query().Get("state") != "s t&" {
		t.Errorf("denied: %v", to)
	}
	resp, page := w.request("GET", w.base+"/api/oauth2/authorize?"+w.authorization("state", `"><script>`).Encode(), nil)
	if resp.StatusCode != 200 || !strings.Contains(string(page), `value="alice"`) || strings.Contains(string(page), "<script>") {
		t.Errorf("page: %d %s", resp.StatusCode, page)
	}
	w.code("bob")
	if to, _ := w.authorize(w.authorization("prompt", "none")); to == nil || to.Query().Get("code") == "" {
		t.Errorf("prompt=none after a login: %v", to)
	}
}

func TestTokenEndpoint(t *testing.T) {
	t.Parallel()
	w := oauthWorld(t)
	refused := func(name string, status int, doc object, wantStatus int, want string) {
		t.Helper()
		if status != wantStatus || doc["error"] != want {
			t.Errorf("%s: %d %v, want %d %s", name, status, doc, wantStatus, want)
		}
	}
	for _, row := range []struct {
		name, key, value string
		status           int
		want             string
	}{
		{"wrong secret", "client_secret", "x", 401, "invalid_client"},
		{"no client", "client_id", "", 401, "invalid_client"},
		{"other grant", "grant_type", "password", 400, "unsupported_grant_type"},
		{"wrong code", "code", "x", 400, "invalid_grant"},
		{"another address", "redirect_uri", landing + "2", 400, "invalid_grant"},
		{"wrong verifier", "code_verifier", verifier + "x", 400, "invalid_grant"},
		{"no verifier", "code_verifier", "", 400, "invalid_grant"},
	} {
		q := w.exchange(w.code("alice"))
		q.Set(row.key, row.value)
		status, doc := w.form("token", q)
		refused(row.name, status, doc, row.status, row.want)
	}
	code := w.code("alice")
	q := w.exchange(code)
	q.Del("client_id")
	q.Del("client_secret")
	basic := base64.StdEncoding.EncodeToString([]byte(w.app + ":s3cret"))
	if status, doc := w.form("token", q, "Authorization", "Basic "+basic); status != 200 {
		t.Errorf("Basic: %d %v", status, doc)
	}
	status, doc := w.form("token", w.exchange(code))
	refused("a code twice", status, doc, 400, "invalid_grant")

	access, refresh := w.signIn("alice")
	if status, _ := w.control("POST", "/oauth", object{"action": "expire"}); status != 204 {
		t.Fatalf("expire gives %d", status)
	}
	w.must(401, "GET", "/users/@me", nil, "Authorization", "Bearer "+access)
	renew := url.Values{"client_id": {w.app}, "client_secret": {"s3cret"}, "grant_type": {"refresh_token"}, "refresh_token": {refresh}}
	status, doc = w.form("token", renew)
	renewed, _ := doc["access_token"].(string)
	if status != 200 || renewed == "" || doc["refresh_token"] == refresh {
		t.Fatalf("refresh: %d %v", status, doc)
	}
	w.must(200, "GET", "/users/@me", nil, "Authorization", "Bearer "+renewed)
	status, doc = w.form("token", renew)
	refused("a refresh token twice", status, doc, 400, "invalid_grant")

	revoke := url.Values{"client_id": {w.app}, "client_secret": {"s3cret"}, "token": {renewed}}
	if status, doc := w.form("token/revoke", revoke); status != 200 {
		t.Errorf("revoke: %d %v", status, doc)
	}
	w.must(401, "GET", "/users/@me", nil, "Authorization", "Bearer "+renewed)
	if status, _ := w.form("token/revoke", revoke); status != 200 {
		t.Error("a token that is revoked already is refused")
	}
	if resp, _ := w.request("POST", w.base+"/api/oauth2/token", object{"grant_type": "refresh_token"}); resp.StatusCode != 400 {
		t.Errorf("JSON gives %d", resp.StatusCode)
	}
}

func TestControlOfLogins(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{})
	if status, _ := w.control("POST", "/oauth", object{"action": "life", "access_token_secs": 5}); status != 204 {
		t.Fatal("life is refused")
	}
	status, doc := w.form("token", w.exchange(w.code("bob")))
	if status != 200 || doc["expires_in"] != 5.0 {
		t.Errorf("tokens: %d %v", status, doc)
	}
	token, _ := doc["access_token"].(string)
	if _, text := w.control("GET", "/oauth", nil); !strings.Contains(string(text), `"username":"bob"`) || strings.Contains(string(text), token) {
		t.Errorf("GET /sim/oauth: %s", text)
	}
	for _, body := range []object{{"action": "x"}, {"action": "life"}, {"action": "deauthorize", "author": "nobody"}} {
		if status, _ := w.control("POST", "/oauth", body); status != 400 {
			t.Errorf("%v gives %d", body, status)
		}
	}
	if status, _ := w.control("POST", "/oauth", object{"action": "deauthorize", "author": "bob"}); status != 204 {
		t.Fatal("deauthorize is refused")
	}
	w.must(401, "GET", "/users/@me", nil, "Authorization", "Bearer "+token)
}
