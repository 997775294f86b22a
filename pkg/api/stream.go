package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const eventStream = "text/event-stream"

// streams counts the open streams and ends them all.
type streams struct {
	ctx context.Context //nolint:containedctx // Ends when all streams must.
	end context.CancelFunc
	*room
}

func newStreams(perCaller, total int) *streams {
	s := &streams{room: newRoom(int64(perCaller), int64(total), "streams and downloads")}
	s.ctx, s.end = context.WithCancel(context.Background())
	return s
}

func (s *streams) close() { s.end() }

// enter makes room for one more stream of the caller.
func (s *streams) enter(caller string) (leave func(), err error) {
	if s.ctx.Err() != nil {
		return nil, fault.New(fault.Unavailable, "the server is going down; try again in a moment")
	}
	return s.room.enter(caller, 1)
}

// streamLogs sends the guild's new log lines as they come, from the line after
// Last-Event-ID, or after, when the reader names one.
func (a *API) streamLogs(c *call) error {
	after, err := a.resume(c)
	if err != nil {
		return err
	}
	least, err := level(c)
	if err != nil {
		return err
	}
	return a.stream(c, func(ctx context.Context, out *events) error {
		out.level = least
		after, err := a.catchUp(ctx, c, after, out)
		if err != nil {
			return err
		}
		sub := a.cfg.Logs.Subscribe(c.guild, after)
		defer sub.Close()
		return a.follow(ctx, c, sub, out)
	})
}

// resume is the id after which the stream starts.
func (a *API) resume(c *call) (uint64, error) {
	if text := c.Request().Header.Get("Last-Event-ID"); text != "" {
		return lineID(text, "Last-Event-ID must be the id of an event of this stream")
	}
	if text := c.QueryParam("after"); text != "" {
		return lineID(text, "after must be the id of a line")
	}
	return a.cfg.Logs.LastID(c.guild), nil
}

// follow writes lines until the reader, the caller's rights or the server end.
func (a *API) follow(ctx context.Context, c *call, sub *logs.Subscription, out *events) error {
	if err := out.send("retry: 2000\n\n"); err != nil {
		return err
	}
	checked := a.cfg.Clock.Now()
	for {
		entries, dropped, err := next(ctx, sub, a.cfg.Limits.KeepAlive)
		if errors.Is(err, logs.ErrMoved) {
			return errors.Join(err, out.moved())
		}
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
			if a.cfg.History != nil && a.cfg.History.Since(c.guild) == 0 {
				return out.moved() // It went before the subscription began.
			}
			err = out.alive()
		} else {
			err = out.lines(entries, dropped)
		}
		if err != nil {
			return err
		}
	}
}

// History has the lines of guilds that were other replicas' before, too.
type History interface {
	// Lines gives lines like those of logs.Hub, and how many are not kept before the
	// last of them.
	Lines(ctx context.Context, guild snowflake.GuildID, q logs.Query) (lines []logs.Entry, lost uint64)
	// Since is the id above which the guild's lines are in this process only.
	Since(guild snowflake.GuildID) uint64
}

// catchUp sends the lines that were written before the guild came to this replica,
// and gives the id after which the rest follows.
func (a *API) catchUp(ctx context.Context, c *call, after uint64, out *events) (uint64, error) {
	if a.cfg.History == nil {
		return after, nil
	}
	since := a.cfg.History.Since(c.guild)
	for after < since {
		lines, lost := a.cfg.History.Lines(ctx, c.guild, logs.Query{After: max(after, 1), Limit: maxLogLines})
		if ctx.Err() != nil {
			return after, ctx.Err()
		}
		lines = slices.DeleteFunc(lines, func(e logs.Entry) bool { return e.ID > since })
		if len(lines) == 0 {
			return since, nil
		}
		if err := out.lines(lines, lost); err != nil {
			return after, err
		}
		after = lines[len(lines)-1].ID
	}
	return after, nil
}

// movedRetry is how soon readers come back when the guild is another replica's.
const movedRetry = 200 * time.Millisecond

// moved tells the reader that the log goes on at another replica.
func (e *events) moved() error {
	if err := e.send(fmt.Sprintf("retry: %d\n\n", movedRetry.Milliseconds())); err != nil {
		return err
	}
	return e.say("moved", map[string]string{"message": "the log goes on at another replica; connect again with Last-Event-ID"})
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
	level    string // The least that is sent.
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

// alive says that the stream is.
func (e *events) alive() error { return e.send(": keep-alive\n\n") }

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
		if !entry.Passes(e.level) {
			continue
		}
		if err := write("id: "+strconv.FormatUint(entry.ID, 10), entry); err != nil {
			return err
		}
	}
	// Below the level nothing is shown, but the reader is past it: else what leaves
	// the log meanwhile is missing for one that comes again.
	if last := entries[len(entries)-1]; !last.Passes(e.level) {
		fmt.Fprintf(&b, "id: %d\n\n", last.ID)
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
	q := logs.Query{Limit: min(limit, maxLogLines)}
	if q.Level, err = level(c); err != nil {
		return err
	}
	if q.After, err = lineID(c.QueryParam("after"), "after must be the id of a line"); err != nil {
		return err
	}
	var lines []logs.Entry
	if a.cfg.History != nil {
		lines, _ = a.cfg.History.Lines(c.ctx(), c.guild, q)
	} else {
		lines = a.cfg.Logs.Lines(c.guild, q)
	}
	size := 0
	for _, l := range lines {
		size += len(l.Message)
	}
	if err := c.hold(size); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, lines)
}

// level is the least level that the caller asks for.
func level(c *call) (string, error) {
	l := c.QueryParam("level")
	if l != "" && !logs.IsLevel(l) {
		return "", fault.New(fault.BadRequest, "Bad request: level must be one of %s", strings.Join(logs.Levels(), ", "))
	}
	return l, nil
}

// lineID reads the id of a line, 0 if there is none.
func lineID(text, problem string) (uint64, error) {
	if text == "" {
		return 0, nil
	}
	id, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fault.New(fault.BadRequest, "Bad request: %s", problem)
	}
	return id, nil
}
