package watch_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/watch"
)

const patience = 30 * time.Second

// rig is a folder with a watcher of some of its files.
type rig struct {
	t   *testing.T
	dir string
	w   *watch.Watcher
}

func newRig(t *testing.T) *rig {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w, err := watch.New()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t, dir, w}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *rig) path(name string) string { return filepath.Join(r.dir, filepath.FromSlash(name)) }

func (r *rig) write(name, text string) {
	r.t.Helper()
	r.must(os.MkdirAll(filepath.Dir(r.path(name)), 0o700))
	r.must(os.WriteFile(r.path(name), []byte(text), 0o600))
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) set(names ...string) {
	r.t.Helper()
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = r.path(n)
	}
	r.must(r.w.Set(all))
}

func (r *rig) changes() {
	r.t.Helper()
	select {
	case <-r.w.Changes():
	case <-time.After(patience):
		r.t.Fatal("the change was not seen")
	}
}

// settle takes what setting up brought.
func (r *rig) settle() {
	r.t.Helper()
	r.write("mark", "x")
	for {
		select {
		case <-r.w.Changes():
		case <-time.After(5 * 15 * time.Millisecond):
			return
		}
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	rows := map[string]func(r *rig){
		"a save":    func(r *rig) { r.write("src/a.ts", "2") },
		"a removal": func(r *rig) { r.must(os.Remove(r.path("src/a.ts"))) },
		"an editor's rename": func(r *rig) {
			r.write("src/.a.ts.swp", "2")
			r.must(os.Rename(r.path("src/.a.ts.swp"), r.path("src/a.ts")))
		},
		"one that was missing":             func(r *rig) { r.write("src/later.ts", "1") },
		"one in a folder that was missing": func(r *rig) { r.write("deep/er/x.ts", "1") },
		"a new file of a folder":           func(r *rig) { r.write("lib/new.ts", "1") },
		"one of a folder that goes":        func(r *rig) { r.must(os.Remove(r.path("lib/b.ts"))) },
		"a folder in a folder":             func(r *rig) { r.must(os.Mkdir(r.path("lib/er"), 0o700)) },
		"the folder gone":                  func(r *rig) { r.must(os.RemoveAll(r.path("src"))) },
		"the folder moved away":            func(r *rig) { r.must(os.Rename(r.path("src"), r.path("old"))) },
	}
	for name, edit := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.write("src/a.ts", "1")
			r.write("lib/b.ts", "1")
			r.set("src/a.ts", "src/later.ts", "deep/er/x.ts", "lib")
			r.settle()
			edit(r)
			r.changes()
		})
	}
}

// TestComesBack: what was removed is still watched when it is there again, also
// when its folder went with it.
func TestComesBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("src/a.ts", "1")
	r.set("src/a.ts")
	for range 3 {
		r.settle()
		r.must(os.RemoveAll(r.path("src")))
		r.changes()
		r.settle()
		r.write("src/a.ts", "2")
		r.changes()
		r.settle()
		r.write("src/a.ts", "3")
		r.changes()
	}
}

// TestOthers: what nobody named is no change, and saves at once are one.
func TestOthers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("src/a.ts", "1")
	r.write("lib/log.txt", "1")
	r.set("src/a.ts", "lib")
	r.settle()
	r.write("lib/log.txt", "2")
	r.write("src/b.ts", "1")
	r.write("other/c.ts", "1")
	r.must(os.Chmod(r.path("src/a.ts"), 0o400))
	select {
	case <-r.w.Changes():
		t.Fatal("a file that nobody named counts")
	case <-time.After(200 * time.Millisecond): // Ten times what a change takes.
	}
}

func TestBurst(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("a.ts", "1")
	r.set("a.ts")
	r.settle()
	for range 100 {
		r.write("a.ts", "2")
	}
	r.changes()
	n := 1
	for {
		select {
		case <-r.w.Changes():
			n++
			continue
		case <-time.After(100 * time.Millisecond):
		}
		break
	}
	if n > 20 {
		t.Errorf("100 saves at once are %d changes", n)
	}
}

// TestSavedBeforeSet: whoever read a file and names it after that hears of a
// save in between.
func TestSavedBeforeSet(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("new.ts", "1")
	later := time.Now().Add(time.Minute) // Clocks of file systems are coarse.
	r.must(os.Chtimes(r.path("new.ts"), later, later))
	r.set("new.ts")
	r.changes()
	r.set("new.ts") // It is known now.
	select {
	case <-r.w.Changes():
		t.Fatal("a file that was named before counts again")
	case <-time.After(100 * time.Millisecond):
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("store/pkg/index.js", "1")
	r.must(os.MkdirAll(r.path("node_modules"), 0o700))
	r.must(os.Symlink(r.path("store/pkg"), r.path("node_modules/pkg")))
	r.set("node_modules/pkg/index.js")
	r.settle()
	r.write("store/pkg/index.js", "2")
	r.changes()
}

// TestSavedDuringSet: a save is seen at whatever moment of Set it comes.
func TestSavedDuringSet(t *testing.T) {
	t.Parallel()
	names := []string{"a.ts"}
	for n := range 1000 { // They make Set take a while.
		names = append(names, fmt.Sprintf("missing/%d.ts", n))
	}
	took := 5 * time.Millisecond
	for range 20 {
		r := newRig(t)
		r.write("a.ts", "1")
		long := time.Now().Add(-time.Hour)
		r.must(os.Chtimes(r.path("a.ts"), long, long))
		saved := make(chan error, 1)
		time.AfterFunc(rand.N(took), func() { saved <- os.WriteFile(r.path("a.ts"), []byte("2"), 0o600) })
		began := time.Now()
		r.set(names...)
		took = max(time.Since(began), time.Millisecond)
		r.must(<-saved)
		r.changes()
	}
}

func TestCloseEndsChanges(t *testing.T) {
	t.Parallel()
	w, err := watch.New()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, ok := <-w.Changes(); ok {
		t.Error("a change after Close")
	}
	if err := w.Set([]string{t.TempDir()}); err == nil {
		t.Error("a closed watcher watches")
	}
}
