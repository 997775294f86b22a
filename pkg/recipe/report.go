package recipe

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/evanw/esbuild/pkg/api"
)

// Bounds of an error text.
const (
	messageBytes = 1000
	reportBytes  = 16 << 10
	lineWidth    = 120
)

// Report is esbuild's own rendering (place, source line and caret), with the
// author's paths and with columns counted like V8 and editors do. why tells
// what we know of an import that was left to esbuild and not found.
func Report(errs []api.Message, why func(importer, name string) string) string {
	var b strings.Builder
	if len(errs) == 1 {
		b.WriteString("1 error\n")
	} else {
		fmt.Fprintf(&b, "%d errors\n", len(errs))
	}
	for i, m := range errs {
		text := Render(m, api.ErrorMessage, why)
		if b.Len()+len(text) > reportBytes {
			fmt.Fprintf(&b, "\n... and %d more", len(errs)-i)
			break
		}
		b.WriteString("\n")
		b.WriteString(text)
	}
	return strings.TrimRight(b.String(), "\n")
}

// Warnings are those about the author's own files.
func Warnings(all []api.Message) (out []string) {
	for _, m := range all {
		if m.Location != nil && !strings.Contains(m.Location.File, "node_modules/") {
			out = append(out, Render(m, api.WarningMessage, nil))
		}
		if len(out) == MaxErrors {
			break
		}
	}
	return out
}

// Render writes one message as esbuild does.
func Render(m api.Message, kind api.MessageKind, why func(importer, name string) string) string {
	m.PluginName = ""
	if name, ok := strings.CutPrefix(m.Text, "Could not resolve \""); ok && why != nil && m.Location != nil {
		if text := why(Plain(m.Location.File), strings.TrimSuffix(name, "\"")); text != "" {
			m.Text, m.Notes = text, nil
		}
	}
	if rest, ok := strings.CutPrefix(m.Text, "No loader is configured for "); ok {
		if _, file, ok := strings.Cut(rest, " files: "); ok {
			m.Text, m.Notes = noLoader(file).Error(), nil
		}
	}
	m.Text = unspaced(m.Text)
	if strings.HasPrefix(m.Text, "Could not resolve import(") || strings.HasPrefix(m.Text, "Could not resolve require(") {
		m.Text = ErrComputed.Error()
	}
	places := [][2]string{}
	if m.Location != nil {
		m.Location, places = place(*m.Location, places)
	}
	notes := make([]api.Note, len(m.Notes))
	for i, n := range m.Notes {
		n.Text = unspaced(n.Text)
		if n.Location != nil {
			n.Location, places = place(*n.Location, places)
		}
		notes[i] = n
	}
	m.Notes = notes
	text := strings.Join(api.FormatMessages([]api.Message{m}, api.FormatMessagesOptions{TerminalWidth: lineWidth, Kind: kind}), "\n")
	for _, p := range places {
		text = strings.Replace(text, p[0], p[1], 1)
	}
	return text
}

// place cleans a location and notes how esbuild writes it and how it should
// read: esbuild counts columns from 0 and in bytes.
func place(l api.Location, places [][2]string) (*api.Location, [][2]string) {
	l.File = Plain(l.File)
	l.Namespace = ""
	column := 1
	for i, r := range l.LineText {
		if i >= l.Column {
			break
		}
		column++
		if r > 0xffff {
			column++
		}
	}
	at := fmt.Sprintf("%s:%d:", l.File, l.Line)
	return &l, append(places, [2]string{fmt.Sprintf("%s%d:", at, l.Column), fmt.Sprintf("%s%d:", at, column)})
}

// unspaced takes our name spaces out of quoted paths and cuts what is too long.
func unspaced(s string) string {
	s = strings.NewReplacer(`"`+Upload+":", `"`, `"`+sdk+":", `"`, ModuleMark+`"`, `"`).Replace(s)
	if len(s) <= messageBytes {
		return s
	}
	cut := messageBytes
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}
