package api_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const kvURL = "/api/kv/100000000000000001/"

// stock fills the store "counters" of both guilds.
func stock(e *env) {
	e.t.Helper()
	in := time.Now().Add(time.Hour).Unix()
	for _, k := range []struct {
		key, value string
		o          kv.SetOptions
	}{
		{"a/1", "one", kv.SetOptions{}},
		{"a/2", "two", kv.SetOptions{Expiration: in, Metadata: json.RawMessage(`{"by":"ada"}`)}},
		{"b", "three", kv.SetOptions{}},
	} {
		if err := e.kv.Set(e.t.Context(), guildA, "counters", k.key, k.value, k.o); err != nil {
			e.t.Fatal(err)
		}
	}
	if err := e.kv.Set(e.t.Context(), guildB, "counters", "b", "secret", kv.SetOptions{}); err != nil {
		e.t.Fatal(err)
	}
}

func TestStores(t *testing.T) {
	t.Parallel()
	const create = `{"guild_id":"100000000000000001","store_name":"counters"}`
	rows := denied("POST", "/api/kv/stores", create, true)
	rows = append(rows, denied("GET", "/api/kv/stores?guild_id=100000000000000001", "", false)...)
	rows = append(rows, denied("DELETE", "/api/kv/stores/100000000000000001/counters", "", true)...)
	run(t, append(rows, []scenario{
		{name: "create", as: "admin", method: "POST", url: "/api/kv/stores", body: create, status: 200,
			want: []string{`{"store":{"id":"`, `"guild_id":"100000000000000001","store_name":"counters","created_at":"`, `Z"`}},
		{name: "create again", as: "admin", method: "POST", url: "/api/kv/stores", body: create, before: stock, status: 409, want: []string{`"code":"conflict"`}},
		{name: "create without a name", as: "admin", method: "POST", url: "/api/kv/stores", body: `{"guild_id":"100000000000000001"}`, status: 422, want: []string{`missing field \"store_name\"`}},
		{name: "create with a number", as: "admin", method: "POST", url: "/api/kv/stores", body: `{"guild_id":100000000000000001,"store_name":"x"}`, status: 422, want: []string{`field \"guild_id\": expected a string, got number`}},
		{name: "create in no guild", as: "admin", method: "POST", url: "/api/kv/stores", body: `{"guild_id":"x","store_name":"x"}`, status: 400, want: []string{"Invalid guild ID"}},
		{name: "create too large", as: "admin", method: "POST", url: "/api/kv/stores", body: `{"store_name":"` + strings.Repeat("a", 20<<10) + `"}`, status: 413, want: []string{`"code":"too_large"`}},
		{name: "list", as: "admin", method: "GET", url: "/api/kv/stores?guild_id=100000000000000001", before: stock, status: 200, want: []string{`"store_name":"counters"`}, wantNot: []string{"100000000000000002"}},
		{name: "list none", as: "admin", method: "GET", url: "/api/kv/stores/?guild_id=100000000000000001", status: 200, want: []string{"[]"}},
		{name: "list without a guild", as: "admin", method: "GET", url: "/api/kv/stores", status: 400, want: []string{"guild_id"}},
		{name: "delete", as: "admin", method: "DELETE", url: "/api/kv/stores/100000000000000001/counters", before: stock, status: 204,
			after: func(t *testing.T, e *env) {
				t.Helper()
				if e.value(guildA, "counters", "b") != "" || e.value(guildB, "counters", "b") != "secret" {
					t.Error("the wrong store is gone")
				}
			}},
		{name: "delete what is not there", as: "admin", method: "DELETE", url: "/api/kv/stores/100000000000000001/counters", status: 404, want: []string{"store not found"}},
	}...))
}

func TestListKeys(t *testing.T) {
	t.Parallel()
	const at = kvURL + "counters"
	run(t, append(denied("GET", at, "", false), []scenario{
		{name: "all", as: "admin", method: "GET", url: at, before: stock, status: 200,
			want:    []string{`{"keys":[{"name":"a/1"},{"name":"a/2","expiration":`, `"metadata":{"by":"ada"}},{"name":"b"}],"listComplete":true,"list_complete":true}`},
			wantNot: []string{"secret", "cursor"}},
		{name: "a prefix", as: "admin", method: "GET", url: at + "?prefix=a%2F", before: stock, status: 200, want: []string{"a/1", "a/2"}, wantNot: []string{`"b"`}},
		{name: "a page", as: "admin", method: "GET", url: at + "?limit=2", before: stock, status: 200, want: []string{`"listComplete":false,"list_complete":false,"cursor":"`}, wantNot: []string{`"b"`}},
		{name: "limit 0", as: "admin", method: "GET", url: at + "?limit=0", before: stock, status: 200, want: []string{`{"keys":[],"listComplete":true,"list_complete":true}`}},
		{name: "a huge limit", as: "admin", method: "GET", url: at + "?limit=2000000000", before: stock, status: 200, want: []string{"a/1"}},
		{name: "a limit that is none", as: "admin", method: "GET", url: at + "?limit=x", before: stock, status: 400, want: []string{"limit must be"}},
		{name: "a prefix that is no text", as: "admin", method: "GET", url: at + "?prefix=%ff", before: stock, status: 400, want: []string{"UTF-8"}},
		{name: "a trailing slash", as: "admin", method: "GET", url: at + "/", before: stock, status: 200, want: []string{"a/1"}},
	}...))
}

