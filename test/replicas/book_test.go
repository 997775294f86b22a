package replicas

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// book is what was seen from outside: what the bot said, what became of each
// interaction, who had which shard, and what the guilds' logs tell.
type book struct {
	g *group

	mu       sync.Mutex // Guards the members below.
	requests int64      // The last request that was read.
	said     map[string]int
	when     map[string]time.Time // It was said first.
	cut      map[string]bool      // Ids of events whose handlers were cut off.
	late     map[string]bool      // Ids of interactions that came too late for Discord.
	lines    map[string]bool      // Lines that were read, by guild and id.
}

func newBook(g *group) *book {
	return &book{g: g, said: map[string]int{}, when: map[string]time.Time{}, cut: map[string]bool{}, late: map[string]bool{}, lines: map[string]bool{}}
}

// read takes in what the bot said since the last time. The simulator remembers
// the last 10,000 requests.
func (b *book) read() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []struct {
		Seq    int64
		Route  string
		Path   string
		Status int
		Body   json.RawMessage
	}
	if err := get(fmt.Sprintf("%s/sim/requests?after=%d", b.g.sim.URL, b.requests), &list); err != nil {
		return err
	}
	if len(list) > 0 && b.requests > 0 && list[0].Seq != b.requests+1 {
		return fmt.Errorf("the simulator forgot requests %d to %d before they were read", b.requests+1, list[0].Seq-1)
	}
	for _, r := range list {
		b.requests = r.Seq
		if r.Route != "POST /channels/{channel}/messages" || r.Status >= 300 {
			continue
		}
		var body struct{ Content string }
		if err := json.Unmarshal(r.Body, &body); err != nil {
			return fmt.Errorf("a message %s: %w", r.Body, err)
		}
		text := body.Content
		if strings.HasPrefix(text, "tick:") { // The same second is due in every guild.
			text = r.Path + " " + text
		}
		if b.said[text]++; b.said[text] == 1 {
			b.when[text] = time.Now()
		}
	}
	return nil
}

// follow reads until it is stopped.
func (b *book) follow(stop <-chan struct{}) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := b.read(); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-stop:
			return b.read()
		}
	}
}

// times is how often the bot said it.
func (b *book) times(text string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.said[text]
}

var (
	cutOff = regexp.MustCompile(`a handler of \w+ \((\d+)\) was running when`)
	tooOld = regexp.MustCompile(`interactionCreate \((\d+)\) was not delivered: it waited`)
)

// readLogs takes in the guild's log, from every replica that lives.
func (b *book) readLogs(p place) error {
	for _, r := range b.g.living() {
		var lines []struct {
			ID        uint64
			Timestamp int64
			Message   string
		}
		if err := r.ask("/api/logs/"+p.guild+"?limit=1000", p.token, &lines); err != nil {
			return err
		}
		b.mu.Lock()
		for _, l := range lines {
			key := fmt.Sprint(p.guild, l.ID, l.Timestamp, l.Message)
			if b.lines[key] {
				continue
			}
			b.lines[key] = true
			if m := cutOff.FindStringSubmatch(l.Message); m != nil {
				b.cut[m[1]] = true
			}
			if m := tooOld.FindStringSubmatch(l.Message); m != nil {
				b.late[m[1]] = true
			}
		}
		b.mu.Unlock()
	}
	return nil
}

// story is what the simulator tells of an interaction.
type story struct {
	ID      string
	Guild   string `json:"guild_id"`
	Command string
	Made    time.Time
	Answer  int
	Answers int
	Edits   int
	Steps   []struct {
		At      time.Time
		Request string
		Status  int
		Code    int
	}
}

// complete reports whether the interaction has all of its answer.
func (s story) complete() bool { return s.Answer != 0 && (s.Answer != 5 || s.Edits > 0) }

// stories lists what became of the interactions after the one with the id.
func (g *group) stories(after string) (out []story, err error) {
	err = get(g.sim.URL+"/sim/interactions?after="+url.QueryEscape(after), &out)
	return out, err
}

// life is the time in which a connection had a session.
type life struct {
	Connection int
	Session    string `json:"session_id"`
	Shard      [2]int
	Resumed    bool
	Began      time.Time
	Ended      *time.Time
	Enter      int
	Leave      int
}

func (g *group) lives() (out []life, err error) {
	err = get(g.sim.URL+"/sim/gateway/connections", &out)
	return out, err
}

