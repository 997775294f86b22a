package cli

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"golang.org/x/term"
)

// IsTerminal reports whether the file is a terminal.
func IsTerminal(f *os.File) bool {
	return term.IsTerminal(int(f.Fd())) //nolint:gosec // A file descriptor.
}

// ReadHidden gives what reads a line of the terminal without showing it; nil when
// the file is no terminal.
func ReadHidden(f *os.File) func() (string, error) {
	if !IsTerminal(f) {
		return nil
	}
	fd := int(f.Fd()) //nolint:gosec // A file descriptor.
	return func() (string, error) {
		shown, err := term.GetState(fd)
		if err != nil {
			return "", err
		}
		// Who interrupts gets a terminal back that shows what is typed.
		interrupted, done := make(chan os.Signal, 1), make(chan struct{})
		signal.Notify(interrupted, os.Interrupt)
		defer signal.Stop(interrupted)
		defer close(done)
		go func() {
			select {
			case <-interrupted:
				_ = term.Restore(fd, shown)
				os.Exit(interruptedCode)
			case <-done:
			}
		}()
		b, err := term.ReadPassword(fd)
		return string(b), err
	}
}

// interruptedCode is what shells make of a process that SIGINT ended.
const interruptedCode = 130

// asks reports whether somebody is there to answer.
func (a *app) asks() bool { return a.Terminal && !a.json }

// maxAnswer bounds an answer.
const maxAnswer = 1 << 16

// answer reads a line.
func (a *app) answer() string {
	line, err := bufio.NewReader(io.LimitReader(a.Stdin, maxAnswer)).ReadString('\n')
	if err != nil && err != io.EOF { //nolint:errorlint // ReadString gives it bare.
		return ""
	}
	return strings.TrimSpace(line)
}

// need gives the value, or asks for it when somebody is there to answer.
func (a *app) need(value, label, how string) (string, error) {
	if value != "" {
		return value, nil
	}
	if a.asks() {
		_, _ = fmt.Fprintf(a.Stderr, "%s: ", label)
		if value = a.answer(); value != "" {
			return value, nil
		}
	}
	return "", usage("missing required value: %s (give %s)", label, how)
}

// hidden asks for a value that is not shown while it is typed.
func (a *app) hidden(label string) (string, error) {
	_, _ = fmt.Fprintf(a.Stderr, "%s: ", label)
	value, err := a.Hidden()
	_, _ = fmt.Fprintln(a.Stderr)
	if err != nil {
		return "", fmt.Errorf("read the %s: %w", label, err)
	}
	return strings.TrimSpace(value), nil
}

// confirm asks before something that cannot be taken back, when somebody is
// there to answer; scripts have said what they want.
func (a *app) confirm(yes bool, format string, args ...any) error {
	if yes || !a.asks() {
		return nil
	}
	_, _ = fmt.Fprintf(a.Stderr, "%s [y/N] ", printable(fmt.Sprintf(format, args...)))
	switch strings.ToLower(a.answer()) {
	case "y", "yes":
		return nil
	}
	return coded(Failure, "nothing was changed; answer y, or give --yes")
}
