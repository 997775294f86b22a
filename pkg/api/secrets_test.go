package api_test

import (
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/api"
	"github.com/flora-runtime/flora-runtime/pkg/secret"
	"github.com/flora-runtime/flora-runtime/pkg/secret/secrettest"
)

// hush is a value that no answer may hold.
const hush = "k3y-that-nobody-sees"

func TestSecrets(t *testing.T) {
	t.Parallel()
	list := "/api/secrets/" + guildA.String()
	one := list + "/API_KEY"
	body := `{"value":"` + hush + `","allowed_hosts":["https://api.example.com:443/v1","*.example.org"]}`
	doc := `{"name":"API_KEY","allowed_hosts":["*.example.org","api.example.com"],"allow_http":false,"created_at":"2026-01-02T12:00:00Z","updated_at":"2026-01-02T12:00:00Z"}`
	put := func(name, value string) func(*env) {
		return func(e *env) {
			e.t.Helper()
			if _, err := e.secrets.Put(e.t.Context(), guildA, name, secret.Input{Value: value, AllowedHosts: []string{"*"}}); err != nil {
				e.t.Fatal(err)
			}
		}
	}
	none := func(t *testing.T, e *env) {
		t.Helper()
		if l, err := e.secrets.List(t.Context(), guildA); err != nil || len(l) > 0 {
			t.Errorf("there are secrets: %v, %v", l, err)
		}
	}
	refused := func(name, url, body string, status int, want ...string) scenario {
		return scenario{name: name, as: "admin", method: "PUT", url: url, body: body, status: status, want: want, wantNot: []string{hush}}
	}
	rows := append(denied("GET", list, "", false), denied("PUT", one, body, true)...)
	rows = append(rows, denied("DELETE", one, "", true)...)
	rows = append(rows,
		scenario{name: "none", as: "reader", method: "GET", url: list, status: 200, want: []string{"[]"}},
		scenario{name: "put", as: "admin", method: "PUT", url: one, body: body, status: 200, want: []string{doc}, wantNot: []string{hush}, after: func(t *testing.T, e *env) {
			t.Helper()
			if got := text(t, e.do("reader", "GET", list, "", nil)); strings.TrimSpace(got) != "["+doc+"]" {
				t.Errorf("listed: %s", got)
			}
			if mark := e.secrets.Current(guildA).Placeholders()["API_KEY"]; !strings.HasPrefix(mark, secret.Prefix) {
				t.Errorf("scripts get %q", mark)
			}
		}},
		scenario{name: "http", as: "admin", method: "PUT", url: one, body: `{"value":"v","allowed_hosts":["*"],"allow_http":true}`, status: 200, want: []string{`"allow_http":true`, `"allowed_hosts":["*"]`}},
		scenario{name: "sorted", as: "admin", method: "PUT", url: list + "/A.b-c", before: put("Z", "v"), body: `{"value":"v","allowed_hosts":["10.0.0.1"]}`, status: 200, after: func(t *testing.T, e *env) {
			t.Helper()
			if got := text(t, e.do("reader", "GET", list, "", nil)); strings.Index(got, "A.b-c") > strings.Index(got, `"Z"`) {
				t.Errorf("listed: %s", got)
			}
		}},
		scenario{name: "delete", as: "admin", method: "DELETE", url: one, before: put("API_KEY", hush), status: 200, want: []string{`{"deleted":true}`}, after: none},
		scenario{name: "delete nothing", as: "admin", method: "DELETE", url: one, status: 200, want: []string{`{"deleted":false}`}},
		scenario{name: "delete what cannot be", as: "admin", method: "DELETE", url: list + "/%20", status: 400, want: []string{"a name has"}},
		scenario{name: "read one", as: "admin", method: "GET", url: one, before: put("API_KEY", hush), status: 405, wantNot: []string{hush}},
		refused("no value", one, `{"allowed_hosts":["*"]}`, 422, `missing field \"value\"`),
		refused("a value of another type", one, `{"value":["`+hush+`"],"allowed_hosts":["*"]}`, 422, `field \"value\"`),
		refused("an empty value", one, `{"value":"","allowed_hosts":["*"]}`, 400, "the value is empty"),
		refused("a large value", one, `{"value":"`+strings.Repeat("x", secret.MaxValue+1)+`","allowed_hosts":["*"]}`, 413, "65537 bytes"),
		refused("a NUL", one, `{"value":"`+hush+`\u0000","allowed_hosts":["*"]}`, 400, "without NUL"),
		refused("a placeholder", one, `{"value":"`+hush+secret.Prefix+`:x","allowed_hosts":["*"]}`, 400, "placeholder"),
		refused("no hosts", one, `{"value":"`+hush+`"}`, 400, "needs at least one host"),
		refused("an empty list of hosts", one, `{"value":"`+hush+`","allowed_hosts":[]}`, 400, "needs at least one host"),
		refused("a host that is none", one, `{"value":"`+hush+`","allowed_hosts":["api.example.com","a b"]}`, 400, `\"a b\" is no host`),
		refused("a public suffix", one, `{"value":"`+hush+`","allowed_hosts":["*.co.uk"]}`, 400, `\"*.co.uk\" is no host: anybody may have a host under it`),
		refused("a name with a space", list+"/a%20b", body, 400, "a name has 1 to 128 letters"),
		refused("a name with a slash", list+"/a%2Fb", body, 400, "a name has 1 to 128 letters"),
		refused("a long name", list+"/"+strings.Repeat("a", 129), body, 400, "a name has 1 to 128 letters"),
		refused("a large body", one, `{"value":"`+strings.Repeat("x", 600<<10)+`"}`, 413, "larger than"),
		refused("broken JSON", one, `{"value":"`+hush+`"`, 400, "no valid JSON"),
		refused("no guild", "/api/secrets/x/A", body, 400, "Invalid guild ID"),
	)
	run(t, rows)
}

