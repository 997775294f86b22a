package cli

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// loginServer gives the token for the code "c0de", to whoever has the verifier
// of the challenge.
type loginServer struct {
	*server
	challenge string
}

func newLoginServer(t *testing.T) *loginServer {
	t.Helper()
	l := &loginServer{server: newServer(t, answers())}
	api := l.Config.Handler
	l.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/auth/cli" {
			http.Redirect(w, r, "/api/auth/login?next=x", http.StatusFound)
			return
		}
		if r.URL.Path != "/api/auth/cli/token" {
			api.ServeHTTP(w, r)
			return
		}
		var in struct {
			Code     string `json:"code"`
			Verifier string `json:"code_verifier"`
		}
		err := json.NewDecoder(r.Body).Decode(&in)
		sum := sha256.Sum256([]byte(in.Verifier))
		if err != nil || in.Code != "c0de" || base64.RawURLEncoding.EncodeToString(sum[:]) != l.challenge || r.Header.Get("Authorization") != "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, `{"token":"`+token+`","token_id":"t-1","label":"x"}`)
	})
	return l
}

// person opens what a browser is told to open and is led back with an answer.
func (l *loginServer) person(t *testing.T, answer url.Values) func(string) error {
	return func(address string) error {
		u, err := url.Parse(address)
		if err != nil {
			return err
		}
		q := u.Query()
		l.challenge = q.Get("code_challenge")
		if !strings.HasPrefix(address, l.URL+"/api/auth/cli?") || q.Get("code_challenge_method") != "S256" || len(q.Get("state")) < 32 {
			t.Errorf("the browser opens %s", address)
		}
		back := q.Get("redirect_uri")
		if to, err := url.Parse(back); err != nil || to.Hostname() != "127.0.0.1" || to.RawQuery != "" {
			t.Errorf("the browser is led to %s", back)
		}
		// Others on this machine learn nothing and end nothing.
		for _, stranger := range []string{"/", "/callback", "/callback?code=c0de&state=x", "/other?code=c0de&state=" + q.Get("state")} {
			res, err := http.Get(strings.TrimSuffix(back, callbackPath) + stranger)
			if err != nil {
				return err
			}
			if _ = res.Body.Close(); res.StatusCode != http.StatusNotFound {
				t.Errorf("%s: %d", stranger, res.StatusCode)
			}
		}
		answer.Set("state", q.Get("state"))
		res, err := http.Get(back + "?" + answer.Encode())
		if err != nil {
			return err
		}
		if _ = res.Body.Close(); res.StatusCode != http.StatusOK {
			t.Errorf("the page is %d", res.StatusCode)
		}
		return nil
	}
}

func TestLoginWithTheBrowser(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		args     []string
		terminal bool
		answer   url.Values
		code     ExitCode
		stderr   string
	}{
		"on a terminal":     {nil, true, url.Values{"code": {"c0de"}}, OK, "Your browser opens to log in to "},
		"asked for":         {[]string{"--web"}, false, url.Values{"code": {"c0de"}}, OK, "Your browser opens"},
		"cancelled":         {[]string{"--web"}, false, url.Values{"error": {"access_denied"}}, Auth, "the login was cancelled in the browser"},
		"refused":           {[]string{"--web"}, false, url.Values{"error": {"server\x1b[2J"}}, Auth, "the server refused the login: server\ufffd[2J"},
		"without a code":    {[]string{"--web"}, false, url.Values{}, Auth, "the server sent no code"},
		"with another code": {[]string{"--web"}, false, url.Values{"code": {"other"}}, Auth, "the server answers 401"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLoginServer(t)
			home := t.TempDir()
			u := stranger(t, home)
			u.terminal, u.browse = row.terminal, l.person(t, row.answer)
			code, stdout, stderr := u.run(append([]string{"login", "--api", l.URL}, row.args...)...)
			if code != row.code || !strings.Contains(stderr, row.stderr) || strings.Contains(stdout+stderr, token) {
				t.Fatalf("%d %q %q", code, stdout, stderr)
			}
			file := filepath.Join(home, ".config", "flora", "cli.json")
			if row.code != OK {
				if _, err := os.Stat(file); !os.IsNotExist(err) {
					t.Errorf("something was saved: %v", err)
				}
				return
			}
			b, err := os.ReadFile(file)
			if err != nil || !strings.Contains(string(b), `"`+l.URL+`/api": "t-1"`) {
				t.Errorf("%s %v", b, err)
			}
			// What was made for us ends on the server, too.
			l.mu.Lock()
			l.answers["DELETE /api/tokens/t-1"] = answer{status: 204}
			l.mu.Unlock()
			if code, stdout, stderr := stranger(t, home).run("logout", "--json"); code != OK || !strings.Contains(stdout, `"token_ended":true,"removed":true`) {
				t.Errorf("%d %q %q", code, stdout, stderr)
			}
			if code, _, _ := stranger(t, home).run("list"); code != Auth {
				t.Errorf("after the logout: %d", code)
			}
		})
	}
}

