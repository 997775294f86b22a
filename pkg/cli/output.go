package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
)

// printf writes to standard output.
func (a *app) printf(format string, args ...any) error {
	if _, err := fmt.Fprintf(a.Stdout, format, args...); err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	return nil
}

// warn writes a note to standard error.
func (a *app) warn(format string, args ...any) {
	_, _ = fmt.Fprintf(a.Stderr, "warning: %s\n", printable(fmt.Sprintf(format, args...)))
}

// printJSON writes one JSON document on one line.
func (a *app) printJSON(doc any) error {
	e := json.NewEncoder(a.Stdout)
	e.SetEscapeHTML(false)
	if err := e.Encode(doc); err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	return nil
}

// say prints doc with --json, else the text.
func (a *app) say(doc any, format string, args ...any) error {
	if a.json {
		return a.printJSON(doc)
	}
	return a.printf("%s\n", printable(fmt.Sprintf(format, args...)))
}

var success = map[string]bool{"success": true}

// printable makes text of elsewhere harmless to a terminal: control characters
// could move its cursor or change what it showed before.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// local is a time as people read it.
func local(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05 MST") }

// need gives the value, or asks for it when somebody is there to answer.
func (a *app) need(value, label, how string) (string, error) {
	if value != "" {
		return value, nil
	}
	if a.Terminal && !a.json {
		_, _ = fmt.Fprintf(a.Stderr, "%s: ", label)
		line, err := bufio.NewReader(io.LimitReader(a.Stdin, 1<<16)).ReadString('\n')
		if value = strings.TrimSpace(line); value != "" && (err == nil || err == io.EOF) { //nolint:errorlint // ReadString gives it bare.
			return value, nil
		}
	}
	return "", usage("missing required value: %s (give %s)", label, how)
}
