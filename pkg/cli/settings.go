package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/url"
	"os"
	"path"
	"runtime"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/client"
)

// defaultAPI is where "flora-runtime dev" listens.
const defaultAPI = "http://127.0.0.1:3000/api"

// settings are what "flora login" saves. Every token belongs to one server, so
// that it is never sent to another.
type settings struct {
	API    string            `json:"apiUrl,omitempty"`
	Tokens map[string]string `json:"tokens,omitempty"`
	// Made are the ids of tokens that a login with the browser made, by server.
	Made map[string]string `json:"made,omitempty"`
}

// with is the settings after a login; id is "" for a token that was given.
func (s settings) with(base, token, id string) settings {
	s = s.without(base)
	s.API = base
	s.Tokens[base] = token
	if id != "" {
		s.Made[base] = id
	}
	return s
}

// without is the settings after a logout.
func (s settings) without(base string) settings {
	s.Tokens, s.Made = clone(s.Tokens), clone(s.Made)
	delete(s.Tokens, base)
	delete(s.Made, base)
	return s
}

func clone(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return maps.Clone(m)
}

// settingsFiles are where settings are on a system: ours, and the original
// Flora's, whose users stay logged in. "" is nowhere.
func settingsFiles(system string, env func(string) string) (own, original string) {
	if dir := env("XDG_CONFIG_HOME"); absolute(system, dir) {
		own = dir
	}
	switch home := env("HOME"); system {
	case "windows":
		if dir := env("APPDATA"); dir != "" {
			own, original = cmp.Or(own, dir), join(system, dir, "flora-nodejs", "Config", "cli.json")
		}
	case "darwin":
		if home != "" {
			own, original = cmp.Or(own, join(system, home, ".config")), join(system, home, "Library", "Preferences", "flora-nodejs", "cli.json")
		}
	default:
		if home != "" {
			own = cmp.Or(own, join(system, home, ".config"))
		}
		if own != "" {
			original = join(system, own, "flora-nodejs", "cli.json")
		}
	}
	if own != "" {
		own = join(system, own, "flora", "cli.json")
	}
	return own, original
}

// absolute reports whether the system takes the path as a whole one.
func absolute(system, path string) bool {
	if system != "windows" {
		return strings.HasPrefix(path, "/")
	}
	drive := len(path) > 2 && path[1] == ':' && (path[2] == '\\' || path[2] == '/')
	return drive || strings.HasPrefix(path, `\\`)
}

func join(system string, parts ...string) string {
	if system == "windows" {
		return strings.Join(parts, `\`)
	}
	return path.Join(parts...)
}

// system is whose rules for paths hold.
func (a *app) system() string { return cmp.Or(a.OS, runtime.GOOS) }

// settingsFile is the path of the saved settings.
func (a *app) settingsFile() (string, error) {
	own, _ := settingsFiles(a.system(), a.env)
	if own == "" {
		return "", coded(Failure, "there is no folder for settings; set HOME or XDG_CONFIG_HOME, or use FLORA_TOKEN and FLORA_API_URL")
	}
	return own, nil
}

// load reads the saved settings; none are empty ones.
func (a *app) load() (settings, error) {
	var s settings
	own, original := settingsFiles(a.system(), a.env)
	if found, err := readSettings(own, &s); found || err != nil {
		return s, err
	}
	// The original has one server and its token.
	var old struct {
		API   string `json:"apiUrl"`
		Token string `json:"token"`
	}
	found, err := readSettings(original, &old)
	if !found || err != nil {
		return s, err
	}
	base, err := client.Address(old.API)
	if err != nil {
		return s, nil //nolint:nilerr // Of no use, but no reason to fail either.
	}
	s.API = base
	if old.Token != "" {
		s.Tokens = map[string]string{base: old.Token}
	}
	return s, nil
}

func readSettings(file string, into any) (found bool, err error) {
	if file == "" {
		return false, nil
	}
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the saved settings: %w", err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		return false, fmt.Errorf("the saved settings in %s are broken (%w); remove the file and log in again", file, err)
	}
	return true, nil
}

// save writes the settings for this user only.
func (a *app) save(s settings) (string, error) {
	file, err := a.settingsFile()
	if err != nil {
		return "", err
	}
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return "", fmt.Errorf("encode the settings: %w", err)
	}
	if err := replaceFile(file, string(b)+"\n", forOwner); err != nil {
		return "", fmt.Errorf("save the settings: %w", err)
	}
	return file, nil
}

// open reports whether a token sent to the address can be read on the way.
func open(base string) bool {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())
}
