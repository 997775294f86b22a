package api_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/api"
	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

const (
	deployURL = "/api/deployments/100000000000000001"
	files     = `{"entry":"src/main.ts","files":[{"path":"src/main.ts","contents":"on('ready', () => {})"},{"path":"src/empty.ts","contents":""}]}`
)

func seed(e *env) { e.seed("secret()") }

// seed stores one deployment of guildA and one of guildB.
func (e *env) seed(bundle string) {
	e.t.Helper()
	for i, r := range []deploy.Revision{
		{ID: "11111111-1111-4111-8111-111111111111", Guild: guildA, Entry: "old.ts", Status: deploy.Success, Bundle: "old()"},
		{ID: "22222222-2222-4222-8222-222222222222", Guild: guildA, Entry: "bad.ts", Status: deploy.Failed, Error: "SyntaxError", Bundle: "bad("},
		{ID: "33333333-3333-4333-8333-333333333333", Guild: guildA, Entry: "new.ts", Status: deploy.Success, Bundle: bundle,
			Files: []deploy.File{{Path: "new.ts", Contents: "new file"}}, SourceMap: &deploy.SourceMap{Path: "b.map", Contents: "{}"}},
		{ID: "44444444-4444-4444-8444-444444444444", Guild: guildB, Entry: "theirs.ts", Status: deploy.Success, Bundle: "theirs"},
	} {
		r.DeployedAt = time.Date(2026, 1, 1, 0, i, 0, 0, time.UTC)
		r.Source, r.Actor = "cli", deploy.Actor{UserID: "1", Type: "token"}
		if err := e.deployments.PutRevision(e.t.Context(), r); err != nil {
			e.t.Fatal(err)
		}
	}
}

func TestListDeployments(t *testing.T) {
	t.Parallel()
	run(t, []scenario{
		{name: "no credentials", method: "GET", url: "/api/deployments", before: seed, status: 401, wantNot: []string{"old.ts", "theirs.ts"}},
		{name: "own guilds only", as: "admin", method: "GET", url: "/api/deployments", before: seed, status: 200,
			want:    []string{`[{"guild_id":"100000000000000001","entry":"new.ts","revision_id":"33333333-3333-4333-8333-333333333333","created_at":"2026-01-01T00:00:00+00:00","updated_at":"2026-01-01T00:02:00+00:00"}]`},
			wantNot: []string{"theirs", "100000000000000002"}},
		{name: "a read-only token may read", as: "reader", method: "GET", url: "/api/deployments", before: seed, status: 200, want: []string{"new.ts"}},
		{name: "none", as: "admin", method: "GET", url: "/api/deployments", status: 200, want: []string{"[]"}},
		{name: "trailing slash", as: "admin", method: "GET", url: "/api/deployments/", before: seed, status: 200, want: []string{"new.ts"}},
	})
}

func TestGetDeployment(t *testing.T) {
	t.Parallel()
	rows := denied("GET", deployURL, "", false)
	run(t, append(rows, []scenario{
		{name: "without the bundle", as: "admin", method: "GET", url: deployURL, before: seed, status: 200,
			want: []string{`"guild_id":"100000000000000001"`, `"created_at":"2026-01-01T00:02:00+00:00","updated_at":"2026-01-01T00:02:00+00:00"`,
				`"entry":"new.ts"`, `"files":[{"path":"new.ts","contents":"new file"}]`, `"source_map":{"path":"b.map","contents":"{}"}`},
			wantNot: []string{"secret", `"bundle"`}},
		{name: "with the bundle", as: "admin", method: "GET", url: deployURL + "?include_bundle=true", before: seed, status: 200, want: []string{`"bundle":"secret()"`}},
		{name: "a flag that is none", as: "admin", method: "GET", url: deployURL + "?include_bundle=yes", before: seed, status: 400, want: []string{"include_bundle must be true or false"}},
		{name: "nothing deployed", as: "admin", method: "GET", url: deployURL, status: 404, want: []string{`"code":"not_found"`, `"Resource not found: deployment not found"`}},
		{name: "no guild id", as: "admin", method: "GET", url: "/api/deployments/abc", status: 400, want: []string{"Invalid guild ID"}},
		{name: "a guild id beyond 2^63", as: "admin", method: "GET", url: "/api/deployments/18446744073709551615", status: 400, want: []string{"Invalid guild ID"}},
		{name: "a broken query", as: "admin", method: "GET", url: deployURL + "?a=%zz", before: seed, status: 400, want: []string{"query string is malformed"}},
	}...))
}

