package spec

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// TestLogLinesOutliveRestarts ends a runtime in the good and the bad way, again
// and again. A reader that goes on after the last line it got gets every line
// that the server has, each once; the line of a deployment that was
// acknowledged is always there, and after SIGTERM every line is.
func TestLogLinesOutliveRestarts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := &follower{t: t, seen: map[uint64]string{}}
	said := 0
	for round := range 6 {
		p := dev(t, dir, "--data-dir", dir+"/data", "--no-rate-limits")
		r.connect(p)
		entry := fmt.Sprintf("r%d.ts", round)
		body := strings.Replace(string(deployment(entry)), "on('messageCreate'", "on('messageCreate', (c) => { if (!c.msg.author.bot) console.log('heard ' + c.msg.content) }); on('messageCreate'", 1)
		status, answer, err := call("POST", p.url+"/api/deployments/"+p.guild, token(t, p), []byte(body))
		if err != nil || status != http.StatusOK {
			t.Fatalf("deploy: %d %s %v", status, answer, err)
		}
		revision := between(string(answer), `"revision_id":"`, `"`)
		for range 5 {
			said++
			c := &conversation{p: p}
			c.say(t, fmt.Sprint(said))
		}
		r.until(fmt.Sprintf("heard %d", said))
		r.check("deployed revision "+revision, true)
		how := []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM}[round%2]
		if err := p.signal(how); err != nil {
			t.Fatal(err)
		}
		p = dev(t, dir, "--data-dir", dir+"/data", "--no-rate-limits")
		r.connect(p)
		r.check("deployed revision "+revision, true)
		r.check(fmt.Sprintf("heard %d", said), how == syscall.SIGTERM)
		if err := p.signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
}

func between(s, start, end string) string {
	_, s, _ = strings.Cut(s, start)
	s, _, _ = strings.Cut(s, end)
	return s
}

// follower reads a guild's log over the lives of a runtime.
type follower struct {
	t     *testing.T
	api   *client.Client
	guild snowflake.GuildID
	after uint64
	seen  map[uint64]string // What the stream gave, by id.
}

func (r *follower) connect(p *process) {
	r.t.Helper()
	var err error
	if r.api, err = client.New(client.Config{BaseURL: p.url, Token: token(r.t, p)}); err != nil {
		r.t.Fatal(err)
	}
	if r.guild, err = snowflake.ParseGuild(p.guild); err != nil {
		r.t.Fatal(err)
	}
}

// until reads the stream up to a message.
func (r *follower) until(message string) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	found := errors.New("found")
	err := r.api.StreamLogs(ctx, r.guild, client.StreamOptions{After: r.after}, func(e client.LogEntry) error {
		if _, twice := r.seen[e.ID]; e.Dropped == 0 && (twice || e.ID <= r.after) {
			r.t.Errorf("line %d (%s) came after line %d; was it there: %t", e.ID, e.Message, r.after, twice)
		}
		r.seen[e.ID], r.after = e.Message, e.ID
		if e.Message == message {
			return found
		}
		return nil
	})
	if !errors.Is(err, found) {
		r.t.Fatalf("waiting for %q: %v", message, err)
	}
}

// check compares what the server has with what the stream gave: no id means
// another line now, and none that the server has was left out.
func (r *follower) check(message string, must bool) {
	r.t.Helper()
	lines, err := r.api.Logs(r.t.Context(), r.guild, 1000, "")
	if err != nil {
		r.t.Fatal(err)
	}
	last, there := uint64(0), false
	for _, e := range lines {
		if e.ID <= last {
			r.t.Errorf("line %d follows line %d", e.ID, last)
		}
		last = e.ID
		there = there || e.Message == message
		was, given := r.seen[e.ID]
		switch {
		case given && was != e.Message:
			r.t.Errorf("line %d was %q and is %q", e.ID, was, e.Message)
		case !given && e.ID <= r.after:
			r.t.Errorf("line %d (%s) did not come, and line %d did", e.ID, e.Message, r.after)
		}
	}
	if must && !there {
		r.t.Errorf("%q is not among %d lines", message, len(lines))
	}
}

// TestDevShowsWhatScriptsSay looks at dev's own output.
func TestDevShowsWhatScriptsSay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := dev(t, dir)
	body := []byte(`{"entry":"main.ts","files":[{"path":"main.ts","contents":"console.warn('this is', { a: 1 });"}]}`)
	if status, answer, err := call("POST", p.url+"/api/deployments/"+p.guild, token(t, p), body); err != nil || status != http.StatusOK {
		t.Fatalf("deploy: %d %s %v", status, answer, err)
	}
	if err := until("the line", func() (bool, error) {
		return strings.Contains(p.stderr.String(), " WARN flora:js this is { a: 1 }\n"), nil
	}); err != nil {
		t.Errorf("%s:\n%s", err, p.stderr)
	}
}
