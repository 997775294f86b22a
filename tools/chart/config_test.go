package chart_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/flora-runtime/flora-runtime/pkg/config"
)

const schemaFile = chartDir + "/values.schema.json"

// ours are the keys that the chart sets itself.
var ours = []string{"data_dir", "kv.path", "replicas.name", "replicas.url"}

// property is a part of the schema of values.
type property struct {
	Description string               `json:"description"`
	Type        any                  `json:"type"`
	Enum        []any                `json:"enum,omitempty"`
	Minimum     *int                 `json:"minimum,omitempty"`
	Maximum     *int                 `json:"maximum,omitempty"`
	Items       *property            `json:"items,omitempty"`
	Closed      *bool                `json:"additionalProperties,omitempty"`
	Properties  map[string]*property `json:"properties,omitempty"`
}

var (
	between = regexp.MustCompile(`^a whole number from (\d+) to (\d+)$`)
	row     = regexp.MustCompile("(?m)^\\| `([a-z0-9_.]+)` \\|(?:[^|]*\\|){3} (.*) \\|$")
	link    = regexp.MustCompile(`\[([^]]*)\]\([^)]*\)`)
)

// configSchema is what values may have in config: the keys of pkg/config but
// credentials, described as in docs/configuration.md.
func configSchema(t *testing.T) *property {
	t.Helper()
	meaning := map[string]string{}
	for _, m := range row.FindAllStringSubmatch(read(t, docsDir, "configuration.md"), -1) {
		meaning[m[1]] = link.ReplaceAllString(m[2], "$1")
	}
	closed := false
	section := func(description string) *property {
		return &property{Description: description, Type: "object", Closed: &closed, Properties: map[string]*property{}}
	}
	root := section("The runtime's configuration, as in its TOML file. Credentials are not among it: they are in secrets.")
	for _, k := range config.Keys() {
		if k.Secret || slices.Contains(ours, k.Name) {
			continue
		}
		if meaning[k.Name] == "" {
			t.Errorf("docs/configuration.md does not tell what %s means", k.Name)
		}
		at, path := root, strings.Split(k.Name, ".")
		for i, name := range path[:len(path)-1] {
			if at.Properties[name] == nil {
				at.Properties[name] = section("[" + strings.Join(path[:i+1], ".") + "] of the configuration.")
			}
			at = at.Properties[name]
		}
		at.Properties[path[len(path)-1]] = key(t, k, meaning[k.Name])
	}
	return root
}

