package spec

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal is a pseudo terminal with flora in it.
type terminal struct {
	t         *testing.T
	near, far *os.File // Far is flora's side.
	mu        sync.Mutex
	shown     strings.Builder // Guarded by mu.
}

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	near, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(near.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	far, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := &terminal{t: t, near: near, far: far}
	read := make(chan struct{})
	go func() {
		defer close(read)
		b := make([]byte, 4096)
		for {
			n, err := near.Read(b)
			s.mu.Lock()
			s.shown.Write(b[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = far.Close() // The last one on that side, so reading ends.
		<-read
		_ = near.Close()
	})
	return s
}

func (s *terminal) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown.String()
}

// echoes reports whether what is typed is shown.
func (s *terminal) echoes() bool {
	s.t.Helper()
	state, err := unix.IoctlGetTermios(int(s.far.Fd()), unix.TCGETS)
	if err != nil {
		s.t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

func (s *terminal) until(what string, cond func() bool) {
	s.t.Helper()
	if err := until(what, func() (bool, error) { return cond(), nil }); err != nil {
		s.t.Fatalf("%v; the terminal shows %q", err, s.text())
	}
}

func (s *terminal) typed(text string) {
	s.t.Helper()
	if _, err := s.near.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
}

// flora starts the tool in the terminal.
func (s *terminal) flora(env []string, args ...string) *exec.Cmd {
	s.t.Helper()
	cmd := exec.Command(filepath.Join(bin, "flora"), args...) //nolint:gosec // Our own binary.
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, s.far, s.far, s.far
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd
}

// TestTheTerminal is what only shows on a real one: secrets are not shown while
// they are typed, an interrupt leaves the terminal as it was, and what cannot be
// taken back is asked for.
func TestTheTerminal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := dev(t, dir)
	env := []string{"HOME=" + dir, "TERM=xterm", "FLORA_API_URL=" + p.url, "FLORA_TOKEN=" + token(t, p), "FLORA_GUILD=" + p.guild}

	s := newTerminal(t)
	cmd := s.flora(env, "secret", "set", "KEY", "--host", "example.com")
	s.until("the question", func() bool { return strings.Contains(s.text(), "Value of KEY: ") && !s.echoes() })
	s.typed("hunter2\n")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	s.until("the answer", func() bool { return strings.Contains(s.text(), "Set secret 'KEY'") })
	if strings.Contains(s.text(), "hunter2") || !s.echoes() {
		t.Errorf("the terminal shows %q, echo %v", s.text(), s.echoes())
	}

	s = newTerminal(t)
	cmd = s.flora(env, "secret", "set", "KEY", "--host", "example.com")
	s.until("the question", func() bool { return strings.Contains(s.text(), "Value of KEY: ") && !s.echoes() })
	s.typed("\x03")
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 130 || !s.echoes() {
		t.Errorf("interrupted: %v, echo %v", err, s.echoes())
	}

	s = newTerminal(t)
	cmd = s.flora(env, "delete")
	s.until("the question", func() bool { return strings.Contains(s.text(), "[y/N]") })
	s.typed("n\n")
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("no: %v", err)
	}
	s.until("what happened", func() bool { return strings.Contains(s.text(), "nothing was changed") })

	s = newTerminal(t)
	if err := s.flora(env, "guilds").Wait(); err != nil {
		t.Errorf("guilds: %v", err)
	}
	s.until("colour", func() bool { return strings.Contains(s.text(), "\x1b[1mGUILD") })
}
