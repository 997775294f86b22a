package project

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// ignore is the rules of the .gitignore files met so far, outer folders first.
// It knows what people write: names, paths, *, ?, **, [a-z], folders with a
// slash at the end, and exceptions with "!".
type ignore struct{ rules []rule }

type rule struct {
	base    string // The folder of its file, "" at the root.
	pattern *regexp.Regexp
	folders bool // Matches folders only.
	except  bool
}

// add reads the lines of a folder's .gitignore. What is no pattern is skipped,
// as git does.
func (g *ignore) add(dir, lines string) {
	base := ""
	if dir != "." {
		base = dir + "/"
	}
	for line := range strings.Lines(lines) {
		line = strings.TrimRight(line, "\r\n")
		if !strings.HasSuffix(line, `\ `) {
			line = strings.TrimRight(line, " \t")
		}
		if line == "" || line[0] == '#' {
			continue
		}
		r := rule{base: base}
		if line[0] == '!' {
			r.except = true
			line = line[1:]
		}
		line, r.folders = strings.CutSuffix(line, "/")
		if line == "" {
			continue
		}
		pattern, err := regexp.Compile(expression(line))
		if err != nil {
			continue
		}
		r.pattern = pattern
		g.rules = append(g.rules, r)
	}
}

// matches reports whether the path is ignored: the last rule that speaks of it
// decides.
func (g *ignore) matches(name string, folder bool) bool {
	ignored := false
	for _, r := range g.rules {
		rest, ok := strings.CutPrefix(name, r.base)
		if ok && (folder || !r.folders) && r.pattern.MatchString(rest) {
			ignored = !r.except
		}
	}
	return ignored
}

// expression is the pattern as a regular expression over the whole path.
func expression(pattern string) string {
	var b strings.Builder
	b.WriteString("^")
	// A slash inside ties the pattern to the folder of its file.
	if tied := strings.Contains(pattern, "/"); !tied {
		b.WriteString("(?:.*/)?")
	}
	pattern = strings.TrimPrefix(pattern, "/")
	for i := 0; i < len(pattern); {
		rest := pattern[i:]
		switch {
		case strings.HasPrefix(rest, "**/") && (i == 0 || pattern[i-1] == '/'):
			b.WriteString("(?:.*/)?")
			i += 3
		case rest == "**" && (i == 0 || pattern[i-1] == '/'):
			b.WriteString(".*")
			i += 2
		case rest[0] == '*':
			b.WriteString("[^/]*")
			i++
		case rest[0] == '?':
			b.WriteString("[^/]")
			i++
		case rest[0] == '[':
			class, n := characters(rest)
			b.WriteString(class)
			i += n
		default:
			if rest[0] == '\\' && len(rest) > 1 {
				rest = rest[1:]
				i++
			}
			_, n := utf8.DecodeRuneInString(rest)
			b.WriteString(regexp.QuoteMeta(rest[:n]))
			i += n
		}
	}
	return b.String() + "$"
}

// characters is a set such as [a-z] or [!x], and its length.
func characters(pattern string) (expression string, length int) {
	end := strings.IndexByte(pattern[1:], ']') + 1
	if end <= 1 {
		return `\[`, 1
	}
	inside := pattern[1:end]
	negated := ""
	if inside[0] == '!' || inside[0] == '^' {
		negated, inside = "^", inside[1:]
	}
	if inside == "" {
		return regexp.QuoteMeta(pattern[:end+1]), end + 1
	}
	inside = strings.NewReplacer(`\`, `\\`, `[`, `\[`, `^`, `\^`).Replace(inside)
	return "[" + negated + inside + "]", end + 1
}
