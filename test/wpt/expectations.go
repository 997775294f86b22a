package wpt

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Expectations say which subtests fail, and which files are not run.
type Expectations struct {
	rows []*row
}

type row struct {
	path, name string // name "" is the whole file.
	skip       bool
	met        bool
}

// ReadExpectations reads a file of lines
//
//	FAIL path.any.js | subtest   # it is known to fail
//	FAIL path.any.js             # whatever is in it may fail
//	SKIP folder/                 # it is not run: reason
//
// where a path that ends in / stands for all below it. Text from " #" on, empty
// lines and lines that begin with # are for people.
func ReadExpectations(file string) (*Expectations, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read the expectations: %w", err)
	}
	defer func() { _ = f.Close() }()
	e := &Expectations{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line, _, _ := strings.Cut(lines.Text(), " #")
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		verb, rest, _ := strings.Cut(line, " ")
		p, name, _ := strings.Cut(rest, " | ")
		if verb != "FAIL" && verb != "SKIP" || strings.TrimSpace(p) == "" {
			return nil, fmt.Errorf("%s:%d: expected FAIL or SKIP and a path, got %q", file, n, line)
		}
		e.rows = append(e.rows, &row{path: strings.TrimSpace(p), name: strings.TrimSpace(name), skip: verb == "SKIP"})
	}
	return e, lines.Err()
}

func (r *row) covers(path string) bool {
	return r.path == path || strings.HasSuffix(r.path, "/") && strings.HasPrefix(path, r.path)
}

// Skips reports whether a file is not run.
func (e *Expectations) Skips(path string) bool {
	for _, r := range e.rows {
		if r.skip && r.covers(path) {
			r.met = true
			return true
		}
	}
	return false
}

// Wrong lists what is not as expected: what fails, and what passes although it
// was expected not to.
func (e *Expectations) Wrong(path string, results []Result) []string {
	var out []string
	for _, res := range results {
		i := slices.IndexFunc(e.rows, func(r *row) bool {
			return !r.skip && r.covers(path) && (r.name == "" || r.name == oneLine(res.Name))
		})
		switch {
		case i < 0 && res.Status != "PASS":
			out = append(out, fmt.Sprintf("%s %s | %s: %s", res.Status, path, oneLine(res.Name), res.Message))
		case i >= 0 && res.Status != "PASS":
			e.rows[i].met = true
		case i >= 0 && e.rows[i].name != "":
			out = append(out, fmt.Sprintf("PASS %s | %s: it is expected to fail; take it out of the expectations", path, oneLine(res.Name)))
		}
	}
	return out
}

// Unmet lists the expectations that nothing met, for a run over everything.
func (e *Expectations) Unmet() []string {
	var out []string
	for _, r := range e.rows {
		if !r.met {
			out = append(out, strings.TrimSuffix(r.path+" | "+r.name, " | "))
		}
	}
	return out
}

// oneLine is a name as a line of the expectations can hold it.
func oneLine(name string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(name, " #", " %23")), " ")
}
