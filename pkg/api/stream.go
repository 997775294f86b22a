package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
)

// streams counts the open streams and ends them all.
type streams struct {
	ctx       context.Context //nolint:containedctx // Ends when all streams must.
	end       context.CancelFunc
	perCaller int
	total     int

	mu   sync.Mutex // Guards the members below.
	open int
	by   map[string]int
}

func newStreams(perCaller, total int) *streams {
	s := &streams{perCaller: perCaller, total: total, by: map[string]int{}}
	s.ctx, s.end = context.WithCancel(context.Background())
	return s
}

func (s *streams) close() { s.end() }

// enter makes room for one more stream of the caller.
func (s *streams) enter(caller string) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ctx.Err() != nil:
		return nil, fault.New(fault.Unavailable, "the server is going down; try again in a moment")
	case s.by[caller] >= s.perCaller:
		return nil, fault.New(fault.RateLimited, "%d log streams of yours are open already; close one first", s.perCaller)
	case s.open >= s.total:
		return nil, fault.New(fault.Unavailable, "too many log streams are open; try again later")
	}
	s.open++
	s.by[caller]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.open--
		if s.by[caller]--; s.by[caller] == 0 {
			delete(s.by, caller)
		}
	}, nil
}

// streamLogs sends the guild's new log lines as they come, from the line after
// Last-Event-ID when the reader names one.
func (a *API) streamLogs(c *call) error {
	after, err := a.resume(c)
	if err != nil {
		return err
	}
	return a.stream(c, func(ctx context.Context, out *events) error {
		sub := a.cfg.Logs.Subscribe(c.guild, after)
		defer sub.Close()
		return a.follow(ctx, c, sub, out)
	})
}

// resume is the id after which the stream starts.
func (a *API) resume(c *call) (uint64, error) {
	text := c.Request().Header.Get("Last-Event-ID")
	if text == "" {
		return a.cfg.Logs.LastID(c.guild), nil
	}
	id, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fault.New(fault.BadRequest, "Bad request: Last-Event-ID must be the id of an event of this stream")
	}
	return id, nil
}

// follow writes lines until the reader, the caller's rights or the server end.
func (a *API) follow(ctx context.Context, c *call, sub *logs.Subscription, out *events) error {
	if err := out.send("retry: 2000\n\n"); err != nil {
		return err
	}
	checked := a.cfg.Clock.Now()
	for {
		entries, dropped, err := next(ctx, sub, a.cfg.Limits.KeepAlive)
		if err != nil {
			return err
		}
		if now := a.cfg.Clock.Now(); now.Sub(checked) >= a.cfg.Limits.StreamRecheck {
			if err := a.recheck(ctx, c); err != nil {
				return errors.Join(err, out.say("closed", map[string]any{"message": faultOf(err).Message, "code": faultOf(err).Code}))
			}
			checked = now
		}
		if len(entries) == 0 {
			err = out.send(": keep-alive\n\n")
		} else {
			err = out.lines(entries, dropped)
		}
		if err != nil {
			return err
		}
	}
}

// next waits for lines, at most for the given time.
func next(ctx context.Context, sub *logs.Subscription, most time.Duration) ([]logs.Entry, uint64, error) {
	waiting, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	entries, dropped, err := sub.Next(waiting)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil, 0, nil
	}
	return entries, dropped, err
}

// recheck asks anew whether the caller may read the guild's log.
func (a *API) recheck(ctx context.Context, c *call) error {
	who, err := a.identify(ctx, c.Request())
	if err != nil {
		return err
	}
	return a.cfg.Authorizer.GuildAdmin(ctx, who, c.guild)
}

// events writes server-sent events. Every write has a deadline of its own, so
// a reader that does not read holds nothing for long.
type events struct {
	w        http.ResponseWriter
	rc       *http.ResponseController
	patience time.Duration
}

func (e *events) send(text string) error {
	if err := e.rc.SetWriteDeadline(time.Now().Add(e.patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("set the write deadline: %w", err)
	}
	if _, err := e.w.Write([]byte(text)); err != nil {
		return fmt.Errorf("write events: %w", err)
	}
	if err := e.rc.Flush(); err != nil {
		return fmt.Errorf("flush events: %w", err)
	}
	return nil
}

// finish takes the deadline off: the connection may serve another request.
func (e *events) finish() { _ = e.rc.SetWriteDeadline(time.Time{}) }

// say sends one named event.
func (e *events) say(name string, doc any) error {
	b, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("encode an event: %w", err)
	}
	return e.send("event: " + name + "\ndata: " + string(b) + "\n\n")
}

// lost tells a reader that it missed lines. It looks like a line as well, so
// that readers which do not know the event show it.
type lost struct {
	logs.Entry
	Dropped uint64 `json:"dropped"`
}

func (e *events) lines(entries []logs.Entry, dropped uint64) error {
	var b bytes.Buffer
	write := func(head string, doc any) error {
		data, err := json.Marshal(doc)
		if err != nil {
			return fmt.Errorf("encode a log line: %w", err)
		}
		fmt.Fprintf(&b, "%s\ndata: %s\n\n", head, data)
		return nil
	}
	if dropped > 0 {
		first := entries[0]
		note := lost{Dropped: dropped, Entry: logs.Entry{
			ID: first.ID - 1, Timestamp: first.Timestamp, Level: "warn", Target: logs.TargetRuntime, GuildID: first.GuildID,
			Message: fmt.Sprintf("%d lines are missing here: they were dropped before this reader came for them", dropped),
		}}
		if err := write("event: dropped", note); err != nil {
			return err
		}
	}
	for _, entry := range entries {
		if err := write("id: "+strconv.FormatUint(entry.ID, 10), entry); err != nil {
			return err
		}
	}
	return e.send(b.String())
}

// Bounds of one answer with log lines.
const (
	logLines    = 100
	maxLogLines = 1000
)

func (a *API) getLogs(c *call) error {
	limit, err := c.number("limit", logLines)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, a.cfg.Logs.Recent(c.guild, min(limit, maxLogLines)))
}
