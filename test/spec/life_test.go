package spec

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// TestDeploysLoseNoEvent deploys a bot again and again while messages come:
// each is answered once.
func TestDeploysLoseNoEvent(t *testing.T) {
	t.Parallel()
	const said, deploys = 200, 10
	dir := t.TempDir()
	p := dev(t, dir, "--no-rate-limits")
	tok := token(t, p)
	deploy := func(n int) {
		source := fmt.Sprintf("const n = %d; on('messageCreate', async (c) => { if (!c.msg.author.bot) await c.reply('re ' + c.msg.content) })", n)
		body, err := json.Marshal(map[string]any{"entry": "main.ts", "files": []map[string]string{{"path": "main.ts", "contents": source}}})
		if err != nil {
			t.Error(err)
			return
		}
		if status, answer, err := call("POST", p.url+"/api/deployments/"+p.guild, tok, body); err != nil || status != http.StatusOK {
			t.Errorf("deploy: %d %s %v", status, answer, err)
		}
	}
	deploy(0)
	over := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(over)
		for n := 1; n < deploys; n++ {
			deploy(n)
		}
	})
	// Messages come as long as deploys go on, and so many at least, with a few
	// under way at any time.
	c := &conversation{p: p, answers: map[string]int{}}
	count := 0
	for going := true; going || count < said; count++ {
		c.say(t, "m"+strconv.Itoa(count))
		if err := until("answers", func() (bool, error) { return count-len(c.answers) < underWay, c.listen() }); err != nil {
			t.Fatal(err)
		}
		select {
		case <-over:
			going = false
		default:
		}
	}
	wg.Wait()
	// When what was said last is answered, so is everything before it.
	c.say(t, "the end")
	if err := until("the last answer", func() (bool, error) {
		err := c.listen()
		return c.answers["re the end"] > 0 && len(c.answers) > count, err
	}); err != nil {
		t.Error(err)
	}
	for i := range count {
		if n := c.answers["re m"+strconv.Itoa(i)]; n != 1 {
			t.Errorf("message %d of %d was answered %d times", i, count, n)
		}
	}
}

// underWay is how many messages wait for their answers at the same time.
const underWay = 8

// conversation is what the bot says in the first channel.
type conversation struct {
	p       *process
	after   string
	answers map[string]int
}

func (c *conversation) url() string {
	return c.p.url + "/sim/guilds/" + c.p.guild + "/channels/" + c.p.channel + "/messages"
}

func (c *conversation) say(t *testing.T, text string) {
	t.Helper()
	if status, answer, err := call("POST", c.url(), "", []byte(`{"content":"`+text+`"}`)); err != nil || status != http.StatusOK {
		t.Fatalf("say: %d %s %v", status, answer, err)
	}
}

// listen takes in what was said since the last time.
func (c *conversation) listen() error {
	status, answer, err := call("GET", c.url()+"?limit=1000&after="+c.after, "", nil)
	if err != nil || status != http.StatusOK {
		return fmt.Errorf("messages: %d %s %w", status, answer, err)
	}
	var list []struct {
		message
		ID string
	}
	if err := json.Unmarshal(answer, &list); err != nil {
		return err
	}
	for _, m := range list {
		c.after = m.ID
		if m.Author.Bot {
			c.answers[m.Content]++
		}
	}
	return nil
}

// TestNothingIsLeft ends a runtime in every way; no worker outlives it.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		signal syscall.Signal
		code   int
	}{
		{"terminated", syscall.SIGTERM, 0},
		{"interrupted", syscall.SIGINT, 0},
		{"killed", syscall.SIGKILL, -1},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := dev(t, t.TempDir())
			// A script that never ends is no reason to stay.
			body := []byte(`{"entry":"main.ts","files":[{"path":"main.ts","contents":"setInterval(() => {}, 10); on('messageCreate', () => new Promise(() => {}));"}]}`)
			if status, answer, err := call("POST", p.url+"/api/deployments/"+p.guild, token(t, p), body); err != nil || status != http.StatusOK {
				t.Fatalf("deploy: %d %s %v", status, answer, err)
			}
			if status, answer, err := call("POST", p.url+"/sim/guilds/"+p.guild+"/channels/"+p.channel+"/messages", "", []byte(`{"content":"x"}`)); err != nil || status != http.StatusOK {
				t.Fatalf("say: %d %s %v", status, answer, err)
			}
			pids, err := p.workers()
			if err != nil || len(pids) == 0 {
				t.Fatalf("workers: %v %v", pids, err)
			}
			if err := p.signal(row.signal); err != nil {
				t.Fatal(err)
			}
			if got := p.cmd.ProcessState.ExitCode(); got != row.code {
				t.Errorf("the exit code is %d, want %d:\n%s", got, row.code, p.stderr)
			}
			if err := until("the workers to end", func() (bool, error) {
				left := slices.DeleteFunc(slices.Clone(pids), func(pid int) bool { return !rig.IsWorker(pid) })
				return len(left) == 0, fmt.Errorf("left: %v", left)
			}); err != nil {
				t.Error(err)
			}
		})
	}
}
