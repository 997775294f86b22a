package bundle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/sandbox"
)

// complaintBytes is how much of a dying child's last words is kept for the log.
const complaintBytes = 4 << 10

// run starts one child, gives it the request and waits for its answer.
func (c *Child) run(ctx context.Context, request []byte) ([]byte, error) {
	life, cancel := context.WithTimeout(ctx, c.limits.Wall)
	defer cancel()
	cmd := exec.CommandContext(life, c.path, "bundle") //nolint:gosec // Our own binary.
	// Nothing of control's environment reaches a child.
	cmd.Env = []string{modeVariable + "=" + string(c.limits.Sandbox)}
	if c.limits.Sandbox != sandbox.Off {
		cmd.Env = append(cmd.Env, sandbox.Environ(3))
	}
	cmd.Dir = "/"
	cmd.Stdin = bytes.NewReader(request)
	out := &capped{max: c.limits.AnswerBytes, cancel: cancel}
	complaint := &capped{max: complaintBytes}
	cmd.Stdout, cmd.Stderr = out, complaint
	cmd.WaitDelay = time.Second
	cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	// The parent-death signal is sent when the thread that started the child
	// ends, so this goroutine keeps its thread until the child is gone.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the bundler: %w", err)
	}
	err := cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return nil, fault.Wrap(ctx.Err(), fault.Unavailable, "the build was given up because its caller went away or ran out of time")
	case out.over:
		return nil, fault.New(fault.BuildFailed, "build failed: the bundle and its source map have more than %d bytes; deploy less", c.limits.AnswerBytes)
	case life.Err() != nil:
		return nil, fault.Wrap(life.Err(), fault.BuildFailed, "build failed: it took longer than %s; deploy less", c.limits.Wall)
	case err != nil && cmd.ProcessState.ExitCode() == exitBroken:
		return nil, fmt.Errorf("the bundler cannot work: %w: %s", err, complaint.buf.Bytes())
	case err != nil:
		return nil, fmt.Errorf("%w: %w: %s", errDied, err, complaint.buf.Bytes())
	}
	return out.buf.Bytes(), nil
}

// capped keeps the first max bytes. With cancel set, more is the end of the
// child; without it the rest is dropped.
type capped struct {
	buf    bytes.Buffer
	max    int
	over   bool
	cancel context.CancelFunc
}

var errTooMuch = errors.New("a child process wrote too much")

func (w *capped) Write(b []byte) (int, error) {
	room := w.max - w.buf.Len()
	if len(b) <= room {
		return w.buf.Write(b)
	}
	w.over = true
	if w.cancel != nil {
		w.cancel()
		return 0, errTooMuch
	}
	w.buf.Write(b[:room])
	return len(b), nil
}
