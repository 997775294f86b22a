// Package bundle turns an author's uploaded files into one script with a source
// map, and positions in that script back into the author's files. Whatever
// parses foreign bytes runs in a short-lived child process with hard limits: a
// megabyte of nested brackets overflows the parser's stack, which no recover
// catches. The files are an in-memory tree; the disk is never read.
package bundle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/sandbox"
)

// Input is what an author uploaded: files, or a zip archive of them.
type Input struct {
	Entry   string        `json:"entry"`
	Files   []deploy.File `json:"files,omitempty"`
	Archive []byte        `json:"archive,omitempty"`

	// Limits are the bundler's own, of an archive.
	Limits *ArchiveLimits `json:"limits,omitempty"`
}

// Output is one ES module and its source map (version 3, with the sources).
type Output struct {
	Code string `json:"code"`
	Map  string `json:"map"`
	// Warnings are about the author's own files.
	Warnings []string `json:"warnings,omitempty"`
	// Sources are the author's own files of an archive.
	Sources []deploy.File `json:"sources,omitempty"`
}

// Limits bound what a child gets and gives. Zero members take the defaults.
type Limits struct {
	Files       int           // Uploaded files; as deploy.DefaultLimits.
	SourceBytes int           // Contents of all files together; as deploy.DefaultLimits.
	Archive     ArchiveLimits // 20,000 files of 10 MiB, 128 MiB together; 2,000 kept sources of 8 MiB together.
	AnswerBytes int           // Bundle and map as the child writes them, 64 MiB.
	Wall        time.Duration // Life of a child, 30 s.
	AtOnce      int           // Children that run at the same time, 2.
	Sandbox     sandbox.Mode  // Empty is sandbox.Auto.
}

func (l Limits) withDefaults() Limits {
	if l.Files <= 0 {
		l.Files = deploy.DefaultLimits.Files
	}
	if l.SourceBytes <= 0 {
		l.SourceBytes = deploy.DefaultLimits.Bytes
	}
	standard(&l.Archive.Files, 20_000)
	standard(&l.Archive.FileBytes, 10<<20)
	standard(&l.Archive.Bytes, 128<<20)
	standard(&l.Archive.Kept.Files, deploy.StoredLimits.Files)
	standard(&l.Archive.Kept.Bytes, deploy.StoredLimits.Bytes)
	if l.AnswerBytes <= 0 {
		l.AnswerBytes = 64 << 20
	}
	if l.Wall <= 0 {
		l.Wall = 30 * time.Second
	}
	if l.AtOnce <= 0 {
		l.AtOnce = 2
	}
	return l
}

func standard[T int | int64](v *T, standard T) {
	if *v <= 0 {
		*v = standard
	}
}

// Child runs the work in child processes. It is safe for concurrent use: who
// comes while AtOnce children run waits.
type Child struct {
	path   string
	limits Limits
	room   chan struct{}
}

// NewChild makes a bundler whose children are "<executable> bundle"; that
// command must be Main.
func NewChild(executable string, limits Limits) *Child {
	limits = limits.withDefaults()
	return &Child{path: executable, limits: limits, room: make(chan struct{}, limits.AtOnce)}
}

// request is what a child reads: one of its members is set.
type request struct {
	Build *Input      `json:"build,omitempty"`
	Stack *stackInput `json:"stack,omitempty"`
}

type stackInput struct {
	Stacks []Stack `json:"stacks"`
	Map    string  `json:"map"`
}

// answer is what a child writes. Failure tells what is wrong with the input.
type answer struct {
	Output  *Output  `json:"output,omitempty"`
	Texts   []string `json:"texts,omitempty"`
	Failure string   `json:"failure,omitempty"`
}

// errDied is the cause when a child ended without an answer.
var errDied = errors.New("the bundler process ended without an answer")

// Build bundles the files from the entry on. What is wrong with them comes back
// as fault.BuildFailed with file, line and column, or as fault.BadRequest.
func (c *Child) Build(ctx context.Context, in Input) (Output, error) {
	var err error
	if in.Entry, err = deploy.ValidateEntry(in.Entry); err != nil {
		return Output{}, err
	}
	if in.Archive != nil {
		in.Files, in.Limits = nil, &c.limits.Archive
	} else if in.Files, err = deploy.ValidateFiles(in.Files, deploy.Limits{Files: c.limits.Files, Bytes: c.limits.SourceBytes}); err != nil {
		return Output{}, err
	}
	a, err := c.ask(ctx, request{Build: &in})
	switch {
	case errors.Is(err, errDied):
		return Output{}, fault.Wrap(err, fault.BuildFailed, "build failed: sources nest too deeply or need too much memory")
	case err != nil:
		return Output{}, err
	case a.Failure != "":
		return Output{}, fault.New(fault.BuildFailed, "build failed: %s", a.Failure)
	case a.Output == nil:
		return Output{}, fault.Wrap(errDied, fault.BuildFailed, "build failed: sources nest too deeply or need too much memory")
	}
	out := *a.Output
	if len(out.Sources) > 0 {
		// They are stored as they come, so a child must not say what it likes.
		if out.Sources, err = deploy.ValidateFiles(out.Sources, c.limits.Archive.Kept); err != nil || in.Archive == nil {
			return Output{}, fmt.Errorf("the bundler answered sources that cannot be: %v", err) //nolint:errorlint // It is no request that is bad.
		}
	}
	return out, nil
}

// MapStacks replaces every position in a guild's bundle that the texts name by
// the author's file, line and column. Other text stays.
func (c *Child) MapStacks(ctx context.Context, stacks []Stack, sourceMap string) ([]string, error) {
	a, err := c.ask(ctx, request{Stack: &stackInput{Stacks: stacks, Map: sourceMap}})
	if err != nil {
		return nil, err
	}
	if a.Failure != "" {
		return nil, fault.New(fault.BadRequest, "the source map cannot be used: %s", a.Failure)
	}
	if len(a.Texts) != len(stacks) {
		return nil, fmt.Errorf("the bundler answered %d texts for %d", len(a.Texts), len(stacks))
	}
	return a.Texts, nil
}

func (c *Child) ask(ctx context.Context, r request) (answer, error) {
	doc, err := json.Marshal(r)
	if err != nil {
		return answer{}, fmt.Errorf("encode a request for the bundler: %w", err)
	}
	select {
	case c.room <- struct{}{}:
		defer func() { <-c.room }()
	case <-ctx.Done():
		return answer{}, fault.Wrap(ctx.Err(), fault.Unavailable, "the build did not start in time because others are running; try again")
	}
	out, err := c.run(ctx, doc)
	if err != nil {
		return answer{}, err
	}
	var a answer
	if err := json.Unmarshal(out, &a); err != nil {
		return answer{}, fmt.Errorf("%w: %w", errDied, err)
	}
	return a, nil
}
