// Package watch tells when files that matter were saved. It watches their
// folders, not the files: editors save by putting a new file in the old one's
// place. It reads no file and knows nothing of what is in them.
package watch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

// A burst of saves ends when nothing more comes for the quiet time, or, for
// whoever never stops writing, after the longest.
const (
	quiet   = 15 * time.Millisecond
	longest = 300 * time.Millisecond
	// coarse is how far the time of a save may be behind: systems note it by ticks.
	coarse = 10 * time.Millisecond
)

// Watcher watches files. Its methods may be called from many goroutines.
type Watcher struct {
	events  *fsnotify.Watcher
	changes chan struct{}
	done    chan struct{}

	mu      sync.Mutex // Guards what follows.
	names   map[string]bool
	folders map[string]bool // Watched.
	closed  bool
	told    time.Time // When the last change was given out, or the start.
}

// New watches nothing yet. Files that Set names first count as changed when they
// were saved after New.
func New() (*Watcher, error) {
	events, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, explain("files", err)
	}
	w := &Watcher{
		events: events, changes: make(chan struct{}, 1), done: make(chan struct{}),
		names: map[string]bool{}, folders: map[string]bool{}, told: time.Now(),
	}
	go w.run()
	return w, nil
}

// Changes gives one value for each burst of saves, also for one that came before
// somebody asked. It is closed by Close.
func (w *Watcher) Changes() <-chan struct{} { return w.changes }

// Close ends it.
func (w *Watcher) Close() error {
	err := w.events.Close()
	<-w.done
	return err
}

// Set says what matters from now on: files, which may be missing, and folders,
// in which it matters what comes and goes, but not what is written to a file that
// is not named itself. What is new here and
// was saved since the last change was given out counts as a change, because
// whoever read it may have read what was before.
func (w *Watcher) Set(files []string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return fsnotify.ErrClosed
	}
	names := map[string]bool{}
	for _, f := range files {
		f, err := filepath.Abs(f)
		if err != nil {
			return fmt.Errorf("watch %s: %w", f, err)
		}
		for _, name := range places(f) {
			names[name] = true
		}
	}
	known := w.names
	w.names = names
	err := w.follow()
	// Once the folders are watched, so that no save falls in between.
	for name := range names {
		info, err := os.Stat(name)
		if err == nil && !known[name] && info.ModTime().After(w.told.Add(-coarse)) {
			w.tell()
			break
		}
	}
	return err
}

// places are the file and, where a link leads to it, where it is.
func places(file string) []string {
	real, err := filepath.EvalSymlinks(file)
	if err != nil || real == file {
		return []string{file}
	}
	return []string{file, real}
}

// above is the nearest folder above the name that is there.
func above(name string) string {
	for dir := filepath.Dir(name); ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil && info.IsDir() || dir == filepath.Dir(dir) {
			return dir
		}
	}
}

// follow watches the folders of the names, and no others.
func (w *Watcher) follow() error {
	folders := map[string]bool{}
	for name := range w.names {
		if info, err := os.Stat(name); err == nil && info.IsDir() {
			folders[name] = true
		}
		folders[above(name)] = true
	}
	for f := range w.folders {
		if !folders[f] {
			_ = w.events.Remove(f) // It is gone already when the folder is.
			delete(w.folders, f)
		}
	}
	var failed []error
	for f := range folders {
		// Again for those that are watched: a folder may be a new one with the
		// old one's name.
		switch err := w.events.Add(f); {
		case err == nil:
			w.folders[f] = true
		case !errors.Is(err, fs.ErrNotExist):
			failed = append(failed, explain(f, err))
		}
	}
	return errors.Join(failed...)
}

func explain(folder string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EMFILE) {
		return fmt.Errorf("the system has no more file watches for you (%w); on Linux, raise fs.inotify.max_user_watches and fs.inotify.max_user_instances", err)
	}
	return fmt.Errorf("watch %s: %w", folder, err)
}

// run gathers events until Close.
func (w *Watcher) run() {
	defer close(w.done)
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.closed = true
		close(w.changes)
	}()
	pause := time.NewTimer(time.Hour)
	pause.Stop()
	var first time.Time // Of a burst that was not told of.
	saved := func() {
		if first.IsZero() {
			first = time.Now()
		}
		pause.Reset(max(0, min(quiet, longest-time.Since(first))))
	}
	for {
		select {
		case e, ok := <-w.events.Events:
			if !ok {
				return
			}
			if w.matters(e) {
				saved()
			}
		case _, ok := <-w.events.Errors:
			if !ok {
				return
			}
			saved() // Events were lost; one of them may have mattered.
		case <-pause.C:
			first = time.Time{}
			w.again()
			w.mu.Lock()
			w.tell()
			w.mu.Unlock()
		}
	}
}

// matters reports whether the event is about something that Set named, or about
// a folder above it.
func (w *Watcher) matters(e fsnotify.Event) bool {
	if !e.Has(fsnotify.Create | fsnotify.Write | fsnotify.Remove | fsnotify.Rename) {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.names[e.Name] {
		return true
	}
	if !e.Has(fsnotify.Create | fsnotify.Remove | fsnotify.Rename) {
		return false
	}
	if w.names[filepath.Dir(e.Name)] {
		return true
	}
	below := e.Name + string(filepath.Separator)
	for name := range w.names {
		if strings.HasPrefix(name, below) {
			return true
		}
	}
	return false
}

// again watches folders that came or came back.
func (w *Watcher) again() {
	w.mu.Lock()
	defer w.mu.Unlock()
	// One that cannot be watched was told of by Set.
	_ = w.follow()
}

// tell gives out a change unless one waits.
func (w *Watcher) tell() {
	w.told = time.Now()
	select {
	case w.changes <- struct{}{}:
	default:
	}
}
