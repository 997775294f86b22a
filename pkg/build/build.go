// Package build runs builds of uploaded projects, a few at once, in the bundler's
// child processes, and keeps what came of them for a while: the log,
// which can be followed, and the artifact. It is in memory and bounded: what is
// waiting, what is kept, and how often one guild may come.
package build

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/bundle"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Status is how far a build is.
type Status string

// The statuses. The last two are final.
const (
	Queued  Status = "queued"
	Running Status = "running"
	Done    Status = "done"
	Failed  Status = "failed"
)

// Final reports whether nothing follows.
func (s Status) Final() bool { return s == Done || s == Failed }

// Artifact is what a build makes.
type Artifact struct {
	Bundle    string `json:"bundle"`
	SourceMap string `json:"source_map"`
}

// Build is one build as it is now.
type Build struct {
	ID         string            `json:"build_id"`
	Guild      snowflake.GuildID `json:"guild_id"`
	Entry      string            `json:"entry"`
	Status     Status            `json:"status"`
	Logs       []string          `json:"logs"`
	StartedAt  *time.Time        `json:"started_at,omitempty"`
	FinishedAt *time.Time        `json:"finished_at,omitempty"`
	Artifact   *Artifact         `json:"artifact,omitempty"`
	Error      string            `json:"error,omitempty"`
	// Sources are the author's own files, kept with a deployment.
	Sources []deploy.File `json:"-"`
}

// Line is one line of a build's log; ids rise from 1.
type Line struct {
	ID   uint64
	Text string
}

// Limits of the service. Zero members take the defaults; MinInterval has none.
type Limits struct {
	AtOnce         int           // Builds that run; 2.
	Active         int           // Builds that run or wait; 8.
	ActivePerGuild int           // Of one guild; 2.
	MinInterval    time.Duration // Between two builds of a guild.
	BundleBytes    func() int    // Of an artifact's script, at the moment; 8 MiB.

	KeepBuilds int           // Finished ones; 100.
	KeepBytes  int           // Logs, artifacts and sources of finished ones; 256 MiB.
	KeepTime   time.Duration // After the end; 1 h.
}

func (l *Limits) complete() {
	standard(&l.AtOnce, 2)
	standard(&l.Active, 8)
	standard(&l.ActivePerGuild, 2)
	if l.BundleBytes == nil {
		l.BundleBytes = func() int { return 8 << 20 }
	}
	standard(&l.KeepBuilds, 100)
	standard(&l.KeepBytes, 256<<20)
	standard(&l.KeepTime, time.Hour)
}

func standard[T int | time.Duration](v *T, standard T) {
	if *v <= 0 {
		*v = standard
	}
}

// logLines is how many lines of a log are kept, the newest, and lineBytes how
// long one may be.
const (
	logLines  = 2000
	lineBytes = 4 << 10
)

// busy is how long a caller should wait who found everything full.
const busy = 5 * time.Second

// Config is what the service is made of.
type Config struct {
	// Bundle builds; it must bear to be called AtOnce times at once.
	Bundle func(ctx context.Context, in bundle.Input) (bundle.Output, error)
	Limits Limits
	// NewID makes the ids of builds, UUIDs; nil makes random ones.
	NewID func() string
	Clock clock.Clock
	Log   *zap.Logger
}

// Service runs builds while Run does. Its methods may be called from many
// goroutines.
type Service struct {
	cfg   Config
	queue chan *build

	mu     sync.Mutex // Guards the members below, and the builds' own.
	all    map[string]*build
	ended  []*build // Finished ones, the oldest first.
	bytes  int      // Of those.
	active int
	guilds map[snowflake.GuildID]*guild
	closed bool
}

// guild is what one guild has going.
type guild struct {
	active int
	last   time.Time // When its latest build came.
}

type build struct {
	Build
	archive []byte
	first   uint64 // Id of the first line that is kept.
	lines   []string
	bytes   int
	changed chan struct{} // Closed, and replaced, when something is new.
}

// New makes a service.
func New(cfg Config) (*Service, error) {
	if cfg.Bundle == nil {
		return nil, errors.New("the build service needs a bundler")
	}
	cfg.Limits.complete()
	if cfg.NewID == nil {
		cfg.NewID = uuid.NewString
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.Real
	}
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	return &Service{cfg: cfg, queue: make(chan *build, cfg.Limits.Active), all: map[string]*build{}, guilds: map[snowflake.GuildID]*guild{}}, nil
}