func TestDeploy(t *testing.T) {
	t.Parallel()
	fails := func(err error) func(*env) { return func(e *env) { e.deployer.fail = err } }
	bad := func(name, body string, status int, want string) scenario {
		return scenario{name: name, as: "admin", method: "POST", url: deployURL, body: body, status: status, want: []string{want}, shared: true,
			after: func(t *testing.T, e *env) {
				t.Helper()
				if n := len(e.deployer.asked()); n > 0 {
					t.Errorf("%d deploys were made", n)
				}
			}}
	}
	rows := denied("POST", deployURL, files, true)
	rows = append(rows, []scenario{
		{name: "files", as: "admin", method: "POST", url: deployURL, body: files, header: map[string]string{"X-Flora-Deploy-Source": "cli"}, status: 200,
			want:    []string{`"guild_id":"100000000000000001"`, `"entry":"src/main.ts"`, `"created_at":"2026-01-02T03:04:01+00:00"`, `"revision_id":"00000000-0000-4000-8000-000000000001"`},
			wantNot: []string{`"files"`, `"bundle"`, `"source_map"`},
			after: func(t *testing.T, e *env) {
				t.Helper()
				want := []deploy.Request{{
					Guild: guildA, Entry: "src/main.ts", Source: "cli", Actor: deploy.Actor{UserID: "1", Username: "user1", Type: "token"},
					Files: []deploy.File{{Path: "src/empty.ts"}, {Path: "src/main.ts", Contents: "on('ready', () => {})"}},
				}}
				if diff := cmp.Diff(want, e.deployer.asked()); diff != "" {
					t.Error(diff)
				}
			}},
		{name: "a bundle with all that the original's client sends", as: "admin", method: "POST", url: deployURL,
			body:   `{"entry":"src/main.ts","files":[{"path":"src/main.ts","contents":"a"}],"bundle":"b()","source_map":{"path":"bundle.js.map","contents":"{}"},"build_id":null,"future":1}`,
			status: 200, want: []string{`"entry":"src/main.ts"`},
			after: func(t *testing.T, e *env) {
				t.Helper()
				bundle := "b()"
				want := []deploy.Request{{
					Guild: guildA, Entry: "src/main.ts", Source: "unknown", Actor: deploy.Actor{UserID: "1", Username: "user1", Type: "token"},
					Files: []deploy.File{{Path: "src/main.ts", Contents: "a"}}, Bundle: &bundle, SourceMap: &deploy.SourceMap{Path: "bundle.js.map", Contents: "{}"},
				}}
				if diff := cmp.Diff(want, e.deployer.asked()); diff != "" {
					t.Error(diff)
				}
			}},
		{name: "a script that fails", as: "admin", method: "POST", url: deployURL, body: files, status: 400,
			before: fails(fault.New(fault.DeployFailed, "deployment failed: Error: no\n    at src/main.ts:3:7").With("revision_id", "r1")),
			want:   []string{`"code":"deploy_failed"`, `src/main.ts:3:7`, `"revision_id":"r1"`}},
		{name: "a build that fails", as: "admin", method: "POST", url: deployURL, body: files, status: 400,
			before: fails(fault.New(fault.BuildFailed, "src/main.ts:1:2: expected )")), want: []string{`"code":"build_failed"`, "src/main.ts:1:2"}},
		{name: "an inside error stays inside", as: "admin", method: "POST", url: deployURL, body: files, status: 500,
			before: fails(fmt.Errorf("dial tcp 10.1.2.3: hunter2")), want: []string{`"code":"internal"`}, wantNot: []string{"hunter2", "10.1.2.3"}},
		{name: "an unknown source", as: "admin", method: "POST", url: deployURL, body: files, header: map[string]string{"X-Flora-Deploy-Source": "me"}, status: 400, want: []string{"invalid deploy source"}},
		{name: "no content type", as: "admin", method: "POST", url: deployURL, body: files, header: map[string]string{"Content-Type": ""}, status: 415, want: []string{`"code":"unsupported_media_type"`}},
		{name: "text", as: "admin", method: "POST", url: deployURL, body: files, header: map[string]string{"Content-Type": "text/plain"}, status: 415, want: []string{"application/json"}},
		{name: "JSON in another charset", as: "admin", method: "POST", url: deployURL, body: files, header: map[string]string{"Content-Type": "application/json; charset=latin1"}, status: 415},
		{name: "JSON with its charset", as: "admin", method: "POST", url: deployURL, body: files, header: map[string]string{"Content-Type": "application/json; charset=UTF-8"}, status: 200},
		bad("an empty body", " ", 400, "no valid JSON"),
		bad("broken JSON", `{"entry":`, 400, "no valid JSON"),
		bad("data after the end", files+`{}`, 400, "no valid JSON"),
		bad("a member twice", `{"entry":"a.ts","entry":"b.ts","bundle":"x"}`, 400, "a member is there twice: entry"),
		bad("an inner member twice", `{"entry":"a.ts","files":[{"path":"a.ts","p\u0061th":"b.ts","contents":""}]}`, 400, "a member is there twice: path"),
		bad("nested too deeply", `{"entry":"a.ts","x":`+strings.Repeat("[", 100)+strings.Repeat("]", 100)+`}`, 400, "nested more than 64 levels"),
		bad("a million brackets", strings.Repeat("[", 1_000_000), 400, "nested more than 64 levels"),
		bad("no UTF-8", "{\"entry\":\"\xff\"}", 400, "not UTF-8"),
		bad("a lone surrogate", `{"entry":"a.ts","bundle":"\ud800"}`, 400, "lone surrogate"),
		bad("an array", `[]`, 422, "must be a JSON object"),
		bad("no entry", `{"bundle":"x"}`, 422, `missing field \"entry\"`),
		bad("a null entry", `{"entry":null,"bundle":"x"}`, 422, `missing field \"entry\"`),
		bad("an entry of another type", `{"entry":1,"bundle":"x"}`, 422, `field \"entry\": expected a string, got number`),
		bad("files of another type", `{"entry":"a.ts","files":"x"}`, 422, `field \"files\": expected an array, got string`),
		bad("a file of another type", `{"entry":"a.ts","files":[{"path":"a.ts","contents":5}]}`, 422, `field \"files.contents\": expected a string, got number`),
		bad("a source map of another type", `{"entry":"a.ts","bundle":"x","source_map":[]}`, 422, `field \"source_map\": expected an object, got array`),
		bad("a blank entry", `{"entry":"  ","bundle":"x"}`, 400, "entry is required"),
		bad("an entry outside", `{"entry":"../a.ts","bundle":"x"}`, 400, "invalid entry"),
		bad("neither files nor bundle", `{"entry":"a.ts"}`, 400, "give files, a bundle"),
		bad("a blank bundle", `{"entry":"a.ts","bundle":" "}`, 400, "bundle must not be blank"),
		bad("a file without its contents", `{"entry":"a.ts","files":[{"path":"a.ts","contents":""},{"path":"b.ts"}]}`, 422, `missing field \"files[1].contents\"`),
		bad("a file with null for contents", `{"entry":"a.ts","files":[{"path":"a.ts","contents":null}]}`, 422, `missing field \"files[0].contents\"`),
		bad("a file without its path", `{"entry":"a.ts","files":[{"contents":"x"}]}`, 422, `missing field \"files[0].path\"`),
		bad("a file that is null", `{"entry":"a.ts","files":[null]}`, 422, `missing field \"files[0].path\"`),
		bad("no files", `{"entry":"a.ts","files":[]}`, 400, "files must not be empty"),
		bad("a path outside", `{"entry":"a.ts","files":[{"path":"../../etc/passwd","contents":"x"}]}`, 400, "leads out of the project"),
		bad("a path twice", `{"entry":"a.ts","files":[{"path":"a.ts","contents":""},{"path":"./a.ts","contents":""}]}`, 400, "is there twice"),
		bad("a source map without its name", `{"entry":"a.ts","bundle":"x","source_map":{"path":"x.js","contents":"{}"}}`, 400, "must end in .map"),
		bad("a long build id", `{"entry":"a.ts","bundle":"x","build_id":"`+strings.Repeat("a", 65)+`"}`, 400, "build_id is longer"),
	}...)
	run(t, rows)
}

