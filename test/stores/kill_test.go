package stores

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// rounds is how often something is killed.
func rounds() int { return rig.Soak(20, 500) }

// count is what was begun and what was acknowledged of writes with rising
// numbers.
type count struct{ acknowledged, begun int }

// record is what writers did.
type record struct {
	mu     sync.Mutex
	deploy count
	good   int              // Writes that were acknowledged.
	keys   map[string]count // Of the key-value store.
	tokens map[string]state // By their text.
}

// state is what is known of an API token.
type state int

const (
	live state = iota + 1
	dying
	dead
)

func newRecord() *record {
	return &record{keys: map[string]count{}, tokens: map[string]state{}}
}

// pace keeps the writers, who are one caller, within the API's rate limit.
const pace = 60 * time.Millisecond

// writing calls write until a request gets no answer or it is over.
func writing(over <-chan struct{}, write func() (status int, err error)) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		select {
		case <-over:
			return
		case <-tick.C:
		}
		if _, err := write(); err != nil {
			return
		}
	}
}

// acknowledge notes that a write was answered.
func (r *record) acknowledge(status int, note func()) {
	if status >= http.StatusMultipleChoices {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.good++
	note()
}

// deploying deploys bots with rising numbers.
func (r *record) deploying(b *bot) (int, error) {
	r.mu.Lock()
	r.deploy.begun++
	n := r.deploy.begun
	r.mu.Unlock()
	status, err := b.send(n)
	if err == nil {
		r.acknowledge(status, func() { r.deploy.acknowledged = n })
	}
	return status, err
}

// send deploys the numbered bot, with its number as the request's key.
func (b *bot) send(n int) (status int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), rig.Patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.URL+"/api/deployments/"+b.Guild, bytes.NewReader(numbered(n)))
	if err != nil {
		return 0, err
	}
	req.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + b.token}, "Idempotency-Key": {strconv.Itoa(n)}}
	req.Close = true // Nobody below sends it again.
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, errors.Join(err, res.Body.Close())
}

// again sends the last deployment again, whatever came of it: whether it was
// stored before the kill or not, there is one revision of it, and of each other.
func (r *record) again(b *bot) {
	b.t.Helper()
	n := r.deploy.begun
	if n == 0 {
		return
	}
	b.until("a deployment that is sent again", func() (bool, error) {
		status, err := b.send(n)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("status %d", status)
		}
		return err == nil, err
	})
	r.deploy.acknowledged = n
	var kept []struct {
		BuildID string `json:"build_id"`
	}
	status, answer := b.ask("/api/deployments/"+b.Guild+"/history?limit=100", b.token)
	if err := json.Unmarshal(answer, &kept); err != nil || status != http.StatusOK {
		b.t.Fatalf("the history: %d %s %v", status, answer, err)
	}
	seen := map[string]bool{}
	for _, k := range kept {
		if seen[k.BuildID] {
			b.t.Errorf("there are two revisions of deployment %s", k.BuildID)
		}
		seen[k.BuildID] = true
	}
}

// setting sets a key to rising numbers, and its metadata with it.
func (r *record) setting(b *bot, key string) (int, error) {
	r.mu.Lock()
	c := r.keys[key]
	c.begun++
	r.keys[key] = c
	r.mu.Unlock()
	n := c.begun
	body := fmt.Sprintf(`{"value":"%d %s","metadata":{"n":%d}}`, n, strings.Repeat("x", n%5000), n)
	status, _, err := rig.Call("PUT", b.URL+"/api/kv/"+b.Guild+"/store/"+key, b.token, []byte(body))
	if err == nil {
		r.acknowledge(status, func() {
			c := r.keys[key]
			c.acknowledged = n
			r.keys[key] = c
		})
	}
	return status, err
}

// changing makes a token, and deletes one of those before.
func (r *record) changing(b *bot) (int, error) {
	status, answer, err := rig.Call("POST", b.URL+"/api/tokens", b.token, []byte(`{"label":"made while something is killed"}`))
	if err != nil {
		return status, err
	}
	var made struct{ Token string }
	if status < http.StatusMultipleChoices {
		if err := json.Unmarshal(answer, &made); err != nil {
			return status, err
		}
		r.acknowledge(status, func() { r.tokens[made.Token] = live })
	}
	r.mu.Lock()
	victim := ""
	for text, s := range r.tokens {
		if s == live && text != made.Token {
			victim = text
			r.tokens[text] = dying
			break
		}
	}
	r.mu.Unlock()
	if victim == "" {
		return status, nil
	}
	status, _, err = rig.Call("DELETE", b.URL+"/api/tokens/"+tokenID(victim), b.token, nil)
	if err == nil {
		r.acknowledge(status, func() { r.tokens[victim] = dead })
	}
	return status, err
}

