package cli

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Bounds of a runtime's start and end.
const (
	startLimit = 2 * time.Minute
	endLimit   = 30 * time.Second
	// portsTried are tried from the standard one on.
	portsTried = 50
)

// running is what dev.json in the data folder of a runtime says.
type running struct {
	URL       string `json:"url"`
	Guild     string `json:"guild"`
	TokenFile string `json:"token_file"`
}

// local finds this project's runtime or starts it. The context ends with the
// runtime, and end stops one that was started.
func (d *development) local(ctx context.Context) (_ context.Context, end func() error, err error) {
	data := filepath.Join(d.dir, ".flora", "data")
	if r, ok := d.found(ctx, data); ok {
		d.ready(r, " (it was running already)")
		return ctx, func() error { return nil }, nil
	}
	binary, err := d.runtimeBinary()
	if err != nil {
		return nil, nil, err
	}
	child, err := d.launch(ctx, binary, data)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		<-child.done
		cancel(child.died())
	}()
	end = func() error {
		err := child.stop()
		<-ctx.Done()
		return err
	}
	if err := d.attach(child.said); err != nil {
		return nil, nil, errors.Join(err, end())
	}
	d.ready(child.said, "")
	return ctx, end, nil
}

// launch starts the runtime on a free port, and on another one when somebody
// was quicker.
func (d *development) launch(ctx context.Context, binary, data string) (*child, error) {
	for tries := 1; ; tries++ {
		port, err := d.port(ctx)
		if err != nil {
			return nil, err
		}
		d.progress("starting %s", binary)
		c, err := startRuntime(ctx, binary, d.dir, d.childEnv(), "dev", "--data-dir", data, "--no-starter", "--port", strconv.Itoa(port))
		if err == nil || d.options.asked || tries == portsTried || ctx.Err() != nil || free(ctx, port) {
			return c, err
		}
	}
}

// ready prints where the playground is.
func (d *development) ready(r running, how string) {
	d.url = r.URL + "/"
	d.event("ready", map[string]any{"url": d.url, "guild": r.Guild}, "Playground: %s%s", d.url, how)
	if !d.options.open {
		return
	}
	err := errors.New("there is none")
	if d.Browse != nil {
		err = d.Browse(d.url)
	}
	if err != nil {
		d.warning(fmt.Sprintf("cannot open the browser (%s); open %s yourself", err, d.url))
	}
}

// found looks for a runtime of this project that is running.
func (d *development) found(ctx context.Context, data string) (r running, ok bool) {
	doc, err := os.ReadFile(filepath.Join(data, "dev.json")) //nolint:gosec // In the project.
	if err != nil || json.Unmarshal(doc, &r) != nil || !here(r.URL) {
		return r, false
	}
	// Not the file that it names: a project that was cloned would name another.
	r.TokenFile = filepath.Join(data, "token")
	// Its token proves that it is this one, and not another on the same port.
	if d.attach(r) != nil {
		return r, false
	}
	once, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if _, err := d.api.Health(once); err != nil {
		return r, false
	}
	_, err = d.api.Me(once)
	return r, err == nil
}

// attach makes the client for a runtime.
func (d *development) attach(r running) error {
	token, err := os.ReadFile(r.TokenFile)
	if err != nil {
		return fmt.Errorf("read the runtime's API token: %w", err)
	}
	if d.guildID, err = snowflake.ParseGuild(cmp.Or(d.app.guildID, r.Guild)); err != nil {
		return usage("guild %q is %s", cmp.Or(d.app.guildID, r.Guild), err)
	}
	d.api, err = d.connect(r.URL+"/api", strings.TrimSpace(string(token)))
	return err
}

func free(ctx context.Context, port int) bool {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	return err == nil && l.Close() == nil
}

// port is one that is free.
func (d *development) port(ctx context.Context) (int, error) {
	wanted := d.options.port
	if wanted == 0 || free(ctx, wanted) {
		return wanted, nil
	}
	if d.options.asked {
		return 0, coded(Conflict, "port %d is taken by another program; give another --port, or none", wanted)
	}
	for port := wanted + 1; port <= wanted+portsTried; port++ {
		if free(ctx, port) {
			d.warning(fmt.Sprintf("port %d is taken; using %d", wanted, port))
			return port, nil
		}
	}
	return 0, coded(Conflict, "the ports %d to %d are taken; give another one with --port", wanted, wanted+portsTried)
}

// child is a runtime that was started here.
type child struct {
	cmd  *exec.Cmd
	said running       // Of its ready line.
	done chan struct{} // Closed when it has ended.
	last *lastLines    // Of its standard error.

	mu      sync.Mutex // Guards what follows.
	stopped bool       // It was asked to end.
}

var readyLine = regexp.MustCompile(`^ready (\S+) guild=(\d+) channel=\d+ token_file=(.+)$`)

// startRuntime starts the runtime and waits until it is ready.
func startRuntime(ctx context.Context, binary, dir string, env []string, args ...string) (*child, error) {
	c := &child{done: make(chan struct{}), last: &lastLines{}}
	c.cmd = exec.Command(binary, args...) //nolint:gosec,noctx // What the person installed; stop ends it.
	c.cmd.Dir, c.cmd.Env, c.cmd.Stderr = dir, env, c.last
	own(c.cmd)
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the runtime: %w", err)
	}
	started, ready := make(chan error, 1), make(chan running, 1)
	go func() {
		defer close(c.done)
		// The system ends the child when the thread that started it ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		c.read(out, ready)
		_ = c.cmd.Wait()
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start the runtime %s: %w", binary, err)
	}
	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	select {
	case c.said = <-ready:
		return c, nil
	case <-c.done:
		return nil, c.died()
	case <-limit.C:
		err = coded(Failure, "the runtime was not ready within %s; it said last:\n%s", startLimit, c.last)
	case <-ctx.Done():
		err = ctx.Err()
	}
	return nil, errors.Join(err, c.stop())
}

// read takes its output in until it ends.
func (c *child) read(out io.Reader, ready chan<- running) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if m := readyLine.FindStringSubmatch(lines.Text()); m != nil {
			select {
			case ready <- running{URL: m[1], Guild: m[2], TokenFile: m[3]}:
			default:
			}
		}
	}
	_, _ = io.Copy(io.Discard, out)
}

// died is why it ended; nobody asked it to.
func (c *child) died() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return context.Canceled
	}
	return coded(Failure, "the runtime ended by itself (%s); it said last:\n%s", c.cmd.ProcessState, c.last)
}

// stop ends it, politely first.
func (c *child) stop() error {
	c.mu.Lock()
	c.stopped = true
	c.mu.Unlock()
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return errors.Join(fmt.Errorf("stop the runtime: %w", err), c.cmd.Process.Kill())
	}
	timer := time.NewTimer(endLimit)
	defer timer.Stop()
	select {
	case <-c.done:
		return nil
	case <-timer.C:
	}
	err := c.cmd.Process.Kill()
	<-c.done
	return errors.Join(coded(Failure, "the runtime did not end within %s and was killed; it said last:\n%s", endLimit, c.last), err)
}
