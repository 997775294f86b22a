package stores

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/db/dbtest"
	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// answering says what message it answers, after a while in which it is under
// way.
const answering = `on('messageCreate', async (c) => {
  if (c.msg.author.bot) return;
  await new Promise((done) => setTimeout(done, 20));
  await c.reply('re ' + c.msg.content);
})`

func (s *service) deploySource(source string) {
	s.t.Helper()
	body, err := json.Marshal(map[string]any{"entry": "main.ts", "files": []map[string]string{{"path": "main.ts", "contents": source}}})
	if err != nil {
		s.t.Fatal(err)
	}
	if status, answer, err := rig.Call("POST", s.URL+"/api/deployments/"+s.Guild, s.token, body); err != nil || status != http.StatusOK {
		s.t.Fatalf("deploy: %d %s %v", status, answer, err)
	}
}

// stream says something again and again until it is stopped, and gives how much
// it said: "n0" and so on.
type stream struct {
	stop chan struct{}
	wg   sync.WaitGroup
	said int
	ids  map[string]string // Of the messages, by their texts.
	err  error
}

func (s *service) stream() *stream {
	out, url := &stream{stop: make(chan struct{}), ids: map[string]string{}}, s.messages()
	out.wg.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-out.stop:
				return
			}
			text := "n" + strconv.Itoa(out.said)
			var m struct{ ID string }
			status, answer, err := rig.Call("POST", url, "", []byte(`{"content":"`+text+`"}`))
			if err == nil {
				err = json.Unmarshal(answer, &m)
			}
			if err != nil || status != http.StatusOK {
				out.err = fmt.Errorf("say: %d %s %w", status, answer, err)
				return
			}
			out.ids[text] = m.ID
			out.said++
		}
	})
	return out
}

func (o *stream) end(t *testing.T) int {
	t.Helper()
	close(o.stop)
	o.wg.Wait()
	if o.err != nil {
		t.Fatal(o.err)
	}
	return o.said
}

// hearing counts the answers to each message, from when it began. The channel
// forgets old messages, so it has to listen every now and then.
type hearing struct {
	s       *service
	after   string
	answers map[string]int
}

func (s *service) hearing() *hearing { return &hearing{s, "1", map[string]int{}} }

func (h *hearing) listen() error {
	for {
		var page []struct {
			ID, Content string
			Author      struct{ Bot bool }
		}
		if err := get(h.s.messages()+"?limit=1000&after="+h.after, &page); err != nil {
			return err
		}
		if len(page) == 0 {
			return nil
		}
		for _, m := range page {
			h.after = m.ID
			if text, ok := strings.CutPrefix(m.Content, "re "); ok && m.Author.Bot {
				h.answers[text]++
			}
		}
	}
}

// more waits until the bot has answered n messages more.
func (h *hearing) more(n int) {
	h.s.t.Helper()
	before := -1
	h.s.until("more answers", func() (bool, error) {
		err := h.listen()
		if before < 0 {
			before = len(h.answers)
		}
		return len(h.answers) >= before+n, err
	})
}

// last says something and waits until the bot has answered it: then all that was
// said before is answered too, or never will be.
func (h *hearing) last() {
	h.s.t.Helper()
	text := h.s.say()
	h.s.until("the answer to "+text, func() (bool, error) {
		err := h.listen()
		return h.answers[text] > 0, err
	})
}

// restarts is how often the runtime ends under a stream of messages.
func restarts() int { return rig.Soak(4, 50) }

// TestARestartAnswersEveryMessageOnce ends serve by SIGTERM and starts it again
// while messages come.
func TestARestartAnswersEveryMessageOnce(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.start(t)
	s.deploySource(answering)
	talk, heard := s.stream(), s.hearing()
	for range restarts() {
		heard.more(20)
		if err := s.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if code := s.Cmd.ProcessState.ExitCode(); code != 0 {
			t.Fatalf("the exit code is %d:\n%s", code, s.Stderr)
		}
		s.start(t)
	}
	heard.more(20)
	said := talk.end(t)
	s.until("every message to be answered", func() (bool, error) {
		err := heard.listen()
		return len(heard.answers) >= said, fmt.Errorf("%d of %d: %w", len(heard.answers), said, err)
	})
	for n := range said {
		if got := heard.answers["n"+strconv.Itoa(n)]; got != 1 {
			t.Errorf("message %d of %d was answered %d times", n, said, got)
		}
	}
	t.Logf("%d messages over %d restarts", said, restarts())
}

var cutOff = regexp.MustCompile(`a handler of messageCreate \((\d+)\) was running when the runtime ended`)

