package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// setting is one key of the configuration, as the struct declares it.
type setting struct {
	key      string // With its section: "runtime.max_workers".
	env      []string
	kind     reflect.Kind // Int, Bool or String.
	min, max int
	oneOf    []string
	check    string
	secret   bool
	index    []int
}

// settings lists the keys in the order of the struct.
var settings = declared(reflect.TypeFor[Config](), "", nil)

// byKey finds a setting.
var byKey = func() map[string]setting {
	m := map[string]setting{}
	for _, s := range settings {
		m[s.key] = s
	}
	return m
}()

func declared(t reflect.Type, prefix string, index []int) []setting {
	var out []setting
	for i := range t.NumField() {
		f := t.Field(i)
		key := prefix + f.Tag.Get("koanf")
		at := append(append([]int{}, index...), i)
		if f.Type.Kind() == reflect.Struct {
			out = append(out, declared(f.Type, key+".", at)...)
			continue
		}
		s := setting{key: key, kind: f.Type.Kind(), check: f.Tag.Get("check"), secret: f.Tag.Get("secret") == "true", index: at}
		s.env = []string{"FLORA_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))}
		if name := f.Tag.Get("env"); name != "" {
			s.env = append(s.env, name)
		}
		if choices := f.Tag.Get("oneof"); choices != "" {
			s.oneOf = strings.Split(choices, ",")
		}
		if s.kind == reflect.Int {
			s.min, s.max = number(f.Tag.Get("min")), number(f.Tag.Get("max"))
		}
		out = append(out, s)
	}
	return out
}

// number reads a bound in a tag. The tags are ours, so a bad one is a bug.
func number(tag string) int {
	n, err := strconv.Atoi(tag)
	if err != nil {
		panic("config: a bound is no number: " + tag)
	}
	return n
}

func (s setting) of(c *Config) any {
	return reflect.ValueOf(c).Elem().FieldByIndex(s.index).Interface()
}

// allowed says in words what a value may be.
func (s setting) allowed() string {
	switch {
	case s.oneOf != nil:
		return "one of " + strings.Join(s.oneOf, ", ")
	case s.kind == reflect.Int:
		return fmt.Sprintf("a whole number from %d to %d", s.min, s.max)
	case s.kind == reflect.Bool:
		return "true or false"
	case s.check != "":
		return checks[s.check].allowed
	}
	return "a string"
}

// sections are the names that hold keys.
func sections() []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range settings {
		for at := range len(s.key) {
			if name := s.key[:at]; s.key[at] == '.' && !seen[name] {
				seen[name] = true
				out = append(out, name)
			}
		}
	}
	return out
}

// gone are keys of the original Flora that mean nothing here, with what to do.
var gone = map[string]string{ //nolint:gosec // Names of keys, not secrets.
	"runtime.worker_queue_capacity":      "use runtime.queue_capacity, which counts per guild",
	"runtime.boot_timeout_secs":          "isolates start from a snapshot; remove it",
	"runtime.migration_timeout_ms":       "scripts do not migrate between threads; remove it",
	"runtime.show_internal_stack_frames": "stacks only show the author's files; remove it",
	"build_service.url":                  "builds run in the runtime itself; remove it",
	"build_service.secret":               "builds run in the runtime itself; remove it",
}

// nearest is the known key that is least different from name, or "".
func nearest(name string) string {
	best, least := "", max(len(name)/3, 2)+1
	for _, s := range settings {
		if d := distance(name, s.key); d < least {
			best, least = s.key, d
		}
	}
	if best != "" {
		return best
	}
	// The section may be what is missing or wrong.
	last := name[strings.LastIndexByte(name, '.')+1:]
	for _, s := range settings {
		if strings.HasSuffix(s.key, "."+last) || s.key == last {
			return s.key
		}
	}
	return ""
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next := min(row[j]+1, row[j+1]+1, diagonal+cost)
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}
