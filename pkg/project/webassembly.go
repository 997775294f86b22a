package project

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf16"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/flora-runtime/flora-runtime/pkg/recipe"
)

// mark takes the place of the global WebAssembly, to see where code means it.
const mark = "__FLORA_WEB_ASSEMBLY__"

// used finds it; to ask whether it is there is no use of it.
var used = regexp.MustCompile(`(typeof )?\b` + mark + `\b`)

// sourceMap is what a place is looked up in.
type sourceMap struct {
	Sources        []string `json:"sources"`
	SourcesContent []string `json:"sourcesContent"`
	Mappings       string   `json:"mappings"`
}

// webAssembly warns of every file whose code in the bundle uses WebAssembly.
// The outputs are esbuild's: their source map has everybody's sources.
func (b *building) webAssembly(outputs []api.OutputFile) ([]string, error) {
	var code, mapping string
	for _, o := range outputs {
		if strings.HasSuffix(o.Path, ".map") {
			mapping = string(o.Contents)
		} else {
			code = string(o.Contents)
		}
	}
	if b.options.WebAssembly || !strings.Contains(code, "WebAssembly") {
		return nil, nil
	}
	res := api.Transform(code, api.TransformOptions{
		Define:    map[string]string{"WebAssembly": mark, "globalThis.WebAssembly": mark, "self.WebAssembly": mark},
		Sourcemap: api.SourceMapExternal, Charset: api.CharsetUTF8, Target: api.ESNext, LogLevel: api.LogLevelSilent,
	})
	if len(res.Errors) > 0 {
		return nil, fmt.Errorf("look for WebAssembly in the bundle: %s", res.Errors[0].Text)
	}
	var places []recipe.Position
	line, start := 0, 0
	for _, at := range used.FindAllSubmatchIndex(res.Code, -1) {
		if at[2] >= 0 {
			continue
		}
		before := string(res.Code[start:at[0]])
		if n := strings.Count(before, "\n"); n > 0 {
			line += n
			start += strings.LastIndexByte(before, '\n') + 1
		}
		places = append(places, recipe.Position{Line: line, Column: units(string(res.Code[start:at[0]]))})
	}
	places, _, err := through(places, res.Map)
	if err != nil {
		return nil, err
	}
	_, targets, err := through(places, []byte(mapping))
	if err != nil {
		return nil, err
	}
	var out []string
	told := map[int]bool{}
	var m sourceMap
	if err := json.Unmarshal([]byte(mapping), &m); err != nil {
		return nil, fmt.Errorf("read the bundle's source map: %w", err)
	}
	for _, t := range targets {
		if t.Source < 0 || t.Source >= len(m.Sources) || told[t.Source] || len(out) == recipe.MaxErrors {
			continue
		}
		told[t.Source] = true
		out = append(out, b.warnOfWebAssembly(t, m))
	}
	return out, nil
}

func (b *building) warnOfWebAssembly(t recipe.Target, m sourceMap) string {
	file, shown := b.source(m.Sources[t.Source])
	at := api.Location{File: file, Line: t.Line + 1, Length: len("WebAssembly")}
	if shown && t.Source < len(m.SourcesContent) {
		if lines := strings.Split(m.SourcesContent[t.Source], "\n"); t.Line < len(lines) {
			at.LineText = lines[t.Line]
			// The mapping may be of a little earlier.
			from := bytesOf(at.LineText, t.Column)
			if i := strings.Index(at.LineText[from:], "WebAssembly"); i >= 0 {
				from += i
			}
			at.Column = from
		}
	}
	text := "WebAssembly is not there on this server: it runs scripts without a compiler (runtime.jit is \"off\"), and this use will fail"
	return recipe.Render(api.Message{Text: text + b.through(at.File), Location: &at}, api.WarningMessage, nil)
}

// through looks places up in a source map, in their order.
func through(places []recipe.Position, doc []byte) ([]recipe.Position, []recipe.Target, error) {
	var m sourceMap
	if err := json.Unmarshal(doc, &m); err != nil {
		return nil, nil, fmt.Errorf("read a source map: %w", err)
	}
	wanted := map[recipe.Position]recipe.Target{}
	for _, p := range places {
		wanted[p] = recipe.Target{Source: recipe.Unmapped}
	}
	if err := recipe.LookUp(m.Mappings, wanted); err != nil {
		return nil, nil, fmt.Errorf("read a source map: %w", err)
	}
	var positions []recipe.Position
	var targets []recipe.Target
	for _, p := range places {
		if t := wanted[p]; t.Source != recipe.Unmapped {
			positions = append(positions, recipe.Position{Line: t.Line, Column: t.Column})
			targets = append(targets, t)
		}
	}
	return positions, targets, nil
}

// units is a text's length as source maps count it.
func units(s string) int { return len(utf16.Encode([]rune(s))) }

// bytesOf is where a column of a source map is in a line.
func bytesOf(line string, column int) int {
	for i, r := range line {
		if column <= 0 {
			return i
		}
		column -= max(utf16.RuneLen(r), 1)
	}
	return len(line)
}
