package cli

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// wiretap fails every request and keeps where it went with which token.
type wiretap struct {
	mu   sync.Mutex // Guards sent.
	sent []string
}

func (w *wiretap) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, r.URL.Host+" "+r.Header.Get("Authorization"))
	return nil, http.ErrServerClosed
}

// TestDevOfSomebodyElses: a project that was cloned brings a folder .flora along.
func TestDevOfSomebodyElses(t *testing.T) {
	t.Parallel()
	const secret = "the-persons-secret"
	for name, row := range map[string]struct {
		files, links map[string]string
	}{
		"a server elsewhere":   {files: map[string]string{".flora/data/dev.json": `{"url":"http://evil.example","guild":"1","token_file":"$HOME/secret"}`, ".flora/data/token": "t"}},
		"a name of theirs":     {files: map[string]string{".flora/data/dev.json": `{"url":"http://127.0.0.1.evil.example","guild":"1","token_file":"$HOME/secret"}`, ".flora/data/token": "t"}},
		"a file of the person": {files: map[string]string{".flora/data/dev.json": `{"url":"http://127.0.0.1:1","guild":"1","token_file":"$HOME/secret"}`, ".flora/data/token": "t"}},
		"a link as token":      {files: map[string]string{".flora/data/dev.json": `{"url":"http://127.0.0.1:1","guild":"1"}`}, links: map[string]string{".flora/data/token": "$HOME/secret"}},
		"a link as lock":       {links: map[string]string{".flora/dev.lock": "$HOME/secret"}},
		"a link as new token":  {links: map[string]string{".flora/data/token.new": "$HOME/secret"}},
		"a link as folder":     {links: map[string]string{".flora": "$HOME"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home := testProject(t, map[string]string{"secret": secret})
			dir := testProject(t, map[string]string{"main.ts": "log(1)"})
			put := func(name string) string {
				name = filepath.Join(dir, filepath.FromSlash(name))
				if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
					t.Fatal(err)
				}
				return name
			}
			for name, text := range row.files {
				if err := os.WriteFile(put(name), []byte(strings.ReplaceAll(text, "$HOME", home)), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for name, to := range row.links {
				if err := os.Symlink(strings.ReplaceAll(to, "$HOME", home), put(name)); err != nil {
					t.Fatal(err)
				}
			}
			tap, out := &wiretap{}, &bytes.Buffer{}
			code := Main(t.Context(), State{
				Args: []string{"dev", "--port", "0"}, Dir: dir, Stdout: out, Stderr: out, Transport: tap,
				Env: []string{"HOME=" + home, "FLORA_RETRY_SECS=0", "FLORA_RUNTIME=" + fakeRuntime(t, "exit 1")},
			})
			if code == OK {
				t.Error("it succeeded")
			}
			if sent := fmt.Sprint(tap.sent); strings.Contains(sent, secret) || strings.Contains(sent, "evil.example") {
				t.Errorf("it sent %s", sent)
			}
			if b, err := os.ReadFile(filepath.Join(home, "secret")); err != nil || string(b) != secret {
				t.Errorf("the person's file is now %q, %v", b, err)
			}
			if all, err := os.ReadDir(home); err != nil || len(all) != 1 {
				t.Errorf("there are %d files where the link leads, %v", len(all), err)
			}
			if len(row.links) > 0 && !strings.Contains(out.String(), "is a link") {
				t.Errorf("it says %s", out)
			}
		})
	}
}

// TestRuntimesGetNoToken: what is started here has no use for it.
func TestRuntimesGetNoToken(t *testing.T) {
	t.Parallel()
	dir := testProject(t, map[string]string{"main.ts": "log(1)", "a.test.ts": "Deno.test('x', () => {})"})
	for _, command := range []string{"dev", "test"} {
		var out bytes.Buffer
		code := Main(t.Context(), State{
			Args: []string{command}, Dir: dir, Stdout: &out, Stderr: &out,
			Env: []string{"HOME=" + dir, "FLORA_TOKEN=flora_t0ken", "OTHER=kept", "FLORA_RUNTIME=" + fakeRuntime(t, "echo \"[$FLORA_TOKEN$OTHER]\" >&2; exit 1")},
		})
		if code == OK || !strings.Contains(out.String(), "[kept]") {
			t.Errorf("%s: %d %s", command, code, &out)
		}
	}
}
