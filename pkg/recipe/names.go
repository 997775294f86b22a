package recipe

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// ourSpaces stand before paths in what esbuild writes.
var ourSpaces = regexp.MustCompile("^(" + Upload + "|" + sdk + "|" + empty + "):")

// ModuleMark ends the names of files in memory that are ES modules by their
// package.json: esbuild takes that from an extension.
const ModuleMark = "?.mjs"

// Plain takes our name spaces and marks off a path.
func Plain(file string) string {
	return strings.TrimSuffix(ourSpaces.ReplaceAllString(file, ""), ModuleMark)
}

// Split parts a package's name from the path in it.
func Split(name string) (pkg, inside string) {
	parts := strings.SplitN(name, "/", 3)
	if !strings.HasPrefix(name, "@") {
		pkg, inside, _ = strings.Cut(name, "/")
	} else if len(parts) > 1 {
		pkg = parts[0] + "/" + parts[1]
		if len(parts) > 2 {
			inside = parts[2]
		}
	}
	if pkg == "." || pkg == ".." || strings.HasSuffix(pkg, "/") || strings.Contains(pkg, "/.") {
		return "", ""
	}
	return pkg, path.Clean("/" + inside)[1:]
}

// Relative reports whether an import is of a path from its importer on.
func Relative(name string) bool {
	return name == "." || name == ".." || strings.HasPrefix(name, "./") || strings.HasPrefix(name, "../")
}

// InModules reports whether a file is a package's, not the author's own.
func InModules(file string) bool { return strings.Contains("/"+file, "/node_modules/") }

// schemes are import names such as node:fs and https://deno.land/x.
var schemes = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)

// Unreachable says why an import can mean nothing, whatever files there are.
func Unreachable(name string) error {
	switch {
	case strings.HasPrefix(name, "node:"):
		return BuiltIn(name)
	case strings.HasPrefix(name, "http:"), strings.HasPrefix(name, "https:"):
		return fmt.Errorf("cannot import %q: code is not loaded from the network; install the package (npm:name), or keep the file beside your own", name)
	case schemes.MatchString(name):
		return fmt.Errorf("cannot import %q: only files deployed together can be imported, by a path that starts with \"./\" or \"../\"", name)
	case strings.HasPrefix(name, "/"):
		return fmt.Errorf("cannot import %q: the path is absolute; start it with \"./\" or \"../\"", name)
	}
	return nil
}

// MayBeMissing reports whether code can be ready for an import that means
// nothing: only esbuild knows. Code on the network and the like never works.
func MayBeMissing(kind api.ResolveKind, name string) bool {
	if schemes.MatchString(name) && !strings.HasPrefix(name, "node:") {
		return false
	}
	return kind == api.ResolveJSRequireCall || kind == api.ResolveJSRequireResolve || kind == api.ResolveJSDynamicImport
}

// BuiltIn says why one of Node's own modules cannot be imported.
func BuiltIn(name string) error {
	return fmt.Errorf("cannot import %q: scripts run without Node.js; use the SDK and the web platform instead", name)
}

// ErrComputed is why an import of what only running code knows fails.
var ErrComputed = errors.New("an import path that is computed at run time cannot be bundled; import each file by its name")

// IsBuiltIn reports whether a package's name is one of Node's own modules,
// which nobody needs to install.
func IsBuiltIn(pkg string) bool { return slices.Contains(builtIns, pkg) }

var builtIns = []string{
	"assert", "async_hooks", "buffer", "child_process", "cluster", "console", "constants", "crypto", "dgram", "diagnostics_channel", "dns", "domain", "events",
	"fs", "http", "http2", "https", "inspector", "module", "net", "os", "path", "perf_hooks", "process", "punycode", "querystring", "readline", "repl", "stream",
	"string_decoder", "sys", "timers", "tls", "trace_events", "tty", "url", "util", "v8", "vm", "wasi", "worker_threads", "zlib",
}
