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
	if b.aliases = b.found.aliases(); len(b.aliases) > 0 {
		// esbuild knows what package.json and tsconfig.json say of a file only
		// where it finds the file by itself, so what our names mean is given to
		// it for a second run.
		if again := b.run(); len(again.Errors) == 0 || len(res.Errors) > 0 {
			res = again
		}
	}
	inputs := b.inputs()
	if len(res.Errors) > 0 {
		return nil, &Broken{Text: "build failed: " + b.report(res.Errors), Inputs: inputs}
	}
	out := &Bundle{Entry: entry, Inputs: inputs, Warnings: recipe.Warnings(res.Warnings)}
	if out.Code, out.Map, err = recipe.Outputs(res.OutputFiles, b.source); err != nil {
		return nil, err
	}
	if b.meta, err = readMetafile(res.Metafile); err != nil {
		return nil, err
	}
	out.Sizes = b.meta.sizes()
	more, err := b.webAssembly(res.OutputFiles)
	if err != nil {
		return nil, err
	}
	out.Warnings = append(out.Warnings, more...)
	if !o.NoSources {
		var notes []string
		if out.Sources, notes, err = b.sources(); err != nil {
			return nil, err
		}
		out.Warnings = append(out.Warnings, notes...)
	}
	return out, nil
}

// report is the errors' text. Those in packages tell how the package came to be
// imported.
func (b *building) report(errs []api.Message) string {
	deep := false
	b.absent = map[missed]bool{}
	for _, e := range errs {
		if e.Location != nil {
			deep = deep || b.inModules(e.Location.File)
			b.absent[missed{b.name(e.Location.File), quoted(*e.Location)}] = true
		}
	}
	if deep { // Another run without the imports that fail tells the ways.
		if res := b.run(); len(res.Errors) == 0 {
			b.meta, _ = readMetafile(res.Metafile)
		}
	}
	for i, e := range errs {
		if e.PluginName != "" && e.Location != nil {
			errs[i].Text += b.through(e.Location.File)
		}
	}
	return recipe.Report(errs, b.why)
}

// through tells how a package's file came to be part of the bundle. The author's
// own are found by their place.
func (b *building) through(file string) string {
	if !b.inModules(file) {
		return ""
	}
	if chain := b.meta.chain(b.name(file), b.name); chain != "" {
		return "; imported through " + chain
	}
	return ""
}

// quoted is the name that an import has in the source.
func quoted(at api.Location) string {
	from := min(at.Column, len(at.LineText))
	text := at.LineText[from:min(from+at.Length, len(at.LineText))]
	return strings.Trim(text, "\"'`")
}

// missed is an import that fails: the file by its name, and what it imports.
type missed struct{ file, name string }

// building is the runs of esbuild that a bundle takes.
type building struct {
	project *Project
	options BundleOptions
	root    string // Without links in it.
	entry   string
	own     []string // Folders whose files are the project's.
	found   *findings

	aliases map[string]string // What names of ours mean, in a second run.
	absent  map[missed]bool   // Imports that are left out, to see the rest.
	meta    metafile
}

func (p *Project) begin(root, entry string, o BundleOptions) *building {
	return &building{project: p, options: o, root: root, entry: entry, own: p.own(), found: newFindings()}
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

// source is a file's name from that in esbuild's source map, a URL, and whether
// its text may stand there: source maps of files name other files, and esbuild
// reads those.
func (b *building) source(source string) (name string, text bool) {
	if plain, err := url.PathUnescape(source); err == nil {
		source = plain
	}
	file := source
	if u, err := url.Parse(source); err == nil && u.Scheme == "file" {
		file = u.Path
		if drive := filepath.VolumeName(strings.TrimPrefix(file, "/")); drive != "" {
			file = file[1:]
		}
	}
	if file = filepath.FromSlash(file); !filepath.IsAbs(file) {
		file = filepath.Join(b.root, file)
	}
	return b.name(source), b.keeps(file)
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
