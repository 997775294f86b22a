package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
)

// hidden stands for a secret's value.
const hidden = "<hidden>"

// Redacted is the configuration as TOML, with secrets hidden.
func (c Config) Redacted() (string, error) {
	values := map[string]any{}
	for _, s := range settings {
		v := s.of(&c)
		if s.secret && v != "" {
			v = hidden
		}
		values[s.key] = v
	}
	k := koanf.New(".")
	if err := k.Load(confmap.Provider(values, "."), nil); err != nil {
		return "", fmt.Errorf("collect the configuration: %w", err)
	}
	b, err := k.Marshal(toml.Parser())
	if err != nil {
		return "", fmt.Errorf("write the configuration: %w", err)
	}
	return string(b), nil
}

// Changes names the keys that the two configurations have different values of.
func Changes(a, b Config) []string {
	var out []string
	for _, s := range settings {
		if s.of(&a) != s.of(&b) {
			out = append(out, s.key)
		}
	}
	return out
}

// With is the configuration with the other's values of the keys.
func (c Config) With(other Config, keys []string) Config {
	to, from := reflect.ValueOf(&c).Elem(), reflect.ValueOf(&other).Elem()
	for _, key := range keys {
		at := byKey[key].index
		to.FieldByIndex(at).Set(from.FieldByIndex(at))
	}
	return c
}

// Key describes one key of the configuration.
type Key struct {
	Name    string
	Env     []string // Its names in the environment; the first wins.
	Default any
	Allowed string
	Secret  bool
}

// Keys lists all keys.
func Keys() []Key {
	standard := Default()
	out := make([]Key, 0, len(settings))
	for _, s := range settings {
		out = append(out, Key{Name: s.key, Env: slices.Clone(s.env), Default: s.of(&standard), Allowed: s.allowed(), Secret: s.secret})
	}
	return out
}

func sorted(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
