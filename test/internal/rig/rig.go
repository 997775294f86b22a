// Package rig starts the built binaries for tests and looks at their processes
// from outside.
package rig

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim/contract"
)

// Patience bounds every wait. Where a promise names a time, this is at least
// ten times that: the tests run on busy machines.
const Patience = 60 * time.Second

// Soak gives how much of something a test does: in full with FLORA_SOAK.
func Soak[T any](brief, full T) T {
	if os.Getenv("FLORA_SOAK") != "" {
		return full
	}
	return brief
}

// Main runs a package's tests; bin gets the folder of the built binaries. What
// ends with one of the tolerated texts is no violation of Discord's document.
func Main(m *testing.M, bin *string, tolerated ...string) int {
	dir, cleanup, err := binaries()
	defer cleanup()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	*bin = dir
	if records, err = os.MkdirTemp("", "flora-records"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(records) //nolint:errcheck // It is in the temporary folder.
	code := m.Run()
	if err := validate(tolerated); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// records is the folder that simulated Discords of started processes write
// into.
var records string

// validate holds what went over the wire in all tests against Discord's OpenAPI
// document.
func validate(tolerated []string) error {
	path := os.Getenv(contract.Variable)
	if path == "" {
		fmt.Printf("nothing was held against Discord's OpenAPI document: %s does not say where it is\n", contract.Variable)
		return nil
	}
	d, err := contract.Load(path)
	if err != nil {
		return err
	}
	requests, violations, err := d.Recorded(records)
	if err != nil {
		return err
	}
	violations = slices.DeleteFunc(violations, func(v string) bool {
		return slices.ContainsFunc(tolerated, func(end string) bool { return strings.HasSuffix(v, end) })
	})
	fmt.Printf("%d requests were held against Discord's OpenAPI document\n", requests)
	if len(violations) > 0 {
		return fmt.Errorf("what went over the wire is not in Discord's OpenAPI document:\n%s", strings.Join(violations, "\n"))
	}
	return nil
}

// binaries gives the folder of the built binaries: that in FLORA_BIN, else a
// new one; cleanup removes that again.
func binaries() (dir string, cleanup func(), err error) {
	cleanup = func() {}
	dir = os.Getenv("FLORA_BIN")
	if dir == "" {
		if dir, err = os.MkdirTemp("", "flora-bin"); err != nil {
			return "", cleanup, fmt.Errorf("make a folder for the binaries: %w", err)
		}
		made := dir
		cleanup = func() { _ = os.RemoveAll(made) } //nolint:gosec // MkdirTemp made it.
		if err := build(dir); err != nil {
			cleanup()
			return "", func() {}, err
		}
	}
	dir, err = filepath.Abs(dir)
	return dir, cleanup, err
}

func build(dir string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "build", "-o", dir, "../../cmd/flora-runtime", "../../cmd/flora") //nolint:gosec // Our own sources.
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("build the binaries: %w", err)
	}
	return nil
}

// Process is a started flora-runtime. What its ready line says is in the
// exported members.
type Process struct {
	Cmd                            *exec.Cmd
	URL, Guild, Channel, TokenFile string
	Done                           chan struct{} // Closed when it has ended.
	Stderr                         *Tail
}

var readyLine = regexp.MustCompile(`^ready (http://127\.0\.0\.1:\d+)(?: guild=(\d+) channel=(\d+))?(?: token_file=(.+))?$`)

// Start runs flora-runtime of the folder bin and waits for its ready line.
func Start(bin, dir string, env []string, args ...string) (*Process, error) {
	cmd := exec.Command(filepath.Join(bin, "flora-runtime"), args...) //nolint:gosec,noctx // Our own binary; Signal ends it.
	cmd.Dir = dir
	cmd.Env = append(slices.Clone(env), "DISCORDSIM_RECORD="+records)
	return Run(cmd)
}

// Run starts a command that is or becomes flora-runtime and waits for its ready
// line.
func Run(cmd *exec.Cmd) (*Process, error) {
	p := &Process{Cmd: cmd, Done: make(chan struct{}), Stderr: &Tail{}}
	p.Cmd.Stderr = p.Stderr
	out, err := p.Cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.Cmd.Start(); err != nil {
		return nil, err
	}
	ready := make(chan error, 1)
	go func() {
		defer close(p.Done)
		err := p.read(out, ready)
		_ = p.Cmd.Wait()
		if err != nil {
			ready <- err
		}
	}()
	select {
	case err = <-ready:
	case <-time.After(Patience):
		err = fmt.Errorf("it was not ready within %s", Patience)
	}
	if err != nil {
		p.Kill()
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, p.Stderr)
	}
	return p, nil
}

// read takes the standard output in; an error means that no ready line came.
func (p *Process) read(out io.Reader, ready chan<- error) error {
	seen := false
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		m := readyLine.FindStringSubmatch(lines.Text())
		if m == nil || seen {
			continue
		}
		p.URL, p.Guild, p.Channel, p.TokenFile = m[1], m[2], m[3], m[4]
		seen = true
		ready <- nil
	}
	if !seen {
		return errors.New("it ended before it was ready")
	}
	return nil
}

// Signal sends the signal and waits until the process has ended.
func (p *Process) Signal(s os.Signal) error {
	if err := p.Cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.Done:
		return nil
	case <-time.After(Patience):
		return fmt.Errorf("the process did not end within %s of %s", Patience, s)
	}
}

// FreeAddress gives a port of this machine that nobody listens on.
func FreeAddress(t *testing.T) (host, port string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err == nil {
		err = l.Close()
	}
	if err == nil {
		host, port, err = net.SplitHostPort(l.Addr().String())
	}
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}

// Kill ends it at once.
func (p *Process) Kill() { _ = p.Signal(syscall.SIGKILL) }

// Token is the API token that dev made.
func (p *Process) Token() (string, error) {
	b, err := os.ReadFile(p.TokenFile)
	if err != nil {
		return "", fmt.Errorf("read the API token: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// Workers lists the process ids of the worker processes.
func (p *Process) Workers() ([]int, error) {
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
		if !ok || len(fields) < 2 || fields[1] != strconv.Itoa(p.Cmd.Process.Pid) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if err != nil {
			return nil, err
		}
		if IsWorker(pid) {
			out = append(out, pid)
		}
	}
	return out, nil
}

// IsWorker tells whether the process still is one; a zombie has no arguments.
func IsWorker(pid int) bool {
	args, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	return err == nil && strings.Contains(string(args), "\x00worker\x00")
}

// Tail keeps the end of what is written to it: at least 32 KiB.
type Tail struct {
	mu   sync.Mutex
	b    []byte
	keep int
}

// SetKeep makes it keep at least half of this many bytes.
func (t *Tail) SetKeep(bytes int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.keep = bytes
}

func (t *Tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	keep := max(t.keep, 64<<10)
	t.b = append(t.b, b...)
	if len(t.b) > keep {
		t.b = append([]byte(nil), t.b[len(t.b)-keep/2:]...)
	}
	return len(b), nil
}

func (t *Tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}

// Until polls the condition, which is about another process, until it holds.
func Until(what string, cond func() (bool, error)) error {
	return Within(Patience, what, cond)
}

// Within is Until with a bound of its own.
func Within(limit time.Duration, what string, cond func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
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
				return fmt.Errorf("waited %s for %s: %w", limit, what, last)
			}
			return fmt.Errorf("waited %s for %s", limit, what)
		}
	}
}

// Call sends a request with a JSON body, if any, and gives the answer.
func Call(method, url, token string, body []byte) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	return res.StatusCode, bytes.TrimSpace(answer), err
}
