package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// connections answers the n-th connection of a stream by the n-th handler, the
// last one again and again.
func connections(t *testing.T, handlers ...http.HandlerFunc) *Client {
	t.Helper()
	var n atomic.Int32
	return against(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/logs/100000000000000001/stream" || r.Header.Get("Accept") != "text/event-stream" {
			t.Errorf("%s, accepts %q", r.URL, r.Header.Get("Accept"))
		}
		handlers[min(int(n.Add(1))-1, len(handlers)-1)](w, r)
	})
}

// says sends text and ends the connection, or keeps it open.
func says(text string, open bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, text)
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		if open {
			<-r.Context().Done()
		}
	}
}

func line(id int, message string) string {
	return fmt.Sprintf("id: %d\ndata: {\"id\":%d,\"timestamp\":1,\"level\":\"info\",\"target\":\"flora:js\",\"guild_id\":\"1\",\"message\":%q}\n\n", id, id, message)
}

var errEnough = errors.New("enough")

// collect reads a stream until it has so many lines.
func collect(t *testing.T, c *Client, o StreamOptions, n int) ([]string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var got []string
	err := c.StreamLogs(ctx, guild, o, func(e LogEntry) error {
		got = append(got, e.Message)
		if len(got) == n {
			return errEnough
		}
		return nil
	})
	return got, err
}

func TestStreamReconnects(t *testing.T) {
	t.Parallel()
	var after []string
	remember := func(h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			after = append(after, r.Header.Get("Last-Event-ID"))
			h(w, r)
		}
	}
	c := connections(
		t,
		remember(says("retry: 1\n\n: hello\n\n"+line(5, "a")+line(6, "b")+"id: 7\ndata: {\"message\":\"cut of", false)),
		remember(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }),
		remember(says("retry: 1\r\n\r\n"+line(7, "c")+"event: unknown\ndata: x\n\n"+"event: dropped\ndata: {\"message\":\"2 lines are missing\",\"dropped\":2}\n\n"+line(10, "d"), true)),
	)
	var lost []string
	got, err := collect(t, c, StreamOptions{After: 4, Lost: func(err error, wait time.Duration) { lost = append(lost, fmt.Sprint(err != nil, wait)) }}, 5)
	if !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "2 lines are missing", "d"}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"4", "6", "6"}, after); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"true 50ms", "true 100ms"}, lost); diff != "" {
		t.Error(diff)
	}
}

// TestStreamFollowsItsServer: a log that goes on elsewhere is no broken connection.
func TestStreamFollowsItsServer(t *testing.T) {
	t.Parallel()
	var after string
	c := connections(
		t,
		says(line(5, "a")+"retry: 1\n\nevent: moved\ndata: {\"message\":\"elsewhere\"}\n\n", true),
		func(w http.ResponseWriter, r *http.Request) {
			after = r.Header.Get("Last-Event-ID")
			says(line(6, "b"), true)(w, r)
		},
	)
	got, err := collect(t, c, StreamOptions{Lost: func(err error, _ time.Duration) { t.Errorf("it is told as lost: %v", err) }}, 2)
	if !errors.Is(err, errEnough) || after != "5" {
		t.Errorf("%q (%v), connected again after %s", got, err, after)
	}
}

// TestStreamGoesOnAfterWhatItDoesNotShow: an event with only an id is where the
// stream is.
func TestStreamGoesOnAfterWhatItDoesNotShow(t *testing.T) {
	t.Parallel()
	var after string
	c := connections(
		t,
		says("retry: 1\n\n"+line(5, "a")+"id: 9\n\n", false),
		func(w http.ResponseWriter, r *http.Request) {
			after = r.Header.Get("Last-Event-ID")
			says(line(10, "b"), true)(w, r)
		},
	)
	if got, err := collect(t, c, StreamOptions{Level: "warn"}, 2); !errors.Is(err, errEnough) || after != "9" {
		t.Errorf("%q (%v), connected again after %s", got, err, after)
	}
}

