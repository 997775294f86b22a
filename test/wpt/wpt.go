// Package wpt runs files of the Web Platform Tests' *.any.js kind in isolates
// of Flora and compares what they say with a file of expectations.
package wpt

import (
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

//go:embed testharness.js
var harness string

// Result is the outcome of one subtest.
type Result struct {
	Name    string `json:"name"`
	Status  string `json:"status"` // PASS, FAIL, TIMEOUT, NOTRUN, PRECONDITION_FAILED or CRASH.
	Message string `json:"message"`
}

// File is one test file, with what its META comments ask for.
type File struct {
	Path      string            // Below the folder, with slashes; with its variant, as "a.any.js?x".
	Variant   string            // "?x", or "".
	Title     string            // Of a test without a name of its own.
	Long      bool              // It may take longer than others.
	Sources   []string          // Helpers first, the file itself last.
	Resources map[string]string // What it may fetch, in base64, by its path.
	problems  error             // A helper that is not there.
}

// helpers of the suite that the harness itself stands for.
var own = []string{"testharness.js", "testharnessreport.js"}

// instead names helpers whose work the harness does where they are not there.
var instead = []string{"subset-tests.js", "subset-tests-by-key.js"}

var meta = regexp.MustCompile(`(?m)^//[ \t]*META:[ \t]*([a-z]+)=(.*?)[ \t\r]*$`)

// Find lists the test files below a folder, or one of them, in order. A file
// with variants is there once for each. Tests of interfaces by their Web IDL, and
// those that are only for what Flora is not, are left out.
func Find(folder string, below ...string) ([]File, error) {
	root := os.DirFS(folder)
	if len(below) == 0 {
		below = []string{"."}
	}
	var out []File
	for _, start := range below {
		err := fs.WalkDir(root, path.Clean(start), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(name, ".any.js") || strings.HasPrefix(path.Base(name), "idlharness") {
				return err
			}
			files, err := read(root, name)
			out = append(out, files...)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("list the tests below %s: %w", filepath.Join(folder, start), err)
		}
	}
	return out, nil
}

// One reads a file by the path that Find gave it.
func One(folder, name string) (File, error) {
	file, _, _ := strings.Cut(name, "?")
	all, err := read(os.DirFS(folder), file)
	if err != nil {
		return File{}, err
	}
	for _, f := range all {
		if f.Path == name {
			return f, nil
		}
	}
	return File{}, fmt.Errorf("%s has no such variant: %w", name, fs.ErrNotExist)
}

// read reads a test file and its helpers.
func read(root fs.FS, name string) ([]File, error) {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return nil, err
	}
	f := File{Path: name, Title: strings.TrimSuffix(path.Base(name), ".any.js")}
	variants := []string{""}
	for _, m := range meta.FindAllStringSubmatch(string(text), -1) {
		switch value := m[2]; m[1] {
		case "title":
			f.Title = value
		case "timeout":
			f.Long = value == "long"
		case "global":
			if !forUs(value) {
				return nil, nil
			}
		case "variant":
			if value != "" && value[0] == '?' {
				variants = append(variants, value)
			}
		case "script":
			f.help(root, name, value)
		}
	}
	f.Sources = append(f.Sources, served(string(text)))
	f.Resources = resources(root, name, f.Sources)
	if len(variants) > 1 {
		variants = variants[1:]
	}
	var out []File
	for _, v := range variants {
		one := f
		one.Variant, one.Path = v, name+v
		out = append(out, one)
	}
	return out, nil
}

// forUs reports whether a test that names its kinds of global objects is for one
// that Flora's is close to.
func forUs(globals string) bool {
	for g := range strings.SplitSeq(globals, ",") {
		if slices.Contains([]string{"window", "worker", "dedicatedworker"}, strings.TrimSpace(g)) {
			return true
		}
	}
	return false
}

// help adds a helper, whose path is relative to the test's or, with a slash at its
// beginning, to the folder of all.
func (f *File) help(root fs.FS, name, helper string) {
	if slices.Contains(own, path.Base(helper)) {
		return
	}
	at := resolve(name, helper)
	source, err := fs.ReadFile(root, at)
	if err != nil {
		if !slices.Contains(instead, path.Base(at)) {
			f.problems = errors.Join(f.problems, fmt.Errorf("helper %s: %w", helper, err))
		}
		return
	}
	f.Sources = append(f.Sources, useStrict.ReplaceAllString(served(string(source)), "$1"))
}

