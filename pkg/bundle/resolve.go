package bundle

import (
	"fmt"
	"path"
	"strings"
	"sync"

	"github.com/tidwall/gjson"

	"github.com/flora-runtime/flora-runtime/pkg/recipe"
)

// resolver finds the file that an import means, by Node's rules as bundlers for
// the browser read them. It only ever looks into the upload.
type resolver struct {
	files   tree
	folders map[string]bool
	project tsconfig
	chain   *chain

	mu        sync.Mutex // Guards the manifests.
	manifests map[string]*manifest
}

func newResolver(files tree) *resolver {
	return &resolver{files: files, folders: files.folders(), project: readTsconfig(files), manifests: map[string]*manifest{}, chain: newChain()}
}

// meant is what an import means.
type meant struct {
	path    string
	nothing bool // A package says that there is nothing to import in a browser.
	pure    bool // It does nothing but define what it exports.
}

// resolve gives what an import in the file importer means, or why it means
// nothing.
func (r *resolver) resolve(importer, name string, require bool) (meant, error) {
	t, err := r.lookUp(importer, name, conditions(require), 0)
	if err != nil {
		if recipe.InModules(importer) { // The author's own files are found by their place.
			err = fmt.Errorf("%w; imported through %s", err, r.chain.to(importer))
		}
		return meant{}, err
	}
	if t.nothing {
		return t, nil
	}
	if dir, m := r.owner(t.path); m != nil {
		t.pure = m.pure(strings.TrimPrefix(t.path, dir+"/"))
	}
	r.chain.add(importer, t.path)
	return t, nil
}

// redirects is how often packages may send an import elsewhere.
const redirects = 16

func (r *resolver) lookUp(importer, name string, want map[string]bool, depth int) (meant, error) {
	if depth > redirects {
		return meant{}, fmt.Errorf("cannot import %q: its package sends it in a circle", name)
	}
	dir, m := r.owner(importer)
	if m != nil && m.browser.IsObject() && !recipe.Relative(name) {
		if to, ok := m.instead(name); ok {
			return r.redirected(dir, name, to, want, depth)
		}
	}
	if s, ok, err := recipe.ParseSpecifier(name); ok || err != nil {
		if err != nil {
			return meant{}, err
		}
		return r.bare(importer, s.Bare(), want)
	}
	if err := recipe.Unreachable(name); err != nil {
		return meant{}, err
	}
	switch {
	case strings.HasPrefix(name, "#"):
		if m == nil || !m.imports.IsObject() {
			return meant{}, fmt.Errorf("cannot import %q: the package.json above it has no \"imports\"", name)
		}
		to, ok := m.match(m.imports, name, want)
		if !ok {
			return meant{}, fmt.Errorf("cannot import %q: %s does not have it in \"imports\"", name, path.Join(dir, "package.json"))
		}
		if recipe.Relative(to) {
			return r.at(path.Join(dir, to), name, want)
		}
		return r.lookUp(path.Join(dir, "package.json"), to, want, depth+1)
	case !recipe.Relative(name):
		if !recipe.InModules(importer) {
			for _, p := range r.project.alias(name) {
				if t, err := r.at(p, name, want); err == nil {
					return t, nil
				}
			}
		}
		return r.bare(importer, name, want)
	}
	t, err := r.at(path.Join(path.Dir(importer), name), name, want)
	if err != nil || m == nil || t.nothing {
		return t, err
	}
	return r.forBrowsers(dir, m, t.path), nil
}

// at gives the file or folder at a clean path.
func (r *resolver) at(p, name string, want map[string]bool) (meant, error) {
	if p == ".." || strings.HasPrefix(p, "../") {
		return meant{}, fmt.Errorf("cannot import %q: it leads out of the deployed files", name)
	}
	if found, ok := r.files.file(p); ok {
		return meant{path: found}, nil
	}
	if found, ok := r.folder(p, want); ok {
		return found, nil
	}
	return meant{}, fmt.Errorf("cannot find %q: there is no deployed file %q, nor one with an extension of %s or an index file in it", name, p, strings.Join(recipe.Extensions, " "))
}

// folder gives the file that a folder means, by its package.json or as an index.
func (r *resolver) folder(dir string, want map[string]bool) (meant, bool) {
	m := r.manifest(dir)
	if m == nil {
		found, ok := r.files.index(dir)
		return meant{path: found}, ok
	}
	for _, main := range append(m.mains(want["require"]), ".") {
		p := path.Join(dir, main)
		if p == ".." || strings.HasPrefix(p, "../") {
			continue
		}
		found, ok := r.files.file(p)
		if !ok {
			found, ok = r.files.index(p)
		}
		if ok {
			return r.forBrowsers(dir, m, found), true
		}
	}
	return meant{}, false
}

