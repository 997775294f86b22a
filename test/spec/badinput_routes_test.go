package spec

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// input is a route and what it must refuse. Paths hold {names} as in the
// documentation.
type input struct {
	route string
	// open routes ask for no token.
	open bool
	// deploys are counted per guild, so each request goes to another one.
	deploys bool
	// json routes read a body. Of good, a body that is taken, wrong types and
	// missing members are made; wrong are further bodies.
	good  string
	wrong []string
	// optional bodies may lack any of good's members.
	optional bool
	// queries are refused.
	queries []string
	// headers are refused: lines of name and value.
	headers []string
}

func (r input) method() string { m, _, _ := strings.Cut(r.route, " "); return m }
func (r input) path() string   { _, p, _ := strings.Cut(r.route, " "); return p }

// challenge has the form of PKCE's.
var challenge = strings.Repeat("A", 43)

var long = strings.Repeat("x", 20_000)

var inputs = slices.Concat(apiInputs, controlInputs)

var numbers = []string{"limit=-1", "limit=x", "limit=1.5", "limit=99999999999999999999", "limit=%zz", "%", "a=b;c=d"}

var apiInputs = []input{
	{route: "GET /health", open: true},
	{route: "GET /livez", open: true},
	{route: "GET /readyz", open: true},
	{route: "GET /api/health", open: true},
	{route: "GET /api/auth/login", open: true, queries: []string{"next=//example.com", "next=https://example.com", "next=x", "next=%5c%5cexample.com", "next=/" + strings.Repeat("n", 3000), "%zz"}},
	{route: "GET /api/auth/callback", open: true, queries: []string{"", "code=x", "state=x&code=x", "error=access_denied", "%zz"}},
	{route: "POST /api/auth/logout", open: true, headers: []string{"Origin: http://example.com", "Sec-Fetch-Site: cross-site"}},
	{route: "GET /api/auth/cli", open: true, queries: []string{
		"", "code_challenge_method=S256", "code_challenge_method=plain&code_challenge=" + challenge, "code_challenge_method=S256&code_challenge=" + challenge,
		"code_challenge_method=S256&code_challenge=x&redirect_uri=http://127.0.0.1:9/", "code_challenge_method=S256&redirect_uri=http://example.com:9/&code_challenge=" + challenge, "%zz",
	}},
	{route: "POST /api/auth/cli", open: true, headers: []string{"Origin: http://example.com", "Content-Type: application/x-www-form-urlencoded"}},
	{route: "POST /api/auth/cli/token", open: true, good: `{"code":"x","code_verifier":"x"}`, wrong: []string{
		`{}`, `{"code":"x"}`, `{"code_verifier":"x"}`, `{"code":"` + challenge + `","code_verifier":"x"}`, `{"code":"` + challenge + `","code_verifier":"` + challenge + `"}`,
	}},
	{route: "GET /api/auth/me", queries: []string{"%zz"}},
	{route: "GET /api/limits", queries: []string{"%zz"}},
	{route: "GET /api/types", queries: []string{"%zz"}},
	{route: "GET /api-docs", open: true, queries: []string{"%zz"}},
	{route: "GET /api-docs/openapi.json", open: true, queries: []string{"%zz"}},
	{route: "GET /api/guilds", queries: []string{"%zz"}},
	{
		route: "POST /api/tokens", good: `{"label":"x","expires_in_secs":60,"guild_ids":["{guild}"],"read_only":true}`, optional: true,
		wrong: []string{
			`{"label":"` + strings.Repeat("l", 101) + `"}`, `{"label":"a\u0000"}`, `{"expires_in_secs":0}`, `{"expires_in_secs":-1}`, `{"expires_in_secs":1e30}`, `{"expires_in_secs":1.5}`,
			`{"expires_at":"x"}`, `{"expires_at":"2020-01-01T00:00:00Z"}`, `{"expires_at":"2030-01-01T00:00:00Z","expires_in_secs":5}`,
			`{"guild_ids":[]}`, `{"guild_ids":["x"]}`, `{"guild_ids":["0"]}`, `{"guild_ids":[5]}`, `{"guild_ids":["-1"]}`, `{"read_only":"yes"}`,
		},
	},
	{route: "GET /api/tokens", queries: []string{"%zz"}},
	{route: "DELETE /api/tokens/{token}"},
	{route: "GET /api/deployments", queries: []string{"%zz"}},
	{route: "GET /api/deployments/{guild}", queries: []string{"include_bundle=maybe", "include_bundle=2", "%zz"}},
	{
		route: "POST /api/deployments/{guild}", deploys: true,
		good: `{"entry":"main.ts","files":[{"path":"main.ts","contents":"1"}]}`,
		wrong: []string{
			`{"entry":"","files":[{"path":"main.ts","contents":"1"}]}`,
			`{"entry":"main.ts"}`,
			`{"entry":"main.ts","files":[]}`,
			`{"entry":"main.ts","bundle":"  "}`,
			`{"entry":"other.ts","files":[{"path":"main.ts","contents":"1"}]}`,
			`{"entry":"../main.ts","files":[{"path":"../main.ts","contents":"1"}]}`,
			`{"entry":"/etc/passwd","files":[{"path":"/etc/passwd","contents":"1"}]}`,
			`{"entry":"main.ts","files":[{"path":"main.ts","contents":"1"},{"path":"main.ts","contents":"2"}]}`,
			`{"entry":"main.ts","files":[{"path":"main.ts"}]}`,
			`{"entry":"main.ts","files":[{"contents":"1"}]}`,
			`{"entry":"main.ts","files":[{"path":1,"contents":"1"}]}`,
			`{"entry":"main.ts","files":["main.ts"]}`,
			`{"entry":"main.ts","files":[null]}`,
			`{"entry":"main.ts","files":[{"path":"main.ts","contents":"import './none'"}]}`,
			`{"entry":"main.ts","files":[{"path":"main.ts","contents":"import '/etc/passwd'"}]}`,
			`{"entry":"main.ts","files":[{"path":"main.ts","contents":"import 'node:fs'"}]}`,
			`{"entry":"main.ts","files":[{"path":"main.ts","contents":"let x = ;"}]}`,
			`{"entry":"main.\u0000ts","files":[{"path":"main.\u0000ts","contents":"1"}]}`,
			`{"entry":"main.ts","bundle":"1","source_map":{"path":"a.js","contents":"{}"}}`,
			`{"entry":"main.ts","bundle":"1","source_map":{"path":"a.map","contents":""}}`,
			`{"entry":"main.ts","bundle":"1","source_map":"x"}`,
			`{"entry":"main.ts","bundle":"1","build_id":"` + strings.Repeat("b", 65) + `"}`,
			`{"entry":"main.ts","bundle":"1","build_id":7}`,
			`{"entry":"` + long + `","files":[{"path":"` + long + `","contents":"1"}]}`,
			`{"entry":"main.ts","files":[` + strings.Repeat(`{"path":"main.ts","contents":""},`, 300) + `{"path":"a.ts","contents":""}]}`,
			`{"entry":"main.ts","files":[{"path":"main.ts","contents":"` + strings.Repeat("/", 2<<20) + `"}]}`,
		},
		headers: []string{"X-Flora-Deploy-Source: nobody", "X-Flora-Deploy-Source: CLI; DROP", "Idempotency-Key: " + strings.Repeat("k", 129), "Idempotency-Key: ä"},
	},
	{route: "DELETE /api/deployments/{guild}", queries: []string{"%zz"}},
	{route: "GET /api/deployments/{guild}/history", queries: slices.Concat(numbers, []string{
		"include_files=maybe", "include_bundle=1",
		"cursor_id=x", "cursor_deployed_at=2026-01-01T00:00:00Z", "cursor_id=00000000-0000-0000-0000-000000000000",
		"cursor_deployed_at=yesterday&cursor_id=00000000-0000-0000-0000-000000000000",
	})},
	{route: "GET /api/deployments/{guild}/revisions/{revision}", queries: []string{"include_bundle=maybe"}},
	{route: "POST /api/deployments/{guild}/rollback/{revision}", deploys: true, headers: []string{"X-Flora-Deploy-Source: nobody", "Idempotency-Key: " + strings.Repeat("k", 129)}},
	{route: "POST /api/builds", queries: []string{"", "%zz"}, headers: []string{
		"Content-Type: multipart/form-data", "Content-Type: multipart/form-data; boundary=x", "Content-Type: application/zip", "Content-Type: x/;",
	}},
	{route: "GET /api/builds/{build}", queries: []string{"%zz"}},
	{route: "GET /api/builds/{build}/logs", queries: []string{"%zz"}, headers: []string{"Last-Event-ID: x", "Last-Event-ID: -1"}},
	{route: "GET /api/status/{guild}", queries: []string{"%zz"}},
	{route: "POST /api/status/{guild}/release", queries: []string{"%zz"}},
	{route: "GET /api/guilds/{guild}/settings", queries: []string{"%zz"}},
	{route: "PUT /api/guilds/{guild}/settings", good: `{}`, wrong: []string{
		`{"error_replies":"yes"}`, `{"error_reply_text":7}`, `{"error_reply_text":" "}`, `{"error_reply_text":"a\u0000"}`, `{"inbound_endpoint":1}`, `{"error_reply_text":"` + strings.Repeat("x", 2001) + `"}`,
	}},
	{route: "GET /api/vars/{guild}", queries: []string{"%zz"}},
	{route: "GET /api/vars/{guild}/{name}", queries: []string{"%zz"}},
	{route: "PUT /api/vars/{guild}/{name}", good: `{"value":"v"}`, wrong: []string{`{}`, `{"value":1}`, `{"value":"a\u0000"}`, `{"value":"` + strings.Repeat("v", 33<<10) + `"}`, `{"value":"` + strings.Repeat("v", 1<<20) + `"}`}},
	{route: "DELETE /api/vars/{guild}/{name}", queries: []string{"%zz"}},
	{route: "GET /api/secrets/{guild}", queries: []string{"%zz"}},
	{route: "PUT /api/secrets/{guild}/{name}", good: `{"value":"v","allowed_hosts":["*"]}`, wrong: []string{
		`{"value":"v"}`, `{"value":"v","allowed_hosts":[]}`, `{"value":"v","allowed_hosts":"*"}`, `{"value":"v","allowed_hosts":[7]}`, `{"value":"v","allowed_hosts":[null]}`,
		`{"value":"","allowed_hosts":["*"]}`, `{"value":"a\u0000","allowed_hosts":["*"]}`, `{"value":"__FLORA_SECRET__","allowed_hosts":["*"]}`,
		`{"value":"v","allowed_hosts":[""]}`, `{"value":"v","allowed_hosts":["*.com"]}`, `{"value":"v","allowed_hosts":["a.*.com"]}`, `{"value":"v","allowed_hosts":["ftp://a.example"]}`,
		`{"value":"v","allowed_hosts":["u:p@a.example"]}`, `{"value":"v","allowed_hosts":["https://u:p@a.example"]}`, `{"value":"v","allowed_hosts":["a.example/x"]}`, `{"value":"v","allowed_hosts":["` + strings.Repeat("a", 300) + `.example"]}`,
		`{"value":"v","allowed_hosts":["*"],"allow_http":"yes"}`, `{"value":"` + strings.Repeat("v", 64<<10+1) + `","allowed_hosts":["*"]}`, `{"value":"` + strings.Repeat("v", 1<<20) + `"}`,
		`{"value":"v","allowed_hosts":[` + strings.Repeat(`"a.example",`, 32) + `"b.example"]}`,
	}},
	{route: "DELETE /api/secrets/{guild}/{name}", queries: []string{"%zz"}},
	{route: "GET /api/crons/{guild}", queries: []string{"%zz"}},
	{route: "POST /api/crons/{guild}/{name}/run", queries: []string{"%zz"}},
	{route: "GET /metrics", queries: []string{"%zz"}},
	{route: "GET /api/metrics", queries: []string{"%zz"}},
	{route: "GET /api/metrics/json", queries: []string{"%zz"}},
	{route: "GET /api/logs/{guild}", queries: numbers},
	{route: "GET /api/logs/{guild}/stream", headers: []string{"Last-Event-ID: x", "Last-Event-ID: -1", "Last-Event-ID: 99999999999999999999"}, queries: []string{"%zz"}},
	{
		route: "POST /api/kv/stores", good: `{"guild_id":"{guild}","store_name":"shop"}`,
		wrong: []string{
			`{"guild_id":"{guild}","store_name":""}`, `{"guild_id":"{guild}","store_name":"a.b"}`, `{"guild_id":"{guild}","store_name":"a/b"}`,
			`{"guild_id":"{guild}","store_name":".."}`, `{"guild_id":"{guild}","store_name":"a\u0000"}`, `{"guild_id":"{guild}","store_name":"` + strings.Repeat("s", 65) + `"}`,
			`{"guild_id":"{guild}","store_name":"` + long + `"}`,
			`{"guild_id":"","store_name":"new"}`, `{"guild_id":"x","store_name":"new"}`, `{"guild_id":"0","store_name":"new"}`, `{"guild_id":"999","store_name":"new"}`,
			`{"guild_id":{guild},"store_name":"new"}`, `{"guild_id":"{guild}","store_name":"shop"}`,
		},
	},
	{route: "GET /api/kv/stores", queries: []string{"", "guild_id=", "guild_id=x", "guild_id=0", "guild_id=999", "guild_id=-1", "guild_id=%zz"}},
	{route: "DELETE /api/kv/stores/{guild}/{store}"},
	{route: "GET /api/kv/{guild}/{store}", queries: slices.Concat(numbers, []string{"cursor=%00%ff", "prefix=%ff", "cursor=" + strings.Repeat("c", 5000)})},
	{route: "GET /api/kv/{guild}/{store}/{key}"},
	{
		route: "PUT /api/kv/{guild}/{store}/{key}", good: `{"value":"v"}`,
		wrong: []string{
			`{"value":null}`, `{"value":{}}`, `{"value":"v","expiration":"soon"}`, `{"value":"v","expiration":1.5}`, `{"value":"v","expiration":1e400}`,
			`{"value":"v","expiration":-99999999999999999999}`, `{"value":"` + strings.Repeat("v", 1<<20+1) + `"}`,
			`{"value":"v","metadata":"` + strings.Repeat("m", 2<<20) + `"}`, `{"value":"` + strings.Repeat("v", 9<<20) + `"}`,
		},
	},
	{route: "DELETE /api/kv/{guild}/{store}/{key}", queries: []string{"if_version=x", "if_version=0", "if_version=-1", "if_version=99999999999999999999"}},
	{
		route: "POST /api/kv/{guild}/{store}/{key}/increment", good: `{"by":1}`,
		wrong: []string{`{"by":"1"}`, `{"by":1.5}`, `{"by":1e400}`, `{"start":9223372036854775808}`, `{"ttl":0}`, `{"ttl":-5}`, `{"ttl":1,"expiration":1}`, `{"ttl":99999999999999999999}`},
	},
	{
		route: "POST /api/kv/{guild}/{store}/batch", good: `{"get":["k"]}`,
		wrong: []string{
			`{}`, `{"get":[]}`, `{"get":"k"}`, `{"get":[1]}`, `{"get":[""]}`, `{"get":["a\u0000"]}`, `{"get":["k"],"delete":["k"]}`, `{"set":[],"delete":[]}`, `{"set":[{"key":"k"}]}`,
			`{"set":[{"value":"v"}]}`, `{"set":[{"key":"k","value":1}]}`, `{"set":[{"key":"k","value":"v","ttl":0}]}`, `{"set":[{"key":"k","value":"v","if_version":-1}]}`,
			`{"set":[{"key":"k","value":"v"},{"key":"k","value":"w"}]}`, `{"delete":[{}]}`, `{"delete":[1]}`, `{"delete":[null]}`, `{"get":[` + strings.Repeat(`"k",`, 200) + `"k"]}`,
		},
	},
	{route: "POST /api/kv/export/{guild}", queries: []string{"store=none", "store=a.b", "store=%ff", "store=" + strings.Repeat("s", 65)}},
	{route: "GET /api/kv/export/{guild}"},
	{route: "GET /api/kv/export/{guild}/{export}"},
	{route: "POST /api/kv/import/{guild}", queries: []string{"mode=", "mode=mix"}},
}

