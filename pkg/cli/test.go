package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/project"
	"github.com/flora-runtime/flora-runtime/pkg/recipe"
	"github.com/flora-runtime/flora-runtime/pkg/trial/report"
	"github.com/flora-runtime/flora-runtime/pkg/watch"
	sdkpackage "github.com/flora-runtime/flora-runtime/sdk-bundle/testing"
)

// testOptions are the command's flags.
type testOptions struct {
	filter, reporter, junit string
	timeout, total          time.Duration
	failFast, watch         bool
}

func (a *app) testCommand() *cobra.Command {
	var o testOptions
	c := &cobra.Command{
		Use: "test [file or folder]...", Short: "Run the project's tests in real isolates",
		Long: `Runs test files, each in an isolate of its own. createTestBot of
"@flora/sdk/testing" deploys a script to an empty guild of a simulated Discord, with
key-value stores in memory and a clock that stands still, and acts as its users. No
server is needed and none is asked; flora-runtime must be on this machine.

Without arguments it runs what the project file calls tests, which are *.test.ts and
the like. It exits with 1 when a test fails and when there is none.

With --json it prints one event per line: {"event": "file" | "loaded" | "start" |
"result" | "file_end", "file", "test", "status", "duration_ms", "error": {"name",
"message", "stack", "diff", "frame"}, "output": [{"level", "text", "from"}]}, and at
the end {"event": "summary", "files", "passed", "failed", "skipped", "duration_ms"}.`,
		Example: "  flora test\n  flora test src/main.test.ts --filter ping\n  flora test --reporter tap --junit report.xml\n  flora test --json --fail-fast --timeout 10s",
		RunE:    a.run(func(ctx context.Context, args []string) error { return a.test(ctx, args, o) }),
	}
	f := c.Flags()
	f.StringVar(&o.filter, "filter", "", "run the tests whose names contain this, or match this /regular expression/")
	f.StringVar(&o.reporter, "reporter", "pretty", "pretty, dot or tap")
	f.StringVar(&o.junit, "junit", "", "write a JUnit report into this file, too")
	f.DurationVar(&o.timeout, "timeout", 30*time.Second, "time that one test may take")
	f.DurationVar(&o.total, "total-timeout", 10*time.Minute, "time that all may take")
	f.BoolVar(&o.failFast, "fail-fast", false, "stop at the first test that fails")
	f.BoolVar(&o.watch, "watch", false, "run again after each save")
	return c
}

func (a *app) test(ctx context.Context, args []string, o testOptions) error {
	switch {
	case !slices.Contains([]string{"pretty", "dot", "tap"}, o.reporter):
		return usage("--reporter is %q; it must be pretty, dot or tap", o.reporter)
	case o.timeout < time.Millisecond || o.total < time.Millisecond:
		return usage("--timeout and --total-timeout must be at least 1ms")
	}
	if err := report.CheckFilter(o.filter); err != nil {
		return usage("--filter: %s", err)
	}
	binary, err := a.runtimeBinary()
	if err != nil {
		return err
	}
	if o.watch {
		return a.watchTests(ctx, binary, args, o)
	}
	_, err = a.testOnce(ctx, binary, args, o)
	return err
}

// watchTests runs the tests again whenever a file changes that had a part in them.
func (a *app) watchTests(ctx context.Context, binary string, args []string, o testOptions) error {
	w, err := watch.New()
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	for first := true; ; first = false {
		inputs, err := a.testOnce(ctx, binary, args, o)
		if ctx.Err() != nil {
			return nil // Ctrl-C is how a watch ends.
		}
		if first && err != nil && codeOf(err) == Usage {
			return err // Later it is a save that is broken.
		}
		if err != nil {
			_, _ = fmt.Fprintln(a.Stderr, printable(a.explain(err, Failure)))
		}
		if err := w.Set(inputs); err != nil {
			return err
		}
		a.progress("waiting for a save")
		select {
		case <-w.Changes():
		case <-ctx.Done():
			return nil
		}
	}
}