func TestSettings(t *testing.T) {
	t.Parallel()
	url := "/api/guilds/" + guildA.String() + "/settings"
	off := `{"error_replies":false,"error_reply_text":"Something went wrong with this command.","inbound_endpoint":false}`
	rows := append(denied("GET", url, "", false), denied("PUT", url, `{}`, true)...)
	run(t, append(rows,
		scenario{name: "at first", as: "reader", method: "GET", url: url, status: 200, want: []string{off}, shared: true},
		scenario{
			name: "on", as: "admin", method: "PUT", url: url, body: `{"error_replies":true,"error_reply_text":"Ups.","inbound_endpoint":true}`, status: 200,
			want: []string{`{"error_replies":true,"error_reply_text":"Ups.","inbound_endpoint":true}`},
			after: func(t *testing.T, e *env) {
				t.Helper()
				if got := text(t, e.do("reader", "GET", url, "", nil)); !strings.Contains(got, "Ups.") {
					t.Errorf("got %s", got)
				}
				if got := text(t, e.do("neighbour", "GET", "/api/guilds/"+guildB.String()+"/settings", "", nil)); strings.TrimSpace(got) != off {
					t.Errorf("the neighbour's: %s", got)
				}
				if got := text(t, e.do("admin", "PUT", url, `{}`, nil)); strings.TrimSpace(got) != off {
					t.Errorf("what is left out is not off: %s", got)
				}
			},
		},
		scenario{name: "a wrong type", as: "admin", method: "PUT", url: url, body: `{"error_replies":"yes"}`, status: 422, want: []string{"error_replies"}},
		scenario{name: "a long text", as: "admin", method: "PUT", url: url, body: `{"error_reply_text":"` + strings.Repeat("é", 2001) + `"}`, status: 400, want: []string{"2001 characters"}},
		scenario{name: "a blank text", as: "admin", method: "PUT", url: url, body: `{"error_reply_text":" "}`, status: 400, want: []string{"blank"}},
	))
}

func TestVariables(t *testing.T) {
	t.Parallel()
	list := "/api/vars/" + guildA.String()
	one := list + "/MODE"
	doc := `{"name":"MODE","value":"test","updated_at":"2026-01-02T12:00:00Z"}`
	rows := append(denied("GET", list, "", false), denied("GET", one, "", false)...)
	rows = append(rows, denied("PUT", one, `{"value":"x"}`, true)...)
	rows = append(rows, denied("DELETE", one, "", true)...)
	run(t, append(rows,
		scenario{name: "none", as: "reader", method: "GET", url: list, status: 200, want: []string{"[]"}, shared: true},
		scenario{name: "none of this name", as: "reader", method: "GET", url: one, status: 404, want: []string{"no variable of this name"}},
		scenario{name: "put", as: "admin", method: "PUT", url: one, body: `{"value":"test"}`, status: 200, want: []string{doc}, after: func(t *testing.T, e *env) {
			t.Helper()
			for url, want := range map[string]string{list: "[" + doc + "]", one: doc} {
				if got := text(t, e.do("reader", "GET", url, "", nil)); strings.TrimSpace(got) != want {
					t.Errorf("%s: %s", url, got)
				}
			}
			for _, want := range []string{"true", "false"} {
				if got := text(t, e.do("admin", "DELETE", one, "", nil)); strings.TrimSpace(got) != `{"deleted":`+want+`}` {
					t.Errorf("delete: %s", got)
				}
			}
		}},
		scenario{name: "an empty value", as: "admin", method: "PUT", url: one, body: `{"value":""}`, status: 200, want: []string{`"value":""`}},
		scenario{name: "a bad name", as: "admin", method: "PUT", url: list + "/1", body: `{"value":""}`, status: 400, want: []string{"a name has"}},
		scenario{name: "no value", as: "admin", method: "PUT", url: one, body: `{}`, status: 422, want: []string{"missing field"}},
		scenario{name: "a large value", as: "admin", method: "PUT", url: one, body: `{"value":"` + strings.Repeat("x", 33<<10) + `"}`, status: 413, want: []string{"a variable may have 32768"}},
	))
}

// TestTheDatabaseOfSecretsIsAway answers 503, and scripts keep what they have.
func TestTheDatabaseOfSecretsIsAway(t *testing.T) {
	t.Parallel()
	store := &secrettest.Memory{}
	service := secrettest.Service(t, store)
	e := newEnv(t, func(c *api.Config) { c.Secrets = service })
	one := "/api/secrets/" + guildA.String() + "/KEY"
	body := `{"value":"` + hush + `","allowed_hosts":["*"]}`
	if s := e.do("admin", "PUT", one, body, nil).StatusCode; s != 200 {
		t.Fatalf("status %d", s)
	}
	store.Away(true)
	for _, r := range []struct{ method, url, body string }{{"PUT", one, body}, {"DELETE", one, ""}, {"GET", "/api/secrets/" + guildA.String(), ""}} {
		res := e.do("admin", r.method, r.url, r.body, nil)
		if got := text(t, res); res.StatusCode != 503 || strings.Contains(got, hush) {
			t.Errorf("%s: %d %s", r.method, res.StatusCode, got)
		}
	}
	if len(service.Current(guildA).Placeholders()) != 1 {
		t.Error("scripts have lost what they had")
	}
}
