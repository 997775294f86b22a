package project

import (
	"maps"
	"slices"
	"sync"
)

// findings are what imports meant in a run. It is safe for concurrent use.
type findings struct {
	mu    sync.Mutex // Guards the members below.
	paths map[string]bool
	ours  map[string]string // Files by those names that only we know; "" where it depends on the importer.
}

func newFindings() *findings {
	return &findings{paths: map[string]bool{}, ours: map[string]string{}}
}

func (f *findings) add(file string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.paths[file] = true
}

// name notes what a name of ours means.
func (f *findings) name(name, file string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if had, ok := f.ours[name]; ok && had != file {
		file = ""
	}
	f.ours[name] = file
}

func (f *findings) files() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Collect(maps.Keys(f.paths))
}

// aliases are the names of ours that mean the same everywhere.
func (b *building) aliases() map[string]string {
	b.found.mu.Lock()
	defer b.found.mu.Unlock()
	out := map[string]string{}
	for name, file := range b.found.ours {
		if file != "" {
			out[name] = file
		}
	}
	return out
}