func key(t *testing.T, k config.Key, meaning string) *property {
	t.Helper()
	p := &property{Description: fmt.Sprintf("%s %s; %v when not set.", meaning, upper(k.Allowed), k.Default)}
	if k.Default == "" {
		p.Description = fmt.Sprintf("%s %s.", meaning, upper(k.Allowed))
	}
	switch k.Default.(type) {
	case int:
		p.Type = "integer"
		m := between.FindStringSubmatch(k.Allowed)
		if m == nil {
			t.Fatalf("%s may be %q, which is no range of numbers", k.Name, k.Allowed)
		}
		low, high := number(t, m[1]), number(t, m[2])
		p.Minimum, p.Maximum = &low, &high
		if k.Name == "runtime.max_workers" {
			p.Description = fmt.Sprintf("%s %s.", meaning, upper(k.Allowed)) // The default is this machine's.
		}
	case bool:
		p.Type = "boolean"
	default:
		p.Type = "string"
		if choices, ok := strings.CutPrefix(k.Allowed, "one of "); ok {
			for choice := range strings.SplitSeq(choices, ", ") {
				p.Enum = append(p.Enum, choice)
			}
			p.Description += " In quotes: YAML has a meaning of its own for on and off."
			if !slices.Contains(p.Enum, any("off")) {
				p.Description = strings.TrimSuffix(p.Description, " In quotes: YAML has a meaning of its own for on and off.")
			}
		}
		if strings.Contains(k.Allowed, "commas") {
			p.Type = []string{"string", "array"}
			p.Items = &property{Description: "One of them.", Type: "string"}
		}
	}
	return p
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The part of the schema between these lines is made here.
var (
	configStart = "    \"config\": "
	configEnd   = "\n    }"
)

func TestSchemaHasTheConfiguration(t *testing.T) {
	t.Parallel()
	b, err := json.MarshalIndent(configSchema(t), "    ", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(b))
	before, rest, ok := strings.Cut(read(t, schemaFile), configStart)
	got, after, end := strings.Cut(rest, configEnd)
	if !ok || !end {
		t.Fatalf("%s has no place for config", schemaFile)
	}
	if *update {
		if err := os.WriteFile(schemaFile, []byte(before+configStart+want+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got+configEnd); diff != "" {
		t.Errorf("config in %s is not what the runtime has; go test -run Schema -update writes it (-want +got):\n%s", schemaFile, diff)
	}
}

// Whatever a value is, the schema tells its reader, and takes no key that it
// does not know.
func TestSchemaDescribesEverything(t *testing.T) {
	t.Parallel()
	var schema, values map[string]any
	if err := json.Unmarshal([]byte(read(t, schemaFile)), &schema); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(read(t, chartDir, "values.yaml")), &values); err != nil {
		t.Fatal(err)
	}
	if schema["additionalProperties"] != false {
		t.Error("the schema takes unknown keys")
	}
	described(t, "", schema)
	known(t, "", schema, values)
}

func described(t *testing.T, path string, schema map[string]any) {
	t.Helper()
	properties, _ := schema["properties"].(map[string]any)
	for name, v := range properties {
		p, ok := v.(map[string]any)
		at := path + "." + name
		if !ok {
			t.Errorf("%s has no schema", at)
			continue
		}
		if text, _ := p["description"].(string); !strings.HasSuffix(text, ".") {
			t.Errorf("%s is not described", at)
		}
		if p["properties"] != nil && p["additionalProperties"] != false {
			t.Errorf("%s takes unknown keys", at)
		}
		if p["type"] == nil {
			t.Errorf("%s may be anything", at)
		}
		described(t, at, p)
	}
}

// known demands that each value is in the schema, and each property that is no
// configuration among the values. Templates count on the values that there are.
func known(t *testing.T, path string, schema, values map[string]any) {
	t.Helper()
	properties, _ := schema["properties"].(map[string]any)
	for name := range properties {
		if _, ok := values[name]; !ok && !slices.Contains([]string{".global", ".resources.claims", ".updateStrategy.rollingUpdate"}, path+"."+name) && !strings.HasPrefix(path, ".config") && !strings.Contains(path, "Probe") {
			t.Errorf("values.yaml lacks %s.%s", path, name)
		}
	}
	for name, v := range values {
		p, ok := properties[name].(map[string]any)
		if !ok {
			t.Errorf("the schema lacks %s.%s", path, name)
			continue
		}
		required, _ := schema["required"].([]any)
		empty := p["type"] == "array" || p["type"] == "object" && p["properties"] == nil // Nothing is as good.
		if !empty && !slices.Contains(required, any(name)) && path != ".config" && path != ".config.runtime" && path != ".resources" {
			t.Errorf("%s.%s may be taken away", path, name)
		}
		if inner, ok := v.(map[string]any); ok && p["properties"] != nil {
			known(t, path+"."+name, p, inner)
		}
	}
}

// secretValues are credentials as Secrets would have them.
var secretValues = map[string]string{
	"FLORA_DISCORD_BOT_TOKEN": "token", "FLORA_DISCORD_CLIENT_SECRET": "client", "FLORA_API_SECRET": strings.Repeat("a", 32),
	"FLORA_API_OPERATOR_SECRET": strings.Repeat("b", 32), "FLORA_SECRETS_MASTER_KEY": strings.Repeat("0", 64), "FLORA_SECRETS_PREVIOUS_KEYS": strings.Repeat("1", 64),
	"FLORA_DATABASE_URL": "postgres://flora@db/flora", "FLORA_CACHE_URL": "redis://cache:6379",
}

// What a pod gets is a configuration that the runtime takes, with the values
// that the chart was given.
func TestTheRuntimeTakesWhatPodsGet(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, all []manifest) {
		var file string
		for _, m := range all {
			if text, ok := m.at("data", "config.toml").(string); ok {
				file = filepath.Join(t.TempDir(), "config.toml")
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		if file == "" {
			t.Fatal("no config.toml")
		}
		found := 0
		for _, m := range all {
			spec := podSpec(m)
			if spec == nil {
				continue
			}
			found++
			env := environment(t, m)
			cfg, err := config.Load(config.Options{File: file, Env: env})
			if err != nil {
				t.Fatalf("%s: %v", m, err)
			}
			if cfg.Discord.ClientID != "661720242585600006" || cfg.Discord.BotToken != "token" || cfg.API.Secret == "" || cfg.Secrets.MasterKey == "" {
				t.Errorf("%s: %+v", m, cfg)
			}
			if cfg.Storage.Embedded == (cfg.Database.URL != "" || cfg.Cache.URL != "") {
				t.Errorf("%s: embedded is %v, the database %q, the cache %q", m, cfg.Storage.Embedded, cfg.Database.URL, cfg.Cache.URL)
			}
			if m.kind() == "StatefulSet" {
				served(t, m, cfg)
			}
		}
		if found != 2 {
			t.Errorf("%d pods", found)
		}
	})
}

// served holds a StatefulSet to the configuration of its processes.
func served(t *testing.T, m manifest, cfg config.Config) {
	t.Helper()
	spec := podSpec(m)
	c := containers(spec)[0]
	mounted := false
	for _, v := range list(c["volumeMounts"]) {
		mounted = mounted || v["mountPath"] == cfg.DataDir && v["readOnly"] == nil
	}
	if !mounted {
		t.Errorf("%s is no volume that can be written", cfg.DataDir)
	}
	if port := list(c["ports"])[0]["containerPort"]; port != float64(cfg.API.Port) {
		t.Errorf("the container's port is %v, the API's %d", port, cfg.API.Port)
	}
	if grace := spec["terminationGracePeriodSeconds"].(float64); int(grace) <= cfg.Runtime.DrainTimeoutSecs {
		t.Errorf("Kubernetes kills after %v s, and handlers have %d s", grace, cfg.Runtime.DrainTimeoutSecs)
	}
	if n := m.at("spec", "replicas").(float64); n > 1 != cfg.Replicas.Enabled {
		t.Errorf("%v processes, and replicas.enabled is %v", n, cfg.Replicas.Enabled)
	}
}

// environment is what Kubernetes would give the first container of a pod.
func environment(t *testing.T, m manifest) []string {
	t.Helper()
	values := map[string]string{"POD_IP": "10.0.0.7"}
	var out []string
	for _, e := range list(containers(podSpec(m))[0]["env"]) {
		name := e["name"].(string)
		from, _ := e["valueFrom"].(map[string]any)
		switch {
		case from["secretKeyRef"] != nil:
			v, ok := secretValues[name]
			if !ok {
				t.Errorf("%s takes %s from a Secret", m, name)
			}
			values[name] = v
		case from["fieldRef"] != nil && name != "POD_IP":
			values[name] = "flora-0"
		case from == nil:
			text := e["value"].(string)
			if strings.Contains(text, "[$(POD_IP)]") {
				values["POD_IP"] = "fd00::7"
			}
			for _, earlier := range slices.Sorted(maps.Keys(values)) {
				text = strings.ReplaceAll(text, "$("+earlier+")", values[earlier])
			}
			values[name] = text
		}
		out = append(out, name+"="+values[name])
	}
	return out
}

// Each credential of the configuration has its value in secrets, by all its
// names.
func TestEveryCredentialIsASecret(t *testing.T) {
	t.Parallel()
	helpers := read(t, chartDir, "templates", "_helpers.tpl")
	_, rest, _ := strings.Cut(helpers, `{{- define "flora.variables" -}}`)
	text, _, ok := strings.Cut(rest, "{{- end -}}")
	if !ok {
		t.Fatal("flora.variables is not there")
	}
	var got map[string][]string
	if err := yaml.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	var want, have [][]string
	for _, k := range config.Keys() {
		if k.Secret {
			want = append(want, k.Env)
		}
	}
	for _, variables := range got {
		have = append(have, variables)
	}
	slices.SortFunc(want, slices.Compare)
	slices.SortFunc(have, slices.Compare)
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
