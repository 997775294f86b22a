// Package examples holds the examples that projects can begin with: what
// `flora init --template` copies.
package examples

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
)

//go:embed starter/src/*.ts economy/src/*.ts moderation/src/*.ts tags/src/*.ts tickets/src/*.ts welcome/src/*.ts
var files embed.FS

// Template is an example that a project can begin with.
type Template struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// Templates lists them, the usual one first.
func Templates() []Template {
	return []Template{
		{"starter", "!ping, /hello and a counter that outlives restarts"},
		{"economy", "prefix commands with typed arguments and cooldowns; coins in a key-value store"},
		{"moderation", "warn, time out, kick, ban and purge as subcommands of /mod"},
		{"tags", "slash commands: saved texts with autocompletion"},
		{"tickets", "a button, a modal and a channel for each ticket"},
		{"welcome", "events: greets who joins, in a channel of your choice"},
	}
}

// Sources gives a template's files by their paths in a project.
func Sources(name string) (map[string]string, error) {
	dir := path.Join(name, "src")
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return nil, fmt.Errorf("read the template %s: %w", name, err)
	}
	out := map[string]string{}
	for _, e := range entries {
		text, err := fs.ReadFile(files, path.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read the template %s: %w", name, err)
		}
		out["src/"+e.Name()] = string(text)
	}
	return out, nil
}
