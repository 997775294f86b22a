package playground

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

var bin string

// limit bounds every wait for the page.
const limit = rig.Patience / 2

func TestMain(m *testing.M) { os.Exit(rig.Main(m, &bin)) }

// stage is a runtime with one server for each test, and a browser.
type stage struct {
	p       *rig.Process
	browser context.Context //nolint:containedctx // It is the browser.
	free    []server        // Those that no test has taken.
}

// server is one of the simulated Discord.
type server struct{ id, channel string }

// environment is the tests' own without what configures a runtime.
func environment(dir string, more ...string) []string {
	return append(append(os.Environ(), "HOME="+dir, "FLORA_EGRESS_DENY=0.0.0.0/0,::/0"), more...)
}

// set starts the runtime and the browser, for so many tests.
func set(t *testing.T, tests int) *stage {
	t.Helper()
	dir := t.TempDir()
	p, err := rig.Start(bin, dir, environment(dir), "dev", "--port", "0", "--no-rate-limits", "--guilds", strconv.Itoa(tests))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	s := &stage{p: p, browser: chromium(t)}
	var world struct {
		Guilds []struct {
			ID       string
			Channels []struct{ ID string }
		}
	}
	s.call(t, "GET", "/sim?limit=1000", nil, &world)
	for _, g := range world.Guilds {
		s.free = append(s.free, server{g.ID, g.Channels[0].ID})
	}
	return s
}

// chromium starts a headless browser, which ends with the test.
func chromium(t *testing.T) context.Context {
	t.Helper()
	path := os.Getenv("CHROME")
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); path == "" && err == nil {
			path = found
		}
	}
	if path == "" {
		t.Fatal("no Chromium: run scripts/test-programs, or name one in CHROME")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 800),
		chromedp.Flag("lang", "en-US"), chromedp.Env("LANG=en_US.UTF-8", "TZ=UTC"))
	if os.Getuid() == 0 { // It refuses its own sandbox for root.
		options = append(options, chromedp.NoSandbox)
	}
	alloc, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, end := chromedp.NewContext(alloc)
	t.Cleanup(end)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return ctx
}

// call sends a request to the runtime and reads its answer into out.
func (s *stage) call(t *testing.T, method, path string, body, out any) {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.p.URL+path, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	token, err := s.p.Token()
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // It was read.
	if res.StatusCode >= 300 {
		var why bytes.Buffer
		_, _ = why.ReadFrom(res.Body)
		t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, why.String())
	}
	if out != nil {
		if err := json.NewDecoder(res.Body).Decode(out); err != nil {
			t.Fatal(err)
		}
	}
}

// deploy gives the server the bot that the tests play with.
func (s *stage) deploy(t *testing.T, g server, source string) {
	t.Helper()
	s.call(t, "POST", "/api/deployments/"+g.id, map[string]any{"entry": "main.ts", "files": []map[string]string{{"path": "main.ts", "contents": source}}}, nil)
}

// bot is the source of the bot that the tests play with.
func bot(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("testdata/bot/main.ts")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func quote(text string) string {
	b, _ := json.Marshal(text) //nolint:errchkjson // A string.
	return string(b)
}