// forBrowsers gives what a package has for browsers in place of one of its
// files.
func (r *resolver) forBrowsers(dir string, m *manifest, file string) meant {
	if !m.browser.IsObject() {
		return meant{path: file}
	}
	to, ok := m.instead("./" + strings.TrimPrefix(file, dir+"/"))
	if !ok {
		return meant{path: file}
	}
	if to.Type == gjson.False {
		return meant{nothing: true}
	}
	if found, ok := r.files.file(path.Join(dir, to.Str)); ok && recipe.Relative(to.Str) {
		return meant{path: found}
	}
	return meant{path: file}
}

// bare looks for a package in the folders node_modules from the importer's
// upwards.
func (r *resolver) bare(importer, name string, want map[string]bool) (meant, error) {
	pkg, inside := recipe.Split(name)
	if dir, m := r.owner(importer); m != nil && m.name == pkg && m.exports.Exists() {
		return r.exported(dir, m, pkg, inside, want)
	}
	for dir := path.Dir(importer); ; dir = path.Dir(dir) {
		at := path.Join(dir, "node_modules", pkg)
		if path.Base(dir) != "node_modules" && pkg != "" {
			if r.folders[at] {
				return r.inPackage(at, pkg, inside, want)
			}
			if found, ok := r.files.file(path.Join(at, inside)); ok {
				return meant{path: found}, nil
			}
		}
		if dir == "." {
			break
		}
	}
	if recipe.IsBuiltIn(pkg) {
		return meant{}, recipe.BuiltIn(name)
	}
	return meant{}, fmt.Errorf("cannot find package %q: the upload does not hold it in node_modules, and the server installs nothing; use `flora deploy`, which bundles what is installed where you are, or upload node_modules too", name)
}

func (r *resolver) inPackage(dir, pkg, inside string, want map[string]bool) (meant, error) {
	m := r.manifest(dir)
	if m != nil && m.exports.Exists() {
		return r.exported(dir, m, pkg, inside, want)
	}
	if inside != "" {
		return r.at(path.Join(dir, inside), pkg+"/"+inside, want)
	}
	if found, ok := r.folder(dir, want); ok {
		return found, nil
	}
	return meant{}, fmt.Errorf("cannot import package %q: its package.json in %s names no file that the upload holds, and there is no index file", pkg, dir)
}

func (r *resolver) exported(dir string, m *manifest, pkg, inside string, want map[string]bool) (meant, error) {
	to, ok := m.match(m.exports, strings.TrimSuffix("./"+inside, "/"), want)
	if !ok {
		return meant{}, fmt.Errorf("cannot import %q: package %q does not export it (see \"exports\" in %s)", path.Join(pkg, inside), pkg, path.Join(dir, "package.json"))
	}
	p := path.Join(dir, to)
	if p != dir && !strings.HasPrefix(p, dir+"/") && dir != "." {
		return meant{}, fmt.Errorf("cannot import %q: package %q exports a file outside of itself", path.Join(pkg, inside), pkg)
	}
	found, ok := r.files.file(p)
	if !ok {
		return meant{}, fmt.Errorf("cannot import %q: package %q exports %q, which the upload does not hold", path.Join(pkg, inside), pkg, to)
	}
	return r.forBrowsers(dir, m, found), nil
}

// owner is the nearest folder above a file that has a package.json.
func (r *resolver) owner(file string) (string, *manifest) {
	for dir := path.Dir(file); ; dir = path.Dir(dir) {
		if m := r.manifest(dir); m != nil {
			return dir, m
		}
		if dir == "." || path.Base(dir) == "node_modules" {
			return "", nil
		}
	}
}

// key is what esbuild calls a file. It reads no package.json here, so what one
// says of its modules is told by an extension: that decides what the default
// import of a CommonJS module is.
func (r *resolver) key(file string) string {
	switch path.Ext(file) {
	case ".js", ".jsx", ".ts", ".tsx":
		if _, m := r.owner(file); m != nil && m.esm {
			return file + recipe.ModuleMark
		}
	}
	return file
}

// manifest reads a folder's package.json; one that cannot be read is none.
func (r *resolver) manifest(dir string) *manifest {
	r.mu.Lock()
	defer r.mu.Unlock()
	m, known := r.manifests[dir]
	if !known {
		if f, ok := r.files[path.Join(dir, "package.json")]; ok {
			if doc, err := f.read(); err == nil {
				m = readManifest(doc)
			}
		}
		r.manifests[dir] = m
	}
	return m
}
