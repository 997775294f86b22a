// Package wpt runs files of the Web Platform Tests' *.any.js kind in isolates
// of Flora and compares what they say with a file of expectations.
package wpt

import (
	_ "embed"
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
	Status  string `json:"status"` // PASS, FAIL, TIMEOUT or NOTRUN.
	Message string `json:"message"`
}

// File is one test file, with what its META comments ask for.
type File struct {
	Path     string   // Below the folder, with slashes; with its variant, as "a.any.js?x".
	Variant  string   // "?x", or "".
	Title    string   // Of a test without a name of its own.
	Sources  []string // Helpers first, the file itself last.
	problems error    // A helper that is not there.
}

// helpers of the suite that the harness itself stands for.
var own = []string{"testharness.js", "testharnessreport.js"}

var meta = regexp.MustCompile(`(?m)^// META:\s*([a-z]+)=(.*?)\s*$`)

// Find lists the test files below a folder, or one of them, in order. A file
// with variants is there once for each.
func Find(folder string, below ...string) ([]File, error) {
	root := os.DirFS(folder)
	if len(below) == 0 {
		below = []string{"."}
	}
	var out []File
	for _, start := range below {
		err := fs.WalkDir(root, path.Clean(start), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(name, ".any.js") {
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

// read reads a test file and its helpers.
func read(root fs.FS, name string) ([]File, error) {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return nil, err
	}
	f := File{Path: name, Title: strings.TrimSuffix(path.Base(name), ".any.js")}
	variants := []string{""}
	for _, m := range meta.FindAllStringSubmatch(string(text), -1) {
		switch m[1] {
		case "title":
			f.Title = m[2]
		case "variant":
			if m[2] != "" && m[2][0] == '?' {
				variants = append(variants, m[2])
			}
		case "script":
			if slices.Contains(own, path.Base(m[2])) {
				continue
			}
			helper := path.Join(path.Dir(name), m[2])
			if strings.HasPrefix(m[2], "/") {
				helper = path.Clean(m[2][1:])
			}
			source, err := fs.ReadFile(root, helper)
			if err != nil {
				f.problems = errors.Join(f.problems, fmt.Errorf("helper %s: %w", m[2], err))
			}
			f.Sources = append(f.Sources, string(source))
		}
	}
	f.Sources = append(f.Sources, string(text))
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

// mark begins the log lines that carry results.
const mark = "WPT "

// Script is the module that runs the file: its event "run" lasts until all is
// known, and each result is a line of the log.
func (f File) Script() (string, error) {
	if f.problems != nil {
		return "", f.problems
	}
	text, err := json.Marshal(strings.Join(f.Sources, "\n;\n"))
	if err != nil {
		return "", err
	}
	location, err := json.Marshal(map[string]string{"search": f.Variant, "pathname": "/" + f.Path, "href": "https://web-platform.test/" + f.Path, "origin": "https://web-platform.test", "protocol": "https:", "hash": ""})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`%s
const { log } = console, { stringify } = JSON;
globalThis.location = %s;
globalThis.META_TITLE = %q;
const results = runWPT(%s);
on("run", async () => {
	for (const r of await results) log("%s" + stringify(r));
});`, harness, location, f.Title, text, mark), nil
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
