package project

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/recipe"
)

// BundleOptions say how a project is bundled.
type BundleOptions struct {
	Entry   string            // "" is the project's; a path from the root, from the project's folder or an absolute one.
	Virtual map[string]string // TypeScript modules by import name that are on no disk.
	// WebAssembly says that the server has it; else its use is a warning.
	WebAssembly bool
	// NoSources leaves the author's files out, for who only runs the bundle.
	NoSources bool
}

// Bundle is a project as one ES module.
type Bundle struct {
	Entry, Code, Map string
	Warnings         []string
	Inputs           []string      // Absolute paths of every file on disk that was read, for watchers.
	Sources          []client.File // The author's own files, kept beside the deployment.
	Sizes            []Size        // By package, largest first.
}

// Size is a package's share of a bundle.
type Size struct {
	Package string `json:"package"` // "" is the author's own code.
	Bytes   int    `json:"bytes"`
}

// Bundle makes one script of the entry and all that it imports. What is wrong
// with the sources comes as *Broken.
func (p *Project) Bundle(ctx context.Context, o BundleOptions) (*Bundle, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	entry, err := p.entry(o.Entry)
	if err != nil {
		return nil, err
	}
	// esbuild follows links, and names files by their way from the root.
	root, err := filepath.EvalSymlinks(p.Root)
	if err != nil {
		return nil, fmt.Errorf("follow the root %s: %w", p.Root, err)
	}
	b := p.begin(root, entry, o)
	res := b.run()
	if aliases := b.found.aliases(); len(res.Errors) == 0 && len(aliases) > 0 {
		// esbuild knows what package.json and tsconfig.json say of a file only
		// where it finds the file by itself, so what our names mean is given to
		// it for a second run.
		b.aliases, b.first, b.found = aliases, b.found, newFindings()
		for file := range b.first.paths {
			b.found.paths[file] = true
		}
		res = b.run()
	}
	inputs := b.inputs()
	if len(res.Errors) > 0 {
		return nil, &Broken{Text: "build failed: " + recipe.Report(res.Errors, b.why), Inputs: inputs}
	}
	out := &Bundle{Entry: entry, Inputs: inputs, Warnings: recipe.Warnings(res.Warnings)}
	if out.Code, out.Map, err = recipe.Outputs(res.OutputFiles, b.sourceName); err != nil {
		return nil, err
	}
	more, err := b.webAssembly(out.Code, out.Map)
	if err != nil {
		return nil, err
	}
	out.Warnings = append(out.Warnings, more...)
	if out.Sizes, err = b.sizes(res.Metafile); err != nil {
		return nil, err
	}
	if !o.NoSources {
		out.Sources, err = b.sources()
	}
	return out, err
}

// building is one run of esbuild.
type building struct {
	project *Project
	options BundleOptions
	root    string // Without links in it.
	entry   string
	chain   *recipe.Chain
	found   *findings

	// Of a second run: what names of ours mean, and what the first run found.
	aliases map[string]string
	first   *findings
}

func (p *Project) begin(root, entry string, o BundleOptions) *building {
	return &building{project: p, options: o, root: root, entry: entry, chain: recipe.NewChain(), found: newFindings()}
}

func (b *building) run() api.BuildResult {
	options := recipe.Options(b.root)
	options.Metafile = true
	options.AllowOverwrite = true // Nothing is written.
	options.Alias = map[string]string{recipe.EntryName: b.file()}
	maps.Copy(options.Alias, b.aliases)
	options.Plugins = []api.Plugin{b.plugin()}
	return api.Build(options)
}

// file is the entry.
func (b *building) file() string { return filepath.Join(b.root, filepath.FromSlash(b.entry)) }

// name is how a file is called in errors, stacks and the source map: its path
// from the root; of a package elsewhere, from node_modules on.
func (b *building) name(file string) string {
	rel := file
	if filepath.IsAbs(file) {
		var err error
		if rel, err = filepath.Rel(b.root, file); err != nil {
			rel = filepath.Base(file)
		}
	}
	rel = filepath.ToSlash(rel)
	if !strings.HasPrefix(rel, "../") {
		return rel
	}
	if i := strings.Index(rel, "/node_modules/"); i >= 0 {
		return rel[i+1:]
	}
	for strings.HasPrefix(rel, "../") {
		rel = rel[len("../"):]
	}
	return rel
}

// sourceName is a file's name from that in esbuild's source map, a URL.
func (b *building) sourceName(source string) string {
	if plain, err := url.PathUnescape(source); err == nil {
		source = plain
	}
	return b.name(source)
}

// why tells what is known of an import that esbuild did not find.
func (b *building) why(importer, name string) string {
	return b.chain.Why(filepath.Join(b.root, filepath.FromSlash(importer)), name)
}

// inputs are the files on the disk that the build has read.
func (b *building) inputs() []string {
	all := append(b.found.files(), b.project.read...)
	for _, name := range []string{"tsconfig.json", "package.json"} {
		if file := filepath.Join(b.root, name); regular(file) {
			all = append(all, file)
		}
	}
	all = append(all, b.file())
	slices.Sort(all)
	return slices.Compact(all)
}
