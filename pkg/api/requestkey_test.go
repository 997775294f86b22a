package api_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// TestRequestKey: what is sent again with its key is carried out once.
func TestRequestKey(t *testing.T) {
	t.Parallel()
	const rollback = deployURL + "/rollback/11111111-1111-4111-8111-111111111111"
	type step struct {
		url, body, key string
		status         int
		want           string // In the answer.
		deploys        int    // Carried out so far.
	}
	again := `"00000000-0000-4000-8000-000000000001"`
	rows := map[string][]step{
		"again": {
			{deployURL, files, "k", 200, again, 1}, {deployURL, files, "k", 200, again, 1},
			{deployURL, files, "k2", 200, "0002", 2}, {deployURL, files, "k", 200, again, 2},
		},
		"in another spelling":     {{deployURL, `{"entry":"a.ts","bundle":"x"}`, "k", 200, again, 1}, {deployURL, `{"bundle":"x", "entry":"a.ts"}`, "k", 200, again, 1}},
		"without a key":           {{deployURL, files, "", 200, again, 1}, {deployURL, files, "", 200, "0002", 2}},
		"another body":            {{deployURL, files, "k", 200, again, 1}, {deployURL, `{"entry":"a.ts","bundle":"x"}`, "k", 422, "was used for another request", 1}},
		"another route":           {{deployURL, files, "k", 200, again, 1}, {rollback, "", "k", 422, "which made revision 00000000-0000-4000-8000-000000000001", 1}},
		"a rollback":              {{rollback, "", "k", 200, again, 1}, {rollback, "", "k", 200, again, 1}, {rollback, "", "k2", 200, "0002", 2}},
		"a build that is not":     {{deployURL, `{"build_id":"0f0e0d0c-0000-4000-8000-000000000001"}`, "k", 404, "not_found", 0}, {deployURL, files, "k", 200, again, 1}},
		"a key that is too long":  {{deployURL, files, strings.Repeat("k", 129), 400, "at most 128", 0}},
		"a key of other letters":  {{deployURL, files, "schlüssel", 400, "printable ASCII", 0}},
		"the longest key":         {{deployURL, files, strings.Repeat("k", 128), 200, again, 1}},
		"a body that is no good":  {{deployURL, `{}`, "k", 422, "missing field", 0}, {deployURL, files, "k", 200, again, 1}},
		"a script that is broken": {{deployURL, files, "broken", 400, "deploy_failed", 0}},
	}
	for name, steps := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t, nil)
			e.token("admin", "1")
			seed(e)
			broken := deploy.Revision{
				ID: "55555555-5555-4555-8555-555555555555", Guild: guildA, Entry: "src/main.ts", Status: deploy.Failed, Error: "Error: at load",
				DeployedAt: time.Date(2026, 1, 1, 1, 0, 0, 0, time.UTC),
			}
			// The key as the route makes it of this body.
			var body struct {
				Entry string        `json:"entry"`
				Files []deploy.File `json:"files"`
			}
			if err := json.Unmarshal([]byte(files), &body); err != nil {
				t.Fatal(err)
			}
			var err error
			if broken.Request, err = deploy.NewRequestKey("broken", body); err == nil {
				err = e.deployments.PutRevision(t.Context(), broken)
			}
			if err != nil {
				t.Fatal(err)
			}
			for i, s := range steps {
				header := map[string]string{}
				if s.key != "" {
					header["Idempotency-Key"] = s.key
				}
				res := e.do("admin", "POST", s.url, s.body, header)
				got := text(t, res)
				if res.StatusCode != s.status || !strings.Contains(got, s.want) {
					t.Errorf("step %d: %d %s, want %d with %q", i, res.StatusCode, got, s.status, s.want)
				}
				if n := len(e.deployer.asked()); n != s.deploys {
					t.Errorf("step %d: %d deployments were made, want %d", i, n, s.deploys)
				}
			}
		})
	}
}

func TestRequestKeyWithoutStore(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	e.token("admin", "1")
	e.deployer.fail = fault.New(fault.Unavailable, "try again")
	header := map[string]string{"Idempotency-Key": "k"}
	if res := e.do("admin", "POST", deployURL, files, header); res.StatusCode != 503 {
		t.Fatalf("status %d", res.StatusCode)
	}
	e.deployer.fail = nil
	if res := e.do("admin", "POST", deployURL, files, header); res.StatusCode != 200 {
		t.Errorf("what failed before is refused: status %d", res.StatusCode)
	}
	// What is stored is no success before it serves.
	e.deployer.fail = fault.New(fault.Unavailable, "try again")
	if res := e.do("admin", "POST", deployURL, files, header); res.StatusCode != 503 {
		t.Errorf("what does not serve is told as deployed: status %d", res.StatusCode)
	}
	e.deployer.fail = nil
	if res := e.do("admin", "POST", deployURL, files, header); res.StatusCode != 200 || len(e.deployer.asked()) != 2 {
		t.Errorf("status %d after %d deployments", res.StatusCode, len(e.deployer.asked()))
	}
}
