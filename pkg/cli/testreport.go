package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/trial/report"
)

// reporter shows people what happens.
type reporter interface {
	event(e report.Event)
	end(s summary)
}

func (a *app) reporter(name string) reporter {
	switch name {
	case "dot":
		return &dots{app: a}
	case "tap":
		return &tap{app: a}
	}
	return &pretty{app: a}
}

// put writes what nobody can do anything about if it cannot be written.
func (a *app) put(format string, args ...any) { _ = a.printf(format, args...) }

func testName(e report.Event) string { return oneLine(strings.Join(e.Test, " > ")) }

// details are why a test, or a file, failed.
func (a *app) details(e report.Event) string {
	var b strings.Builder
	section := func(text, colour string) {
		for line := range strings.Lines(strings.Trim(text, "\n")) {
			b.WriteString("    " + a.colour(colour, printable(strings.TrimRight(line, "\n"))) + "\n")
		}
	}
	head := e.Error.Message
	if e.Error.Name != "Error" && e.Error.Name != "" && e.Error.Name != "AssertionError" {
		head = e.Error.Name + ": " + head
	}
	section(head, "31")
	for line := range strings.Lines(e.Error.Diff) {
		colour := ""
		switch {
		case strings.HasPrefix(line, "-"):
			colour = "31"
		case strings.HasPrefix(line, "+"):
			colour = "32"
		}
		section(line, colour)
	}
	if e.Error.Diff != "" {
		section("- is what it was, + what was expected", "2")
	}
	if e.Error.Frame != "" {
		b.WriteString("\n")
		section(e.Error.Frame, "")
	}
	if e.Error.Stack != "" {
		b.WriteString("\n")
		section(e.Error.Stack, "2")
	}
	if text := output(e.Output); text != "" {
		b.WriteString("\n")
		section(text, "2")
	}
	return b.String()
}

// output is what was written while a test ran.
func output(lines []report.Line) string {
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "[%s] %s: %s\n", l.From, l.Level, strings.ReplaceAll(strings.TrimRight(l.Text, "\n"), "\n", "\n  "))
	}
	return b.String()
}

// pretty shows every test as it ends.
type pretty struct {
	app    *app
	failed []report.Event
}

func took(ms float64) string { return fmt.Sprintf("(%.0f ms)", ms) }

func (p *pretty) event(e report.Event) {
	a := p.app
	switch {
	case e.Type == report.Begin:
		a.put("%s\n", a.colour("1", printable(e.File)))
	case e.Type == report.Result && e.Status == report.Passed:
		a.put("  %s %s %s\n", a.colour("32", "ok"), testName(e), a.colour("2", took(e.Duration)))
		if text := output(e.Output); text != "" {
			a.put("    %s\n", strings.ReplaceAll(printable(strings.TrimRight(text, "\n")), "\n", "\n    "))
		}
	case e.Type == report.Result && e.Status == report.Skipped:
		a.put("  %s %s\n", a.colour("33", "skipped"), testName(e))
	case e.Type == report.Result:
		a.put("  %s %s %s\n", a.colour("31", "FAILED"), testName(e), a.colour("2", took(e.Duration)))
		a.put("%s\n", a.details(e))
		p.failed = append(p.failed, e)
	case e.Type == report.FileEnd && e.Error != nil:
		a.put("  %s %s\n%s\n", a.colour("31", "FAILED"), printable(e.File), a.details(e))
		p.failed = append(p.failed, e)
	}
}

func (p *pretty) end(s summary) {
	if len(p.failed) > 1 {
		p.app.put("\n%s\n", p.app.colour("1", "failed:"))
		for _, e := range p.failed {
			p.app.put("  %s\n", printable(strings.TrimSpace(e.File+"  "+strings.Join(e.Test, " > "))))
		}
	}
	p.app.put("\n%s\n", p.app.total(s))
	p.failed = nil
}

func (a *app) total(s summary) string {
	parts := []string{fmt.Sprintf("%d passed", s.Passed)}
	colour := "32"
	if s.Failed > 0 {
		parts, colour = append(parts, fmt.Sprintf("%d failed", s.Failed)), "31"
	}
	if s.Skipped > 0 {
		parts = append(parts, fmt.Sprintf("%d skipped", s.Skipped))
	}
	return a.colour(colour, strings.Join(parts, ", ")) + fmt.Sprintf(" in %s", time.Duration(s.Duration*float64(time.Millisecond)).Round(time.Millisecond))
}

// dots shows a letter for each test, and what failed at the end.
type dots struct {
	app    *app
	shown  int
	failed []report.Event
}

func (d *dots) event(e report.Event) {
	letter := ""
	switch {
	case e.Type == report.Result && e.Status == report.Passed:
		letter = "."
	case e.Type == report.Result && e.Status == report.Skipped:
		letter = "s"
	case e.Error != nil:
		letter = d.app.colour("31", "F")
		d.failed = append(d.failed, e)
	default:
		return
	}
	d.shown++
	if d.app.put("%s", letter); d.shown%80 == 0 {
		d.app.put("\n")
	}
}

func (d *dots) end(s summary) {
	d.app.put("\n")
	for _, e := range d.failed {
		d.app.put("\n%s\n%s", printable(strings.TrimSpace(e.File+"  "+strings.Join(e.Test, " > "))), d.app.details(e))
	}
	d.app.put("\n%s\n", d.app.total(s))
	d.shown, d.failed = 0, nil
}

// tap writes the Test Anything Protocol, version 14.
type tap struct {
	app   *app
	count int
}

func (t *tap) event(e report.Event) {
	if t.count == 0 && e.Type == report.Begin && e.Test == nil {
		t.head()
	}
	switch {
	case e.Type == report.Begin:
		t.app.put("# %s\n", oneLine(e.File))
	case e.Type == report.Result, e.Type == report.FileEnd && e.Error != nil:
		t.point(e)
	}
}

func (t *tap) head() {
	if t.count == 0 {
		t.app.put("TAP version 14\n")
		t.count = 1
	}
}

// escaped is a description: the protocol's own signs mean themselves.
func escaped(s string) string { return strings.NewReplacer(`\`, `\\`, "#", `\#`).Replace(s) }

func (t *tap) point(e report.Event) {
	t.head()
	name := escaped(testName(e))
	if e.Type == report.FileEnd {
		name = escaped(oneLine(e.File))
	}
	switch {
	case e.Status == report.Skipped:
		t.app.put("ok %d - %s # SKIP\n", t.count, name)
	case e.Error == nil:
		t.app.put("ok %d - %s\n", t.count, name)
	default:
		t.app.put("not ok %d - %s\n  ---\n", t.count, name)
		for _, kv := range [][2]string{{"message", e.Error.Name + ": " + e.Error.Message}, {"diff", e.Error.Diff}, {"at", e.Error.Stack}, {"output", output(e.Output)}} {
			if kv[1] != "" {
				text, err := json.Marshal(kv[1]) // JSON's strings are YAML's.
				if err == nil {
					t.app.put("  %s: %s\n", kv[0], text)
				}
			}
		}
		t.app.put("  ...\n")
	}
	t.count++
}

func (t *tap) end(s summary) {
	t.head()
	t.app.put("1..%d\n# %s\n", t.count-1, t.app.total(s))
	t.count = 0
}
