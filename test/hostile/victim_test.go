package hostile

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

const (
	// pingEvery is the pace of messages to the victim.
	pingEvery = 100 * time.Millisecond
	// answerWithin is ten times the two seconds in which an innocent guild is back.
	answerWithin = 20 * time.Second
)

// watch is the steady stream of messages to the victim, and what came back.
type watch struct {
	a    *arena
	stop chan struct{}
	done sync.WaitGroup

	mu      sync.Mutex // Guards the members below.
	asked   map[string]time.Time
	answers map[string]int
	slowest time.Duration
	err     error
	foreign []string // Requests that nobody but the victim may make.
	seq     int64
}

func (a *arena) watch() *watch {
	w := &watch{a: a, stop: make(chan struct{}), asked: map[string]time.Time{}, answers: map[string]int{}}
	for _, r := range w.requests() {
		w.seq = r.Seq
	}
	w.done.Go(w.ask)
	w.done.Go(w.listen)
	return w
}

func (w *watch) url() string {
	return w.a.URL + "/sim/guilds/" + w.a.victim.Guild + "/channels/" + w.a.victim.Channel + "/messages"
}

func (w *watch) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
}

// ask sends the messages.
func (w *watch) ask() {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		name := strconv.Itoa(n)
		w.mu.Lock()
		w.asked[name] = time.Now()
		w.mu.Unlock()
		status, answer, err := rig.Call("POST", w.url(), "", []byte(`{"content":"!ping `+name+`"}`))
		if err != nil || status != http.StatusOK {
			w.fail(fmt.Errorf("ask the victim: %d %s %w", status, answer, err))
			return
		}
		select {
		case <-tick.C:
		case <-w.stop:
			return
		}
	}
}

// listen takes the answers in until all have come or it is too late.
func (w *watch) listen() {
	after := "0"
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	var since time.Time
	for {
		last, err := w.hear(after)
		if err != nil {
			w.fail(err)
			return
		}
		after = last
		w.inspect()
		select {
		case <-w.stop:
			if since.IsZero() {
				since = time.Now()
			}
			if w.waiting() == 0 || time.Since(since) > answerWithin {
				return
			}
		default:
		}
		<-tick.C
	}
}

func (w *watch) hear(after string) (string, error) {
	status, answer, err := rig.Call("GET", w.url()+"?limit=1000&after="+after, "", nil)
	if err != nil || status != http.StatusOK {
		return after, fmt.Errorf("the victim's messages: %d %s %w", status, answer, err)
	}
	var list []struct {
		ID, Content string
		Author      struct{ Bot bool }
	}
	if err := json.Unmarshal(answer, &list); err != nil {
		return after, fmt.Errorf("the victim's messages: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range list {
		after = m.ID
		name, ok := strings.CutPrefix(m.Content, "pong ")
		if !ok || !m.Author.Bot {
			continue
		}
		w.answers[name]++
		if asked, ok := w.asked[name]; ok && w.answers[name] == 1 {
			w.slowest = max(w.slowest, time.Since(asked))
		}
	}
	return after, nil
}

func (w *watch) waiting() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for name := range w.asked {
		if w.answers[name] == 0 {
			n++
		}
	}
	return n
}

// request is one that reached the simulated Discord.
type request struct {
	Seq                        int64
	Method, Path, Route, Query string
	Body                       json.RawMessage
	Status                     int
}

func (w *watch) requests() []request {
	status, answer, err := rig.Call("GET", w.a.URL+"/sim/requests?after="+strconv.FormatInt(w.seq, 10), "", nil)
	var list []request
	if err == nil {
		err = json.Unmarshal(answer, &list)
	}
	if err != nil || status != http.StatusOK {
		w.fail(fmt.Errorf("requests: %d %.200s %w", status, answer, err))
	}
	return list
}

var pong = regexp.MustCompile(`^\{.*"content":"pong \d+"`)

// inspect looks for requests that touch what is the victim's. Its own are
// answers to messages, and nothing else.
func (w *watch) inspect() {
	for _, r := range w.requests() {
		if w.seq != 0 && r.Seq != w.seq+1 {
			w.fail(fmt.Errorf("requests %d to %d were not seen", w.seq+1, r.Seq-1))
		}
		w.seq = r.Seq
		if name := w.touches(r); name != "" {
			w.mu.Lock()
			w.foreign = append(w.foreign, fmt.Sprintf("%s %s (the victim's %s) %.200s", r.Method, r.Path, name, r.Body))
			w.mu.Unlock()
		}
	}
}

// touches names what of the victim's a request is about, "" for nothing.
func (w *watch) touches(r request) string {
	if r.Method == "POST" && r.Path == "/channels/"+w.a.victim.Channel+"/messages" && pong.Match(r.Body) {
		return ""
	}
	// Nothing but Discord tells whose a webhook is.
	if r.Method == "GET" && r.Path == "/webhooks/"+w.a.ids["webhook"] {
		return ""
	}
	inside := false
	for _, f := range w.a.guilds {
		inside = inside || strings.HasPrefix(r.Path, "/guilds/"+f.Guild+"/") || strings.HasPrefix(r.Path, "/channels/"+f.Channel+"/")
	}
	for name, id := range w.a.ids {
		// Below its own guild a script may name who and what it likes: it is not
		// there. Users are in many guilds.
		if inside && (name == "member" || name == "message" || name == "role") {
			continue
		}
		if strings.Contains(r.Path+"?"+r.Query, id) {
			return name
		}
	}
	return ""
}

var running = regexp.MustCompile(`^(\d+) running handlers? ended`)

// end stops the stream and holds the promises to the victim.
func (w *watch) end() {
	t := w.a.t
	t.Helper()
	close(w.stop)
	w.done.Wait()
	w.inspect()
	// A handler that was running in a process that was lost is not run again,
	// and the victim's log says so.
	lost := 0
	for _, l := range w.a.logs(w.a.victim.Guild, 0) {
		if m := running.FindStringSubmatch(l.Message); m != nil {
			n, _ := strconv.Atoi(m[1])
			lost += n
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		t.Error(w.err)
	}
	var silent, twice []string
	for name := range w.asked {
		switch n := w.answers[name]; {
		case n == 0:
			silent = append(silent, name)
		case n > 1:
			twice = append(twice, name)
		}
	}
	if len(silent) > lost {
		t.Errorf("the victim did not answer %d of %d messages within %s; %d of its handlers were running when a worker was lost: %v", len(silent), len(w.asked), answerWithin, lost, silent)
	}
	if len(twice) > 0 {
		t.Errorf("the victim answered twice: %v", twice)
	}
	if w.slowest > answerWithin {
		t.Errorf("the victim's slowest answer took %s, want at most %s", w.slowest, answerWithin)
	}
	for _, f := range w.foreign {
		t.Errorf("a request for what is the victim's: %s", f)
	}
	t.Logf("the victim answered %d of %d messages (%d lost with a worker), the slowest within %s", len(w.asked)-len(silent), len(w.asked), len(silent), w.slowest.Round(time.Millisecond))
}

// late tells of a message that waits for its answer too long, handlers that
// were lost with a worker left out.
func (w *watch) late() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	if len(w.foreign) > 0 {
		return fmt.Errorf("a request for what is the victim's: %s", w.foreign[0])
	}
	newest := time.Time{}
	for name := range w.answers {
		if at := w.asked[name]; at.After(newest) {
			newest = at
		}
	}
	if silence := time.Since(newest); !newest.IsZero() && silence > answerWithin {
		return fmt.Errorf("the victim has not answered for %s", silence.Round(time.Second))
	}
	return nil
}
