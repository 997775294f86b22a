package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// LogEntry is one line of a guild's log.
type LogEntry struct {
	ID        uint64 `json:"id,omitempty"`
	Timestamp int64  `json:"timestamp"` // Unix milliseconds.
	Level     string `json:"level"`
	Target    string `json:"target"`
	Guild     string `json:"guild_id"`
	Message   string `json:"message"`
	// Dropped, in a stream, is how many lines are missing before the next; the
	// entry then is a notice.
	Dropped uint64 `json:"dropped,omitempty"`
}

// Logs gives the latest lines of a level and those above, the oldest first; ""
// is every level.
func (c *Client) Logs(ctx context.Context, guild snowflake.GuildID, limit int, level string) ([]LogEntry, error) {
	var all []LogEntry
	q := url.Values{"limit": {strconv.Itoa(limit)}}
	if level != "" {
		q.Set("level", level)
	}
	err := c.call(ctx, request{method: http.MethodGet, path: "/logs/" + guild.String(), query: q, most: largeAnswer}, &all)
	return all, err
}

// StreamOptions say where a stream starts.
type StreamOptions struct {
	// After is the id of the last line that is known; 0 starts with the oldest
	// line that the server still has.
	After uint64
	// Level is the least level of the lines; "" is every one.
	Level string
	// Lost, when set, is told why the connection broke and how long the stream
	// waits before it connects again. That the log goes on at another replica is
	// no break.
	Lost func(err error, wait time.Duration)
	// Quiet is how long a connection may be silent before it counts as broken,
	// 1 minute unless set. The server speaks every 15 s.
	Quiet time.Duration
}

// Waits between connections. A server may ask for its own, within these.
const (
	firstWait   = 2 * time.Second
	leastWait   = 50 * time.Millisecond
	longestWait = 30 * time.Second
)

var (
	// errSilent ends a connection on which nothing comes.
	errSilent = errors.New("the stream is silent; the connection seems dead")
	// errMoved ends one whose server sends its readers to another replica.
	errMoved = errors.New("the log goes on at another replica")
)

// StreamLogs gives every new line to handle, in order, until ctx ends, handle
// fails or the server says that the caller may not read. When the connection
// breaks it connects again and goes on after the last line it gave. Its error
// is never nil.
func (c *Client) StreamLogs(ctx context.Context, guild snowflake.GuildID, o StreamOptions, handle func(LogEntry) error) error {
	if o.Quiet <= 0 {
		o.Quiet = time.Minute
	}
	began := time.Now()
	s := &stream{client: c, guild: guild, options: o, after: o.After, pause: firstWait, handle: handle}
	failures := 0
	for {
		connected, err := s.once(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if f, ok := errors.AsType[*fatal](err); ok {
			return f.err
		}
		if patience := c.patience(request{method: http.MethodGet}); !connected && !s.ever && (!passing(err) || time.Since(began) >= patience) {
			return err
		}
		if connected {
			failures = 0
		}
		wait := s.wait(failures, err)
		failures++
		if o.Lost != nil && !errors.Is(err, errMoved) {
			o.Lost(err, wait)
		}
		if !clock.Sleep(ctx, clock.Real, wait) {
			return ctx.Err()
		}
	}
}

// fatal is an error after which it makes no sense to connect again.
type fatal struct{ err error }

func (f *fatal) Error() string { return f.err.Error() }

// stream is the state that outlives a connection.
type stream struct {
	client  *Client
	guild   snowflake.GuildID
	options StreamOptions
	handle  func(LogEntry) error
	after   uint64
	pause   time.Duration
	ever    bool // It was connected once.
}

func (s *stream) wait(failures int, err error) time.Duration {
	wait := min(s.pause<<min(failures, 8), longestWait)
	if e, ok := errors.AsType[*Error](err); ok && e.RetryAfter > wait {
		wait = e.RetryAfter
	}
	return wait
}

// once reads one connection until it ends.
func (s *stream) once(ctx context.Context) (connected bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(s.options.Quiet, func() { cancel(errSilent) })
	defer silence.Stop()
	q := url.Values{}
	if s.options.Level != "" {
		q.Set("level", s.options.Level)
	}
	res, err := s.client.send(ctx, request{
		method: http.MethodGet, path: "/logs/" + s.guild.String() + "/stream", query: q,
		header: map[string]string{"Accept": "text/event-stream", "Last-Event-ID": strconv.FormatUint(s.after, 10)},
	})
	if err != nil {
		if e, ok := errors.AsType[*Error](err); ok && e.Status < 500 && e.Status != http.StatusTooManyRequests && e.Status != http.StatusRequestTimeout {
			return false, &fatal{err}
		}
		return false, err
	}
	defer func() { _ = res.Body.Close() }()
	s.ever = true
	r := newEvents(res.Body)
	for {
		e, err := r.next(func() { silence.Reset(s.options.Quiet) })
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				err = cause
			}
			return true, &NetworkError{URL: s.client.base, Err: err}
		}
		if err := s.take(e); err != nil {
			return true, err
		}
	}
}

func (s *stream) take(e event) error {
	if e.retry >= 0 {
		s.pause = min(max(e.retry, leastWait), longestWait)
	}
	if e.data == "" {
		s.reached(e.id)
		return nil
	}
	switch e.name {
	case "closed":
		var said struct{ Message, Code string }
		if err := json.Unmarshal([]byte(e.data), &said); err != nil || said.Message == "" {
			said.Message = "the server closed the stream"
		}
		status := http.StatusForbidden
		if said.Code == "unauthorized" {
			status = http.StatusUnauthorized
		}
		return &fatal{&Error{Status: status, Code: said.Code, Message: said.Message}}
	case "moved":
		return errMoved
	case "", "message", "dropped":
	default:
		return nil // Of a newer server.
	}
	var entry LogEntry
	if err := json.Unmarshal([]byte(e.data), &entry); err != nil {
		return &fatal{fmt.Errorf("%s sends a log line that cannot be read: %w", s.client.base, err)}
	}
	if err := s.handle(entry); err != nil {
		return &fatal{err}
	}
	s.reached(e.id)
	return nil
}

// reached notes where the stream goes on.
func (s *stream) reached(id string) {
	if n, err := strconv.ParseUint(id, 10, 64); err == nil {
		s.after = n
	}
}