// TestLoginWithoutABrowser: who has none opens the address that is printed.
func TestLoginWithoutABrowser(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"none opens": {"--web"}, "none is wanted": {"--no-browser"}} {
		l := newLoginServer(t)
		u := stranger(t, t.TempDir())
		u.browse = func(string) error { return errors.New("no browser here") }
		out := &until{want: "Waiting ...", then: func() {}}
		var once bool
		out.then = func() {
			if once {
				return
			}
			once = true
			_, rest, _ := strings.Cut(out.String(), "\n\n  ")
			address, _, _ := strings.Cut(rest, "\n")
			go func() {
				if err := l.person(t, url.Values{"code": {"c0de"}})(address); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}()
		}
		code := Main(t.Context(), State{
			Args: append([]string{"login", "--api", l.URL}, args...), Env: u.env, Dir: u.dir,
			Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: out, Browse: u.browse,
		})
		if code != OK {
			t.Errorf("%s: %d", name, code)
		}
	}
}

// TestLoginWhereThereIsNone opens no browser.
func TestLoginWhereThereIsNone(t *testing.T) {
	t.Parallel()
	without := httptest.NewServer(http.NotFoundHandler())
	defer without.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	rows := map[string]struct {
		code   ExitCode
		stderr string
	}{
		without.URL: {Auth, "has no login with the browser; use an API token: flora login --token <token>"},
		gone.URL:    {Network, "cannot reach " + gone.URL},
	}
	for address, row := range rows {
		u := stranger(t, t.TempDir())
		u.browse = func(string) error {
			t.Error("a browser is opened")
			return nil
		}
		if code, _, stderr := u.run("login", "--web", "--api", address); code != row.code || !strings.Contains(stderr, row.stderr) {
			t.Errorf("%d %q", code, stderr)
		}
	}
}

// TestLogoutWithoutTheServer: what is saved goes, whatever the server says.
func TestLogoutWithoutTheServer(t *testing.T) {
	t.Parallel()
	l := newLoginServer(t)
	home := t.TempDir()
	u := stranger(t, home)
	u.browse = l.person(t, url.Values{"code": {"c0de"}})
	if code, _, stderr := u.run("login", "--web", "--api", l.URL); code != OK {
		t.Fatal(stderr)
	}
	l.Close()
	code, stdout, stderr := stranger(t, home).run("logout")
	if code != OK || !strings.Contains(stdout, "Logged out of ") || !strings.Contains(stderr, "the server did not end the token t-1") {
		t.Errorf("%d %q %q", code, stdout, stderr)
	}
	if code, stdout, _ := stranger(t, home).run("logout", "--api", l.URL); code != OK || !strings.Contains(stdout, "You are not logged in") {
		t.Errorf("%d %q", code, stdout)
	}
}

// TestLoginWhereAProjectSays: a server that a project file names is logged in
// to, but does not become the one for every other folder: FLORA_TOKEN would go
// there.
func TestLoginWhereAProjectSays(t *testing.T) {
	t.Parallel()
	l := newLoginServer(t)
	home := t.TempDir()
	u := stranger(t, home)
	u.dir = testProject(t, map[string]string{"flora.json": `{"api": "` + l.URL + `"}`})
	u.browse = l.person(t, url.Values{"code": {"c0de"}})
	if code, _, stderr := u.run("login", "--web"); code != OK {
		t.Fatalf("%d %q", code, stderr)
	}
	if code, _, stderr := u.run("list"); code != OK {
		t.Errorf("in the project: %d %q", code, stderr)
	}
	before := len(l.requests())
	other := stranger(t, home)
	other.env = append(other.env, "FLORA_TOKEN=flora_other", "FLORA_RETRY_SECS=0")
	if code, _, stderr := other.run("list", "--json"); code == OK || len(l.requests()) != before {
		t.Errorf("in another folder: %d %q, %v", code, stderr, l.requests()[before:])
	}
}
