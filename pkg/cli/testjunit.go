package cli

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/trial/report"
)

// The elements of a JUnit report, as CI servers read them.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Time     string       `xml:"time,attr"` // Seconds.
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name      string      `xml:"name,attr"`
		Tests     int         `xml:"tests,attr"`
		Failures  int         `xml:"failures,attr"`
		Errors    int         `xml:"errors,attr"`
		Skipped   int         `xml:"skipped,attr"`
		Time      string      `xml:"time,attr"`
		Timestamp string      `xml:"timestamp,attr"`
		Cases     []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		File    string        `xml:"file,attr"`
		Time    string        `xml:"time,attr"`
		Skipped *struct{}     `xml:"skipped"`
		Failure *junitProblem `xml:"failure"`
		Error   *junitProblem `xml:"error"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitProblem struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

func seconds(ms float64) string { return fmt.Sprintf("%.3f", ms/1000) }

func problem(e *report.Error) *junitProblem {
	first, _, _ := strings.Cut(e.Message, "\n")
	var parts []string
	for _, p := range []string{e.Message, e.Diff, e.Frame, e.Stack} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return &junitProblem{Message: first, Type: e.Name, Text: strings.Join(parts, "\n\n")}
}

// junit is the report of the run. A file that could not be run is a test case
// with an error.
func (r *testRun) junit() junitSuites {
	all := junitSuites{Name: "flora test", Time: seconds(r.sum.Duration)}
	for _, f := range r.files {
		s := junitSuite{Name: f.name, Timestamp: f.started.UTC().Format(time.RFC3339)}
		total := 0.0
		for _, e := range f.results {
			c := junitCase{Class: f.name, Name: strings.Join(e.Test, " > "), File: f.name, Time: seconds(e.Duration), Out: output(e.Output)}
			switch {
			case e.Status == report.Skipped:
				c.Skipped = &struct{}{}
				s.Skipped++
			case e.Error != nil:
				c.Failure = problem(e.Error)
				s.Failures++
			}
			total += e.Duration
			s.Cases = append(s.Cases, c)
		}
		if f.err != nil {
			s.Errors++
			s.Cases = append(s.Cases, junitCase{Class: f.name, Name: "(file)", File: f.name, Time: seconds(0), Error: problem(f.err)})
		}
		s.Tests, s.Time = len(s.Cases), seconds(total)
		all.Suites = append(all.Suites, s)
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Errors += s.Errors
		all.Skipped += s.Skipped
	}
	return all
}

func (r *testRun) writeJUnit() error {
	text, err := xml.MarshalIndent(r.junit(), "", "  ")
	if err != nil {
		return fmt.Errorf("write the JUnit report: %w", err)
	}
	name, err := r.app.path(r.options.junit)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		return fmt.Errorf("write the JUnit report: %w", err)
	}
	if err := os.WriteFile(name, []byte(xml.Header+string(text)+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the JUnit report: %w", err)
	}
	return nil
}
