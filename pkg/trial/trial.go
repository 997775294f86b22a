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
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/isolate"
	"github.com/flora-runtime/flora-runtime/pkg/trial/report"
	"github.com/flora-runtime/flora-runtime/pkg/v8"
)

// Config is what trials need of outside.
type Config struct {
	Blob   *v8.Blob // Of the SDK and the library for tests together; see Snapshot.
	Limits bot.Limits
	// Bundle makes one script of the file that a test names.
	Bundle func(ctx context.Context, file string) (report.Bundle, error)
	Emit   func(report.Event)
	Log    *zap.Logger // What operators would read.
}

// Run runs the files one after the other. An error is not a failed test, but
// that tests could not be run.
func Run(ctx context.Context, cfg Config, job report.Job) error {
	if err := job.Validate(); err != nil {
		return err
	}
	slots := isolate.NewSlots(2)
	for i, f := range job.Files {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		cfg.Emit(report.Event{Type: report.Begin, File: f.Name})
		r := &runner{cfg: cfg, job: job, file: f, number: i + 1, worlds: map[int]*world{}, asks: map[int]chan answer{}}
		failed, err := r.run(ctx, slots)
		end := report.Event{Type: report.FileEnd, File: f.Name}
		if err != nil {
			end.Error = err
		}
		cfg.Emit(end)
		if job.FailFast && (failed || err != nil) {
			return nil
		}
	}
	return ctx.Err()
}

// grace is what a test may take beyond its limit until the file is given up: it
// lets nothing else run.
const grace = 3 * time.Second