// Submit queues a build of the zip archive, which the caller does not change any
// more.
func (s *Service) Submit(id snowflake.GuildID, entry string, archive []byte) (Build, error) {
	entry, err := deploy.ValidateEntry(entry)
	if err != nil {
		return Build{}, err
	}
	if !bytes.HasPrefix(archive, []byte("PK")) {
		return Build{}, fault.New(fault.BadRequest, "Bad request: project_zip is no zip archive")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Clock.Now()
	s.forget(now)
	if err := s.admit(id, now); err != nil {
		return Build{}, err
	}
	b := &build{
		Build:   Build{ID: s.cfg.NewID(), Guild: id, Entry: entry, Status: Queued},
		archive: archive, first: 1, changed: make(chan struct{}),
	}
	g := s.guilds[id]
	g.active++
	g.last = now
	s.active++
	s.all[b.ID] = b
	s.queue <- b // It has room for all that are active.
	return b.snapshot(), nil
}

// admit says why a guild's build cannot come now. The caller holds mu.
func (s *Service) admit(id snowflake.GuildID, now time.Time) error {
	g := s.guilds[id]
	if g == nil {
		g = &guild{}
		s.guilds[id] = g
	}
	l := s.cfg.Limits
	var f *fault.Fault
	switch wait := l.MinInterval - now.Sub(g.last); {
	case s.closed:
		f = fault.New(fault.Unavailable, "the server is going down; try again in a moment")
		f.RetryAfter = busy
	case g.active >= l.ActivePerGuild:
		f = fault.New(fault.RateLimited, "%d builds of this guild run or wait already; wait for one to end", g.active)
		f.RetryAfter = busy
	case !g.last.IsZero() && wait > 0:
		f = fault.New(fault.RateLimited, "this guild's last build came less than %s ago; try again in %s", l.MinInterval, wait.Round(time.Millisecond))
		f.RetryAfter = wait
	case s.active >= l.Active:
		f = fault.New(fault.Unavailable, "%d builds run or wait already, and no more fit; try again later", s.active)
		f.RetryAfter = busy
	default:
		return nil
	}
	return f
}

// Get gives a build.
func (s *Service) Get(id string) (Build, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.find(id)
	if err != nil {
		return Build{}, err
	}
	return b.snapshot(), nil
}

func (s *Service) find(id string) (*build, error) {
	s.forget(s.cfg.Clock.Now())
	b := s.all[id]
	if b == nil {
		return nil, fault.New(fault.NotFound, "build %s not found: builds are kept for %s after their end", clip(id), s.cfg.Limits.KeepTime)
	}
	return b, nil
}

// Follow gives the lines after the one with the id, and waits for some if there
// are none and more can come. No lines and a final status is the end.
func (s *Service) Follow(ctx context.Context, id string, after uint64) ([]Line, Status, error) {
	for {
		s.mu.Lock()
		b, err := s.find(id)
		if err != nil {
			s.mu.Unlock()
			return nil, "", err
		}
		lines, status, changed := b.since(after), b.Status, b.changed
		s.mu.Unlock()
		if len(lines) > 0 || status.Final() {
			return lines, status, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, status, ctx.Err()
		}
	}
}

func (b *build) since(after uint64) []Line {
	var out []Line
	for i, text := range b.lines {
		if id := b.first + uint64(i); id > after { //nolint:gosec // An index.
			out = append(out, Line{id, text})
		}
	}
	return out
}

func (b *build) snapshot() Build {
	out := b.Build
	out.Logs = append([]string{}, b.lines...)
	return out
}

// forget drops what is beyond what is to be kept. The caller holds mu.
func (s *Service) forget(now time.Time) {
	l := s.cfg.Limits
	for len(s.ended) > 0 && now.Sub(*s.ended[0].FinishedAt) >= l.KeepTime {
		s.drop(0)
	}
	for len(s.ended) > l.KeepBuilds {
		s.drop(s.oldest(func(*build) int { return 1 }))
	}
	for s.bytes > l.KeepBytes && len(s.ended) > 0 {
		s.drop(s.oldest(func(b *build) int { return b.bytes }))
	}
	for id, g := range s.guilds {
		if g.active == 0 && now.Sub(g.last) >= l.MinInterval {
			delete(s.guilds, id)
		}
	}
}

func (s *Service) drop(i int) {
	b := s.ended[i]
	s.ended = slices.Delete(s.ended, i, i+1)
	s.bytes -= b.bytes
	delete(s.all, b.ID)
}

// oldest finds the oldest finished build of the guild whose builds weigh most:
// a guild that builds much drives out its own. The caller holds mu.
func (s *Service) oldest(weight func(*build) int) int {
	of := map[snowflake.GuildID]int{}
	for _, b := range s.ended {
		of[b.Guild] += weight(b)
	}
	most := 0
	for i, b := range s.ended {
		if of[b.Guild] > of[s.ended[most].Guild] {
			most = i
		}
	}
	return most
}

func clip(s string) string {
	const most = 64
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}
