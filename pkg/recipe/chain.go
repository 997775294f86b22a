package recipe

import (
	"slices"
	"strings"
	"sync"
)

// Chain remembers who imports what during a build, to tell how a file came to
// be part of it and why an import was not found. It is safe for concurrent use.
type Chain struct {
	mu      sync.Mutex // Guards the members below.
	parents map[string]string
	missing map[string]string
}

// NewChain makes an empty one.
func NewChain() *Chain {
	return &Chain{parents: map[string]string{}, missing: map[string]string{}}
}

// Add notes who imported a file; the first counts.
func (c *Chain) Add(importer, file string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.parents[file]; !known {
		c.parents[file] = importer
	}
}

// To gives the files through which a file came to be part of a build, itself
// the last: "src/main.ts > node_modules/a/index.js".
func (c *Chain) To(file string, name func(string) string) string {
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
		list[i] = name(f)
	}
	return strings.Join(list, " > ")
}

// Miss notes why an import was not found, where only esbuild knows whether that
// is an error, and Why tells it.
func (c *Chain) Miss(importer, name string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.missing[importer+"\x00"+name] = err.Error()
}

// Why gives the reason that Miss noted, or "".
func (c *Chain) Why(importer, name string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.missing[importer+"\x00"+name]
}
