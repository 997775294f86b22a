package recipe

import "testing"

func TestSources(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]struct{ source, script bool }{
		"src/main.ts": {true, true}, "a.cjs": {true, true}, "words.json": {true, false}, "README.md": {true, false},
		"a.css": {}, "a": {}, "a.TS": {}, ".gitignore": {},
	} {
		if IsSource(file) != want.source || IsScript(file) != want.script {
			t.Errorf("%s: %v %v", file, IsSource(file), IsScript(file))
		}
	}
	for folder, want := range map[string]bool{"node_modules": true, "dist": true, ".git": true, ".flora": true, "src": false, "dist2": false} {
		if HoldsNone(folder) != want {
			t.Errorf("%s: %v", folder, !want)
		}
	}
}
