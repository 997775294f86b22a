package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"
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

// progress tells who watches what is being done; nobody else needs it.
func (a *app) progress(format string, args ...any) {
	if a.Watched && !a.json {
		_, _ = fmt.Fprintf(a.Stderr, "%s\n", printable(fmt.Sprintf(format, args...)))
	}
}

// printJSON writes one JSON document on one line.
func (a *app) printJSON(doc any) error {
	line, err := jsonLine(doc)
	if err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	return a.printf("%s", line)
}

// jsonLine is a document on one line. What encoding/json leaves of the control
// characters, which only stand in strings, is escaped too: terminals follow some.
func jsonLine(doc any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(doc); err != nil {
		return nil, err
	}
	if !bytes.ContainsFunc(b.Bytes(), loose) {
		return b.Bytes(), nil
	}
	var out []byte
	for _, r := range b.String() {
		if loose(r) {
			out = fmt.Appendf(out, `\u%04x`, r)
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	return out, nil
}

func loose(r rune) bool { return r >= 0x7f && r <= 0x9f }

// say prints doc with --json, else the text.
func (a *app) say(doc any, format string, args ...any) error {
	if a.json {
		return a.printJSON(doc)
	}
	return a.printf("%s\n", printable(fmt.Sprintf(format, args...)))
}

// table prints doc with --json, else the rows below the head, in columns; none
// is what is said when there are no rows.
func (a *app) table(doc any, none string, head []string, rows [][]string) error {
	if a.json {
		return a.printJSON(doc)
	}
	if len(rows) == 0 {
		return a.printf("%s\n", printable(none))
	}
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{head}, rows...) {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = oneLine(cell)
		}
		_, _ = fmt.Fprintln(w, strings.Join(cells, "\t")) // A buffer takes everything.
	}
	_ = w.Flush()
	for i, line := range strings.Split(strings.TrimRight(b.String(), "\n"), "\n") {
		if line = strings.TrimRight(line, " "); i == 0 {
			line = a.colour("1", line)
		}
		if err := a.printf("%s\n", line); err != nil {
			return err
		}
	}
	return nil
}

// field is a name with its value.
type field struct{ name, value string }

// fields prints doc with --json, else a line for each; those without a value are
// left out.
func (a *app) fields(doc any, all ...field) error {
	if a.json {
		return a.printJSON(doc)
	}
	all = slices.DeleteFunc(all, func(f field) bool { return f.value == "" })
	widest := 0
	for _, f := range all {
		widest = max(widest, len(f.name))
	}
	for _, f := range all {
		if err := a.printf("%-*s %s\n", widest+1, f.name+":", printable(f.value)); err != nil {
			return err
		}
	}
	return nil
}

// colour gives the text a colour (of ECMA-48) where that can be seen.
func (a *app) colour(code, text string) string {
	if code == "" || !a.Terminal || a.env("NO_COLOR") != "" || a.env("TERM") == "dumb" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
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

// oneLine is text for a cell of a table.
func oneLine(s string) string {
	return strings.NewReplacer("\n", " ", "\t", " ").Replace(printable(s))
}

// local is a time as people read it; the zero time is none.
func local(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05 MST")
}

// note tells people something beside the output.
func (a *app) note(format string, args ...any) {
	_, _ = fmt.Fprintf(a.Stderr, "%s\n", printable(fmt.Sprintf(format, args...)))
}
