package cli

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/project"
	"github.com/flora-runtime/flora-runtime/pkg/recipe"
	"github.com/flora-runtime/flora-runtime/pkg/trial/report"
)

// testRun is one run of test files.
type testRun struct {
	app     *app
	binary  string
	project *project.Project
	options testOptions
	tell    reporter
	scripts map[string]report.Answer // Bundled so far, by name.
	inputs  []string
	sum     summary
	files   []fileReport // For JUnit.
	begun   time.Time    // Of the test that runs.
	test    []string     // nil when none does.
	file    string
}

// summary is the last line of --json.
type summary struct {
	Type     string  `json:"event"`
	Files    int     `json:"files"`
	Passed   int     `json:"passed"`
	Failed   int     `json:"failed"`
	Skipped  int     `json:"skipped"`
	Duration float64 `json:"duration_ms"`
}

// fileReport is a file with its results.
type fileReport struct {
	name    string
	started time.Time
	results []report.Event
	err     *report.Error
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// run bundles the files and runs those that bundle. A runtime that ends in a
// file fails that file only; the others have another one.
func (r *testRun) run(ctx context.Context, names []string) error {
	var job []report.File
	for _, name := range names {
		b, err := r.bundle(ctx, name)
		if err != nil {
			broken, ok := errors.AsType[*project.Broken](err)
			if !ok {
				return err
			}
			r.event(report.Event{Type: report.Begin, File: name})
			r.event(report.Event{Type: report.FileEnd, File: name, Error: &report.Error{Name: "Error", Message: broken.Text}})
			if r.options.failFast {
				return nil
			}
			continue
		}
		job = append(job, report.File{Name: name, Bundle: report.Bundle{Code: b.Code, Map: b.Map}})
	}
	for len(job) > 0 {
		done, err := r.process(ctx, job)
		if err != nil {
			return err
		}
		if r.options.failFast && r.sum.Failed > 0 {
			return nil
		}
		job = job[done:]
	}
	return nil
}

// stopLimit is what a runtime has to end after it was asked to.
const stopLimit = 5 * time.Second

// process runs a runtime for the files, and gives how many of them are done
// with.
func (r *testRun) process(ctx context.Context, job []report.File) (done int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, r.binary, "test") //nolint:gosec // The runtime that was found, or named.
	cmd.Dir, cmd.Env, cmd.WaitDelay = r.project.Dir, r.app.childEnv(), stopLimit
	said := &lastLines{}
	cmd.Stderr = said
	in, err := cmd.StdinPipe()
	if err != nil {
		return 0, fmt.Errorf("start the runtime: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, fmt.Errorf("start the runtime: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start the runtime %s: %w", r.binary, err)
	}
	send := json.NewEncoder(in)
	// What cannot be sent is missed by the runtime, whose end is told below.
	_ = send.Encode(report.Job{Files: job, Filter: r.options.filter, TimeoutMS: int(r.options.timeout.Milliseconds()), FailFast: r.options.failFast})
	read := json.NewDecoder(bufio.NewReader(out))
	for err == nil {
		var e report.Event
		if err = read.Decode(&e); err != nil {
			break
		}
		if e.Type == report.Ask {
			_ = send.Encode(r.answer(ctx, e))
			continue
		}
		if e.Type == report.FileEnd {
			done++
		}
		r.event(e)
	}
	_ = in.Close()
	ended := cmd.Wait()
	switch {
	case ctx.Err() != nil:
		r.interrupted(ctx)
		return done, stopped(ctx)
	case ended == nil && errors.Is(err, io.EOF):
		return len(job), nil
	case r.file == "": // It did not get to a file.
		return done, coded(Failure, "the runtime cannot run tests: %s", cmp.Or(said.String(), fmt.Sprint(ended)))
	}
	e := &report.Error{Name: "Error", Message: fmt.Sprintf("the runtime ended while this ran (%v), which a script brings about that uses more memory than there is", ended)}
	if text := said.String(); text != "" {
		e.Message += ":\n" + text
	}
	if r.test != nil {
		r.event(report.Event{Type: report.Result, File: r.file, Test: r.test, Status: report.Failed, Duration: milliseconds(time.Since(r.begun)), Error: e})
		e = &report.Error{Name: "Error", Message: "the tests after it did not run"}
	}
	r.event(report.Event{Type: report.FileEnd, File: r.file, Error: e})
	return done + 1, nil
}

// stopped says why all was stopped.
func stopped(ctx context.Context) error {
	if cause := context.Cause(ctx); errors.Is(cause, errTotal) {
		return cause
	}
	return coded(Failure, "stopped; not all tests have run")
}

func (r *testRun) failures() string {
	if r.sum.Failed == 1 {
		return "a test failed"
	}
	return fmt.Sprintf("%d tests failed", r.sum.Failed)
}

// interrupted names the test that ran when all was stopped.
func (r *testRun) interrupted(ctx context.Context) {
	if r.test == nil || !errors.Is(context.Cause(ctx), errTotal) {
		return
	}
	r.event(report.Event{
		Type: report.Result, File: r.file, Test: r.test, Status: report.Failed, Duration: milliseconds(time.Since(r.begun)),
		Error: &report.Error{Name: "TimeoutError", Message: fmt.Sprintf("it ran when --total-timeout, %s, was over", r.options.total)},
	})
}

// answer bundles the script that a test names.
func (r *testRun) answer(ctx context.Context, e report.Event) report.Answer {
	a, ok := r.scripts[e.File]
	if !ok {
		a = r.script(ctx, e.File)
		r.scripts[e.File] = a
	}
	a.ID = e.ID
	return a
}

func (r *testRun) script(ctx context.Context, file string) report.Answer {
	name := file
	if u, err := url.Parse(file); err == nil && u.Scheme == "file" {
		name = filepath.FromSlash(u.Path)
	}
	b, err := r.bundle(ctx, name)
	if err != nil {
		return report.Answer{Error: "the script does not load: " + err.Error()}
	}
	return report.Answer{Bundle: report.Bundle{Code: b.Code, Map: b.Map}}
}

// event counts and tells what happened.
func (r *testRun) event(e report.Event) {
	if e.Error != nil && e.Error.Frame == "" {
		e.Error.Frame = r.frame(e.Error.Message + "\n" + e.Error.Stack)
	}
	switch e.Type {
	case report.Begin:
		r.file, r.test = e.File, nil
		r.sum.Files++
		r.files = append(r.files, fileReport{name: e.File, started: time.Now()})
	case report.Start:
		r.test, r.begun = e.Test, time.Now()
	case report.Result:
		r.test = nil
		switch e.Status {
		case report.Passed:
			r.sum.Passed++
		case report.Skipped:
			r.sum.Skipped++
		default:
			r.sum.Failed++
		}
		f := &r.files[len(r.files)-1]
		f.results = append(f.results, e)
	case report.FileEnd:
		r.test = nil
		if e.Error != nil {
			r.sum.Failed++
			r.files[len(r.files)-1].err = e.Error
		}
	}
	if r.app.json {
		_ = r.app.printJSON(e) // Whoever does not read it misses it.
		return
	}
	r.tell.event(e)
}

// finish tells the end, and gives why the run is no success.
func (r *testRun) finish(ctx context.Context, err error) error {
	var out error
	if r.app.json {
		out = r.app.printJSON(r.sum)
	} else {
		r.tell.end(r.sum)
	}
	if r.options.junit != "" {
		out = errors.Join(out, r.writeJUnit())
	}
	switch {
	case err != nil || out != nil || ctx.Err() != nil:
		return out
	case r.sum.Failed > 0:
		return coded(Failure, "%s", r.failures())
	case r.sum.Passed+r.sum.Skipped == 0 && r.options.filter != "":
		return coded(Failure, "no test's name contains, or matches, %q", r.options.filter)
	case r.sum.Passed+r.sum.Skipped == 0:
		return coded(Failure, `no test found: the files declare none. Tests are declared with Deno.test("name", async () => { ... }), or with it and describe.`)
	}
	return nil
}

// place is the start of a frame of a stack: a file of the author's, line and
// column.
var place = regexp.MustCompile(`\(?([^\s()]+):([0-9]+):([0-9]+)\)?$`)

// sourceBytes is more than a source has that frames are shown of.
const sourceBytes = 16 << 20

// frame shows the author's source around the first frame that is of the project.
// The stack can be of a script's making: nothing outside of the root is opened.
func (r *testRun) frame(stack string) string {
	root, err := os.OpenRoot(r.project.Root)
	if err != nil {
		return ""
	}
	defer func() { _ = root.Close() }()
	for line := range strings.Lines(stack) {
		m := place.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil || strings.Contains(m[1], "://") || strings.Contains(m[1], "node_modules/") {
			continue
		}
		name := filepath.FromSlash(m[1])
		if info, err := root.Stat(name); err != nil || !info.Mode().IsRegular() || info.Size() > sourceBytes {
			continue
		}
		text, err := root.ReadFile(name)
		if err != nil {
			continue
		}
		n, _ := strconv.Atoi(m[2])
		column, _ := strconv.Atoi(m[3])
		return recipe.CodeFrame(string(text), n-1, column-1)
	}
	return ""
}
