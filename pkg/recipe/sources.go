package recipe

import (
	"path"
	"slices"
	"strings"
)

// Entries are tried in this order when no entry is named.
var Entries = []string{"src/main.ts", "main.ts", "src/index.ts", "index.ts", "src/main.js", "main.js", "index.js"}

// IsSource reports whether a script can be made of a file of that name.
func IsSource(file string) bool {
	_, ok := loaders[path.Ext(file)]
	return ok
}

// IsScript reports whether a file of that name is code.
func IsScript(file string) bool { return slices.Contains(Extensions, path.Ext(file)) }

// HoldsNone reports whether a folder of that name has no sources of the
// author's, wherever it is: it is hidden, or holds packages or what was built.
func HoldsNone(folder string) bool {
	return strings.HasPrefix(folder, ".") || folder == "node_modules" || folder == "dist"
}
