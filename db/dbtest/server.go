package dbtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Server is a database server that was started for tests.
type Server struct {
	URL string

	name     string
	dir      string // Removed in the end.
	account  *syscall.Credential
	args     []string
	stdin    string
	ready    func(ctx context.Context) error
	pid      int
	done     chan struct{} // Closed when the process has ended.
	shutdown syscall.Signal
}

// missingError says that a server is not installed.
type missingError struct{ what, env string }

func (e *missingError) Error() string {
	return fmt.Sprintf("the tests need %s, and none is installed here: run scripts/test-programs, which installs it where there is apt-get (make test does that by itself), or name a running server in %s", e.what, e.env)
}

// Start starts the server, again after a Stop, and waits until it answers.
func (s *Server) Start() error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(s.args[0], s.args[1:]...) //nolint:gosec,noctx // An installed server; remove ends it.
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, log, log
	if s.stdin != "" {
		cmd.Stdin = strings.NewReader(s.stdin)
	}
	// The server must not outlive a test binary that is killed.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT, Credential: s.account, Setpgid: true}
	started, done := make(chan error), make(chan struct{})
	go func() {
		// The signal comes when the thread ends that started the process.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(done)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start %s: %w", s.name, err)
	}
	s.pid, s.done = cmd.Process.Pid, done
	if err := s.await(); err != nil {
		return errors.Join(err, s.end(syscall.SIGKILL))
	}
	return nil
}

func (s *Server) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := s.ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-s.done:
			return fmt.Errorf("%s ended when it was started:\n%s", s.name, s.tail())
		case <-ctx.Done():
			return fmt.Errorf("%s did not answer within %s (%w):\n%s", s.name, patience, err, s.tail())
		}
	}
}

// tail is the end of the server's log.
func (s *Server) tail() string {
	f, err := os.Open(filepath.Join(s.dir, "log"))
	if err != nil {
		return err.Error()
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err == nil && info.Size() > 4096 {
		_, _ = f.Seek(-4096, io.SeekEnd)
	}
	b, _ := io.ReadAll(f)
	return string(b)
}

// Stop shuts the server down, which ends its connections, and waits for that.
func (s *Server) Stop() error { return s.end(s.shutdown) }

// Kill ends the server without a warning.
func (s *Server) Kill() error { return s.end(syscall.SIGQUIT) }

func (s *Server) end(sig syscall.Signal) error {
	select {
	case <-s.done:
		return nil
	default:
	}
	if err := syscall.Kill(s.pid, sig); err != nil {
		return fmt.Errorf("stop %s: %w", s.name, err)
	}
	select {
	case <-s.done:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("%s did not end within %s", s.name, patience)
	}
}

// Pause stops the server's processes where they are, so that its connections
// stay and nobody answers.
func (s *Server) Pause() error { return s.signalAll(syscall.SIGSTOP) }

// Resume lets a paused server go on.
func (s *Server) Resume() error { return s.signalAll(syscall.SIGCONT) }

func (s *Server) signalAll(sig syscall.Signal) error {
	if err := syscall.Kill(s.pid, sig); err != nil {
		return fmt.Errorf("send %s to %s: %w", sig, s.name, err)
	}
	// A server of many processes has them as children of the first.
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", s.pid, s.pid))
	if err != nil {
		return fmt.Errorf("list the processes of %s: %w", s.name, err)
	}
	for field := range strings.FieldsSeq(string(b)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			return err
		}
		if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("send %s to %s: %w", sig, s.name, err)
		}
	}
	return nil
}

// Remove ends the server for good.
func (s *Server) Remove() error {
	var err error
	if s.pid != 0 {
		_ = s.signalAll(syscall.SIGCONT) // It may have ended.
		err = s.end(syscall.SIGQUIT)
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

// folder makes the server's folder, owned by its account.
func folder(name string, account *syscall.Credential) (string, error) {
	dir, err := os.MkdirTemp("", "flora-"+name+"-")
	if err != nil || account == nil {
		return dir, err
	}
	return dir, os.Chown(dir, int(account.Uid), int(account.Gid))
}

// onFreePort calls start with a port that nobody listens on, and with another
// one if that fails: somebody may have been faster. The ports lie below those
// that the kernel gives to connections, so that a server that was stopped finds
// its own again.
func onFreePort(start func(port int) (*Server, error)) (*Server, error) {
	low := 32768
	if b, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		if n, err := strconv.Atoi(strings.Fields(string(b) + " x")[0]); err == nil && n > 11000 {
			low = n
		}
	}
	var failed error
	for range 3 {
		port := 0
		for port == 0 {
			n := 10240 + rand.IntN(low-10240) //nolint:gosec // No secret.
			l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(n)))
			if err != nil {
				continue
			}
			if err := l.Close(); err != nil {
				return nil, err
			}
			port = n
		}
		s, err := start(port)
		if err == nil {
			return s, nil
		}
		failed = err
		if s != nil {
			failed = errors.Join(failed, s.Remove())
		}
		var missing *missingError
		if errors.As(err, &missing) {
			return nil, missing
		}
	}
	return nil, failed
}
