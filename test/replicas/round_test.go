package replicas

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// pace is the time between two things that people do.
const pace = 25 * time.Millisecond

// message is what somebody said.
type message struct {
	place    place
	kind, id string
	at       time.Time
}

// round is a time in which people use the bot, and what they did.
type round struct {
	g      *group
	book   *book
	name   string // The texts of the round begin with it.
	rng    *rand.Rand
	stop   chan struct{}
	people sync.WaitGroup
	began  string // Interactions after this one are of the round.
	before int    // Deployments of the rounds before.

	mu       sync.Mutex // Guards the members below.
	messages map[string]message
	acts     map[string]string // What was asked for, by the interaction's text.
	errs     []error
	figures
}

// figures tell of a round.
type figures struct {
	messages, acts, cut, late, deploys int
	crons                              int           // Since the first round.
	slowest                            time.Duration // From a message or an interaction to its answer.
}

func (f figures) String() string {
	return fmt.Sprintf("%d messages, %d interactions, %d handlers cut off, %d interactions too late for Discord, %d deployments, %d cron jobs so far, slowest answer %s",
		f.messages, f.acts, f.cut, f.late, f.deploys, f.crons, f.slowest.Round(time.Millisecond))
}

func (f *figures) add(o figures) {
	f.messages += o.messages
	f.acts += o.acts
	f.cut += o.cut
	f.late += o.late
	f.deploys += o.deploys
	f.crons = o.crons
	f.slowest = max(f.slowest, o.slowest)
}

var rounds int

// begin lets people use the bot until finish.
func begin(g *group, b *book, seed uint64) (*round, error) {
	rounds++
	r := &round{
		g: g, book: b, name: fmt.Sprintf("r%d-", rounds), rng: rand.New(rand.NewPCG(seed, uint64(rounds))), stop: make(chan struct{}), //nolint:gosec // Repeatable.
		messages: map[string]message{}, acts: map[string]string{}, began: "0",
	}
	g.versions.Lock()
	r.before = g.deployed
	g.versions.Unlock()
	old, err := g.stories("0")
	if err != nil {
		return nil, err
	}
	if len(old) > 0 {
		r.began = old[len(old)-1].ID
	}
	r.people.Go(r.use)
	r.people.Go(func() { r.note(b.follow(r.stop)) })
	return r, nil
}

func (r *round) note(err error) {
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.errs = append(r.errs, err)
	}
}

// use is what people do.
func (r *round) use() {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-tick.C:
		case <-r.stop:
			return
		}
		p := r.g.places[r.rng.IntN(len(r.g.places))]
		kind, text := kinds[r.rng.IntN(len(kinds))], r.name+strconv.Itoa(n)
		if r.rng.IntN(2) == 0 {
			r.note(r.act(p, kind, text))
			continue
		}
		if r.rng.IntN(6) == 0 {
			kind = "queue"
		}
		at := time.Now()
		id, err := r.g.say(p, kind+":"+text)
		r.note(err)
		r.mu.Lock()
		r.messages[text] = message{p, kind, id, at}
		r.mu.Unlock()
	}
}

