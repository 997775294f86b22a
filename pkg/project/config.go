package project

import (
	"encoding/json"
	"path/filepath"
)

// configured is what the original's project file can say.
type configured struct {
	Deploy struct {
		Entry string `json:"entry"`
		Root  string `json:"root"`
	} `json:"deploy"`
}

// config reads the original's flora.config.*, if there is one.
func (p *Project) config() (document, error) {
	const name = "flora.config.json"
	file := filepath.Join(p.Dir, name)
	raw, ok, err := p.readFile(file)
	if err != nil || !ok {
		return document{}, err
	}
	p.File = file
	b, err := standard(raw)
	if err != nil {
		return document{}, misused("%s is broken: %s", name, err)
	}
	return p.configured(name, b)
}

// configured reads the original's settings, as JSON.
func (p *Project) configured(name string, b []byte) (document, error) {
	var c configured
	if err := decode(b, &c); err != nil {
		return document{}, misused("%s: %s", name, err)
	}
	p.unknown(name, "", b, "$schema", "deploy")
	var all struct {
		Deploy json.RawMessage `json:"deploy"`
	}
	if json.Unmarshal(b, &all) == nil && all.Deploy != nil {
		// The original takes the last three and does nothing with them.
		p.unknown(name, "deploy.", all.Deploy, "entry", "root", "sourcemap", "minify", "external")
	}
	return document{Entry: c.Deploy.Entry, Root: c.Deploy.Root}, nil
}