func TestDeleteDeployment(t *testing.T) {
	t.Parallel()
	run(t, append(denied("DELETE", deployURL, "", true), []scenario{
		{name: "it is gone", as: "admin", method: "DELETE", url: deployURL, before: seed, status: 200, want: []string{`{"deleted":true}`}, after: func(t *testing.T, e *env) {
			t.Helper()
			if _, err := e.deployments.Current(t.Context(), guildA); !fault.Is(err, fault.NotFound) {
				t.Errorf("current: %v", err)
			}
			if _, err := e.deployments.Current(t.Context(), guildB); err != nil {
				t.Errorf("the neighbour's: %v", err)
			}
			if res := e.do("admin", "GET", deployURL, "", nil); res.StatusCode != 404 {
				t.Errorf("GET gives %d", res.StatusCode)
			}
			if got := text(t, e.do("admin", "GET", deployURL+"/history", "", nil)); !strings.Contains(got, "33333333") {
				t.Errorf("the history is %s", got)
			}
		}},
		{name: "with a warning", as: "admin", method: "DELETE", url: deployURL, before: func(e *env) { seed(e); e.deployer.warnings = []string{"Discord is away"} }, status: 200,
			want: []string{`"warnings":["Discord is away"]`}},
		{name: "nothing to delete", as: "admin", method: "DELETE", url: deployURL, status: 404, want: []string{"deployment not found"}},
	}...))
}

