package spec

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// ticking logs a line again and again, with its number.
const ticking = `let n = 0;
setInterval(() => console.log("life LIFE line " + ++n), 7);
on("messageCreate", () => {});
`

// printed is a line that logs -f prints.
type printed struct {
	ID      uint64 `json:"id"`
	Message string `json:"message"`
	Dropped uint64 `json:"dropped"`
}

// reading is a flora logs -f in the background.
type reading struct {
	t      *testing.T
	cmd    *exec.Cmd
	done   chan struct{}
	stderr *rig.Tail

	mu    sync.Mutex // Guards the lines.
	lines []printed
}

func (p *process) follow(t *testing.T, dir string, args ...string) *reading {
	t.Helper()
	r := &reading{t: t, done: make(chan struct{}), stderr: &rig.Tail{}}
	r.cmd = exec.Command(filepath.Join(bin, "flora"), append([]string{"logs", "-f", "--json"}, args...)...) //nolint:gosec,noctx // Our own binary.
	r.cmd.Env = append(os.Environ(), "HOME="+dir, "FLORA_API_URL="+p.url, "FLORA_TOKEN="+token(t, p), "FLORA_GUILD="+p.guild)
	r.cmd.Stderr = r.stderr
	out, err := r.cmd.StdoutPipe()
	if err == nil {
		err = r.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(r.done)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var l printed
			if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
				t.Errorf("logs -f printed %q", lines.Text())
			}
			r.mu.Lock()
			r.lines = append(r.lines, l)
			r.mu.Unlock()
		}
		_ = r.cmd.Wait()
	}()
	t.Cleanup(func() { _ = r.cmd.Process.Kill(); <-r.done })
	return r
}

func (r *reading) all() []printed {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]printed{}, r.lines...)
}

// until waits for a line with the text.
func (r *reading) until(text string) {
	r.t.Helper()
	if err := until("logs -f to print "+text, func() (bool, error) {
		for _, l := range r.all() {
			if strings.Contains(l.Message, text) {
				return true, nil
			}
		}
		select {
		case <-r.done:
			return false, errors.New("it has ended")
		default:
		}
		return false, nil
	}); err != nil {
		r.t.Fatalf("%s\n%s", err, r.stderr)
	}
}

// check compares what was printed with what the server has now.
func (r *reading) check(p *process) {
	r.t.Helper()
	status, answer, err := call("GET", p.url+"/api/logs/"+p.guild+"?limit=1000", token(r.t, p), nil)
	var have []printed
	if err == nil && status == http.StatusOK {
		err = json.Unmarshal(answer, &have)
	}
	if err != nil || status != http.StatusOK {
		r.t.Fatalf("logs: %d %v", status, err)
	}
	got := r.all()
	seen, last := map[uint64]bool{}, uint64(0)
	for _, l := range got {
		if l.Dropped > 0 {
			r.t.Errorf("a notice: %+v", l)
			continue
		}
		if l.ID <= last {
			r.t.Errorf("line %d (%s) was printed after line %d", l.ID, l.Message, last)
		}
		last = l.ID
		seen[l.ID] = true
	}
	for _, l := range have {
		if l.ID <= last && l.ID >= got[0].ID && !seen[l.ID] {
			r.t.Errorf("line %d (%s) is there and was not printed", l.ID, l.Message)
		}
	}
}

// TestFollowOverRestarts: logs -f, while a script logs and the server is ended in
// the good and the bad way, prints every line that the server has, once.
func TestFollowOverRestarts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, port := rig.FreeAddress(t)
	again := func() *process {
		// No line is dropped for its number, so that each must be printed.
		p, err := start(dir, append(os.Environ(), "HOME="+dir, "FLORA_LOGS_LINES_PER_SECOND=10000", "FLORA_LOGS_BURST=10000"), "dev", "--port", port, "--data-dir", dir+"/data", "--no-starter")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.kill)
		return p
	}
	p := again()
	deploy := func(life int) {
		t.Helper()
		body, err := json.Marshal(map[string]string{"entry": "main.js", "bundle": strings.ReplaceAll(ticking, "LIFE", strconv.Itoa(life))})
		if err != nil {
			t.Fatal(err)
		}
		if status, answer, err := call("POST", p.url+"/api/deployments/"+p.guild, token(t, p), body); err != nil || status != http.StatusOK {
			t.Fatalf("deploy: %d %s %v", status, answer, err)
		}
	}
	early := p.follow(t, dir) // There is no line yet.
	deploy(0)
	// Lines are there before the reader comes, more than it wants.
	first := p.follow(t, dir)
	first.until("life 0 line 30")
	r := p.follow(t, dir, "--limit", "5")
	all := p.follow(t, dir, "--limit", "1000")
	rounds := rig.Soak(6, 40)
	for life := 1; life <= rounds; life++ {
		for _, f := range []*reading{early, first, r, all} {
			f.until(fmt.Sprintf("life %d line ", life-1))
			f.check(p)
		}
		how := []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM}[life%2]
		if err := p.signal(how); err != nil {
			t.Fatal(err)
		}
		p = again()
		deploy(life)
	}
	for _, f := range []*reading{early, first, r, all} {
		f.until(fmt.Sprintf("life %d line 20", rounds))
		f.check(p)
		t.Logf("%d lines printed", len(f.all()))
	}
	// Whoever was there first has all of it.
	if got := early.all()[0].Message; strings.HasPrefix(got, "life 0 line") && got != "life 0 line 1" {
		t.Errorf("the first line is %q", got)
	}
}
