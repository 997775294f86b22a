package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/project"
)

// manyFiles is more than a script has as a rule.
const manyFiles = 100

// deployOptions are the command's flags.
type deployOptions struct {
	root, bundle, sourceMap string
	dryRun                  bool
}

func (a *app) deployCommand() *cobra.Command {
	var o deployOptions
	c := &cobra.Command{
		Use: "deploy [entry]", Short: "Deploy a script to a guild",
		Long: `Bundles the entry with all that it imports, packages of node_modules included,
looks whether that is within the server's limits, and sends it with its source
map. The server loads it and only then lets go of the script before: when
something fails, that one goes on running.

Without an entry, flora.json says it, else it is src/main.ts or the like. An
entry is relative to the root, which is the folder of flora.json unless --root
or the file says another. The text files below the root are kept beside the
bundle for get, diff and history, except hidden ones, what .gitignore names,
node_modules, dist and package-lock.json.

With --json: the deployment, with bundle_bytes and sizes, a list of {package,
bytes} in which "" is your own code. With --dry-run nothing is sent, and it is
{entry, bundle_bytes, sizes, limits_checked, warnings}.`,
		Example: "  flora deploy\n  flora deploy src/main.ts --root . --guild $GUILD\n  flora deploy --dry-run\n  flora deploy --bundle dist/bundle.js",
		Args:    cobra.MaximumNArgs(1),
		RunE: a.run(func(ctx context.Context, args []string) error {
			if o.dryRun {
				return a.dryRun(ctx, cmp.Or(args...), o)
			}
			return a.deploy(ctx, cmp.Or(args...), o)
		}),
	}
	c.Flags().StringVar(&o.root, "root", "", "folder of the sources")
	c.Flags().StringVar(&o.bundle, "bundle", "", "a finished ES module to deploy instead of sources")
	c.Flags().StringVar(&o.sourceMap, "source-map", "", "the bundle's source map (<bundle>.map if that exists)")
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "bundle and check only, send nothing")
	return a.withGuild(c)
}

// deployment is what a deploy prints with --json.
type deployment struct {
	client.Deployment
	BundleBytes int            `json:"bundle_bytes"`
	Sizes       []project.Size `json:"sizes,omitempty"`
}

func (a *app) deploy(ctx context.Context, entry string, o deployOptions) error {
	guild, api, err := a.reach(ctx)
	if err != nil {
		return err
	}
	m, err := a.made(ctx, entry, o)
	if err != nil {
		return err
	}
	limits, err := limitsOf(ctx, api)
	if err == nil {
		err = limits.check(m)
	}
	if err == nil {
		err = m.missed(ctx, limits)
	}
	if err != nil {
		return err
	}
	a.notes(m.warnings)
	a.progress("%s", m.report(limits))
	d, err := api.Deploy(ctx, guild, m.request)
	if err != nil {
		if o.root == "" && len(m.request.Files) > manyFiles {
			a.warn("these are the %d sources below the folder you are in; --root names the script's own", len(m.request.Files))
		}
		return err
	}
	a.warnings(d.Warnings)
	d.Warnings = append(m.warnings, d.Warnings...)
	return a.say(deployment{d, len(*m.request.Bundle), m.sizes}, "Deployed %s to guild %s\n  revision  %s\n  time      %s",
		d.Entry, d.Guild, cmp.Or(d.RevisionID, "unknown"), local(d.UpdatedAt))
}

// dryRun makes what would be sent, and checks it as far as the server can be
// asked.
func (a *app) dryRun(ctx context.Context, entry string, o deployOptions) error {
	m, err := a.made(ctx, entry, o)
	if err != nil {
		return err
	}
	var limits limits
	api, err := a.client(ctx)
	if err == nil {
		limits, err = limitsOf(ctx, api)
	}
	if err != nil {
		a.warn("the server's limits are not checked: %s", err)
	}
	if err := limits.check(m); err != nil {
		return err
	}
	if err := m.missed(ctx, limits); err != nil {
		return err
	}
	a.notes(m.warnings)
	doc := struct {
		Entry         string         `json:"entry"`
		BundleBytes   int            `json:"bundle_bytes"`
		Sizes         []project.Size `json:"sizes"`
		LimitsChecked bool           `json:"limits_checked"`
		Warnings      []string       `json:"warnings,omitempty"`
	}{m.request.Entry, len(*m.request.Bundle), m.sizes, limits.known, m.warnings}
	return a.say(doc, "%s", m.report(limits))
}

// notes prints warnings that are whole texts. With --json they are in the
// document.
func (a *app) notes(all []string) {
	if a.json {
		return
	}
	for _, text := range all {
		_, _ = fmt.Fprintln(a.Stderr, printable(text))
	}
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

// script is what is to be sent.
type script struct {
	request  client.DeployRequest
	sizes    []project.Size
	warnings []string
	// project is set when the bundle may use WebAssembly.
	project *project.Project
}

// deploySource is what the server is told of who deploys.
const deploySource = "cli"

func scriptOf(b *project.Bundle) script {
	r := client.DeployRequest{Source: deploySource, Entry: b.Entry, Bundle: &b.Code, Files: b.Sources, SourceMap: &client.File{Path: "bundle.js.map", Contents: b.Map}}
	return script{request: r, sizes: b.Sizes, warnings: b.Warnings}
}

// made bundles the project, or reads the finished bundle.
func (a *app) made(ctx context.Context, entry string, o deployOptions) (script, error) {
	if o.bundle != "" {
		m := script{request: client.DeployRequest{Source: deploySource}}
		err := a.addBundle(&m.request, entry, o)
		return m, err
	}
	p, err := a.project(ctx, o.root)
	if err != nil {
		return script{}, err
	}
	b, err := p.Bundle(ctx, project.BundleOptions{Entry: entry, WebAssembly: true})
	if err != nil {
		return script{}, err
	}
	m := scriptOf(b)
	if strings.Contains(b.Code, "WebAssembly") {
		m.project = p
	}
	return m, nil
}

// missed adds warnings about what the script uses and the server does not have.
func (m *script) missed(ctx context.Context, l limits) error {
	if m.project == nil || l.webAssembly() {
		return nil
	}
	b, err := m.project.Bundle(ctx, project.BundleOptions{Entry: m.request.Entry, NoSources: true})
	if err == nil {
		m.warnings = b.Warnings
	}
	return err
}

func (a *app) addBundle(r *client.DeployRequest, entry string, o deployOptions) error {
	file, err := a.path(o.bundle)
	if err != nil {
		return err
	}
	code, err := project.ReadText(file, maxBundleBytes)
	if err != nil {
		return err
	}
	r.Bundle = &code
	r.Entry = cmp.Or(entry, filepath.Base(file))
	mapFile := o.sourceMap
	if mapFile == "" {
		if mapFile = file + ".map"; !regular(mapFile) {
			return nil
		}
	}
	if mapFile, err = a.path(mapFile); err != nil {
		return err
	}
	m, err := project.ReadText(mapFile, maxMapBytes)
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
