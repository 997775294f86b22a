package spec

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// flaky is a proxy on the way to a runtime that breaks deployments by a plan.
type flaky struct {
	*httptest.Server
	target string

	mu    sync.Mutex
	plan  map[string][]fault // Of what happens to the next requests of a path.
	kept  int                // Requests that go on behind a caller that was cut off.
	none  *sync.Cond         // Told when there are none of them left.
	after func()             // Called once when a deployment has its answer.
}

// fault is how a request goes wrong.
type fault int

const (
	cutBefore    fault = iota // The connection breaks before anything arrives.
	cutDuring                 // It breaks in the middle of the request.
	cutMeanwhile              // The request arrives, and its caller is cut off at once.
	cutAfter                  // The request is carried out, and the answer is lost.
	cutAnswer                 // A part of the answer comes.
	badGateway                // 502, and nothing arrived.
	lateGateway               // 504, and the request goes on.
	unavailable               // 503 with Retry-After.
	tooMany                   // 429 with Retry-After.
	faults
)

func newFlaky(t *testing.T, target string) *flaky {
	t.Helper()
	f := &flaky{target: target, plan: map[string][]fault{}}
	f.none = sync.NewCond(&f.mu)
	f.Server = httptest.NewServer(f)
	t.Cleanup(func() {
		f.Close()
		f.settle()
	})
	return f
}

// settle waits for what goes on behind callers. Others may begin more of it
// meanwhile, which a WaitGroup does not allow.
func (f *flaky) settle() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.kept > 0 {
		f.none.Wait()
	}
}

func (f *flaky) next(path string) fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.plan[path]) == 0 {
		return faults
	}
	next := f.plan[path][0]
	f.plan[path] = f.plan[path][1:]
	return next
}

// forward sends the request on; its caller's end does not end it.
func (f *flaky) forward(r *http.Request, body []byte) (int, http.Header, []byte) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.Method, f.target+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return http.StatusBadGateway, nil, []byte(err.Error())
	}
	req.Header = r.Header.Clone()
	req.Header.Set("Connection", "close")
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return http.StatusBadGateway, nil, []byte(err.Error())
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return http.StatusBadGateway, nil, []byte(err.Error())
	}
	f.mu.Lock()
	after := f.after
	f.after = nil
	f.mu.Unlock()
	if after != nil {
		after()
	}
	return res.StatusCode, res.Header, answer
}

func (f *flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	cut := func() { panic(http.ErrAbortHandler) }
	refuse := func(status int, retryAfter string) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<html>a gateway's page</html>")
	}
	behind := func() {
		f.mu.Lock()
		f.kept++
		f.mu.Unlock()
		go func() {
			f.forward(r, body)
			f.mu.Lock()
			defer f.mu.Unlock()
			f.kept--
			f.none.Broadcast()
		}()
	}
	switch f.next(r.URL.Path) {
	case cutBefore:
		cut()
	case cutDuring:
		f.tear(r, body)
		cut()
	case cutMeanwhile:
		behind()
		cut()
	case cutAfter:
		f.forward(r, body)
		cut()
	case badGateway:
		refuse(http.StatusBadGateway, "")
	case lateGateway:
		behind()
		refuse(http.StatusGatewayTimeout, "")
	case unavailable:
		refuse(http.StatusServiceUnavailable, "1")
	case tooMany:
		refuse(http.StatusTooManyRequests, "1")
	case cutAnswer:
		_, _, answer := f.forward(r, body)
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		_, _ = w.Write(answer[:len(answer)/2])
		_ = http.NewResponseController(w).Flush()
		cut()
	default:
		status, header, answer := f.forward(r, body)
		w.Header().Set("Content-Type", header.Get("Content-Type"))
		w.WriteHeader(status)
		_, _ = w.Write(answer)
	}
}

// tear sends the first half of the request and breaks the connection.
func (f *flaky) tear(r *http.Request, body []byte) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), patience)
	defer cancel()
	half := io.MultiReader(bytes.NewReader(body[:len(body)/2]), torn{})
	req, err := http.NewRequestWithContext(ctx, r.Method, f.target+r.URL.RequestURI(), half)
	if err != nil {
		return
	}
	req.Header, req.ContentLength = r.Header.Clone(), int64(len(body))
	if res, err := http.DefaultTransport.RoundTrip(req); err == nil {
		_ = res.Body.Close()
	}
}

type torn struct{}

func (torn) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

// author deploys to one guild with the built tool.
type author struct {
	t          *testing.T
	p          *process
	api        string
	guild, dir string
	last       string // The last revision.
}

type revisionLine struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

func (a *author) history() []revisionLine {
	a.t.Helper()
	status, answer, err := call("GET", a.p.url+"/api/deployments/"+a.guild+"/history?limit=100", token(a.t, a.p), nil)
	if err != nil || status != http.StatusOK {
		a.t.Fatalf("history: %d %s %v", status, answer, err)
	}
	var all []revisionLine
	if err := json.Unmarshal(answer, &all); err != nil {
		a.t.Fatal(err)
	}
	return all
}

