package project

import (
	"maps"
	"slices"
	"sync"

	"github.com/evanw/esbuild/pkg/api"
)

// findings are what a run of esbuild came across. It is safe for concurrent use.
type findings struct {
	mu      sync.Mutex // Guards the members below.
	loaded  map[string]bool
	plain   map[string]bool                // Names that esbuild was left to.
	answers map[meant]api.OnResolveResult  // Of names that only we know.
	ours    map[string]api.OnResolveResult // By name; without a path where it depends on the importer.
}

func newFindings() *findings {
	return &findings{loaded: map[string]bool{}, plain: map[string]bool{}, answers: map[meant]api.OnResolveResult{}, ours: map[string]api.OnResolveResult{}}
}

// load notes a file that is read.
func (f *findings) load(file string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.loaded[file] = true
}

// left notes a name that esbuild is left to.
func (f *findings) left(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plain[name] = true
}

func (m meant) key() meant { return meant{name: m.name, dir: m.dir} }

// answer is what was found before.
func (f *findings) answer(m meant) (api.OnResolveResult, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, ok := f.answers[m.key()]
	return r, ok
}

// add notes what a name of ours means.
func (f *findings) add(name string, m meant, r api.OnResolveResult) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[m.key()] = r
	if had, ok := f.ours[name]; ok && had.Path != r.Path {
		r.Path = ""
	}
	f.ours[name] = r
}

// aliases are the names of ours that mean the same everywhere.
func (f *findings) aliases() map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[string]string{}
	for name, r := range f.ours {
		if r.Path != "" && r.Namespace == "file" && !f.plain[name] {
			out[name] = r.Path
		}
	}
	return out
}

func (f *findings) files() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Collect(maps.Keys(f.loaded))
}
