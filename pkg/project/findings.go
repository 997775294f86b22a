package project

import (
	"maps"
	"slices"
	"sync"

	"github.com/evanw/esbuild/pkg/api"
)

// findings are what imports meant in a run. It is safe for concurrent use.
type findings struct {
	mu    sync.Mutex // Guards the members below.
	paths map[string]bool
	all   map[string]api.OnResolveResult // By importer and name.
	ours  map[string]string              // Files by those names that only we know; "" where it depends on the importer.
}

func newFindings() *findings {
	return &findings{paths: map[string]bool{}, all: map[string]api.OnResolveResult{}, ours: map[string]string{}}
}

// add notes what an import means; ours says that esbuild alone would not know.
func (f *findings) add(importer, name string, r api.OnResolveResult, ours bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.Namespace == "file" {
		f.paths[r.Path] = true
	}
	f.all[importer+"\x00"+name] = r
	if !ours {
		return
	}
	file := r.Path
	if had, ok := f.ours[name]; ok && had != file {
		file = ""
	}
	f.ours[name] = file
}

// of is what an import meant.
func (f *findings) of(importer, name string) (api.OnResolveResult, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, ok := f.all[importer+"\x00"+name]
	return r, ok
}

// named is the file that is called so, or "".
func (f *findings) named(name string, call func(string) string) string {
	for _, file := range f.files() {
		if call(file) == name {
			return file
		}
	}
	return ""
}

func (f *findings) files() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Collect(maps.Keys(f.paths))
}

// aliases are the names of ours that mean the same everywhere.
func (f *findings) aliases() map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[string]string{}
	for name, file := range f.ours {
		if file != "" {
			out[name] = file
		}
	}
	return out
}