// deploy deploys and gives what the tool printed to its standard error.
func (a *author) deploy(script string) (revision, said string, err error) {
	a.t.Helper()
	if err := os.WriteFile(filepath.Join(a.dir, "b.js"), []byte(script), 0o600); err != nil {
		a.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(a.t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "flora"), "deploy", "--bundle", "b.js", "--json") //nolint:gosec // Our own binary.
	cmd.Dir = a.dir
	cmd.Env = append(os.Environ(), "HOME="+a.dir, "FLORA_API_URL="+a.api, "FLORA_TOKEN="+token(a.t, a.p), "FLORA_GUILD="+a.guild)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", stderr.String(), fmt.Errorf("%w: %s", err, stderr.String())
	}
	var doc struct {
		Revision string `json:"revision_id"`
	}
	if err := json.Unmarshal(stdout.Bytes(), &doc); err != nil || doc.Revision == "" {
		a.t.Fatalf("the tool printed %q, %v", stdout.String(), err)
	}
	return doc.Revision, stderr.String(), nil
}

// one checks that the deployment made the one revision that is new.
func (a *author) one(revision string, what any) {
	a.t.Helper()
	h := a.history()
	if len(h) == 0 || h[0].ID != revision || h[0].Status != "success" {
		a.t.Fatalf("%v: the tool says %s, the history %v", what, revision, h)
	}
	before := ""
	if len(h) > 1 {
		before = h[1].ID
	}
	if before != a.last {
		at := slices.IndexFunc(h, func(r revisionLine) bool { return r.ID == a.last })
		a.t.Errorf("%v: %d revisions are new", what, at)
	}
	a.last = revision
}

// TestDeployOverAFlakyNetwork: whatever the network does, one deployment is one
// revision.
func TestDeployOverAFlakyNetwork(t *testing.T) {
	t.Parallel()
	rounds, guilds := rig.Soak(20, 500), 4
	p := dev(t, t.TempDir(), "--guilds", strconv.Itoa(guilds))
	f := newFlaky(t, p.url)
	seed := uint64(time.Now().UnixNano()) //nolint:gosec // Any number will do.
	t.Logf("seed %d", seed)
	for i, guild := range allGuilds(t, p) {
		t.Run("guild "+strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, uint64(i))) //nolint:gosec // A plan that can be made again.
			a := &author{t: t, p: p, api: f.URL, guild: guild, dir: t.TempDir()}
			if h := a.history(); len(h) > 0 {
				a.last = h[0].ID
			}
			for round := range (rounds + guilds - 1) / guilds {
				plan := make([]fault, 1+random.IntN(3))
				for j := range plan {
					plan[j] = fault(random.IntN(int(faults)))
				}
				if round == 0 { // Each at least once, in the four guilds.
					plan = []fault{fault(i), fault(4 + i)}
				}
				f.mu.Lock()
				f.plan["/api/deployments/"+guild] = slices.Clone(plan)
				f.mu.Unlock()
				revision, said, err := a.deploy(fmt.Sprintf("console.log('round %d')", round))
				if err != nil {
					t.Fatalf("round %d, %v: %s", round, plan, err)
				}
				// Go itself sends a request with a key again when a connection that
				// was used before breaks; the rest is told.
				told := slices.ContainsFunc(plan, func(f fault) bool { return f >= cutAnswer })
				if told && !strings.Contains(said, "trying again in") {
					t.Errorf("round %d, %v: the author reads %q", round, plan, said)
				}
				f.settle()
				a.one(revision, plan)
			}
		})
	}
}

func allGuilds(t *testing.T, p *process) []string {
	t.Helper()
	status, answer, err := call("GET", p.url+"/api/guilds", token(t, p), nil)
	var guilds []struct {
		ID string `json:"id"`
	}
	if err == nil {
		err = json.Unmarshal(answer, &guilds)
	}
	if err != nil || status != http.StatusOK || len(guilds) == 0 {
		t.Fatalf("guilds: %d %s %v", status, answer, err)
	}
	ids := make([]string, len(guilds))
	for i, g := range guilds {
		ids[i] = g.ID
	}
	return ids
}

// TestDeployOverAKill: the runtime is killed after it stored the revision and
// before anybody heard of it, and comes back.
func TestDeployOverAKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, port := rig.FreeAddress(t)
	again := func() *process {
		p, err := start(dir, append(os.Environ(), "HOME="+dir), "dev", "--port", port, "--data-dir", dir+"/data")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.kill)
		return p
	}
	p := again()
	f := newFlaky(t, p.url)
	a := &author{t: t, p: p, api: f.URL, guild: p.guild, dir: t.TempDir()}
	a.last = a.history()[0].ID
	for round := range 3 {
		f.mu.Lock()
		f.plan["/api/deployments/"+a.guild] = []fault{cutAfter}
		f.after = func() {
			_ = p.signal(syscall.SIGKILL)
			p = again()
		}
		f.mu.Unlock()
		revision, _, err := a.deploy(fmt.Sprintf("console.log('life %d')", round))
		if err != nil {
			t.Fatal(err)
		}
		a.p = p
		a.one(revision, round)
	}
}