// useStrict is the directive at the beginning of a script; a helper's must not
// be that of the test.
var useStrict = regexp.MustCompile(`^((?:\s|//.*\n|/\*(?s:.*?)\*/)*)["']use strict["'];?`)

// resolve gives the path below the folder of what a test names; it has no query.
func resolve(test, name string) string {
	name, _, _ = strings.Cut(name, "?")
	if strings.HasPrefix(name, "/") {
		return path.Clean(name[1:])
	}
	return path.Join(path.Dir(test), name)
}

var placeholder = regexp.MustCompile(`\{\{([a-z_]+)((?:\[[^\]]*\])*)\}\}`)

// served fills what the suite's server would fill in its *.sub.js files.
func served(source string) string {
	return placeholder.ReplaceAllStringFunc(source, func(all string) string {
		m := placeholder.FindStringSubmatch(all)
		switch m[1] {
		case "host":
			return host
		case "domains", "hosts":
			return strings.TrimPrefix(strings.Trim(m[2][strings.LastIndex(m[2], "[")+1:], "[]")+"."+host, ".")
		case "ports":
			return map[bool]string{true: "443", false: "80"}[strings.Contains(m[2], "s]")]
		}
		return all
	})
}

var quoted = regexp.MustCompile("[\"'`]([^\"'`\\s$]{1,200}\\.[a-z]{2,5})(?:\\?[^\"'`]*)?[\"'`]")

const maxResource = 4 << 20

// resources are the files that sources name in quotes.
func resources(root fs.FS, name string, sources []string) map[string]string {
	out := map[string]string{}
	for _, s := range sources {
		for _, m := range quoted.FindAllStringSubmatch(s, -1) {
			at := resolve(name, m[1])
			if !fs.ValidPath(at) {
				continue
			}
			if info, err := fs.Stat(root, at); err != nil || !info.Mode().IsRegular() || info.Size() > maxResource {
				continue
			}
			if content, err := fs.ReadFile(root, at); err == nil {
				out["/"+at] = base64.StdEncoding.EncodeToString(content)
			}
		}
	}
	return out
}

// mark begins the log lines that carry results.
const mark = "WPT "

// host is where the test believes to come from.
const host = "web-platform.test"

// Script is the module that runs the file: its event "run" lasts until all is
// known, and each result is a line of the log.
func (f File) Script() (string, error) {
	if f.problems != nil {
		return "", f.problems
	}
	source := strings.Join(f.Sources, "\n;\n")
	if useStrict.MatchString(f.Sources[len(f.Sources)-1]) {
		source = "'use strict';\n" + source
	}
	about, err := json.Marshal(map[string]any{"href": "https://" + host + "/" + f.Path, "title": f.Title, "long": f.Long, "source": source, "resources": f.Resources})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`const { log } = console, { stringify } = JSON;
const results = (() => {
%s
return runWPT;
})()(%s);
on("run", async () => {
	for (const r of await results) log("%s" + stringify(r));
});`, harness, about, mark), nil
}

// Results reads the results out of a log.
func Results(lines []string) ([]Result, error) {
	var out []Result
	for _, line := range lines {
		doc, ok := strings.CutPrefix(line, mark)
		if !ok {
			continue
		}
		var r Result
		if err := json.Unmarshal([]byte(doc), &r); err != nil {
			return nil, fmt.Errorf("read a result: %w: %s", err, doc)
		}
		out = append(out, r)
	}
	return out, nil
}

// areas are the folders of the suite that are about what Flora has.
var areas = []string{"url", "urlpattern", "encoding", "streams", "compression", "fetch/api/headers", "fetch/api/request", "fetch/api/response", "fetch/api/body", "dom/abort", "dom/events", "FileAPI/blob", "FileAPI/file", "WebCryptoAPI", "html/webappapis/structured-clone", "html/webappapis/timers", "html/webappapis/atob", "html/webappapis/microtask-queuing", "console", "hr-time", "user-timing", "xhr/formdata", "webmessaging"}

// Areas are the folders among them that are there.
func Areas(folder string) []string {
	var out []string
	for _, a := range areas {
		if info, err := os.Stat(filepath.Join(folder, filepath.FromSlash(a))); err == nil && info.IsDir() {
			out = append(out, a)
		}
	}
	return out
}