// tokenID is the part of a token that names it.
func tokenID(text string) string {
	id, _, _ := strings.Cut(strings.TrimPrefix(text, "flora_"), "_")
	return id
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
	r.checkDeployment(b)
	r.again(b)
	r.checkDeployment(b)
	for key, c := range r.keys {
		r.checkKey(b, key, c)
	}
	for text, s := range r.tokens {
		r.checkToken(b, text, s)
	}
}

// ask reads something, as soon as the API's rate limit allows.
func (b *bot) ask(path, token string) (status int, answer []byte) {
	b.t.Helper()
	b.until("an answer about "+path, func() (bool, error) {
		var err error
		status, answer, err = rig.Call("GET", b.URL+path, token, nil)
		return err == nil && status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable, err
	})
	return status, answer
}

func (r *record) checkDeployment(b *bot) {
	b.t.Helper()
	var newest []struct {
		BuildID string `json:"build_id"`
		Status  string `json:"status"`
	}
	status, answer := b.ask("/api/deployments/"+b.Guild+"/history?limit=1", b.token)
	if err := json.Unmarshal(answer, &newest); err != nil || status != http.StatusOK {
		b.t.Fatalf("the history: %d %s %v", status, answer, err)
	}
	if len(newest) == 0 && r.deploy.acknowledged == 0 {
		return
	}
	if len(newest) == 0 {
		b.t.Fatalf("there is no revision; %d was acknowledged", r.deploy.acknowledged)
	}
	n, err := strconv.Atoi(newest[0].BuildID)
	if err != nil || newest[0].Status != "success" || n < r.deploy.acknowledged || n > r.deploy.begun {
		b.t.Errorf("the newest revision is %+v; %d was acknowledged, %d begun", newest[0], r.deploy.acknowledged, r.deploy.begun)
	}
	b.answers(newest[0].BuildID + " ")
}

func (r *record) checkKey(b *bot, key string, c count) {
	b.t.Helper()
	var e struct {
		Value    *string
		Metadata *struct{ N int }
	}
	status, answer := b.ask("/api/kv/"+b.Guild+"/store/"+key, b.token)
	err := json.Unmarshal(answer, &e)
	if err != nil || status != http.StatusOK {
		b.t.Fatalf("read %s: %d %.200s %v", key, status, answer, err)
	}
	n := 0
	if e.Value != nil {
		number, rest, _ := strings.Cut(*e.Value, " ")
		if n, err = strconv.Atoi(number); err != nil || len(rest) != n%5000 || e.Metadata == nil || e.Metadata.N != n {
			b.t.Errorf("half of a write is there: %.200s", answer)
		}
	}
	if n < c.acknowledged || n > c.begun {
		b.t.Errorf("%s is %d; %d was acknowledged, %d begun", key, n, c.acknowledged, c.begun)
	}
}

func (r *record) checkToken(b *bot, text string, s state) {
	b.t.Helper()
	status, answer := b.ask("/api/limits", text)
	good, gone := status == http.StatusOK, status == http.StatusUnauthorized
	switch {
	case !good && !gone:
		b.t.Fatalf("use a token: %d %s", status, answer)
	case s == live && !good:
		b.t.Errorf("a token that was acknowledged is answered with %d", status)
	case s == dead && !gone:
		b.t.Errorf("a token whose deletion was acknowledged is answered with %d", status)
	}
	if gone {
		delete(r.tokens, text)
	} else {
		r.tokens[text] = live
	}
}

// TestKills kills control, Postgres or both at random moments of deployments,
// key-value writes and changes of tokens: what was acknowledged is there, as a
// whole, and what the database says runs.
func TestKills(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.env = append(s.env, "FLORA_KV_LIMITS_WRITES_PER_MINUTE=1000000")
	s.start(t)
	r := newRecord()
	for round := range rounds() {
		over, b := make(chan struct{}), s.bot
		var writers sync.WaitGroup
		writers.Go(func() { writing(over, func() (int, error) { return r.deploying(b) }) })
		writers.Go(func() { writing(over, func() (int, error) { return r.changing(b) }) })
		for w := range 2 {
			writers.Go(func() { writing(over, func() (int, error) { return r.setting(b, "k"+strconv.Itoa(w)) }) })
		}
		<-time.NewTimer(time.Duration(50+rand.IntN(600)) * time.Millisecond).C
		what := round % 3
		if what != 0 {
			if err := s.postgres.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		if what != 1 {
			s.Kill()
		}
		if what != 0 {
			if err := s.postgres.Start(); err != nil {
				t.Fatal(err)
			}
		}
		close(over)
		writers.Wait()
		if what != 1 {
			s.start(t)
		}
		r.check(s.bot)
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	t.Logf("%d writes were acknowledged; %d of %d deployments", r.good, r.deploy.acknowledged, r.deploy.begun)
}
