// Package trial runs authors' test files: each in an isolate of its own, which
// can make worlds: a simulated Discord with one guild, a core with its services
// in memory, and a script that is deployed there like anywhere else. A world's
// clock stands still until its test moves it; limits of CPU go by the real one.
//
// It is the one place where control and isolates are in one process: whoever
// runs tests is their author, and a process that a script brings down is only
// the tests'.
package trial

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/isolate"
	"github.com/flora-runtime/flora-runtime/pkg/v8"
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

// Job is what to run.
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
	return nil
}

// Event is one thing that happened, in order.
type Event struct {
	// Type is file (a file begins), loaded (Tests says how many it has), start (a
	// test begins), result, or file_end, which carries an Error when the file
	// could not be run to its end.
	Type string   `json:"type"`
	File string   `json:"file,omitempty"`
	Test []string `json:"test,omitempty"` // The names of its groups and its own.
	// Status of a result is passed, failed or skipped.
	Status   string  `json:"status,omitempty"`
	Tests    int     `json:"tests,omitempty"`
	Duration float64 `json:"duration_ms,omitempty"`
	Error    *Error  `json:"error,omitempty"`
	Output   []Line  `json:"output,omitempty"` // What the test wrote, and the scripts that it started.
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
}

// Line is a line of a log.
type Line struct {
	Level string `json:"level"`
	Text  string `json:"text"`
	From  string `json:"from"` // test, script or runtime.
}

// Config is what trials need of outside.
type Config struct {
	Blob   *v8.Blob // Of the SDK and the library for tests together; see Snapshot.
	Limits bot.Limits
	// Bundle makes one script of the file that a test names.
	Bundle func(ctx context.Context, file string) (Bundle, error)
	Emit   func(Event)
	Log    *zap.Logger // What operators would read.
}

// Run runs the files one after the other. An error is not a failed test, but
// that tests could not be run.
func Run(ctx context.Context, cfg Config, job Job) error {
	if err := job.Validate(); err != nil {
		return err
	}
	slots := isolate.NewSlots(2)
	for i, f := range job.Files {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		cfg.Emit(Event{Type: "file", File: f.Name})
		r := &runner{cfg: cfg, job: job, file: f, number: i + 1, worlds: map[int]*world{}, asks: map[int]chan answer{}}
		failed, err := r.run(ctx, slots)
		end := Event{Type: "file_end", File: f.Name}
		if err != nil {
			end.Error = err
		}
		cfg.Emit(end)
		if job.FailFast && (failed || err != nil) {
			return nil
		}
	}
	return nil
}

// grace is what a test may take beyond its limit until the file is given up: it
// lets nothing else run.
const grace = 3 * time.Second

func decode[T any](raw json.RawMessage) (v T, err error) {
	if len(raw) == 0 {
		return v, nil
	}
	err = json.Unmarshal(raw, &v)
	return v, err
}
