package bundle

import (
	"slices"
	"strings"
	"sync"

	"github.com/flora-runtime/flora-runtime/pkg/recipe"
)

// chain remembers who imports what during a build, to tell how a file came to
// be part of it and why an import was not found. It is safe for concurrent use.
type chain struct {
	mu      sync.Mutex // Guards the members below.
	parents map[string]string
	missing map[string]string
}

func newChain() *chain {
	return &chain{parents: map[string]string{}, missing: map[string]string{}}
}

// add notes who imported a file; the first counts.
func (c *chain) add(importer, file string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.parents[file]; !known {
		c.parents[file] = importer
	}
}

// to gives the files through which a file came to be part of a build, itself
// the last: "src/main.ts > node_modules/a/index.js".
func (c *chain) to(file string) string {
	const most = 8
	c.mu.Lock()
	defer c.mu.Unlock()
	list := []string{file}
	for at := file; len(list) < most; {
		parent, ok := c.parents[at]
		if !ok || parent == "" || slices.Contains(list, parent) {
			break
		}
		list, at = append(list, parent), parent
	}
	slices.Reverse(list)
	for i, f := range list {
		list[i] = recipe.Plain(f)
	}
	return strings.Join(list, " > ")
}

// miss notes why an import was not found, where only esbuild knows whether that
// is an error, and why tells it.
func (c *chain) miss(importer, name string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.missing[importer+"\x00"+name] = err.Error()
}

// why gives the reason that miss noted, or "".
func (c *chain) why(importer, name string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.missing[importer+"\x00"+name]
}
