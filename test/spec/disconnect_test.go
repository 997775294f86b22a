package spec

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"
)

// TestClientsThatDisconnect ends deploys and deletions at random
// moments: the script that runs is the one that the API tells.
func TestClientsThatDisconnect(t *testing.T) {
	t.Parallel()
	p := dev(t, t.TempDir(), "--no-rate-limits")
	tok := token(t, p)
	ask := func(path string, into any) (int, error) {
		status, answer, err := call("GET", p.url+"/api"+path+p.guild, tok, nil)
		if err == nil && status == http.StatusOK {
			err = json.Unmarshal(answer, into)
		}
		return status, err
	}
	cut := 0
	for round := range rounds(500) {
		method, body := "POST", fmt.Sprintf(`{"entry":"main.ts","files":[{"path":"main.ts","contents":"console.log(%d)"}]}`, round)
		if round > 0 && rand.IntN(4) == 0 {
			method, body = "DELETE", ""
		}
		patient := rand.N(150 * time.Millisecond)
		if round == 0 {
			patient = time.Millisecond // Nothing is deployed in that time.
		}
		ctx, cancel := context.WithTimeout(t.Context(), patient)
		req, err := http.NewRequestWithContext(ctx, method, p.url+"/api/deployments/"+p.guild, bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+tok)
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = res.Body.Close()
		} else {
			cut++
		}
		cancel()
		if err := until("the API and the runtime to agree", func() (bool, error) {
			var runs, stored struct {
				State      string
				RevisionID string `json:"revision_id"`
			}
			if _, err := ask("/status/", &runs); err != nil {
				return false, err
			}
			status, err := ask("/deployments/", &stored)
			if err != nil || status != http.StatusOK && status != http.StatusNotFound {
				return false, fmt.Errorf("deployment: %d %w", status, err)
			}
			if runs.RevisionID != stored.RevisionID {
				return false, nil // What was begun may still be on its way.
			}
			return true, nil
		}); err != nil {
			t.Fatalf("round %d, %s: %v", round, method, err)
		}
	}
	if cut == 0 {
		t.Error("no client left early")
	}
	t.Logf("%d of %d requests were cut off", cut, rounds(500))
}
