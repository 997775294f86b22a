package bundle

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/deploy"
)

// tree is the uploaded files by clean path.
type tree map[string]string

func newTree(files []deploy.File) tree {
	t := make(tree, len(files))
	for _, f := range files {
		t[path.Clean(f.Path)] = f.Contents
	}
	return t
}

// extensions are tried in this order when an import leaves them out.
var extensions = []string{".ts", ".tsx", ".js", ".jsx", ".mjs", ".cts", ".mts", ".cjs"}

// written maps the extension of what TypeScript would write to that of its
// source: with Node's module rules authors import "./a.js" and mean "./a.ts".
var written = map[string][]string{
	".js":  {".ts", ".tsx"},
	".jsx": {".tsx"},
	".mjs": {".mts"},
	".cjs": {".cts"},
}

// find gives the file that a clean path means.
func (t tree) find(p string) (string, bool) {
	candidates := []string{p}
	ext := path.Ext(p)
	for _, e := range written[ext] {
		candidates = append(candidates, strings.TrimSuffix(p, ext)+e)
	}
	for _, e := range extensions {
		candidates = append(candidates, p+e)
	}
	for _, e := range extensions {
		candidates = append(candidates, path.Join(p, "index"+e))
	}
	for _, c := range candidates {
		if _, ok := t[c]; ok {
			return c, true
		}
	}
	return "", false
}

// schemes are import names such as node:fs and https://deno.land/x.
var schemes = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)

// resolve gives the file that an import in the file importer means, or why it
// means none.
func (t tree) resolve(importer, name string) (string, error) {
	switch {
	case strings.HasPrefix(name, "node:"):
		return "", fmt.Errorf("cannot import %q: scripts run without Node.js; use the SDK and the web platform instead", name)
	case strings.HasPrefix(name, "http:"), strings.HasPrefix(name, "https:"):
		return "", fmt.Errorf("cannot import %q: code is not loaded from the network; deploy the file with your own", name)
	case schemes.MatchString(name):
		return "", fmt.Errorf("cannot import %q: only files deployed together can be imported, by a path that starts with \"./\" or \"../\"", name)
	case strings.HasPrefix(name, "/"):
		return "", fmt.Errorf("cannot import %q: the path is absolute; start it with \"./\" or \"../\"", name)
	case !relative(name):
		return "", fmt.Errorf("cannot find package %q; a bare import must be bundled: bundle it with your own bundler and deploy the result with `flora deploy --bundle`", name)
	}
	p := path.Join(path.Dir(importer), name)
	if p == ".." || strings.HasPrefix(p, "../") {
		return "", fmt.Errorf("cannot import %q: it leads out of the deployed files", name)
	}
	found, ok := t.find(p)
	if !ok {
		return "", fmt.Errorf("cannot find %q: there is no deployed file %q, nor one with an extension of %s or an index file in it", name, p, strings.Join(extensions, " "))
	}
	return found, nil
}

func relative(name string) bool {
	return name == "." || name == ".." || strings.HasPrefix(name, "./") || strings.HasPrefix(name, "../")
}
