package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// times matches local times, with or without milliseconds and zone.
var times = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{3}| [A-Z0-9+-]+)`)

// stranger is a tool that is not logged in.
func stranger(t *testing.T, home string) *tool {
	t.Helper()
	return &tool{t: t, dir: t.TempDir(), env: []string{"HOME=" + home, "FLORA_GUILD=" + guildID}}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		args     []string
		stdin    string
		terminal bool
	}{
		"flag":           {[]string{"--token", token}, "", false},
		"argument":       {[]string{token}, "", false},
		"standard input": {nil, token + "\n", false},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, answers())
			home := t.TempDir()
			u := stranger(t, home)
			u.stdin, u.terminal = row.stdin, row.terminal
			file := filepath.Join(home, ".config", "flora", "cli.json")
			code, stdout, stderr := u.run(append([]string{"login", "--api", s.URL + "/"}, row.args...)...)
			if want := "Saved token to config (" + file + ")\nLogged in to " + s.URL + "/api as ada\n"; code != OK || stdout != want || strings.Contains(stderr, token) {
				t.Fatalf("%d %q %q, want %q", code, stdout, stderr, want)
			}
			info, err := os.Stat(file)
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v", info.Mode(), err)
			}
			if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 1 {
				t.Errorf("%v, %v", left, err)
			}
			// From now on neither address nor token is needed.
			if code, stdout, stderr := stranger(t, home).run("list"); code != OK || !strings.Contains(stdout, guildID) {
				t.Errorf("%d %q %q", code, stdout, stderr)
			}
		})
	}
}

func TestLoginRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t, answers())
	home := t.TempDir()
	u := stranger(t, home)
	rows := map[string]struct {
		args   []string
		code   ExitCode
		stderr string
	}{
		"a wrong token":   {[]string{"flora_wrong"}, Auth, "flora: Unauthorized: Login required"},
		"no token":        {nil, Usage, "missing required value: API token"},
		"a broken token":  {[]string{"a b"}, Usage, "the API token has characters that no token has"},
		"two tokens":      {[]string{"a", "b"}, Usage, "accepts at most 1 arg(s)"},
		"a wrong address": {[]string{token, "--api", "x"}, Usage, `"x" is not an API address`},
	}
	for name, row := range rows {
		args := append([]string{"login", "--api", s.URL}, row.args...)
		if code, stdout, stderr := u.run(args...); code != row.code || stdout != "" || !strings.Contains(stderr, row.stderr) {
			t.Errorf("%s: %d %q %q, want %d %q", name, code, stdout, stderr, row.code, row.stderr)
		}
	}
	if _, err := os.Stat(filepath.Join(home, ".config")); !os.IsNotExist(err) {
		t.Errorf("something was saved: %v", err)
	}
}

// TestTokensStayWithTheirServer: what was saved for one server is never sent to
// another.
func TestTokensStayWithTheirServer(t *testing.T) {
	t.Parallel()
	a, b := newServer(t, answers()), newServer(t, answers())
	home := t.TempDir()
	u := stranger(t, home)
	for _, s := range []*server{a, b} {
		if code, _, stderr := u.run("login", "--api", s.URL, token); code != OK {
			t.Fatal(stderr)
		}
	}
	other := newServer(t, answers())
	if code, _, stderr := u.run("list", "--api", other.URL); code != Auth || !strings.Contains(stderr, "not logged in to "+other.URL) || len(other.requests()) != 0 {
		t.Errorf("%d %q %v", code, stderr, other.requests())
	}
	// Each is still logged in to, the latest without being named.
	for _, args := range [][]string{{"list", "--api", a.URL}, {"list"}} {
		if code, _, stderr := u.run(args...); code != OK {
			t.Errorf("%q: %d %q", args, code, stderr)
		}
	}
	if n := len(b.requests()); n != 2 {
		t.Errorf("the latest got %d requests", n)
	}
	// The environment wins over what is saved.
	u.env = append(u.env, "FLORA_TOKEN=flora_other")
	if code, _, _ := u.run("list"); code != Auth {
		t.Errorf("exit code %d", code)
	}
}

func TestSettingsFile(t *testing.T) {
	t.Parallel()
	s := newServer(t, answers())
	xdg := t.TempDir()
	u := stranger(t, t.TempDir())
	u.env = append(u.env, "XDG_CONFIG_HOME="+xdg)
	if code, _, stderr := u.run("login", "--api", s.URL, token); code != OK {
		t.Fatal(stderr)
	}
	b, err := os.ReadFile(filepath.Join(xdg, "flora", "cli.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got settings
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(settings{API: s.URL + "/api", Tokens: map[string]string{s.URL + "/api": token}}, got); diff != "" {
		t.Error(diff)
	}
	if err := os.WriteFile(filepath.Join(xdg, "flora", "cli.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := u.run("list"); code != Failure || !strings.Contains(stderr, "cli.json are broken") {
		t.Errorf("%d %q", code, stderr)
	}
	nowhere := &tool{t: t, dir: t.TempDir(), env: []string{"FLORA_API_URL=" + s.URL}}
	if code, _, stderr := nowhere.run("login", token); code != Failure || !strings.Contains(stderr, "there is no folder for settings") {
		t.Errorf("%d %q", code, stderr)
	}
	nowhere.env = append(nowhere.env, "FLORA_TOKEN="+token)
	if code, _, stderr := nowhere.run("list"); code != OK {
		t.Errorf("%d %q", code, stderr)
	}
}

func TestOpenAddresses(t *testing.T) {
	t.Parallel()
	rows := map[string]bool{
		"https://x/api": false, "http://localhost:1/api": false, "http://127.0.0.1/api": false, "http://[::1]:2/api": false,
		"http://10.0.0.1/api": true, "http://flora.example.org/api": true, "http://localhost.example.org": true,
	}
	for address, want := range rows {
		if open(address) != want {
			t.Errorf("%s: %v", address, !want)
		}
	}
}
