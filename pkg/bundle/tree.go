package bundle

import (
	"path"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/recipe"
)

// source is a file of the upload, which is read when it is imported.
type source interface{ read() (string, error) }

// text is a file that is in memory already.
type text string

func (t text) read() (string, error) { return string(t), nil }

// tree is the uploaded files by clean path.
type tree map[string]source

func newTree(files []deploy.File) tree {
	t := make(tree, len(files))
	for _, f := range files {
		t[path.Clean(f.Path)] = text(f.Contents)
	}
	return t
}

// folders are all that hold a file, however deep below. The root is ".".
func (t tree) folders() map[string]bool {
	out := map[string]bool{".": true}
	for p := range t {
		for dir := path.Dir(p); !out[dir]; dir = path.Dir(dir) {
			out[dir] = true
		}
	}
	return out
}

// written maps the extension of what TypeScript would write to that of its
// source: with Node's module rules authors import "./a.js" and mean "./a.ts".
var written = map[string][]string{
	".js":  {".ts", ".tsx"},
	".jsx": {".tsx"},
	".mjs": {".mts"},
	".cjs": {".cts"},
}

// file gives the file that a clean path means, extensions left out or not.
func (t tree) file(p string) (string, bool) {
	candidates := []string{p}
	ext := path.Ext(p)
	for _, e := range written[ext] {
		candidates = append(candidates, strings.TrimSuffix(p, ext)+e)
	}
	for _, e := range recipe.Extensions {
		candidates = append(candidates, p+e)
	}
	// Node finds these too, and packages count on it.
	return t.first(append(candidates, p+".json"))
}

// index gives the file that a folder means by itself.
func (t tree) index(dir string) (string, bool) {
	var candidates []string
	for _, e := range recipe.Extensions {
		candidates = append(candidates, path.Join(dir, "index"+e))
	}
	return t.first(append(candidates, path.Join(dir, "index.json")))
}

func (t tree) first(candidates []string) (string, bool) {
	for _, c := range candidates {
		if _, ok := t[c]; ok {
			return c, true
		}
	}
	return "", false
}