func TestStreamEnds(t *testing.T) {
	t.Parallel()
	refuse := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"message":"no"}`)
		}
	}
	rows := map[string]struct {
		handlers []http.HandlerFunc
		status   int
		want     string
	}{
		"refused at first":         {[]http.HandlerFunc{refuse(403)}, 403, "no"},
		"down at first":            {[]http.HandlerFunc{refuse(503)}, 503, "no"},
		"refused later":            {[]http.HandlerFunc{says("retry: 1\n\n", false), refuse(401)}, 401, "no"},
		"closed by the server":     {[]http.HandlerFunc{says("event: closed\ndata: {\"message\":\"not yours\",\"code\":\"forbidden\"}\n\n", true)}, 403, "not yours"},
		"closed for want of login": {[]http.HandlerFunc{says("event: closed\ndata: {\"message\":\"gone\",\"code\":\"unauthorized\"}\n\n", true)}, 401, "gone"},
		"not JSON":                 {[]http.HandlerFunc{says("data: hello\n\n", true)}, 0, "a log line that cannot be read"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := collect(t, connections(t, row.handlers...), StreamOptions{}, 1)
			e, _ := errors.AsType[*Error](err)
			if err == nil || !strings.Contains(err.Error(), row.want) || (e == nil) != (row.status == 0) || e != nil && e.Status != row.status {
				t.Errorf("got %v, want %d %q", err, row.status, row.want)
			}
		})
	}
}

func TestSilentStream(t *testing.T) {
	t.Parallel()
	c := connections(t, says("retry: 1\n\n", true), says(line(1, "a"), true))
	var lost []error
	got, err := collect(t, c, StreamOptions{Quiet: 100 * time.Millisecond, Lost: func(err error, _ time.Duration) { lost = append(lost, err) }}, 1)
	if !errors.Is(err, errEnough) || len(got) != 1 || len(lost) != 1 || !errors.Is(lost[0], errSilent) {
		t.Errorf("got %q, %v after %v", got, err, lost)
	}
}

func TestStreamCanceled(t *testing.T) {
	t.Parallel()
	c := connections(t, says(line(1, "a"), true))
	ctx, cancel := context.WithCancel(t.Context())
	err := c.StreamLogs(ctx, guild, StreamOptions{}, func(LogEntry) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		text string
		want []event
		err  string
	}{
		"plain":             {"data: a\n\n", []event{{data: "a", retry: -1}}, "EOF"},
		"carriage returns":  {"event: x\r\nid: 1\r\ndata: a\r\n\r\n", []event{{name: "x", id: "1", data: "a", retry: -1}}, "EOF"},
		"two lines":         {"data: a\ndata:b\n\n", []event{{data: "a\nb", retry: -1}}, "EOF"},
		"comments":          {": x\n\n: y\n\ndata: a\n\n", []event{{data: "a", retry: -1}}, "EOF"},
		"a name without":    {"event: x\n\ndata: a\n\n", []event{{data: "a", retry: -1}}, "EOF"},
		"retry":             {"retry: 20\n\n", []event{{retry: 20 * time.Millisecond}}, "EOF"},
		"a retry of no use": {"retry: -1\n\nretry: x\n\nretry: 99999999999999\n\n", nil, "EOF"},
		"no end":            {"data: a\n", nil, "EOF"},
		"a long line":       {"data: " + strings.Repeat("x", maxEvent), nil, "a line of the stream has more than"},
		"a long event":      {strings.Repeat("data: "+strings.Repeat("x", 1000)+"\n", 2000), nil, "an event of the stream has more than"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newEvents(strings.NewReader(row.text))
			var got []event
			for {
				e, err := r.next(func() {})
				if err != nil {
					if !strings.Contains(err.Error(), row.err) {
						t.Errorf("got %v, want %q", err, row.err)
					}
					break
				}
				got = append(got, e)
			}
			if diff := cmp.Diff(row.want, got, cmp.AllowUnexported(event{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzEvents(f *testing.F) {
	f.Add("retry: 1\n\n: x\n\nid: 1\ndata: {}\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		r := newEvents(strings.NewReader(text))
		total := 0
		for {
			e, err := r.next(func() {})
			if err != nil {
				return
			}
			if total += len(e.data) + len(e.name) + len(e.id); total > len(text) {
				t.Fatalf("%d bytes out of %d", total, len(text))
			}
		}
	})
}

// TestStreamBegins: a server that restarts between the page before and the first
// connection of a stream is waited for, like with any call.
func TestStreamBegins(t *testing.T) {
	t.Parallel()
	c := connections(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, says(line(5, "a"), true))
	c.retryFor = time.Minute
	got, err := collect(t, c, StreamOptions{After: 4}, 1)
	if !errors.Is(err, errEnough) || len(got) != 1 || got[0] != "a" {
		t.Errorf("got %q, %v", got, err)
	}
}
