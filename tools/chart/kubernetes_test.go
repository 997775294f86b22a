package chart_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

// versions are those of Kubernetes that manifests are held to: from the oldest
// that Chart.yaml takes to the newest that kubectl-validate has. The types that
// Helm brings are those of a newer one.
var versions = []string{"1.27", "1.28", "1.29", "1.30"}

// builtins is the folder of the API schemas that kubectl-validate has built in.
// Its code is left alone: it would bring Kubernetes' whole API server along.
var builtins = sync.OnceValues(func() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "go", "mod", "download", "-json", "sigs.k8s.io/kubectl-validate").Output()
	if err != nil {
		return "", fmt.Errorf("go mod download: %w: %s", err, out)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		return "", err
	}
	return filepath.Join(module.Dir, "pkg", "openapiclient", "builtins"), nil
})

// kinds compiles the schemas of one version of Kubernetes as they are asked for.
type kinds struct {
	version  string
	compiler *jsonschema.Compiler
	names    map[string]string // Where a kind's schema is.
	files    map[string]bool
}

func kindsOf(version string) *kinds {
	return &kinds{version: version, compiler: jsonschema.NewCompiler(), names: map[string]string{}, files: map[string]bool{}}
}

// check holds a manifest to the schema of its kind.
func (k *kinds) check(m manifest) error {
	version := m.at("apiVersion").(string)
	if err := k.open(version); err != nil {
		return err
	}
	name, ok := k.names[version+" "+m.kind()]
	if !ok {
		return fmt.Errorf("kubernetes %s has no %s %s", k.version, version, m.kind())
	}
	schema, err := k.compiler.Compile(name)
	if err != nil {
		return err
	}
	b, err := yaml.YAMLToJSON(m.text)
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(b)))
	if err != nil {
		return err
	}
	return schema.Validate(v)
}

// open reads the file of an apiVersion. An object takes no fields but its own.
func (k *kinds) open(version string) error {
	dir, err := builtins()
	if err != nil {
		return err
	}
	file := filepath.Join(dir, k.version, "apis", version+".json")
	if !strings.Contains(version, "/") {
		file = filepath.Join(dir, k.version, "api", version+".json")
	}
	if k.files[file] {
		return nil
	}
	k.files[file] = true
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(b)))
	if err != nil {
		return err
	}
	schemas := object(object(v.(map[string]any), "components"), "schemas")
	url := "file:///" + k.version + "/" + version
	for name := range schemas {
		s := object(schemas, name)
		if s["properties"] != nil && s["x-kubernetes-preserve-unknown-fields"] != true {
			s["additionalProperties"] = false
		}
		for _, is := range list(s["x-kubernetes-group-version-kind"]) {
			group := strings.TrimPrefix(fmt.Sprintf("%v/%v", is["group"], is["version"]), "/")
			if group == version {
				k.names[fmt.Sprintf("%s %v", group, is["kind"])] = url + "#/components/schemas/" + name
			}
		}
	}
	return k.compiler.AddResource(url, v)
}

// native says whether Kubernetes itself knows a manifest's kind.
func native(m manifest) bool {
	return !strings.HasPrefix(m.at("apiVersion").(string), "monitoring.coreos.com/")
}

func TestKubernetesTakesTheManifests(t *testing.T) {
	t.Parallel()
	strict := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	var all []manifest
	for _, values := range cases(t) {
		files, err := render(t, values)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, manifests(t, files)...)
	}
	for _, m := range all {
		if native(m) {
			if _, _, err := strict.Decode(m.text, nil, nil); err != nil {
				t.Errorf("%s: %v\n%s", m, err, m.text)
			}
		}
	}
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			k := kindsOf(version)
			for _, m := range all {
				if !native(m) {
					continue
				}
				if err := k.check(m); err != nil {
					t.Errorf("%s: %v\n%s", m, err, m.text)
				}
			}
		})
	}
}

// Schemas that take everything would hold nothing.
func TestKubernetesRefuses(t *testing.T) {
	t.Parallel()
	files, err := render(t, cases(t)["minimal"])
	if err != nil {
		t.Fatal(err)
	}
	k := kindsOf(versions[0])
	for name, row := range map[string]struct{ kind, old, new, want string }{
		"a field that is not there": {"StatefulSet", "podManagementPolicy:", "podManagementRule:", "additional properties 'podManagementRule' not allowed"},
		"a field further down":      {"StatefulSet", "mountPath: /var/lib/flora", "mountpath: /var/lib/flora", "missing property 'mountPath'"},
		"a text for a number":       {"StatefulSet", "containerPort: 3000", "containerPort: many", "want integer"},
		"a number for a text":       {"ConfigMap", "app.kubernetes.io/managed-by: Helm", "app.kubernetes.io/managed-by: 1", "want string"},
		"a kind that is not there":  {"Service", "kind: Service", "kind: Servant", "has no v1 Servant"},
	} {
		found := false
		for _, m := range manifests(t, files) {
			if m.kind() != row.kind || !strings.Contains(string(m.text), row.old) {
				continue
			}
			found = true
			m.text = []byte(strings.Replace(string(m.text), row.old, row.new, 1))
			m.object = nil
			if err := yaml.Unmarshal(m.text, &m.object); err != nil {
				t.Fatal(err)
			}
			if err := k.check(m); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("%s: got %v, want %q", name, err, row.want)
			}
			break
		}
		if !found {
			t.Errorf("%s: no %s has %q", name, row.kind, row.old)
		}
	}
}
