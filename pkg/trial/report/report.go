// Package report is what `flora` and the runtime that it starts say to each
// other about tests: a job with bundled test files one way, what happens the
// other way, each a line of JSON.
package report

import (
	"errors"
	"fmt"
	"regexp"
)

// Bundle is a script, or a test file, that needs nothing beside itself.
type Bundle struct {
	Code string `json:"code"`
	Map  string `json:"map,omitempty"`
}

// File is one test file.
type File struct {
	Name string `json:"name"` // As it is shown.
	Bundle
}

// Job is what to run. It is the first line to the runtime.
type Job struct {
	Files []File `json:"files"`
	// Filter is a part of the names of the tests that run, or /a regular
	// expression/; "" is all.
	Filter    string `json:"filter,omitempty"`
	TimeoutMS int    `json:"timeout_ms"` // Of one test.
	FailFast  bool   `json:"fail_fast,omitempty"`
}

// Validate reports a job that cannot be run.
func (j *Job) Validate() error {
	if j.TimeoutMS < 1 {
		return errors.New("timeout_ms must be at least 1")
	}
	return CheckFilter(j.Filter)
}

// CheckFilter reports a filter between slashes that is no regular expression.
func CheckFilter(filter string) error {
	if len(filter) < 2 || filter[0] != '/' || filter[len(filter)-1] != '/' {
		return nil
	}
	if _, err := regexp.Compile(filter[1 : len(filter)-1]); err != nil {
		return fmt.Errorf("the filter %s is no regular expression: %w", filter, err)
	}
	return nil
}

// Answer is any later line to the runtime: the script that it asked for.
type Answer struct {
	ID int `json:"id"`
	Bundle
	Error string `json:"error,omitempty"` // Why there is none.
}

// Types of events.
const (
	Ask     = "bundle"   // The runtime wants the script File bundled; ID says which Answer is its.
	Begin   = "file"     // A file begins.
	Loaded  = "loaded"   // It has so many Tests.
	Start   = "start"    // A test begins.
	Result  = "result"   // It has ended.
	FileEnd = "file_end" // The file has; Error says that it could not be run to its end.
)

// Statuses of results.
const (
	Passed  = "passed"
	Failed  = "failed"
	Skipped = "skipped"
)

// Event is one thing that happened, in order.
type Event struct {
	Type     string   `json:"event"`
	ID       int      `json:"id,omitempty"`
	File     string   `json:"file,omitempty"`
	Test     []string `json:"test,omitempty"` // The names of its groups and its own.
	Status   string   `json:"status,omitempty"`
	Tests    int      `json:"tests,omitempty"`
	Duration float64  `json:"duration_ms,omitempty"`
	Error    *Error   `json:"error,omitempty"`
	Output   []Line   `json:"output,omitempty"` // What the test wrote; of one that failed, also its scripts.
}

// Error is why a test failed.
type Error struct {
	Name    string `json:"name"`
	Message string `json:"message"`
	// Stack is the author's frames, one a line; positions are those of the
	// author's files.
	Stack string `json:"stack,omitempty"`
	// Diff shows what was there with -, and what was expected with +.
	Diff string `json:"diff,omitempty"`
	// Frame is the author's source around the first frame.
	Frame string `json:"frame,omitempty"`
}

// Line is a line of a log.
type Line struct {
	Level string `json:"level"`
	Text  string `json:"text"`
	From  string `json:"from"` // test, script or runtime.
}
