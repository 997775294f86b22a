package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
)

// defaultAPI is where "flora-runtime dev" listens.
const defaultAPI = "http://127.0.0.1:3000/api"

// settings are what "flora login" saves. Every token belongs to one server, so
// that it is never sent to another.
type settings struct {
	API    string            `json:"apiUrl,omitempty"`
	Tokens map[string]string `json:"tokens,omitempty"`
}

// settingsFile is the path of the saved settings.
func (a *app) settingsFile() (string, error) {
	dir := a.env("XDG_CONFIG_HOME")
	switch {
	case filepath.IsAbs(dir):
	case runtime.GOOS == "windows":
		dir = a.env("AppData")
	default:
		if dir = a.env("HOME"); dir != "" {
			dir = filepath.Join(dir, ".config")
		}
	}
	if dir == "" {
		return "", coded(Failure, "there is no folder for settings; set HOME or XDG_CONFIG_HOME, or use FLORA_TOKEN and FLORA_API_URL")
	}
	return filepath.Join(dir, "flora", "cli.json"), nil
}

// load reads the saved settings; none are empty ones.
func (a *app) load() (settings, error) {
	var s settings
	file, err := a.settingsFile()
	if err != nil {
		return s, nil //nolint:nilerr // Where nothing can be saved, nothing is.
	}
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("read the saved settings: %w", err)
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fmt.Errorf("the saved settings in %s are broken (%w); remove the file and log in again", file, err)
	}
	return s, nil
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
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the settings' folder: %w", err)
	}
	// A new file, which only its owner can read from the start, takes the old
	// one's place whole. renameio, which does that elsewhere, is not for Windows.
	t, err := os.CreateTemp(dir, "cli-*.json")
	if err != nil {
		return "", fmt.Errorf("save the settings: %w", err)
	}
	_, err = t.Write(append(b, '\n'))
	if err = errors.Join(err, t.Close()); err == nil {
		err = os.Rename(t.Name(), file)
	}
	if err != nil {
		return "", fmt.Errorf("save the settings: %w", errors.Join(err, os.Remove(t.Name())))
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