// TestAKillAnswersNothingTwice kills serve while messages come: what is not
// answered are handlers that ran, and the guild's log has a line for each.
func TestAKillAnswersNothingTwice(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.start(t)
	s.deploySource(answering)
	talk, heard := s.stream(), s.hearing()
	var lines map[string]int // By the id of the message; the log goes on over restarts.
	for range restarts() {
		heard.more(20)
		s.Kill()
		s.start(t)
		// This answer comes after all that is said of the process before.
		heard.last()
		status, log, err := rig.Call("GET", s.URL+"/api/logs/"+s.Guild+"?limit=1000", s.token, nil)
		if err != nil || status != http.StatusOK {
			t.Fatalf("logs: %d %s %v", status, log, err)
		}
		lines = map[string]int{}
		for _, m := range cutOff.FindAllSubmatch(log, -1) {
			lines[string(m[1])]++
		}
	}
	said := talk.end(t)
	// Handlers run at the same time, so the last answer is not the last.
	unanswered := func() (out []string) {
		for n := range said {
			if text := "n" + strconv.Itoa(n); heard.answers[text] == 0 {
				out = append(out, text)
			}
		}
		return out
	}
	s.until("an answer to every message or a line about it", func() (bool, error) {
		err := heard.listen()
		for _, text := range unanswered() {
			if lines[talk.ids[text]] == 0 {
				return false, fmt.Errorf("%s has neither: %w", text, err)
			}
		}
		return true, err
	})
	for text, n := range heard.answers {
		if n > 1 {
			t.Errorf("%s was answered %d times", text, n)
		}
	}
	for id, n := range lines {
		if n > 1 {
			t.Errorf("the log has %d lines about message %s", n, id)
		}
	}
	// A handler may have answered and not have returned yet.
	missing := unanswered()
	if len(missing) == 0 {
		t.Error("no handler ran at any of the kills, so nothing was shown")
	}
	if most := len(missing) + 4*restarts(); len(lines) > most {
		t.Errorf("%d messages are not answered, but the log has %d lines", len(missing), len(lines))
	}
	t.Logf("%d messages over %d kills, %d not answered, %d lines of handlers that were cut off", said, restarts(), len(missing), len(lines))
}

// busy keeps its thread: what comes meanwhile waits in the worker.
const busy = `on('messageCreate', async (c) => {
  if (c.msg.author.bot) return;
  for (const end = Date.now() + 60; Date.now() < end;);
  await c.reply('re ' + c.msg.content);
})`

// TestAKillHandsOverWhatHadNotBegun kills serve while most of what it gave to the
// worker has not begun there: the next process handles that.
func TestAKillHandsOverWhatHadNotBegun(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.start(t)
	s.deploySource(busy)
	heard := s.hearing()
	heard.last()
	const burst = 60
	var said sync.WaitGroup
	for n := range burst {
		said.Go(func() {
			if status, answer, err := rig.Call("POST", s.messages(), "", []byte(`{"content":"b`+strconv.Itoa(n)+`"}`)); err != nil || status != http.StatusOK {
				t.Errorf("say: %d %s %v", status, answer, err)
			}
		})
	}
	said.Wait()
	heard.more(1)
	s.Kill()
	if err := heard.listen(); err != nil {
		t.Fatal(err)
	}
	before := len(heard.answers)
	if before > burst/2 {
		t.Fatalf("%d of %d were answered before the kill, which takes seconds; too little was left to hand over", before, burst)
	}
	s.start(t)
	var lines int
	s.until("every message to be answered or in the log", func() (bool, error) {
		_, log, err := rig.Call("GET", s.URL+"/api/logs/"+s.Guild+"?limit=1000", s.token, nil)
		if err != nil {
			return false, err
		}
		lines = len(cutOff.FindAll(log, -1))
		err = heard.listen()
		return len(heard.answers)-1+lines >= burst, err
	})
	// One ran, and some had begun and waited for Discord's answer.
	if most := 15; lines > most {
		t.Errorf("%d handlers are said to be cut off; at most %d can have begun", lines, most)
	}
	for text, n := range heard.answers {
		if n != 1 {
			t.Errorf("%s was answered %d times", text, n)
		}
	}
	t.Logf("%d of %d were answered before the kill, %d handlers were cut off", before, burst, lines)
}

// TestBothDatabasesGoAway takes Postgres, Redis and both from a runtime that
// runs.
func TestBothDatabasesGoAway(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.start(t)
	s.deploySource(answering)
	pid := s.Cmd.Process.Pid
	for name, servers := range map[string][]*dbtest.Server{
		"Postgres": {s.postgres}, "Redis": {s.redis}, "both": {s.postgres, s.redis},
	} {
		for _, server := range servers {
			if err := server.Stop(); err != nil {
				t.Fatal(err)
			}
		}
		since := time.Now()
		for round := 0; round < 2 || time.Since(since) < awayFor(); round++ {
			s.answers("re ")
			if status, retryAfter := s.history(); name != "Redis" && (status != http.StatusServiceUnavailable || retryAfter == "") {
				t.Errorf("%s away: a request is answered with %d, Retry-After %q; want 503 and a time", name, status, retryAfter)
			}
		}
		for _, server := range servers {
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
		}
		s.until("requests to be answered", func() (bool, error) {
			status, _ := s.history()
			return status == http.StatusOK, fmt.Errorf("the last was answered with %d", status)
		})
		s.answers("re ")
		if status := s.deploy("re "); status != http.StatusOK {
			t.Errorf("a deployment after %s was away is answered with %d", name, status)
		}
	}
	if s.Cmd.Process.Pid != pid || s.Cmd.ProcessState != nil {
		t.Error("the runtime ended meanwhile")
	}
}
