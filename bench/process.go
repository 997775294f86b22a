package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// readyLimit bounds a process's start.
	readyLimit = 2 * time.Minute
	// stopLimit is how long it may take to stop before it is killed.
	stopLimit = 15 * time.Second
)

// process is a child that runs until it is stopped.
type process struct {
	name  string
	cmd   *exec.Cmd
	lines chan string
	trail trail
	ended chan struct{}
	err   error // How it ended, once ended is closed.
}

// trail keeps the end of what a process complained about.
type trail struct {
	mu   sync.Mutex // Guards text.
	text []byte
}

const trailBytes = 4096

// Write implements io.Writer.
func (t *trail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if over := len(t.text) - trailBytes; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(p), nil
}

// String is the end of it.
func (t *trail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.text))
}

// command prepares a child that is killed when ctx ends or this process dies.
func command(ctx context.Context, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...) //nolint:gosec // What is measured, by paths of our own.
	cmd.Env = os.Environ()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// start runs the command until stop.
func start(cmd *exec.Cmd) (*process, error) {
	p := &process{name: filepath.Base(cmd.Path), cmd: cmd, lines: make(chan string, 64), ended: make(chan struct{})}
	cmd.Stderr = &p.trail
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	go p.follow(stdout)
	return p, nil
}

// follow passes lines on until the process ends; a reader that is not there
// any more does not hold it up.
func (p *process) follow(stdout io.Reader) {
	defer close(p.ended)
	defer close(p.lines)
	for s := bufio.NewScanner(stdout); s.Scan(); {
		select {
		case p.lines <- s.Text():
		default:
		}
	}
	p.err = p.cmd.Wait()
}

// ready waits for the line that starts with "ready" and gives what follows.
func (p *process) ready(ctx context.Context) ([]string, error) {
	limit := time.NewTimer(readyLimit)
	defer limit.Stop()
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				return nil, p.failure(errors.New("it ended before it was ready"))
			}
			if fields := strings.Fields(line); len(fields) > 0 && fields[0] == "ready" {
				return fields[1:], nil
			}
		case <-limit.C:
			return nil, p.failure(fmt.Errorf("it was not ready within %s", readyLimit))
		case <-ctx.Done():
			return nil, p.failure(ctx.Err())
		}
	}
}

// failure adds what the process said to an error.
func (p *process) failure(err error) error {
	if said := p.trail.String(); said != "" {
		return fmt.Errorf("%s: %w; it said: %s", p.name, err, said)
	}
	return fmt.Errorf("%s: %w", p.name, err)
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// stop asks the process to end, and makes it.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(stopLimit, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	<-p.ended
}

// output runs a command to its end and gives what it prints.
func output(cmd *exec.Cmd) ([]byte, error) {
	var said trail
	cmd.Stderr = &said
	b, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("run %s: %w: %s", filepath.Base(cmd.Path), err, said.String())
	}
	return b, nil
}
