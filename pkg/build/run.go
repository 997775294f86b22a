package build

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/bundle"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// Run builds what is submitted until the context ends. What runs or waits then
// fails, and nothing more is taken.
func (s *Service) Run(ctx context.Context) error {
	var workers sync.WaitGroup
	for range s.cfg.Limits.AtOnce {
		workers.Go(func() {
			for {
				select {
				case b := <-s.queue:
					s.work(ctx, b)
				case <-ctx.Done():
					return
				}
			}
		})
	}
	<-ctx.Done()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	workers.Wait()
	for {
		select {
		case b := <-s.queue:
			s.end(b, bundle.Output{}, stopped(ctx))
		default:
			return nil
		}
	}
}

func stopped(ctx context.Context) error {
	return fault.Wrap(ctx.Err(), fault.Unavailable, "the server stopped before the build was done; build again")
}

// work runs one build.
func (s *Service) work(ctx context.Context, b *build) {
	if ctx.Err() != nil {
		s.end(b, bundle.Output{}, stopped(ctx))
		return
	}
	start := s.cfg.Clock.Now().UTC()
	s.change(b, func() {
		b.Status, b.StartedAt = Running, &start
		b.say(fmt.Sprintf("building %s: archive of %d bytes", b.Entry, len(b.archive)))
	})
	out, err := s.cfg.Bundle(ctx, bundle.Input{Entry: b.Entry, Archive: b.archive})
	most := s.cfg.Limits.BundleBytes()
	switch {
	case ctx.Err() != nil:
		err = stopped(ctx)
	case err == nil && len(out.Code) > most:
		err = fault.New(fault.BuildFailed, "build failed: the bundle has %d bytes, at most %d are allowed", len(out.Code), most)
	}
	s.end(b, out, err)
}

// end notes how a build ended.
func (s *Service) end(b *build, out bundle.Output, err error) {
	at := s.cfg.Clock.Now().UTC()
	if err != nil && fault.From(err).Code == fault.Internal {
		s.cfg.Log.Error("a build failed", zap.String("build_id", b.ID), zap.Stringer("guild_id", b.Guild), zap.Error(err))
	}
	s.change(b, func() {
		b.archive, b.FinishedAt = nil, &at
		took := time.Duration(0)
		if b.StartedAt != nil {
			took = at.Sub(*b.StartedAt).Round(time.Millisecond)
		}
		for _, w := range out.Warnings {
			b.say(w)
		}
		if err != nil {
			b.Status, b.Error = Failed, fault.From(err).Message
			b.say(b.Error)
		} else {
			b.Status, b.Artifact, b.Sources = Done, &Artifact{Bundle: out.Code, SourceMap: out.Map}, out.Sources
			b.say(fmt.Sprintf("done in %s: bundle of %d bytes, %d own source files", took, len(out.Code), len(out.Sources)))
		}
		b.bytes = b.size()
		s.bytes += b.bytes
		s.ended = append(s.ended, b)
		s.active--
		s.guilds[b.Guild].active--
		s.forget(at)
	})
}

// change does something to a build and wakes those who follow it.
func (s *Service) change(b *build, f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(b.changed)
	b.changed = make(chan struct{})
}

// say adds a text to the log, a line for each of its own.
func (b *build) say(text string) {
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if len(line) > lineBytes {
			line = strings.ToValidUTF8(line[:lineBytes], "") + "..."
		}
		b.lines = append(b.lines, line)
	}
	if over := len(b.lines) - logLines; over > 0 {
		b.lines, b.first = append([]string{}, b.lines[over:]...), b.first+uint64(over)
	}
}

func (b *build) size() int {
	n := 0
	for _, l := range b.lines {
		n += len(l)
	}
	if b.Artifact != nil {
		n += len(b.Artifact.Bundle) + len(b.Artifact.SourceMap)
	}
	for _, f := range b.Sources {
		n += len(f.Path) + len(f.Contents)
	}
	return n
}
