package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/project"
	"github.com/flora-runtime/flora-runtime/pkg/recipe"
)

// known is what every project can import.
const known = `// What a script can import beside its own files. ` + "`flora types`" + ` writes this file.

declare module "@flora/sdk" {
  export = flora;
}
declare module "@uwu/flora-sdk" {
  export = flora;
}
declare module "*.txt" {
  const text: string;
  export default text;
}
declare module "*.md" {
  const text: string;
  export default text;
}

// Packages without types, or that are not in node_modules.
declare module "npm:*";
declare module "jsr:*";
`

// Bounds of what is searched for imports.
const (
	maxSearched     = 5000
	maxSearchedFile = 1 << 20
)

// specifiers finds the imports of registries. What only looks like one, in a
// comment say, does no harm.
var specifiers = regexp.MustCompile("[\"'`]((?:npm|jsr):[^\"'`\\s\\\\]+)[\"'`]")

// moduleTypes declares what a project imports by names that TypeScript does not
// resolve: each is the package in node_modules.
func moduleTypes(p *project.Project) (string, error) {
	if p == nil {
		return known, nil
	}
	found, err := registryImports(p.Root)
	if err != nil {
		return "", err
	}
	for name, to := range p.Imports {
		if _, ok := inNodeModules(to); ok && !strings.HasSuffix(name, "/") {
			found[name] = to
		}
	}
	var blocks []string
	for name, to := range found {
		module, _ := inNodeModules(to)
		if module == name || !typed(p.Root, module) {
			continue
		}
		blocks = append(blocks, fmt.Sprintf("declare module %q {\n  import all = require(%q);\n  export = all;\n}\n", name, module))
	}
	if len(blocks) == 0 {
		return known, nil
	}
	slices.Sort(blocks)
	return known + "\n// Packages with types.\n" + strings.Join(blocks, ""), nil
}

// registryImports finds the npm: and jsr: imports of the author's own files.
func registryImports(dir string) (found map[string]string, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("look for imports: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	found = map[string]string{}
	seen := 0
	err = fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
				return nil
			}
			return err
		}
		if e.IsDir() {
			if name != "." && recipe.HoldsNone(e.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		info, err := e.Info()
		if err != nil || !e.Type().IsRegular() || info.Size() > maxSearchedFile || !recipe.IsScript(name) {
			return nil //nolint:nilerr // A file that went meanwhile.
		}
		if seen++; seen > maxSearched {
			return fs.SkipAll
		}
		text, err := root.ReadFile(filepath.FromSlash(name))
		if err != nil {
			return nil //nolint:nilerr // The build tells of files that cannot be read.
		}
		for _, m := range specifiers.FindAllStringSubmatch(string(text), -1) {
			found[m[1]] = m[1]
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for imports in %s: %w", dir, err)
	}
	return found, nil
}

// inNodeModules is the name by which an npm: or jsr: import is found in
// node_modules.
func inNodeModules(specifier string) (string, bool) {
	s, ok, err := recipe.ParseSpecifier(specifier)
	if !ok || err != nil {
		return "", false
	}
	return s.Bare(), true
}

// typed reports whether the module's package is in a node_modules of the folder
// or of one above, and has types, its own or those of @types.
func typed(dir, module string) bool {
	name, _ := recipe.Split(module)
	for _, d := range upwards(runtime.GOOS, dir) {
		modules := filepath.Join(d, "node_modules")
		manifest, err := os.ReadFile(filepath.Join(modules, filepath.FromSlash(name), "package.json"))
		if err != nil {
			continue
		}
		types := filepath.Join(modules, "@types", strings.ReplaceAll(strings.TrimPrefix(name, "@"), "/", "__"), "package.json")
		return bytes.Contains(manifest, []byte(`"types"`)) || bytes.Contains(manifest, []byte(`"typings"`)) ||
			regular(filepath.Join(modules, filepath.FromSlash(name), "index.d.ts")) || regular(types)
	}
	return false
}