func TestHistory(t *testing.T) {
	t.Parallel()
	const at = deployURL + "/history"
	next := url.Values{"limit": {"1"}, "cursor_deployed_at": {"2026-01-01T00:02:00+00:00"}, "cursor_id": {"33333333-3333-4333-8333-333333333333"}}.Encode()
	run(t, append(denied("GET", at, "", false), []scenario{
		{name: "newest first", as: "admin", method: "GET", url: at, before: seed, status: 200,
			want: []string{`"id":"33333333-3333-4333-8333-333333333333"`, `"status":"failed"`, `"error_message":"SyntaxError"`}, wantNot: []string{"theirs", "secret", "new file"}},
		{name: "a page and the way to the next", as: "admin", method: "GET", url: at + "?limit=1", before: seed, status: 200,
			want: []string{"33333333"}, wantNot: []string{"22222222"}, wantHeader: map[string]string{"Link": "<" + at + "?" + next + `>; rel="next"`}},
		{name: "the next page", as: "admin", method: "GET", url: at + "?" + next, before: seed, status: 200, want: []string{"22222222"}, wantNot: []string{"33333333", "11111111"}},
		{name: "with files", as: "admin", method: "GET", url: at + "?include_files=true", before: seed, status: 200, want: []string{"new file", "b.map"}, wantNot: []string{"secret"}},
		{name: "with bundles", as: "admin", method: "GET", url: at + "?include_bundle=true", before: seed, status: 200, want: []string{"secret()", "old()"}, wantNot: []string{"new file", "theirs"}},
		{name: "a large bundle ends the page", as: "admin", method: "GET", url: at + "?include_bundle=true&limit=2", before: func(e *env) { e.seed(strings.Repeat("x", 9<<20)) }, status: 200,
			want: []string{"33333333"}, wantNot: []string{"22222222", "11111111"}, wantHeader: map[string]string{"Link": "<" + at + "?" + strings.Replace(next, "limit=1", "include_bundle=true&limit=2", 1) + `>; rel="next"`}},
		{name: "a flag that is none", as: "admin", method: "GET", url: at + "?include_files=yes", before: seed, status: 400, want: []string{"include_files must be true or false"}},
		{name: "none", as: "admin", method: "GET", url: at, status: 200, want: []string{"[]"}},
		{name: "limit 0 is 1", as: "admin", method: "GET", url: at + "?limit=0", before: seed, status: 200, want: []string{"33333333"}, wantNot: []string{"22222222"}},
		{name: "a negative limit", as: "admin", method: "GET", url: at + "?limit=-1", before: seed, status: 400, want: []string{"limit must be"}},
		{name: "half a cursor", as: "admin", method: "GET", url: at + "?cursor_id=33333333-3333-4333-8333-333333333333", before: seed, status: 400, want: []string{"give both"}},
		{name: "a cursor that is no time", as: "admin", method: "GET", url: at + "?cursor_deployed_at=x&cursor_id=33333333-3333-4333-8333-333333333333", before: seed, status: 400, want: []string{"RFC 3339"}},
		{name: "a cursor that is no id", as: "admin", method: "GET", url: at + "?cursor_deployed_at=2026-01-01T00:00:00Z&cursor_id=x", before: seed, status: 400, want: []string{"UUID"}},
	}...))
}

