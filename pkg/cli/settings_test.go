package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSettingsFiles(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		system        string
		env           map[string]string
		own, original string
	}{
		"linux":               {"linux", map[string]string{"HOME": "/home/a"}, "/home/a/.config/flora/cli.json", "/home/a/.config/flora-nodejs/cli.json"},
		"linux with XDG":      {"linux", map[string]string{"HOME": "/home/a", "XDG_CONFIG_HOME": "/x"}, "/x/flora/cli.json", "/x/flora-nodejs/cli.json"},
		"linux, XDG relative": {"linux", map[string]string{"HOME": "/home/a", "XDG_CONFIG_HOME": "x"}, "/home/a/.config/flora/cli.json", "/home/a/.config/flora-nodejs/cli.json"},
		"linux without home":  {"linux", nil, "", ""},
		"macOS":               {"darwin", map[string]string{"HOME": "/Users/a"}, "/Users/a/.config/flora/cli.json", "/Users/a/Library/Preferences/flora-nodejs/cli.json"},
		"macOS with XDG":      {"darwin", map[string]string{"HOME": "/Users/a", "XDG_CONFIG_HOME": "/x"}, "/x/flora/cli.json", "/Users/a/Library/Preferences/flora-nodejs/cli.json"},
		"macOS without home":  {"darwin", nil, "", ""},
		"windows":             {"windows", map[string]string{"APPDATA": `C:\Users\a\AppData\Roaming`}, `C:\Users\a\AppData\Roaming\flora\cli.json`, `C:\Users\a\AppData\Roaming\flora-nodejs\Config\cli.json`},
		"windows with XDG":    {"windows", map[string]string{"APPDATA": `C:\R`, "XDG_CONFIG_HOME": `D:/x`}, `D:/x\flora\cli.json`, `C:\R\flora-nodejs\Config\cli.json`},
		"windows, XDG of WSL": {"windows", map[string]string{"APPDATA": `C:\R`, "XDG_CONFIG_HOME": "/x"}, `C:\R\flora\cli.json`, `C:\R\flora-nodejs\Config\cli.json`},
		"windows, HOME":       {"windows", map[string]string{"HOME": `C:\home`}, "", ""},
	}
	for name, row := range rows {
		own, original := settingsFiles(row.system, func(name string) string { return row.env[name] })
		if own != row.own || original != row.original {
			t.Errorf("%s: %q %q, want %q %q", name, own, original, row.own, row.original)
		}
	}
}

func TestAbsolutePaths(t *testing.T) {
	t.Parallel()
	rows := []struct {
		system, path string
		want         bool
	}{
		{"linux", "/a", true}, {"linux", "a", false}, {"linux", "", false}, {"linux", `C:\a`, false}, {"darwin", "/a", true},
		{"windows", `C:\a`, true}, {"windows", "c:/a", true}, {"windows", `\\host\share`, true}, {"windows", `\a`, false}, {"windows", "/a", false},
		{"windows", "C:a", false}, {"windows", "a", false}, {"windows", "", false},
	}
	for _, row := range rows {
		if absolute(row.system, row.path) != row.want {
			t.Errorf("%s: %q: %v", row.system, row.path, !row.want)
		}
	}
}

// TestNamesOfTheEnvironment: Windows does not tell them apart by case.
func TestNamesOfTheEnvironment(t *testing.T) {
	t.Parallel()
	for system, want := range map[string]string{"windows": "C:\\", "linux": "", "darwin": ""} {
		a := &app{State: State{OS: system, Env: []string{"AppData=C:\\", "Empty="}}}
		if got := a.env("APPDATA"); got != want {
			t.Errorf("%s: %q", system, got)
		}
	}
}

