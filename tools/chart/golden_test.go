package chart_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"
)

// What each case renders is in testdata; -update writes it.
func TestTemplates(t *testing.T) {
	t.Parallel()
	for name, values := range cases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files, err := render(t, values)
			if err != nil {
				t.Fatal(err)
			}
			got, golden := printed(files), filepath.Join("testdata", name+".yaml")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(read(t, golden), got); diff != "" {
				t.Errorf("go test -run Templates -update writes %s anew (-want +got):\n%s", golden, diff)
			}
		})
	}
}

func TestEachGoldenFileHasItsValues(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if _, ok := cases(t)[name]; !ok {
			t.Errorf("%s is of no values in ci", file)
		}
	}
}

// helm lint, with the defaults too.
func TestLint(t *testing.T) {
	t.Parallel()
	all := cases(t)
	all["defaults"] = map[string]any{}
	oldest := common.KubeVersion{Version: "v1.27.0", Major: "1", Minor: "27"}
	for name, values := range all {
		for _, version := range []*common.KubeVersion{&oldest, nil} {
			for _, m := range lint.RunAll(chartDir, values, "bots", lint.WithKubeVersion(version)).Messages {
				if m.Severity > support.InfoSev {
					t.Errorf("%s: %v", name, m)
				}
			}
		}
	}
}