func TestGetRevision(t *testing.T) {
	t.Parallel()
	const at = deployURL + "/revisions/"
	run(t, append(denied("GET", at+"33333333-3333-4333-8333-333333333333", "", false), []scenario{
		{name: "without the bundle", as: "admin", method: "GET", url: at + "33333333-3333-4333-8333-333333333333", before: seed, status: 200,
			want: []string{`"deployed_at":"2026-01-01T00:02:00+00:00"`, `"actor":{"user_id":"1","actor_type":"token"}`, "new file"}, wantNot: []string{"secret"}},
		{name: "with the bundle", as: "admin", method: "GET", url: at + "33333333-3333-4333-8333-333333333333?include_bundle=true", before: seed, status: 200, want: []string{`"bundle":"secret()"`}},
		{name: "another guild's", as: "admin", method: "GET", url: at + "44444444-4444-4444-8444-444444444444", before: seed, status: 404, wantNot: []string{"theirs"}},
		{name: "no id", as: "admin", method: "GET", url: at + "x", before: seed, status: 400, want: []string{"Invalid revision ID"}},
	}...))
}

func TestRollback(t *testing.T) {
	t.Parallel()
	const at = deployURL + "/rollback/"
	run(t, append(denied("POST", at+"11111111-1111-4111-8111-111111111111", "", true), []scenario{
		{name: "to an older one", as: "admin", method: "POST", url: at + "11111111-1111-4111-8111-111111111111", before: seed, status: 200,
			want: []string{`"entry":"old.ts"`, `"status":"success"`, `"deploy_source":"api"`}, wantNot: []string{"old()"},
			after: func(t *testing.T, e *env) {
				t.Helper()
				if got := e.deployer.asked()[0]; got.RollbackOf != "11111111-1111-4111-8111-111111111111" {
					t.Errorf("it is a rollback of %q", got.RollbackOf)
				}
				r, err := e.deployments.Current(t.Context(), guildA)
				if err != nil || r.Bundle != "old()" {
					t.Errorf("current is %q, %v", r.Bundle, err)
				}
			}},
		{name: "to a failed one", as: "admin", method: "POST", url: at + "22222222-2222-4222-8222-222222222222", before: seed, status: 400, want: []string{"Rollback target must be a successful revision"}},
		{name: "to another guild's", as: "admin", method: "POST", url: at + "44444444-4444-4444-8444-444444444444", before: seed, status: 404},
		{name: "one that fails now", as: "admin", method: "POST", url: at + "11111111-1111-4111-8111-111111111111", status: 400,
			before: func(e *env) { seed(e); e.deployer.fail = fault.New(fault.DeployFailed, "Error: gone") },
			want:   []string{"rollback failed: Error: gone"}},
		{name: "no id", as: "admin", method: "POST", url: at + "1", before: seed, status: 400, want: []string{"Invalid revision ID"}},
	}...))
}

func TestDeploysAreLimitedByGuild(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(c *api.Config) { c.Limits.Deploys = api.Rate{PerSecond: 1.0 / 60, Burst: 2} })
	e.token("admin", "1", auth.WithGuilds(guildA, guildB))
	for i, want := range []int{200, 200, 429} {
		res := e.do("admin", "POST", deployURL, files, nil)
		body := text(t, res)
		if res.StatusCode != want {
			t.Fatalf("deploy %d: status %d, want %d: %s", i, res.StatusCode, want, body)
		}
		if want == 429 {
			var p struct{ Code string }
			if err := json.Unmarshal([]byte(body), &p); err != nil || p.Code != "rate_limited" || res.Header.Get("Retry-After") == "" {
				t.Errorf("%s, Retry-After %q", body, res.Header.Get("Retry-After"))
			}
		}
	}
	if res := e.do("admin", "POST", "/api/deployments/100000000000000002", files, nil); res.StatusCode != 200 {
		t.Errorf("another guild's deploy: status %d", res.StatusCode)
	}
}
