package project

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/flora-runtime/flora-runtime/pkg/recipe"
)

// Files are the project files that there can be, the best first.
func Files() []string { return slices.Concat([]string{fileName}, configs) }

// Settings are all files in a project's folder that say how it is made, whether
// they are there or not.
func Settings() []string {
	return slices.Concat(Files(), denoFiles, []string{"package.json", "tsconfig.json"})
}

// configs are the original's project files, the best first.
var configs = []string{"flora.config.ts", "flora.config.mts", "flora.config.cts", "flora.config.js", "flora.config.mjs", "flora.config.cjs", "flora.config.json", "flora.config.jsonc"}

// configured is what the original's project file can say.
type configured struct {
	Deploy struct {
		Entry string `json:"entry"`
		Root  string `json:"root"`
	} `json:"deploy"`
}

// config reads the original's flora.config.*, if there is one.
func (p *Project) config(ctx context.Context) (document, error) {
	for _, name := range configs {
		file := filepath.Join(p.Dir, name)
		raw, ok, err := p.readFile(file)
		if err != nil {
			return document{}, err
		}
		if !ok {
			continue
		}
		if err := ctx.Err(); err != nil {
			return document{}, err
		}
		p.File = file
		var b []byte
		var computed []string
		if strings.HasPrefix(filepath.Ext(name), ".json") {
			b, err = standard(raw)
		} else {
			b, computed, err = p.evaluate(file, raw)
		}
		if err != nil {
			return document{}, misused("%s is broken: %s", name, err)
		}
		return p.configured(name, b, computed)
	}
	return document{}, nil
}

// configured reads the original's settings, as JSON.
func (p *Project) configured(name string, b []byte, computed []string) (document, error) {
	for _, key := range computed {
		if slices.Contains([]string{"", "deploy", "deploy.entry", "deploy.root"}, key) {
			what := "its default export"
			if key != "" {
				what = `"` + key + `"`
			}
			return document{}, misused("%s: %s is computed; the tool runs no code, so write the value out (or name entry and root in %s)", name, what, fileName)
		}
	}
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

// evaluate gives the default export of a project file that is code, as JSON,
// without running it, and the keys that only running it would tell.
func (p *Project) evaluate(file, raw string) ([]byte, []string, error) {
	code, err := p.plainScript(file, raw)
	if err != nil {
		return nil, nil, err
	}
	value, computed, err := literal(code)
	if err != nil {
		return nil, nil, err
	}
	b, err := json.Marshal(value)
	return b, computed, err
}

// plainScript takes the types off a project file, and puts what it imports from
// beside it in. What is CommonJS stays as it is: esbuild would wrap it.
func (p *Project) plainScript(file, raw string) (string, error) {
	if strings.Contains(raw, "module.exports") {
		loader, err := recipe.Loader(filepath.ToSlash(file), nil)
		if err != nil {
			return "", err
		}
		res := api.Transform(raw, api.TransformOptions{Loader: loader, LogLevel: api.LogLevelSilent, Sourcefile: filepath.Base(file)})
		if len(res.Errors) > 0 {
			return "", &Broken{Text: recipe.Report(res.Errors, nil)}
		}
		return string(res.Code), nil
	}
	options := recipe.Options(p.Dir)
	options.Sourcemap = api.SourceMapNone
	options.EntryPoints = []string{file}
	options.AllowOverwrite = true
	options.Packages = api.PackagesExternal
	options.Plugins = []api.Plugin{{Name: "flora", Setup: p.begin(real(p.Dir), "", BundleOptions{}).loadFiles}}
	res := api.Build(options)
	if len(res.Errors) > 0 {
		return "", &Broken{Text: recipe.Report(res.Errors, nil)}
	}
	code, _, err := recipe.Outputs(res.OutputFiles, func(s string) (string, bool) { return s, true })
	return code, err
}