// way tells to whom an event was given.
func (g *group) way(id string) string {
	var list []struct {
		At         time.Time
		ID         string
		Seq        int64
		Shard      [2]int
		Connection int
		Replayed   bool
	}
	if err := get(g.sim.URL+"/sim/gateway/dispatches", &list); err != nil {
		return err.Error()
	}
	var out strings.Builder
	for _, d := range list {
		if d.ID == id {
			fmt.Fprintf(&out, "; event %d of shard %d, to connection %d at %s", d.Seq, d.Shard[0], d.Connection, d.At.Format(time.StampMilli))
			if d.Replayed {
				out.WriteString(", replayed")
			}
		}
	}
	return out.String()
}

// owned checks that no shard had two connections at the same time.
func (b *book) owned() (faults []string) {
	lives, err := b.g.lives()
	if err != nil {
		return []string{err.Error()}
	}
	last := map[int]life{}
	for _, l := range lives { // In the order in which they began.
		if l.Shard[1] != shards {
			faults = append(faults, fmt.Sprintf("connection %d is for shard %v, of %d", l.Connection, l.Shard, shards))
		}
		if before, ok := last[l.Shard[0]]; ok && (before.Leave == 0 || before.Leave > l.Enter) {
			faults = append(faults, fmt.Sprintf("shard %d had two connections: %d (session %s) and from %s on %d (session %s)",
				l.Shard[0], before.Connection, before.Session, l.Began.Format(time.StampMilli), l.Connection, l.Session))
		}
		last[l.Shard[0]] = l
	}
	return faults
}

// counts checks that a handler that writes keys ran once for each text of the
// round, and that what was written and acknowledged is there.
func (b *book) counts(p place, r *replica, prefix string, answered map[string]bool) (faults []string, err error) {
	var page struct {
		Keys []struct {
			Name     string
			Metadata struct{ N int }
		}
		Complete bool   `json:"list_complete"`
		Cursor   string `json:"cursor"`
	}
	there := map[string]bool{}
	for cursor := ""; ; cursor = page.Cursor {
		path := "/api/kv/" + p.guild + "/seen?limit=1000&prefix=" + prefix
		if cursor != "" {
			path += "&cursor=" + url.QueryEscape(cursor)
		}
		if err := r.ask(path, p.token, &page); err != nil {
			return nil, err
		}
		for _, k := range page.Keys {
			there[k.Name] = true
			if k.Metadata.N != 1 {
				faults = append(faults, "a handler ran "+strconv.Itoa(k.Metadata.N)+" times for "+k.Name)
			}
		}
		if page.Complete {
			break
		}
	}
	for text := range answered {
		if !there[text] {
			faults = append(faults, text+" was answered after a write that was acknowledged, but its key is not there")
		}
	}
	return faults, nil
}

// deploys are the versions of each guild's bot.
type deploys struct {
	versions     sync.Mutex // Guards the members below.
	acked, begun map[string]int
	deployed     int // That were acknowledged, in all.
}

// deploy deploys the next version through the replica. An answer that is lost
// leaves open which version runs.
func (g *group) deploy(p place, r *replica) error {
	g.versions.Lock()
	g.begun[p.guild]++
	version := g.begun[p.guild]
	g.versions.Unlock()
	status, answer, err := rig.Call("POST", r.base+"/api/deployments/"+p.guild, p.token, deployment(strconv.Itoa(version), p.channel))
	if err != nil || status != 200 {
		return fmt.Errorf("deploy version %d: %d %.300s %w", version, status, answer, err)
	}
	g.versions.Lock()
	defer g.versions.Unlock()
	g.acked[p.guild] = max(g.acked[p.guild], version)
	g.deployed++
	return nil
}

var asked int

// runs checks which version answers.
func (b *book) runs(p place) (fault string) {
	g := b.g
	g.versions.Lock()
	acked, begun := g.acked[p.guild], g.begun[p.guild]
	asked++
	question := strconv.Itoa(asked)
	g.versions.Unlock()
	if _, err := g.say(p, "which:"+question); err != nil {
		return err.Error()
	}
	version := 0
	err := rig.Until("an answer to which version runs in "+p.guild, func() (bool, error) {
		err := b.read()
		for v := acked; v <= begun; v++ {
			if b.times(fmt.Sprintf("which:%s:%d", question, v)) > 0 {
				version = v
			}
		}
		return version > 0, err
	})
	if err != nil {
		return fmt.Sprintf("version %d was acknowledged, %d begun: %s", acked, begun, err)
	}
	return ""
}
