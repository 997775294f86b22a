package project

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/flora-runtime/flora-runtime/pkg/recipe"
)

// manifest is what a package.json says of packages.
type manifest struct {
	Exports      json.RawMessage   `json:"exports"`
	Version      string            `json:"version"`
	Dependencies map[string]string `json:"dependencies"`
	Dev          map[string]string `json:"devDependencies"`
	Optional     map[string]string `json:"optionalDependencies"`
}

func readManifest(dir string) (manifest, bool) {
	var m manifest
	doc, err := ReadText(filepath.Join(dir, "package.json"), maxSettingsBytes)
	return m, err == nil && json.Unmarshal([]byte(strings.TrimPrefix(doc, "\ufeff")), &m) == nil
}

// upwards gives a folder and all above it.
func upwards(dir string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for {
			if !yield(dir) {
				return
			}
			parent := filepath.Dir(dir)
			if parent == dir {
				return
			}
			dir = parent
		}
	}
}

// folder is where a package is installed for the files in a folder, or "". A
// link that leads nowhere is found too.
func folder(dir, pkg string) string {
	for d := range upwards(dir) {
		at := filepath.Join(d, "node_modules", filepath.FromSlash(pkg))
		if _, err := os.Lstat(at); err == nil {
			return at
		}
	}
	return ""
}

// installed checks that a package is there in a version that the import allows.
func (b *building) installed(m meant) error {
	at := folder(m.dir, m.of.Package)
	if at == "" {
		return fmt.Errorf("cannot find package %q: it is not in node_modules; run `%s`", m.of.Name(), m.of.Install())
	}
	if m.of.Range == "" {
		return nil
	}
	want, err := semver.NewConstraint(m.of.Range)
	if err != nil {
		return nil //nolint:nilerr // It is a tag, such as "latest": what is installed is what it meant then.
	}
	is, ok := readManifest(at)
	if !ok {
		return nil // The import itself tells more.
	}
	if v, err := semver.NewVersion(is.Version); err == nil && !want.Check(v) {
		return fmt.Errorf("cannot import %q: version %s is installed, which %q does not allow; run `%s`", m.of.Name(), is.Version, m.of.Range, m.of.Install())
	}
	return nil
}

// missing says why esbuild did not find something.
func (b *building) missing(asked string, m meant) error {
	switch {
	case strings.HasPrefix(m.name, "#"):
		return fmt.Errorf("cannot import %q: the package.json above it does not have it in \"imports\"", asked)
	case recipe.Relative(m.name), filepath.IsAbs(m.name):
		file := m.name
		if !filepath.IsAbs(file) {
			file = filepath.Join(m.dir, filepath.FromSlash(file))
		}
		if _, err := os.Lstat(file); err == nil && !exists(file) {
			return fmt.Errorf("cannot find %q: %q is a link that leads nowhere", asked, b.name(file))
		}
		return fmt.Errorf("cannot find %q: there is no file %q, nor one with an extension of %s or an index file in it", asked, b.name(file), strings.Join(recipe.Extensions, " "))
	}
	pkg, inside := recipe.Split(m.name)
	at := ""
	if pkg != "" {
		at = folder(m.dir, pkg)
	}
	switch {
	case at == "" && recipe.IsBuiltIn(pkg):
		return recipe.BuiltIn(asked)
	case at == "":
		if file := b.declares(m.dir, pkg); file != "" {
			return fmt.Errorf("cannot find package %q: %s names it, but it is not in node_modules; run `npm install`", asked, b.name(file))
		}
		if pkg == "" || strings.HasPrefix(pkg, "@/") || strings.HasPrefix(pkg, "~") || strings.HasPrefix(pkg, "$") {
			return fmt.Errorf("cannot find package %q: no package can be called so; if it stands for your own files, say so in \"imports\" of %s", asked, fileName)
		}
		return fmt.Errorf("cannot find package %q: it is not in node_modules; run `npm install %s`", asked, pkg)
	case !exists(at):
		return fmt.Errorf("cannot find package %q: %q is a link that leads nowhere; run `npm install`", asked, b.name(at))
	}
	if is, _ := readManifest(at); is.Exports != nil {
		return fmt.Errorf("cannot import %q: package %q does not export it (see \"exports\" in %s)", asked, pkg, b.name(filepath.Join(at, "package.json")))
	}
	if inside != "" {
		return fmt.Errorf("cannot import %q: package %q does not have it", asked, pkg)
	}
	return fmt.Errorf("cannot import %q: the package.json in %q names no file that is there, and there is no index file", asked, b.name(at))
}

// declares gives the nearest package.json that asks for a package.
func (b *building) declares(dir, pkg string) string {
	for d := range upwards(dir) {
		m, _ := readManifest(d)
		for _, list := range []map[string]string{m.Dependencies, m.Dev, m.Optional} {
			if _, ok := list[pkg]; ok {
				return filepath.Join(d, "package.json")
			}
		}
	}
	return ""
}

func exists(p string) bool {
	_, err := os.Stat(p)
	return err == nil
}