func TestListKeysPages(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	stock(e)
	var got []string
	at := kvURL + "counters?limit=1"
	for page := 0; ; page++ {
		if page > 5 {
			t.Fatal("the list does not end")
		}
		var p struct {
			Keys     []struct{ Name string }
			Complete bool `json:"listComplete"`
			Cursor   string
		}
		if err := json.Unmarshal([]byte(text(t, e.do("admin", "GET", at, "", nil))), &p); err != nil {
			t.Fatal(err)
		}
		for _, k := range p.Keys {
			got = append(got, k.Name)
		}
		if p.Complete {
			break
		}
		at = kvURL + "counters?limit=1&cursor=" + strings.ReplaceAll(p.Cursor, "/", "%2F")
	}
	if diff := cmp.Diff([]string{"a/1", "a/2", "b"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	const at = kvURL + "counters/b"
	rows := denied("GET", at, "", false)
	rows = append(rows, denied("PUT", at, `{"value":"x"}`, true)...)
	rows = append(rows, denied("DELETE", at, "", true)...)
	set := func(name, url, body string, status int, want string) scenario {
		return scenario{name: name, as: "admin", method: "PUT", url: url, body: body, status: status, want: []string{want}}
	}
	future := strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)
	run(t, append(rows, []scenario{
		{name: "get", as: "admin", method: "GET", url: at, before: stock, status: 200, want: []string{`{"value":"three","version":3}`}, wantNot: []string{"secret"}},
		{name: "get an escaped key", as: "admin", method: "GET", url: kvURL + "counters/a%2F2", before: stock, status: 200, want: []string{`{"value":"two","expiration":`, `,"metadata":{"by":"ada"},"version":2}`}},
		{name: "get what is not there", as: "admin", method: "GET", url: at, status: 200, want: []string{`{"value":null}`}},
		{name: "a key that is no text", as: "admin", method: "GET", url: kvURL + "counters/%ff", status: 400, want: []string{"UTF-8"}},
		{name: "a path that is not encoded", as: "admin", method: "GET", url: kvURL + "counters/a/2", status: 404, want: []string{"no such route"}},
		set("set", at, `{"value":"x","expiration":`+future+`,"metadata":{"n":1}}`, 200, `{"success":true,"version":1}`),
		set("set with nulls", at, `{"value":"x","expiration":null,"metadata":null}`, 200, `{"success":true,"version":1}`),
		set("set without a value", at, `{"expiration":1}`, 422, `missing field \"value\"`),
		set("set a number", at, `{"value":1}`, 422, `field \"value\": expected a string, got number`),
		set("set half a second", at, `{"value":"x","expiration":1.5}`, 422, `field \"expiration\": expected an integer, got number 1.5`),
		set("set broken JSON", at, `{"value":"x"`, 400, "no valid JSON"),
		set("set too much", at, `{"value":"`+strings.Repeat("x", 1<<20+1)+`"}`, 413, "value exceeds maximum size"),
		set("set far too much", at, `{"value":"`+strings.Repeat("x", 9<<20)+`"}`, 413, "larger than 8388608 bytes"),
		{name: "delete", as: "admin", method: "DELETE", url: at, before: stock, status: 204, after: func(t *testing.T, e *env) {
			t.Helper()
			if e.value(guildA, "counters", "b") != "" || e.value(guildB, "counters", "b") != "secret" {
				t.Error("the wrong key is gone")
			}
		}},
		{name: "delete what is not there", as: "admin", method: "DELETE", url: at, status: 204},
	}...))
}

// value is what the store has, "" for nothing.
func (e *env) value(guild snowflake.GuildID, store, key string) string {
	e.t.Helper()
	v, err := e.kv.Get(e.t.Context(), guild, store, key)
	if err != nil {
		e.t.Fatal(err)
	}
	return v.Value
}

func TestKeysOfEveryKind(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	keys := map[string]string{
		"plain": "plain", "with space": "with%20space", "a/b": "a%2Fb", "/": "%2F", "%": "%25", "%2F": "%252F", "?": "%3F", "#": "%23", "+": "+",
		"ä€😀": "%C3%A4%E2%82%AC%F0%9F%98%80", "stores": "stores", "__proto__": "__proto__", "a.b": "a.b", ":x": ":x", "*": "*", "ends/": "ends%2F", `"`: "%22",
	}
	for key, path := range keys {
		if res := e.do("admin", "PUT", kvURL+"s/"+path, `{"value":`+strconv.Quote(path)+`}`, nil); res.StatusCode != 200 {
			t.Fatalf("set %q: status %d: %s", key, res.StatusCode, text(t, res))
		}
		if got := e.value(guildA, "s", key); got != path {
			t.Errorf("%q: stored %q", key, got)
		}
		if got, want := text(t, e.do("admin", "GET", kvURL+"s/"+path, "", nil)), `{"value":`+strconv.Quote(path)+`,"version":`; !strings.HasPrefix(got, want) {
			t.Errorf("get %q: %s, want %s", key, got, want)
		}
		if res := e.do("admin", "DELETE", kvURL+"s/"+path, "", nil); res.StatusCode != http.StatusNoContent {
			t.Errorf("delete %q: status %d", key, res.StatusCode)
		}
	}
}