// TestUsersOfTheOriginal stay logged in until they log in here.
func TestUsersOfTheOriginal(t *testing.T) {
	t.Parallel()
	s := newServer(t, answers())
	home := t.TempDir()
	old := filepath.Join(home, ".config", "flora-nodejs", "cli.json")
	save := func(text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(old), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(old, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	save(`{"apiUrl":"` + s.URL + `/api","token":"` + token + `"}`)
	if code, stdout, stderr := stranger(t, home).run("list"); code != OK || !strings.Contains(stdout, guildID) {
		t.Errorf("%d %q %q", code, stdout, stderr)
	}
	// Their token goes to no other server.
	other := newServer(t, answers())
	if code, _, _ := stranger(t, home).run("list", "--api", other.URL); code != Auth || len(other.requests()) != 0 {
		t.Errorf("%d %v", code, other.requests())
	}
	// A logout counts, though their file stays as it is.
	if code, _, stderr := stranger(t, home).run("logout"); code != OK {
		t.Errorf("%d %q", code, stderr)
	}
	if code, _, _ := stranger(t, home).run("list"); code != Auth {
		t.Errorf("after the logout: %d", code)
	}
	if b, err := os.ReadFile(old); err != nil || !strings.Contains(string(b), token) {
		t.Errorf("%s %v", b, err)
	}
	for name, text := range map[string]string{"no address": `{"token":"x"}`, "no token": `{"apiUrl":"` + s.URL + `"}`} {
		home := t.TempDir()
		old = filepath.Join(home, ".config", "flora-nodejs", "cli.json")
		save(text)
		if code, _, stderr := stranger(t, home).run("list", "--api", s.URL); code != Auth {
			t.Errorf("%s: %d %q", name, code, stderr)
		}
	}
}

// TestWhatAProjectFileNames is used, but no token that was given goes there: the
// file may be somebody else's.
func TestWhatAProjectFileNames(t *testing.T) {
	t.Parallel()
	s := newServer(t, answers())
	home := t.TempDir()
	at := func(env ...string) *tool {
		u := stranger(t, home)
		u.env = append([]string{"HOME=" + home}, env...)
		u.write("flora.json", `{"guild": "`+guildID+`", "api": "`+s.URL+`"}`)
		return u
	}
	if code, _, stderr := at("FLORA_TOKEN=" + token).run("get"); code != Auth || !strings.Contains(stderr, "comes from") || !strings.Contains(stderr, "set FLORA_API_URL="+s.URL) {
		t.Errorf("a token of the environment: %d %q", code, stderr)
	}
	if code, _, stderr := at().run("login", token); code != Usage || !strings.Contains(stderr, "give --api "+s.URL) {
		t.Errorf("a token that is given: %d %q", code, stderr)
	}
	if n := len(s.requests()); n != 0 {
		t.Fatalf("%d requests", n)
	}
	if code, _, stderr := at("FLORA_TOKEN="+token, "FLORA_API_URL="+s.URL).run("get"); code != OK {
		t.Errorf("an address of the environment: %d %q", code, stderr)
	}
	if code, _, stderr := at("FLORA_TOKEN="+token).run("get", "--api", s.URL); code != OK {
		t.Errorf("an address that is given: %d %q", code, stderr)
	}
	// Once logged in there, nothing needs to be named.
	if code, _, stderr := at().run("login", token, "--api", s.URL); code != OK {
		t.Fatal(stderr)
	}
	for _, env := range [][]string{nil, {"FLORA_TOKEN=" + token}} {
		if code, stdout, stderr := at(env...).run("get"); code != OK || !strings.Contains(stdout, guildID) {
			t.Errorf("logged in, %q: %d %q %q", env, code, stdout, stderr)
		}
	}
	// The environment wins over the file.
	if code, _, stderr := at("FLORA_GUILD=100000000000000002").run("get"); code != NotFound {
		t.Errorf("another guild: %d %q", code, stderr)
	}
	u := at()
	u.write("flora.json", "{")
	if code, _, stderr := u.run("get"); code != Usage || !strings.Contains(stderr, "flora.json") {
		t.Errorf("a broken file: %d %q", code, stderr)
	}
}
