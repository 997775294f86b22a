package app

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/config"
	"github.com/flora-runtime/flora-runtime/pkg/telemetry"
	"github.com/flora-runtime/flora-runtime/pkg/trial"
	"github.com/flora-runtime/flora-runtime/pkg/trial/report"
)

// testCommand is started by `flora test` only.
func testCommand(s State) *cobra.Command {
	return &cobra.Command{
		Use: "test", Short: "Run an author's test files (started by `flora test`)", Hidden: true, Args: cobra.NoArgs,
		Long: `Reads a job from the standard input and writes what happens to the standard
output, a line of JSON each; see pkg/trial/report. It ends with its input.`,
		RunE: func(c *cobra.Command, _ []string) error { return runTests(c.Context(), s) },
	}
}

func runTests(ctx context.Context, s State) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cfg, err := config.Load(config.Options{Env: s.Env, Flags: map[string]string{}})
	if err != nil {
		return err
	}
	log, _, err := telemetry.NewLogger("error", "console", s.Stderr)
	if err != nil {
		return err
	}
	lines := json.NewDecoder(bufio.NewReader(s.Stdin))
	var job report.Job
	if err := lines.Decode(&job); err != nil {
		return fmt.Errorf("read the job: %w", err)
	}
	blob, err := trial.Snapshot()
	if err != nil {
		return err
	}
	l := &listener{out: json.NewEncoder(s.Stdout), waiting: map[int]chan report.Answer{}, cancel: cancel}
	go l.listen(lines) // It ends with the input, or with the process.
	err = trial.Run(ctx, trial.Config{Blob: blob, Limits: botLimits(cfg), Bundle: l.bundle, Emit: l.emit, Log: log}, job)
	if errors.Is(err, context.Canceled) {
		return errors.New("asked to end before all tests had run")
	}
	return errors.Join(err, l.failed())
}

// listener is the other side: it takes events, and bundles scripts.
type listener struct {
	cancel context.CancelFunc

	mu      sync.Mutex // Guards the members below.
	out     *json.Encoder
	err     error
	last    int
	waiting map[int]chan report.Answer
}

// emit writes an event. When nobody reads, the tests end.
func (l *listener) emit(e report.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.out.Encode(e); err != nil && l.err == nil {
		l.err = fmt.Errorf("write an event: %w", err)
		l.cancel()
	}
}

func (l *listener) failed() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// listen takes answers until the input ends, and with it the tests.
func (l *listener) listen(lines *json.Decoder) {
	defer l.cancel()
	for {
		var a report.Answer
		if err := lines.Decode(&a); err != nil {
			if !errors.Is(err, io.EOF) {
				l.mu.Lock()
				l.err = fmt.Errorf("read an answer: %w", err)
				l.mu.Unlock()
			}
			return
		}
		l.mu.Lock()
		got := l.waiting[a.ID]
		delete(l.waiting, a.ID)
		l.mu.Unlock()
		if got != nil {
			got <- a
		}
	}
}

// bundle asks for a script.
func (l *listener) bundle(ctx context.Context, file string) (report.Bundle, error) {
	got := make(chan report.Answer, 1)
	l.mu.Lock()
	l.last++
	n := l.last
	l.waiting[n] = got
	l.mu.Unlock()
	l.emit(report.Event{Type: report.Ask, ID: n, File: file})
	select {
	case a := <-got:
		if a.Error != "" {
			return report.Bundle{}, errors.New(a.Error)
		}
		return a.Bundle, nil
	case <-ctx.Done():
		return report.Bundle{}, ctx.Err()
	}
}