// testOnce runs the tests and gives the files that had a part in them, or in
// that there are none.
func (a *app) testOnce(ctx context.Context, binary string, args []string, o testOptions) (inputs []string, err error) {
	dir, err := a.path(".")
	if err != nil {
		return nil, err
	}
	inputs = settingsOf(dir)
	p, err := a.project(ctx, "")
	if err != nil {
		return inputs, err
	}
	names, err := a.testFiles(p, args)
	if err != nil {
		return inputs, err
	}
	for _, n := range names {
		inputs = append(inputs, filepath.Join(p.Root, filepath.FromSlash(n)))
	}
	if len(names) == 0 {
		return append(inputs, foldersOf(p.Root)...), coded(Failure, `no test found in %s: tests are files such as src/main.test.ts (%s).
Write one (docs/testing.md shows how), name files or folders, or name others as "test" in flora.json.`, p.Root, strings.Join(p.Tests, ", "))
	}
	if o.total > 0 {
		limited, cancel := context.WithTimeoutCause(ctx, o.total, errTotal)
		defer cancel()
		ctx = limited
	}
	r := &testRun{app: a, binary: binary, project: p, options: o, scripts: map[string]report.Answer{}, inputs: inputs, sum: summary{Type: "summary"}}
	r.tell = a.reporter(o.reporter)
	started := time.Now()
	err = r.run(ctx, names)
	r.sum.Duration = milliseconds(time.Since(started))
	return r.inputs, errors.Join(err, r.finish(ctx, err))
}

// errTotal is why a run is stopped that takes too long.
var errTotal = errors.New("the tests took longer than --total-timeout allows")

// testFiles are the test files by their paths from the root, with slashes.
func (a *app) testFiles(p *project.Project, args []string) ([]string, error) {
	if len(args) == 0 {
		return walkTests(p.Root, p.Root, p.Tests)
	}
	var out []string
	for _, arg := range args {
		name, err := a.path(arg)
		if err != nil {
			return nil, err
		}
		info, err := os.Stat(name)
		if err != nil {
			return nil, usage("there is no file or folder %s", arg)
		}
		rel, err := filepath.Rel(p.Root, name)
		if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			return nil, usage("%s is not below the project's root, %s", arg, p.Root)
		}
		if !info.IsDir() {
			out = append(out, filepath.ToSlash(rel))
			continue
		}
		found, err := walkTests(p.Root, name, slices.Concat(p.Tests, project.StandardTests))
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, coded(Failure, "no test found in %s: tests are files called %s", arg, strings.Join(project.StandardTests, ", "))
		}
		out = append(out, found...)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// walkTests finds the tests in a folder below the root, in order: in one that is
// named also what only has a test's usual name. Packages,
// hidden folders and what was built are nobody's tests.
func walkTests(root, dir string, patterns []string) (out []string, err error) {
	err = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && name == dir:
			return fmt.Errorf("look for tests: %w", err)
		case err != nil:
			return nil //nolint:nilerr // Removed meanwhile, or not ours to read.
		case d.IsDir() && name != dir && recipe.HoldsNone(d.Name()):
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return fmt.Errorf("name %s: %w", name, err)
		}
		rel = filepath.ToSlash(rel)
		for _, pattern := range patterns {
			ok, err := doublestar.Match(strings.TrimPrefix(pattern, "./"), rel)
			if err != nil {
				return usage("the pattern %q of tests in the project file cannot be read: %s", pattern, err)
			}
			if ok {
				out = append(out, rel)
				return nil
			}
		}
		return nil
	})
	slices.Sort(out)
	return out, err
}

// bundle bundles a test file, or a script that one names.
func (r *testRun) bundle(ctx context.Context, file string) (*project.Bundle, error) {
	b, err := r.project.Bundle(ctx, project.BundleOptions{Entry: file, Virtual: sdkpackage.Modules(), WebAssembly: true, NoSources: true})
	if broken, ok := errors.AsType[*project.Broken](err); ok {
		r.inputs = append(r.inputs, broken.Inputs...)
	}
	if err == nil {
		r.inputs = append(r.inputs, b.Inputs...)
	}
	return b, err
}
