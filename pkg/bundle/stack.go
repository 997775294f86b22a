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

// mapStack replaces the positions in text by the author's.
func mapStack(text, sourceMap string) (string, error) {
	found := bundlePositions.FindAllStringSubmatchIndex(text, maxPositions)
	if len(found) == 0 {
		return text, nil
	}
	var m struct {
		Version    int       `json:"version"`
		SourceRoot string    `json:"sourceRoot"`
		Sources    []*string `json:"sources"`
		Mappings   string    `json:"mappings"`
	}
	if err := json.Unmarshal([]byte(sourceMap), &m); err != nil {
		return "", errors.New("it is not a JSON object with sources and mappings")
	}
	if m.Version != 3 {
		return "", fmt.Errorf("its version is %d; only version 3 is read", m.Version)
	}
	wanted := map[recipe.Position]recipe.Target{}
	for _, at := range found {
		wanted[positionAt(text, at)] = recipe.Target{Source: recipe.Unmapped}
	}
	if err := recipe.LookUp(m.Mappings, wanted); err != nil {
		return "", err
	}
	var b strings.Builder
	end := 0
	for _, at := range found {
		b.WriteString(text[end:at[0]])
		end = at[1]
		t := wanted[positionAt(text, at)]
		name := ""
		if t.Source >= 0 && t.Source < len(m.Sources) && m.Sources[t.Source] != nil {
			name = sourceName(m.SourceRoot, *m.Sources[t.Source])
		}
		if name == "" {
			b.WriteString(text[at[0]:at[1]])
			continue
		}
		fmt.Fprintf(&b, "%s:%d:%d", name, t.Line+1, t.Column+1)
	}
	b.WriteString(text[end:])
	return b.String(), nil
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
