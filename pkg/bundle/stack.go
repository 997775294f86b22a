package bundle

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/flora-runtime/flora-runtime/pkg/recipe"
)

// bundlePositions are positions in a guild's bundle as V8 writes them: line and
// column from 1, the column in UTF-16 units.
var bundlePositions = regexp.MustCompile(`file:///guild/[0-9]{1,20}/bundle\.js:([0-9]{1,9}):([0-9]{1,9})`)

// Bounds of what is mapped.
const (
	maxPositions  = 100 // In one text.
	maxSourceName = 512
)

// Stack is a text with positions in a guild's bundle.
type Stack struct {
	Text string `json:"text"`
	// Frame asks for the source where it happened: the lines around the first
	// position in the author's own files, before the first of the stack.
	Frame bool `json:"frame,omitempty"`
}

// sources are the parts of a source map that positions are looked up in.
type sources struct {
	Version  int       `json:"version"`
	Root     string    `json:"sourceRoot"`
	Names    []*string `json:"sources"`
	Contents []*string `json:"sourcesContent"`
	Mappings string    `json:"mappings"`
	targets  map[recipe.Position]recipe.Target
}

// mapStacks replaces the positions in the texts by the author's.
func mapStacks(stacks []Stack, sourceMap string) ([]string, error) {
	found := make([][][]int, len(stacks))
	wanted := map[recipe.Position]recipe.Target{}
	for i, s := range stacks {
		found[i] = bundlePositions.FindAllStringSubmatchIndex(s.Text, maxPositions)
		for _, at := range found[i] {
			wanted[positionAt(s.Text, at)] = recipe.Target{Source: recipe.Unmapped}
		}
	}
	m := sources{targets: wanted}
	if len(wanted) > 0 {
		if err := json.Unmarshal([]byte(sourceMap), &m); err != nil {
			return nil, errors.New("it is not a JSON object with sources and mappings")
		}
		if m.Version != 3 {
			return nil, fmt.Errorf("its version is %d; only version 3 is read", m.Version)
		}
		if err := recipe.LookUp(m.Mappings, wanted); err != nil {
			return nil, err
		}
	}
	out := make([]string, len(stacks))
	for i, s := range stacks {
		out[i] = m.rewrite(s, found[i])
	}
	return out, nil
}

// rewrite replaces the positions that were found in a text.
func (m *sources) rewrite(s Stack, found [][]int) string {
	var b strings.Builder
	end, frame := 0, ""
	for _, at := range found {
		b.WriteString(s.Text[end:at[0]])
		end = at[1]
		t := m.targets[positionAt(s.Text, at)]
		name := m.name(t)
		if name == "" {
			b.WriteString(s.Text[at[0]:at[1]])
			continue
		}
		fmt.Fprintf(&b, "%s:%d:%d", name, t.Line+1, t.Column+1)
		if s.Frame && frame == "" && t.Source < len(m.Contents) && m.Contents[t.Source] != nil {
			frame = recipe.CodeFrame(*m.Contents[t.Source], t.Line, t.Column)
		}
	}
	b.WriteString(s.Text[end:])
	out := b.String()
	if at := strings.Index(out, firstFrame); frame != "" && at >= 0 {
		out = out[:at] + "\n  " + strings.ReplaceAll(frame, "\n", "\n  ") + out[at:]
	}
	return out
}

// firstFrame is how V8 begins the lines of a stack.
const firstFrame = "\n    at "

// name is what to call the target's file, or "".
func (m *sources) name(t recipe.Target) string {
	if t.Source < 0 || t.Source >= len(m.Names) || m.Names[t.Source] == nil {
		return ""
	}
	return sourceName(m.Root, *m.Names[t.Source])
}

// positionAt reads a match. Its digits always fit.
func positionAt(text string, at []int) recipe.Position {
	line, _ := strconv.Atoi(text[at[2]:at[3]])
	column, _ := strconv.Atoi(text[at[4]:at[5]])
	return recipe.Position{Line: line - 1, Column: column - 1}
}

// sourceName is the author's path as a line of a log may show it, or "".
func sourceName(root, name string) string {
	if len(root)+len(name) > maxSourceName || strings.ContainsFunc(root+name, unicode.IsControl) {
		return ""
	}
	if strings.Contains(name, "://") {
		return name
	}
	// Other bundlers write paths relative to their output folder.
	p := path.Join(root, name)
	for strings.HasPrefix(p, "../") {
		p = p[len("../"):]
	}
	if p == "" || p == "." || p == ".." {
		return ""
	}
	return p
}
