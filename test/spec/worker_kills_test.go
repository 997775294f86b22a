package spec

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// killed are the guilds that are spoken to while workers die, and talkEvery how
// often each is.
const (
	killed    = 4
	talkEvery = 40 * time.Millisecond
)

// talk is one guild's conversation with a bot that writes each message to its
// store before it answers.
type talk struct {
	conversation
	said int
}

// TestAWorkersDeathLosesNothingAcknowledged kills workers at random moments
// while messages come: what a script was told to be written is there, no event
// is answered twice, and in the end every guild serves. FLORA_SEED repeats a
// run's moments, as far as the machine lets it.
func TestAWorkersDeathLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano()) //nolint:gosec // Any number will do.
	if text := os.Getenv("FLORA_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	t.Logf("FLORA_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // Moments, not secrets.
	dir := t.TempDir()
	p, err := start(dir, append(os.Environ(), "HOME="+dir, "FLORA_KV_LIMITS_WRITES_PER_MINUTE=1000000"), "dev", "--port", "0", "--no-rate-limits", "--guilds", strconv.Itoa(killed))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	talks := newTalks(t, p)
	over := make(chan struct{})
	var speakers sync.WaitGroup
	for _, c := range talks {
		speakers.Go(func() { c.converse(t, over) })
	}
	kills := killWorkers(t, p, random, rounds(1000))
	close(over)
	speakers.Wait()
	answered, said := 0, 0
	for i, c := range talks {
		c.end(t)
		for text, n := range c.answers {
			if n != 1 {
				t.Errorf("guild %d: %q was said %d times", i, text, n)
			}
		}
		answered += len(c.answers)
		said += c.said
		c.compare(t)
	}
	t.Logf("%d workers were killed; %d of %d messages were answered, none twice, and what was written is there", kills, answered, said)
	if t.Failed() {
		t.Logf("the runtime said:\n%s", p.stderr)
	}
}

func newTalks(t *testing.T, p *process) []*talk {
	t.Helper()
	status, answer, err := call("GET", p.url+"/sim", "", nil)
	var world struct {
		Guilds []struct {
			ID       string
			Channels []struct{ ID string }
		}
	}
	if err == nil {
		err = json.Unmarshal(answer, &world)
	}
	if err != nil || status != http.StatusOK || len(world.Guilds) < killed {
		t.Fatalf("the guilds: %d %s %v", status, answer, err)
	}
	const source = "const s = kv.store('heard'); on('messageCreate', async (c) => { if (c.msg.author.bot) return; await s.set(c.msg.content, 'x'); await c.reply('re ' + c.msg.content) })"
	body, err := json.Marshal(map[string]any{"entry": "main.ts", "files": []map[string]string{{"path": "main.ts", "contents": source}}})
	if err != nil {
		t.Fatal(err)
	}
	var talks []*talk
	for _, g := range world.Guilds[:killed] {
		own := *p
		own.guild, own.channel = g.ID, g.Channels[0].ID
		if status, answer, err := call("POST", p.url+"/api/deployments/"+g.ID, token(t, p), body); err != nil || status != http.StatusOK {
			t.Fatalf("deploy: %d %s %v", status, answer, err)
		}
		talks = append(talks, &talk{conversation: conversation{p: &own, answers: map[string]int{}}})
	}
	return talks
}

// converse says something again and again until it is over, and listens.
func (c *talk) converse(t *testing.T, over <-chan struct{}) {
	tick := time.NewTicker(talkEvery)
	defer tick.Stop()
	for {
		c.say(t, "m"+strconv.Itoa(c.said))
		c.said++
		if err := c.listen(); err != nil {
			t.Error(err)
			return
		}
		select {
		case <-over:
			return
		case <-tick.C:
		}
	}
}

// end says something until it is answered: a handler that ran when its worker
// died is not run again.
func (c *talk) end(t *testing.T) {
	t.Helper()
	if err := until("guild "+c.p.guild+" to serve", func() (bool, error) {
		text := "m" + strconv.Itoa(c.said)
		c.say(t, text)
		c.said++
		return c.answers["re "+text] > 0 || len(c.answers) > 0 && c.answers["re m"+strconv.Itoa(c.said-2)] > 0, c.listen()
	}); err != nil {
		t.Error(err)
	}
}

// compare looks for the write of every message that was answered.
func (c *talk) compare(t *testing.T) {
	t.Helper()
	there := map[string]bool{}
	cursor := ""
	for {
		status, answer, err := call("GET", c.p.url+"/api/kv/"+c.p.guild+"/heard?limit=1000&cursor="+cursor, token(t, c.p), nil)
		var page struct {
			Keys         []struct{ Name string }
			ListComplete bool
			Cursor       string
		}
		if err == nil {
			err = json.Unmarshal(answer, &page)
		}
		if err != nil || status != http.StatusOK {
			t.Fatalf("the keys: %d %s %v", status, answer, err)
		}
		for _, k := range page.Keys {
			there[k.Name] = true
		}
		if page.ListComplete {
			break
		}
		cursor = page.Cursor
	}
	for text := range c.answers {
		if key := strings.TrimPrefix(text, "re "); !there[key] {
			t.Errorf("the acknowledged write of %s is lost", key)
		}
	}
}

// killWorkers kills so many workers, one at a time, and tells how many it was.
func killWorkers(t *testing.T, p *process, random *rand.Rand, want int) (kills int) {
	t.Helper()
	deadline := time.Now().Add(patience + time.Duration(want)*5*time.Second)
	for kills < want {
		if time.Now().After(deadline) {
			t.Fatalf("only %d of %d workers could be killed in time", kills, want)
		}
		timer := time.NewTimer(time.Duration(random.IntN(200)) * time.Millisecond)
		<-timer.C
		pids, err := p.workers()
		if err != nil {
			t.Fatal(err)
		}
		if len(pids) == 0 {
			continue // The next one is on its way.
		}
		pid := pids[random.IntN(len(pids))]
		if err := syscall.Kill(pid, syscall.SIGKILL); err == nil {
			kills++
		} else if err != syscall.ESRCH { //nolint:errorlint // An error number as it is.
			t.Fatal(fmt.Errorf("kill worker %d: %w", pid, err))
		}
	}
	return kills
}
