package spec

import (
	"os"
	"os/exec"
	"testing"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// patience bounds every wait.
const patience = rig.Patience

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
	rig                       *rig.Process
	cmd                       *exec.Cmd
	url, guild, channel, file string
	args                      []string
	env                       []string
	done                      chan struct{}
	stderr                    *rig.Tail
}

// start runs flora-runtime and waits for its ready line.
func start(dir string, env []string, args ...string) (*process, error) {
	p, err := rig.Start(bin, dir, env, args...)
	if err != nil {
		return nil, err
	}
	return &process{
		rig: p, cmd: p.Cmd, url: p.URL, guild: p.Guild, channel: p.Channel, file: p.TokenFile,
		args: args, env: env, done: p.Done, stderr: p.Stderr,
	}, nil
}

func (p *process) signal(s os.Signal) error { return p.rig.Signal(s) }
func (p *process) kill()                    { p.rig.Kill() }

// workers lists the process ids of the worker processes.
func (p *process) workers() ([]int, error) { return p.rig.Workers() }

// until polls the condition, which is about another process, until it holds.
func until(what string, cond func() (bool, error)) error { return rig.Until(what, cond) }

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
