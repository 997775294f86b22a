package stores

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/db/dbtest"
	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// rounds is how often something is killed.
func rounds() int {
	if os.Getenv("FLORA_SOAK") != "" {
		return 500
	}
	return 9
}

// record is what was begun and what was acknowledged; deployments have rising
// numbers.
type record struct {
	mu           sync.Mutex
	acknowledged int // The last.
	good, begun  int // How many.
}

// deploying deploys one number after the other until a request gets no answer or
// it is over.
func (r *record) deploying(b *bot, over <-chan struct{}) {
	for {
		select {
		case <-over:
			return
		default:
		}
		r.mu.Lock()
		r.begun++
		n := r.begun
		r.mu.Unlock()
		status, _, err := rig.Call("POST", b.URL+"/api/deployments/"+b.Guild, b.token, numbered(n))
		if err != nil {
			return
		}
		if status == http.StatusOK {
			r.mu.Lock()
			r.acknowledged = n
			r.good++
			r.mu.Unlock()
		}
	}
}

// numbered is a bot that says its number when it is asked.
func numbered(n int) []byte {
	body, err := json.Marshal(map[string]any{"entry": "main.ts", "build_id": strconv.Itoa(n), "files": []map[string]string{{
		"path": "main.ts", "contents": fmt.Sprintf("on('messageCreate', async (c) => { if (!c.msg.author.bot) await c.reply('%d ' + c.msg.content) })", n),
	}}})
	if err != nil {
		panic(err) // Strings and numbers only.
	}
	return body
}

// check compares what the API says with what was acknowledged and with what
// runs.
func (r *record) check(b *bot) {
	b.t.Helper()
	var newest struct {
		BuildID string `json:"build_id"`
		Status  string `json:"status"`
	}
	b.until("the history", func() (bool, error) {
		status, answer, err := rig.Call("GET", b.URL+"/api/deployments/"+b.Guild+"/history?limit=1", b.token, nil)
		if err != nil || status != http.StatusOK {
			return false, fmt.Errorf("%d %s %w", status, answer, err)
		}
		list := []any{&newest}
		return true, json.Unmarshal(answer, &list)
	})
	if newest.BuildID == "" && r.acknowledged == 0 {
		return // The starter bot.
	}
	n, err := strconv.Atoi(newest.BuildID)
	if err != nil || newest.Status != "success" || n < r.acknowledged || n > r.begun {
		b.t.Errorf("the newest revision is %q (%s); %d was acknowledged, %d begun", newest.BuildID, newest.Status, r.acknowledged, r.begun)
	}
	b.answers(newest.BuildID + " ")
}

// TestKills kills control, Postgres or both at random moments of deployments:
// what was acknowledged is there, and what the database says runs.
func TestKills(t *testing.T) {
	t.Parallel()
	server := dbtest.OwnPostgres(t)
	dir := t.TempDir()
	b := start(t, dir, server.URL)
	var r record
	for round := range rounds() {
		over := make(chan struct{})
		var deployers sync.WaitGroup
		deployers.Go(func() { r.deploying(b, over) })
		timer := time.NewTimer(time.Duration(50+rand.IntN(600)) * time.Millisecond)
		<-timer.C
		what := round % 3
		if what != 0 {
			if err := server.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		if what != 1 {
			b.Kill()
		}
		if what != 0 {
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
		}
		close(over)
		deployers.Wait()
		if what != 1 {
			said := b.said
			b = start(t, dir, server.URL)
			b.said = said
		}
		r.check(b)
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	t.Logf("%d of %d deployments were acknowledged", r.good, r.begun)
}
