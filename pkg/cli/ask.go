package cli

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// IsTerminal reports whether the file is a terminal.
func IsTerminal(f *os.File) bool {
	return term.IsTerminal(int(f.Fd())) //nolint:gosec // A file descriptor.
}

// ReadHidden reads a line of the terminal without showing it.
func ReadHidden(f *os.File) func() (string, error) {
	return func() (string, error) {
		b, err := term.ReadPassword(int(f.Fd())) //nolint:gosec // A file descriptor.
		return string(b), err
	}
}

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
	if a.Hidden == nil {
		return a.answer(), nil
	}
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
