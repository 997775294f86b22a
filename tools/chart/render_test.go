// Package chart_test holds charts/flora to what it promises: what the values
// make, what Kubernetes and Prometheus take of it, and what the runtime knows.
package chart_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"helm.sh/helm/v4/pkg/chart/common"
	chartutil "helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	"sigs.k8s.io/yaml"
)

const (
	chartDir = "../../charts/flora"
	docsDir  = "../../docs"
)

var update = flag.Bool("update", false, "write what is held to the chart anew")

// theChart is read once; rendering leaves it as it is.
var theChart = sync.OnceValues(func() (*chart.Chart, error) { return loader.Load(chartDir) })

// render makes the manifests that helm template would print, by template, and
// the notes.
func render(t *testing.T, values map[string]any) (map[string]string, error) {
	t.Helper()
	c, err := theChart()
	if err != nil {
		t.Fatal(err)
	}
	release := common.ReleaseOptions{Name: "flora", Namespace: "bots", Revision: 1, IsInstall: true}
	all, err := chartutil.ToRenderValues(c, values, release, common.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	files, err := engine.Render(c, all)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for name, text := range files {
		if base := strings.TrimPrefix(name, "flora/templates/"); !strings.HasPrefix(base, "_") && strings.TrimSpace(text) != "" {
			out[base] = text
		}
	}
	return out, nil
}

// printed is a rendering as one text, in a fixed order.
func printed(files map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if name != "NOTES.txt" {
			text := strings.TrimSpace(files[name])
			if name == "dashboard.yaml" {
				text, _, _ = strings.Cut(text, "    {\n") // It has a test of its own.
			}
			fmt.Fprintf(&b, "---\n# Source: %s\n%s\n", name, text)
		}
	}
	if notes := files["NOTES.txt"]; notes != "" {
		fmt.Fprintf(&b, "---\n# Notes:\n")
		for line := range strings.Lines(strings.TrimSpace(notes) + "\n") {
			b.WriteString(strings.TrimRight("# "+line, " \n") + "\n")
		}
	}
	return b.String()
}

// manifest is one document that Kubernetes would get, read as it reads them.
type manifest struct {
	source string
	text   []byte
	object map[string]any
}

func (m manifest) kind() string { return m.at("kind").(string) }

func (m manifest) String() string {
	return fmt.Sprintf("%s %s of %s", m.kind(), m.at("metadata", "name"), m.source)
}

// at follows keys down the manifest; nil is a path that is not there.
func (m manifest) at(path ...string) any {
	var v any = m.object
	for _, key := range path {
		o, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = o[key]
	}
	return v
}

func manifests(t *testing.T, files map[string]string) []manifest {
	t.Helper()
	var out []manifest
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if name == "NOTES.txt" {
			continue
		}
		for _, text := range strings.Split("\n"+files[name], "\n---\n") {
			m := manifest{source: name, text: []byte(text)}
			if err := yaml.UnmarshalStrict(m.text, &m.object); err != nil {
				t.Fatalf("%s: %v\n%s", name, err, text)
			}
			out = append(out, m)
		}
	}
	return out
}

// cases are the values in charts/flora/ci, by name.
func cases(t *testing.T) map[string]map[string]any {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(chartDir, "ci", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no values in %s/ci: %v", chartDir, err)
	}
	out := map[string]map[string]any{}
	for _, file := range files {
		values, err := common.ReadValuesFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(file), ".yaml")] = values
	}
	return out
}

// each runs a test for the manifests of every case.
func each(t *testing.T, test func(t *testing.T, all []manifest)) {
	t.Helper()
	for name, values := range cases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files, err := render(t, values)
			if err != nil {
				t.Fatal(err)
			}
			test(t, manifests(t, files))
		})
	}
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