// act uses the command; what comes of it is read from the stories.
func (r *round) act(p place, kind, text string) error {
	body, err := json.Marshal(map[string]any{"command": "act", "detach": true, "options": map[string]string{"kind": kind, "text": text}})
	if err != nil {
		return err
	}
	var o struct {
		ID string `json:"interaction_id"`
	}
	status, answer, err := rig.Call("POST", r.g.sim.URL+"/sim/guilds/"+p.guild+"/interactions", "", body)
	if err == nil {
		err = json.Unmarshal(answer, &o)
	}
	if err != nil || status != http.StatusOK {
		return fmt.Errorf("use the command: %d %.200s %w", status, answer, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.acts[o.ID] = kind + " " + text
	return nil
}

// finish lets people go, waits until everything is answered or told about, if it
// is to be, and gives what is wrong.
func (r *round) finish(all bool) (faults []string) {
	close(r.stop)
	r.people.Wait()
	for _, err := range r.errs {
		faults = append(faults, err.Error())
	}
	var missing []string
	err := rig.Until("everything to be answered or told about", func() (bool, error) {
		missing = nil
		if err := r.book.read(); err != nil {
			return false, err
		}
		open, err := r.open()
		if err != nil || len(open) == 0 || !all {
			return err == nil, err
		}
		for _, p := range r.g.places { // What is not answered must be told about.
			if !open[p.guild] {
				continue
			}
			if err := r.book.readLogs(p); err != nil {
				return false, err
			}
		}
		if missing, err = r.missing(); len(missing) > 0 {
			pause(500 * time.Millisecond) // The API does not take questions without end.
		}
		return len(missing) == 0, err
	})
	if err != nil {
		faults = append(faults, err.Error())
	}
	for _, p := range r.g.places {
		if err := r.book.readLogs(p); err != nil {
			faults = append(faults, err.Error())
		}
	}
	return append(faults, missing...)
}

// open are the guilds in which something has no answer.
func (r *round) open() (map[string]bool, error) {
	out := map[string]bool{}
	for text, m := range r.messages {
		if !r.answered(text, m) {
			out[m.place.guild] = true
		}
	}
	stories, err := r.g.stories(r.began)
	for _, s := range stories {
		if !s.complete() {
			out[s.Guild] = true
		}
	}
	return out, err
}

// answered reports whether the message has its answer, and by way of the queue
// what was put into it.
func (r *round) answered(text string, m message) bool {
	if m.kind != "queue" {
		return r.book.times("re:"+text) > 0
	}
	return r.book.times("put:"+text) > 0 && r.book.times("queued:"+text) > 0
}

// missing is what has neither an answer nor a line about it.
func (r *round) missing() (out []string, err error) {
	r.book.mu.Lock()
	cut, late := maps.Clone(r.book.cut), maps.Clone(r.book.late)
	r.book.mu.Unlock()
	for text, m := range r.messages {
		told := cut[m.id]
		if m.kind == "queue" && r.book.times("put:"+text) > 0 {
			told = false // It is in the queue.
		}
		if !r.answered(text, m) && !told {
			out = append(out, fmt.Sprintf("message %s (%s %s) of guild %s at %s has no answer, and no line is about it%s",
				m.id, m.kind, text, m.place.guild, m.at.Format(time.StampMilli), r.g.way(m.id)))
		}
	}
	stories, err := r.g.stories(r.began)
	r.cut, r.late = 0, 0
	for _, s := range stories {
		switch {
		case s.complete():
		case cut[s.ID]:
		case s.Answers == 0 && late[s.ID]:
			r.late++
		default:
			out = append(out, fmt.Sprintf("interaction %s (%s) of guild %s at %s has no answer, and no line is about it%s: %+v",
				s.ID, r.acts[s.ID], s.Guild, s.Made.Format(time.StampMilli), r.g.way(s.ID), s.Steps))
		}
	}
	return out, err
}

// check looks at all of the round once more, after everything has ended: nothing
// happened twice.
func (r *round) check() (faults []string) {
	r.figures.messages = len(r.messages)
	r.g.versions.Lock()
	r.deploys = r.g.deployed - r.before
	r.g.versions.Unlock()
	answered := map[string]map[string]bool{} // Texts of written keys, by guild.
	for _, p := range r.g.places {
		answered[p.guild] = map[string]bool{}
	}
	for text, m := range r.messages {
		for _, what := range []string{"re:", "put:"} {
			if n := r.book.times(what + text); n > 1 {
				faults = append(faults, fmt.Sprintf("message %s (%s %s) was answered %d times", m.id, m.kind, text, n))
			}
		}
		if r.answered(text, m) {
			r.book.mu.Lock()
			r.slowest = max(r.slowest, max(r.book.when["re:"+text].Sub(m.at), 0))
			r.book.mu.Unlock()
			if m.kind == "keys" {
				answered[m.place.guild][text] = true
			}
		}
		r.book.mu.Lock()
		if r.book.cut[m.id] {
			r.cut++
		}
		r.book.mu.Unlock()
	}
	faults = append(faults, r.checkActs(answered)...)
	for _, p := range r.g.places {
		wrong, err := r.book.counts(p, r.g.living()[0], r.name, answered[p.guild])
		if err != nil {
			faults = append(faults, err.Error())
		}
		faults = append(faults, wrong...)
	}
	r.book.mu.Lock()
	for text, n := range r.book.said {
		if !strings.Contains(text, " tick:") {
			continue
		}
		r.crons++
		if n > 1 {
			faults = append(faults, fmt.Sprintf("a cron job ran %d times: %s", n, text))
		}
	}
	r.book.mu.Unlock()
	return append(faults, r.book.owned()...)
}

func (r *round) checkActs(answered map[string]map[string]bool) (faults []string) {
	stories, err := r.g.stories(r.began)
	if err != nil {
		return []string{err.Error()}
	}
	r.figures.acts = len(stories)
	for _, s := range stories {
		about := fmt.Sprintf("interaction %s (%s) of guild %s", s.ID, r.acts[s.ID], s.Guild)
		if s.Answers > 1 {
			faults = append(faults, fmt.Sprintf("%s was answered %d times: %+v", about, s.Answers, s.Steps))
		}
		if s.Edits > 1 {
			faults = append(faults, fmt.Sprintf("%s got its answer %d times: %+v", about, s.Edits, s.Steps))
		}
		if kind, text, _ := strings.Cut(r.acts[s.ID], " "); kind == "keys" && s.complete() {
			answered[s.Guild][text] = true
		}
		for _, step := range s.Steps {
			if step.Status < 300 {
				r.slowest = max(r.slowest, step.At.Sub(s.Made))
			}
		}
		r.book.mu.Lock()
		if r.book.cut[s.ID] {
			r.cut++
		}
		r.book.mu.Unlock()
	}
	return faults
}
