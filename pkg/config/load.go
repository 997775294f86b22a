package config

import (
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/structs"
	"github.com/knadh/koanf/v2"
)

// DefaultFile is read from the working directory when no file is named and it
// exists.
const DefaultFile = "config.toml"

// Options say where a configuration comes from.
type Options struct {
	File  string            // A TOML file; "" is DefaultFile, which may be missing.
	Env   []string          // "NAME=value"; empty values count as not set.
	Flags map[string]string // By key: "api.port".
	// Check, if not nil, looks at the whole too. A refused value counts as set.
	Check func(Config) error
}

// Load reads and checks a configuration. The error names everything that is
// wrong, one thing a line.
func Load(o Options) (Config, error) {
	l := loader{merged: koanf.New(".")}
	c := Default()
	if err := l.merged.Load(structs.Provider(c, "koanf"), nil); err != nil {
		return c, fmt.Errorf("load the default configuration: %w", err)
	}
	if err := l.file(o.File); err != nil {
		return c, err
	}
	if err := l.environment(o.Env); err != nil {
		return c, err
	}
	for _, key := range sorted(o.Flags) {
		l.take(key, o.Flags[key], "the command line")
	}
	if err := l.merged.Unmarshal("", &c); err != nil {
		return c, fmt.Errorf("read the configuration: %w", err)
	}
	l.errs = append(l.errs, together(c)...)
	if o.Check != nil {
		l.errs = append(l.errs, o.Check(c))
	}
	return c, errors.Join(l.errs...)
}

// loader puts layers above each other.
type loader struct {
	merged *koanf.Koanf
	errs   []error
}

// take checks one value and lets it override what came before.
func (l *loader) take(key string, raw any, source string) {
	s, ok := byKey[key]
	if !ok {
		l.errs = append(l.errs, unknown(key, source))
		return
	}
	v, ok := s.convert(raw)
	if !ok {
		l.errs = append(l.errs, s.refusal(raw, source))
		text, isText := raw.(string)
		if !isText || s.kind != reflect.String {
			return
		}
		v = text // Otherwise it would be missing as well.
	}
	if err := l.merged.Load(confmap.Provider(map[string]any{key: v}, "."), nil); err != nil {
		l.errs = append(l.errs, fmt.Errorf("%s (from %s): %w", key, source, err))
	}
}

func unknown(key, source string) error {
	if advice, ok := gone[key]; ok {
		return fmt.Errorf("%s (in %s) has no effect here: %s", key, source, advice)
	}
	if slices.Contains(sections(), key) {
		return fmt.Errorf("%s (in %s) is a section, not a key; write [%s] and its keys below", key, source, key)
	}
	if near := nearest(key); near != "" {
		return fmt.Errorf("%s (in %s) is not a configuration key; did you mean %s?", key, source, near)
	}
	return fmt.Errorf("%s (in %s) is not a configuration key", key, source)
}

func (l *loader) file(name string) error {
	must := name != ""
	if !must {
		name = DefaultFile
	}
	layer := koanf.New(".")
	err := layer.Load(file.Provider(name), toml.Parser())
	var position interface {
		error
		Position() (row, column int)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) && !must:
		return nil
	case errors.As(err, &position):
		row, column := position.Position()
		return fmt.Errorf("%s:%d:%d: %w", name, row, column, err)
	case err != nil:
		return fmt.Errorf("read the configuration file %s: %w", name, err)
	}
	for _, key := range layer.Keys() {
		raw := layer.Get(key)
		if m, ok := raw.(map[string]any); ok && len(m) == 0 && slices.Contains(sections(), key) {
			continue // A section without keys.
		}
		l.take(key, raw, name)
	}
	return nil
}

func (l *loader) environment(environ []string) error {
	// Of two names for one key, FLORA_... wins: it comes last.
	ours, others := map[string]string{}, map[string]string{}
	for _, s := range settings {
		ours[s.env[0]] = s.key
		for _, name := range s.env[1:] {
			others[name] = s.key
		}
	}
	l.misspelt(environ, ours)
	for _, names := range []map[string]string{others, ours} {
		if err := l.variables(environ, names); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) variables(environ []string, names map[string]string) error {
	source := map[string]string{}
	layer := koanf.New(".")
	err := layer.Load(env.Provider(".", env.Opt{
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(name, value string) (string, any) {
			key, ok := names[name]
			// Kubernetes makes API_PORT=tcp://... for a service called api.
			if !ok || value == "" || strings.HasSuffix(name, "_PORT") && strings.Contains(value, "://") {
				return "", nil
			}
			if name == "RUST_LOG" {
				value = rustLevel(value)
			}
			source[key] = "the environment variable " + name
			return key, value
		},
	}), nil)
	if err != nil {
		return fmt.Errorf("read the environment: %w", err)
	}
	for _, key := range layer.Keys() {
		l.take(key, layer.Get(key), source[key])
	}
	return nil
}

// command is what the flora command line tool reads; it is not ours.
var command = []string{"FLORA_API_URL", "FLORA_TOKEN", "FLORA_GUILD"}

// misspelt refuses variables that look like one of a section's keys and are
// none. Others with our prefix belong to somebody else.
func (l *loader) misspelt(environ []string, names map[string]string) {
	for _, e := range environ {
		name, _, _ := strings.Cut(e, "=")
		if _, ok := names[name]; ok || slices.Contains(command, name) || serviceLink.MatchString(name) {
			continue
		}
		// The longest section first: kv.limits before kv.
		for _, section := range slices.Backward(slices.Sorted(slices.Values(sections()))) {
			if rest, ok := strings.CutPrefix(name, "FLORA_"+strings.ToUpper(strings.ReplaceAll(section, ".", "_"))+"_"); ok {
				l.errs = append(l.errs, unknown(section+"."+strings.ToLower(rest), "the environment variable "+name))
				break
			}
		}
	}
}

// serviceLink matches the variables that Kubernetes makes for a service called
// flora-api.
var serviceLink = regexp.MustCompile(`_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_[0-9]+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?)$`)

// rustLevel gives the most talkative level of the original's filters, such as
// "flora::runtime=debug,flora=info".
func rustLevel(filter string) string {
	levels := []string{"error", "warn", "info", "debug", "trace"}
	most := -1
	for part := range strings.SplitSeq(filter, ",") {
		level := part[strings.LastIndexByte(part, '=')+1:]
		most = max(most, slices.Index(levels, strings.ToLower(strings.TrimSpace(level))))
	}
	switch most {
	case -1:
		return filter
	case 4:
		return "debug"
	}
	return levels[most]
}