var controlInputs = []input{
	{route: "GET /sim", open: true, queries: slices.Concat(numbers[:4], []string{"after=x", "after=-1"})},
	{route: "GET /sim/guilds/{guild}", open: true},
	{route: "GET /sim/guilds/{guild}/stream", open: true, queries: []string{"as=ghost", "as=" + long}},
	{route: "POST /sim/guilds", open: true, good: `{"name":"x"}`, wrong: []string{`{"name":"x"}`, `{"nam":"Fine"}`, `{"name":"` + long + `"}`}},
	{route: "DELETE /sim/guilds/{guild}", open: true},
	{route: "POST /sim/guilds/{guild}/outage", open: true},
	{route: "DELETE /sim/guilds/{guild}/outage", open: true},
	{route: "POST /sim/guilds/{guild}/members", open: true, good: `{"username":"nobody","bot":false}`, wrong: []string{
		``, `{}`, `{"username":""}`, `{"username":"No Body"}`, `{"username":"` + long + `"}`, `{"username":"alice"}`,
	}},
	{route: "DELETE /sim/guilds/{guild}/members/{user}", open: true},
	{route: "POST /sim/guilds/{guild}/events", open: true, good: `{"type":"GUILD_UPDATE","data":{}}`, wrong: []string{
		``, `{}`, `{"type":"GUILD_UPDATE"}`, `{"type":"guild update","data":{}}`, `{"type":"GUILD_UPDATE","data":null}`, `{"type":"GUILD_UPDATE","data":"x"}`,
	}},
	{route: "GET /sim/guilds/{guild}/channels/{channel}/messages", open: true, queries: slices.Concat(numbers[:4], []string{"after=x", "after=-1", "before=x", "before=-1", "as=ghost"})},
	{route: "POST /sim/guilds/{guild}/channels/{channel}/messages", open: true, good: `{"content":"!nothing","author":"alice"}`, wrong: []string{
		``, `{}`, `{"content":""}`, `{"content":"  "}`, `{"content":"` + strings.Repeat("c", 4001) + `"}`, `{"content":"x","author":"ghost"}`,
		`{"content":"x","reply_to":"x"}`, `{"content":"x","reply_to":"1"}`, `{"content":"x","files":[]}`,
	}},
	{route: "PATCH /sim/guilds/{guild}/channels/{channel}/messages/{message}", open: true, good: `{"content":"other"}`, wrong: []string{``, `{}`, `{"content":""}`}},
	{route: "DELETE /sim/guilds/{guild}/channels/{channel}/messages/{message}", open: true},
	{route: "PUT /sim/guilds/{guild}/channels/{channel}/messages/{message}/reactions", open: true, good: `{"emoji":"👍","author":"alice"}`, wrong: []string{
		``, `{}`, `{"emoji":""}`, `{"emoji":"notanemoji"}`, `{"emoji":"a:1"}`, `{"emoji":"👍","author":"ghost"}`,
	}},
	{route: "DELETE /sim/guilds/{guild}/channels/{channel}/messages/{message}/reactions", open: true, good: `{"emoji":"👍","author":"alice"}`, wrong: []string{
		``, `{"emoji":"notanemoji"}`,
	}},
	{route: "PUT /sim/guilds/{guild}/channels/{channel}/messages/{message}/votes", open: true, good: `{"answer":1,"author":"alice"}`, wrong: []string{
		``, `{}`, `{"answer":0}`, `{"answer":"1"}`, `{"answer":1,"author":"ghost"}`,
	}},
	{route: "PUT /sim/guilds/{guild}/voice", open: true, good: `{"author":"alice"}`, wrong: []string{
		`{"channel":"x"}`, `{"channel":5}`, `{"channel":"1"}`, `{"author":"ghost"}`,
	}},
	{route: "PUT /sim/guilds/{guild}/scheduled-events/{event}/users", open: true, good: `{"author":"alice"}`, wrong: []string{`{"author":"ghost"}`, `{"author":1}`}},
	{route: "POST /sim/guilds/{guild}/interactions", open: true, good: `{"command":"hello","author":"alice"}`, wrong: []string{
		``, `{}`, `{"command":"nope"}`, `{"command":"hello","custom_id":"x"}`, `{"command":"hello","options":7}`, `{"command":"hello","options":{"nope":1}}`,
		`{"command":"hello","subcommand":"nope"}`, `{"command":"counter"}`, `{"command":"hello","author":"ghost"}`, `{"command":"hello","channel":"x"}`, `{"command":"hello","channel":"1"}`,
		`{"command":"hello","wait_ms":-1}`, `{"command":"hello","wait_ms":1e12}`, `{"command":"hello","focused":"x"}`, `{"command":"hello","target":"1"}`,
		`{"custom_id":"x"}`, `{"custom_id":"x","message_id":"x"}`, `{"custom_id":"x","message_id":"1"}`, `{"custom_id":"x","message_id":"{message}"}`,
		`{"modal":"x"}`, `{"modal":"x","fields":[]}`, `{"custom_id":"x","message_id":"{message}","values":"a"}`,
	}},
	{route: "POST /sim/faults", open: true, good: `{"route":"GET /never","count":1,"status":500}`, wrong: []string{
		``, `{}`, `{"route":"GET /never","status":99}`, `{"route":"GET /never","status":1000}`, `{"route":"GET /never","count":-1,"status":500}`,
		`{"route":"GET /never","delay_ms":-1}`, `{"route":"GET /never","delay_ms":1e15}`,
	}},
	{route: "GET /sim/faults", open: true},
	{route: "DELETE /sim/faults", open: true},
	{route: "POST /sim/gateway", open: true, good: `{"action":"heartbeat"}`, wrong: []string{
		``, `{}`, `{"action":"explode"}`, `{"action":"drop","code":1}`, `{"action":"drop","code":70000}`, `{"action":"drop","shard":-1}`,
	}},
	{route: "GET /sim/gateway", open: true},
	{route: "GET /sim/gateway/connections", open: true},
	{route: "GET /sim/gateway/dispatches", open: true},
	{route: "GET /sim/interactions", open: true},
	{route: "GET /sim/requests", open: true, queries: slices.Concat(numbers[:4], []string{"after=x", "wait_ms=-1", "wait_ms=99999999"})},
	{route: "GET /sim/oauth", open: true},
	{route: "POST /sim/oauth", open: true, good: `{"action":"life","access_token_secs":600}`, wrong: []string{
		``, `{}`, `{"action":"x"}`, `{"action":"life"}`, `{"action":"life","access_token_secs":-1}`, `{"action":"deauthorize"}`, `{"action":"deauthorize","author":"ghost"}`,
	}},
	{route: "POST /sim/flood", open: true, good: `{"count":1,"event":"TYPING_START"}`, wrong: []string{
		``, `{}`, `{"count":0}`, `{"count":-1}`, `{"count":1e9}`, `{"count":1,"rate":-1}`, `{"count":1,"guilds":1000}`, `{"count":1,"in_flight":-1}`,
		`{"count":1,"idle_ms":-1}`, `{"count":1,"data":{}}`, `{"count":1,"event":"x y"}`, `{"count":1,"event":"TYPING_START","data":7}`, `{"count":1,"author":"ghost"}`,
	}},
	{route: "GET /sim/attachments/{channel}/{attachment}/{name}", open: true},
}

var documented = regexp.MustCompile("`((?:GET|POST|PUT|PATCH|DELETE) /[^`?]*)[^`]*`")

// A route that is documented, but not in the table, would go untested.
func TestBadInputCoversTheDocumentation(t *testing.T) {
	t.Parallel()
	for _, doc := range []struct {
		file, line string // Lines that begin so name routes.
		inputs     []input
	}{
		{"../../docs/api.md", "### ", apiInputs},
		{"../../docs/simulator.md", "| ", controlInputs},
	} {
		text, err := os.ReadFile(doc.file)
		if err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for line := range strings.Lines(string(text)) {
			if !strings.HasPrefix(line, doc.line) {
				continue
			}
			for _, m := range documented.FindAllStringSubmatch(line, -1) {
				if !slices.Contains(want, m[1]) {
					want = append(want, m[1])
				}
			}
		}
		for _, in := range doc.inputs {
			got = append(got, in.route)
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s and the table of this test name other routes (-documented +tested):\n%s", doc.file, diff)
		}
	}
}
