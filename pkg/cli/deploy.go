package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/project"
)

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
		err = a.addBundled(ctx, &r, entry, o)
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

// project reads the project in the working directory, and warns of what its file
// says without effect.
func (a *app) project(ctx context.Context, root string) (*project.Project, error) {
	dir, err := a.path(".")
	if err != nil {
		return nil, err
	}
	p, err := project.Load(ctx, dir)
	if err != nil {
		return nil, err
	}
	for _, w := range p.Warnings {
		a.warn("%s", w)
	}
	if root != "" {
		p.SetRoot(root)
	}
	return p, nil
}

// projectCode is the exit code of what is wrong with a project.
func projectCode(err error) (ExitCode, bool) {
	if _, ok := errors.AsType[*project.Broken](err); ok {
		return Failure, true
	}
	if _, ok := errors.AsType[*project.Misused](err); ok {
		return Usage, true
	}
	_, ok := errors.AsType[*project.TooMuch](err)
	return Limit, ok
}

// addBundled bundles the project here.
func (a *app) addBundled(ctx context.Context, r *client.DeployRequest, entry string, o deployOptions) error {
	p, err := a.project(ctx, o.root)
	if err != nil {
		return err
	}
	b, err := p.Bundle(ctx, project.BundleOptions{Entry: entry})
	if err != nil {
		return err
	}
	for _, w := range b.Warnings {
		a.warn("%s", w)
	}
	r.Entry, r.Bundle, r.Files = b.Entry, &b.Code, b.Sources
	r.SourceMap = &client.File{Path: "bundle.js.map", Contents: b.Map}
	return nil
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
	code, err := text(file, maxBundleBytes)
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

// Bounds of what is sent; the server has its own, smaller ones.
const (
	maxBundleBytes = 16 << 20
	maxMapBytes    = 32 << 20
)

// text reads a file that must be text of at most so many bytes.
func text(file string, most int) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err != nil {
		return "", err
	}
	if len(b) > most {
		return "", coded(Limit, "%s is too large: more than %d bytes would be sent", file, most)
	}
	if !utf8.Valid(b) {
		return "", usage("%s is not UTF-8 text", file)
	}
	return string(b), nil
}
