package spec

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait. Where a promise names a time, this is at least
// ten times that: the tests run on busy machines.
const patience = 60 * time.Second

type world struct{}

// runtimes are the background processes of one script.
type runtimes struct{ list []*process }

func (r *runtimes) stopAll() {
	for _, p := range r.list {
		p.kill()
	}
}

// process is a started flora-runtime.
type process struct {
	cmd                       *exec.Cmd
	url, guild, channel, file string
	args                      []string
	env                       []string
	done                      chan struct{}
	stderr                    *tail
}

var readyLine = regexp.MustCompile(`^ready (http://127\.0\.0\.1:\d+)(?: guild=(\d+) channel=(\d+))?(?: token_file=(.+))?$`)

// start runs flora-runtime and waits for its ready line.
func start(dir string, env []string, args ...string) (*process, error) {
	p := &process{args: args, env: env, done: make(chan struct{}), stderr: &tail{}}
	p.cmd = exec.Command(filepath.Join(bin, "flora-runtime"), args...)
	p.cmd.Dir, p.cmd.Env, p.cmd.Stderr = dir, env, p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	ready := make(chan error, 1)
	go func() {
		defer close(p.done)
		err := p.read(out, ready)
		_ = p.cmd.Wait()
		if err != nil {
			ready <- err
		}
	}()
	select {
	case err = <-ready:
	case <-time.After(patience):
		err = fmt.Errorf("it was not ready within %s", patience)
	}
	if err != nil {
		p.kill()
		return nil, fmt.Errorf("flora-runtime %s: %w\n%s", strings.Join(args, " "), err, p.stderr)
	}
	return p, nil
}

// read takes the standard output in; an error means that no ready line came.
func (p *process) read(out io.Reader, ready chan<- error) error {
	seen := false
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		m := readyLine.FindStringSubmatch(lines.Text())
		if m == nil || seen {
			continue
		}
		p.url, p.guild, p.channel, p.file = m[1], m[2], m[3], m[4]
		seen = true
		ready <- nil
	}
	if !seen {
		return errors.New("it ended before it was ready")
	}
	return nil
}

func (p *process) signal(s os.Signal) error {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("the process did not end within %s of %s", patience, s)
	}
}

func (p *process) kill() { _ = p.signal(syscall.SIGKILL) }

// workers lists the process ids of the worker processes.
func (p *process) workers() ([]int, error) {
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var out []int
	for _, name := range all {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // It has ended.
		}
		// The second field, a name in brackets, may hold spaces.
		_, rest, ok := strings.Cut(string(b), ") ")
		fields := strings.Fields(rest)
		if !ok || len(fields) < 2 || fields[1] != strconv.Itoa(p.cmd.Process.Pid) {
			continue
		}
		cmdline, err := os.ReadFile(filepath.Join(filepath.Dir(name), "cmdline"))
		if err != nil || !strings.Contains(string(cmdline), "\x00worker\x00") {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if err != nil {
			return nil, err
		}
		out = append(out, pid)
	}
	return out, nil
}

// tail keeps the end of what is written to it.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, b...)
	if len(t.b) > 64<<10 {
		t.b = append([]byte(nil), t.b[len(t.b)-32<<10:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}

// until polls the condition, which is about another process, until it holds.
func until(what string, cond func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		ok, err := cond()
		if ok {
			return nil
		}
		if err != nil {
			last = err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			if last != nil {
				return fmt.Errorf("waited %s for %s: %w", patience, what, last)
			}
			return fmt.Errorf("waited %s for %s", patience, what)
		}
	}
}

// dev starts a runtime for a Go test.
func dev(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	p, err := start(dir, append(os.Environ(), "HOME="+dir), append([]string{"dev", "--port", "0"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}
