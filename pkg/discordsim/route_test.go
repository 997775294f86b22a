package discordsim_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

func channelOf(t *testing.T, id string) snowflake.ChannelID {
	t.Helper()
	c, err := snowflake.ParseChannel(id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{Token: "secret", NoRateLimits: true})
	for _, row := range []struct {
		name   string
		method string
		path   string
		token  string
		status int
		body   string
	}{
		{"unknown path", "GET", "/api/v10/nothing", "Bot secret", 404, `{"message":"404: Not Found","code":0}`},
		{"unknown version", "GET", "/api/v3/gateway", "Bot secret", 404, `{"message":"404: Not Found","code":0}`},
		{"other method", "PUT", "/api/v10/users/@me", "Bot secret", 405, `{"message":"405: Method Not Allowed","code":0}`},
		{"dot segments", "GET", "/api/v10/users/../users/@me", "Bot secret", 404, `{"message":"404: Not Found","code":0}`},
		{"empty segment", "GET", "/api/v10/channels//messages", "Bot secret", 404, `{"message":"404: Not Found","code":0}`},
		{"no token", "GET", "/api/v10/users/@me", "", 401, `{"message":"401: Unauthorized","code":0}`},
		{"wrong token", "GET", "/api/v10/users/@me", "Bot other", 401, `{"message":"401: Unauthorized","code":0}`},
		{"a person's token", "GET", "/api/v10/users/@me", "Bearer secret", 401, `{"message":"401: Unauthorized","code":0}`},
		{"bad id", "GET", "/api/v10/channels/abc", "Bot secret", 400, `{"message":"Invalid Form Body","code":50035,"errors":{"channel_id":{"_errors":[{"code":"NUMBER_TYPE_COERCE","message":"Value \"abc\" is not snowflake."}]}}}`},
		{"unknown channel", "GET", "/api/v10/channels/7", "Bot secret", 404, `{"message":"Unknown Channel","code":10003}`},
		{"version 9", "GET", "/api/v9/users/7", "Bot secret", 404, `{"message":"Unknown User","code":10013}`},
		{"no version", "GET", "/api/gateway/bot", "", 401, `{"message":"401: Unauthorized","code":0}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			var headers []string
			if row.token != "" {
				headers = []string{"Authorization", row.token}
			}
			resp, body := w.request(row.method, w.base+row.path, nil, headers...)
			if resp.StatusCode != row.status || string(body) != row.body || resp.Header.Get("Content-Type") != "application/json" {
				t.Errorf("got %d %s %s, want %d %s", resp.StatusCode, resp.Header.Get("Content-Type"), body, row.status, row.body)
			}
		})
	}
}

func TestBodyTooLarge(t *testing.T) {
	t.Parallel()
	sim, err := discordsim.New(discordsim.Config{NoRateLimits: true})
	if err != nil {
		t.Fatal(err)
	}
	body := make([]byte, 27<<20)
	r := httptest.NewRequest("POST", "/api/v10/channels/"+firstChannel+"/messages", bytes.NewReader(body))
	r.Header.Set("Authorization", "Bot x")
	r.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	sim.Handler().ServeHTTP(answer, r)
	if answer.Code != http.StatusRequestEntityTooLarge || answer.Body.String() != `{"message":"Request entity too large","code":40005}` {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

func TestRequestsAreRemembered(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	got := make(chan discordsim.Request, 10)
	cancel := w.sim.OnRequest(func(r discordsim.Request) { got <- r })
	w.must(200, "POST", w.inChannel("/messages"), object{"content": "x"}, "X-Audit-Log-Reason", "because%20so")
	r := <-got
	if r.Route != "POST /channels/{channel}/messages" || r.Path != w.inChannel("/messages") || r.Status != 200 || r.Reason != "because so" || string(r.Body) != `{"content":"x"}` {
		t.Errorf("request: %+v", r)
	}
	cancel()
	w.must(200, "GET", "/users/@me", nil)
	if len(got) != 0 {
		t.Error("a cancelled hook was called")
	}
	found, err := w.sim.WaitRequest(t.Context(), r.Seq, func(r discordsim.Request) bool { return r.Method == http.MethodGet })
	if err != nil || found.Path != "/users/@me" {
		t.Errorf("found %+v, %v", found, err)
	}
	_, body := w.control("GET", "/requests?after=1&limit=1&wait_ms=1", nil)
	if !strings.HasPrefix(string(body), `[{"seq":2,"at":"`) || !strings.Contains(string(body), `"method":"GET","path":"/users/@me"`) {
		t.Errorf("GET /sim/requests: %s", body)
	}
}

func TestBotsOwnUser(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	if me := w.must(200, "GET", "/users/@me", nil); me["id"] != w.app || me["bot"] != true || me["verified"] != true {
		t.Errorf("me: %v", me)
	}
	if app := w.must(200, "GET", "/oauth2/applications/@me", nil); app["id"] != w.app || at(app, "owner", "username") != "owner" {
		t.Errorf("application: %v", app)
	}
	if u := w.must(200, "GET", "/users/"+w.users["bob"], nil); u["username"] != "bob" {
		t.Errorf("user: %v", u)
	}
	w.refused(404, 10013, "GET", "/users/7", nil)
	w.refused(400, 50035, "PATCH", "/users/@me", object{"username": "x"})
	list := w.list("/users/@me/guilds?limit=1")
	if len(list) != 1 || list[0]["id"] != w.guild {
		t.Errorf("guilds: %v", list)
	}
	if next := w.list("/users/@me/guilds?after=" + w.guild); len(next) != 1 || next[0]["id"] == w.guild {
		t.Errorf("the next guilds: %v", next)
	}
	w.must(204, "DELETE", "/users/@me"+w.inGuild(""), nil)
	w.refused(404, 10004, "GET", w.inGuild(""), nil)
}

func TestInitialIDsNeverChange(t *testing.T) {
	t.Parallel()
	a, b := newWorld(t, discordsim.Config{Guilds: 1}), newWorld(t, discordsim.Config{Guilds: 50})
	if a.guild != b.guild || a.channel != b.channel || a.app != b.app || a.users["bob"] != b.users["bob"] {
		t.Errorf("%s %s %s differ from %s %s %s", a.guild, a.channel, a.app, b.guild, b.channel, b.app)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for _, guilds := range []int{-1, 100_001} {
		if _, err := discordsim.New(discordsim.Config{Guilds: guilds}); err == nil {
			t.Errorf("%d guilds were accepted", guilds)
		}
	}
}
