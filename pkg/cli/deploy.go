package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/client"
)

// entries are tried in this order when no entry is named.
var entries = []string{"src/main.ts", "main.ts", "src/index.ts", "index.ts", "src/main.js", "main.js", "index.js"}

// manyFiles is more than a script has as a rule.
const manyFiles = 100

// deployOptions are the command's flags.
type deployOptions struct{ root, bundle, sourceMap string }

func (a *app) deployCommand() *cobra.Command {
	var o deployOptions
	c := &cobra.Command{
		Use: "deploy [entry]", Short: "Deploy a script to a guild",
		Long: `Sends the source files below --root to the server, which bundles, loads and only
then activates them; when something fails, the script before goes on running.

Sent are .ts .tsx .js .jsx .mjs .cts .mts .cjs .json .txt and .md files, except
hidden ones, what .gitignore names, node_modules, dist and package-lock.json.
The entry is relative to the root. Without it, flora.config.json
({"deploy": {"entry": ..., "root": ...}}) says it, else it is src/main.ts or the
like. Packages of npm must be bundled first: deploy the result with --bundle.`,
		Example: "  flora deploy --guild 123456789012345678\n  flora deploy bot/main.ts --root .\n  flora deploy --bundle dist/bundle.js",
		Args:    cobra.MaximumNArgs(1),
		RunE: a.run(func(ctx context.Context, args []string) error {
			return a.deploy(ctx, first(args...), o)
		}),
	}
	c.Flags().StringVar(&o.root, "root", "", "folder of the sources")
	c.Flags().StringVar(&o.bundle, "bundle", "", "a finished ES module to deploy instead of sources")
	c.Flags().StringVar(&o.sourceMap, "source-map", "", "the bundle's source map (<bundle>.map if that exists)")
	return a.withGuild(c)
}

func (a *app) deploy(ctx context.Context, entry string, o deployOptions) error {
	guild, err := a.guild(ctx)
	if err != nil {
		return err
	}
	api, err := a.client(ctx)
	if err != nil {
		return err
	}
	r := client.DeployRequest{Source: "cli"}
	if o.bundle != "" {
		err = a.addBundle(&r, entry, o)
	} else {
		err = a.addSources(&r, entry, o)
	}
	if err != nil {
		return err
	}
	d, err := api.Deploy(ctx, guild, r)
	if err != nil {
		if o.root == "" && len(r.Files) > manyFiles {
			a.warn("these are the %d sources below the folder you are in; --root names the script's own", len(r.Files))
		}
		return err
	}
	if !a.json {
		for _, w := range d.Warnings {
			a.warn("%s", w)
		}
	}
	return a.say(d, "Deployed %s to guild %s\n  revision  %s\n  time      %s", d.Entry, d.Guild, first(d.RevisionID, "unknown"), local(d.UpdatedAt))
}

// path makes a path absolute, from the working directory.
func (a *app) path(p string) (string, error) {
	if !filepath.IsAbs(p) {
		p = filepath.Join(a.Dir, p)
	}
	abs, err := filepath.Abs(p)
	if err != nil {
		return "", fmt.Errorf("find %s: %w", p, err)
	}
	return abs, nil
}

func (a *app) addSources(r *client.DeployRequest, entry string, o deployOptions) error {
	project, err := a.project()
	if err != nil {
		return err
	}
	root, err := a.path(first(o.root, project.Root, "."))
	if err != nil {
		return err
	}
	if info, err := os.Stat(root); err != nil || !info.IsDir() {
		return usage("the root %s is not a folder", root)
	}
	if r.Entry, err = a.entry(root, first(entry, project.Entry)); err != nil {
		return err
	}
	if r.Files, err = sources(root, r.Entry); err != nil {
		return err
	}
	return nil
}

// entry is the entry's path below the root, with slashes.
func (a *app) entry(root, entry string) (string, error) {
	if entry == "" {
		for _, e := range entries {
			if regular(filepath.Join(root, filepath.FromSlash(e))) {
				return e, nil
			}
		}
		return "", usage("no entry in %s (looked for %s); name it: flora deploy <entry>", root, strings.Join(entries, ", "))
	}
	candidates := []string{filepath.Join(root, entry)}
	if here, err := a.path(entry); err == nil {
		if filepath.IsAbs(entry) {
			candidates = nil
		}
		candidates = append(candidates, here)
	}
	for _, c := range candidates {
		rel, err := filepath.Rel(root, c)
		if err != nil || !filepath.IsLocal(rel) {
			continue
		}
		if regular(c) {
			return filepath.ToSlash(rel), nil
		}
	}
	return "", usage("the entry %s is no file in the root %s", entry, root)
}

func regular(p string) bool {
	info, err := os.Stat(p)
	return err == nil && info.Mode().IsRegular()
}

func (a *app) addBundle(r *client.DeployRequest, entry string, o deployOptions) error {
	file, err := a.path(o.bundle)
	if err != nil {
		return err
	}
	code, err := text(file, maxSourceBytes)
	if err != nil {
		return err
	}
	r.Bundle = &code
	r.Entry = first(entry, filepath.Base(file))
	mapFile := o.sourceMap
	if mapFile == "" {
		if mapFile = file + ".map"; !regular(mapFile) {
			return nil
		}
	}
	if mapFile, err = a.path(mapFile); err != nil {
		return err
	}
	m, err := text(mapFile, maxMapBytes)
	if err != nil {
		return err
	}
	r.SourceMap = &client.File{Path: filepath.Base(mapFile), Contents: m}
	return nil
}

// project is what flora.config.json says.
type project struct {
	Entry string `json:"entry"`
	Root  string `json:"root"`
}

func (a *app) project() (project, error) {
	const name = "flora.config.json"
	var doc struct {
		Deploy project `json:"deploy"`
	}
	file, err := a.path(name)
	if err != nil {
		return doc.Deploy, err
	}
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		others, err := filepath.Glob(filepath.Join(filepath.Dir(file), "flora.config.*"))
		if err == nil && len(others) > 0 {
			slices.Sort(others)
			a.warn("%s is not read; write %s, or name the entry and --root", filepath.Base(others[0]), name)
		}
		return doc.Deploy, nil
	}
	if err != nil {
		return doc.Deploy, fmt.Errorf("read %s: %w", name, err)
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		return doc.Deploy, usage("%s is broken: %s", name, err)
	}
	a.unknownKeys(name, b)
	return doc.Deploy, nil
}

// unknownKeys warns of what in the project's configuration has no effect.
func (a *app) unknownKeys(name string, b []byte) {
	var doc map[string]json.RawMessage
	var deploy map[string]json.RawMessage
	if json.Unmarshal(b, &doc) != nil {
		return
	}
	if raw, ok := doc["deploy"]; ok && json.Unmarshal(raw, &deploy) != nil {
		return
	}
	var unknown []string
	for key := range doc {
		if key != "deploy" && key != "$schema" {
			unknown = append(unknown, key)
		}
	}
	for key := range deploy {
		if key != "entry" && key != "root" {
			unknown = append(unknown, "deploy."+key)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		a.warn("%s: %s has no effect", name, strings.Join(unknown, ", "))
	}
}
