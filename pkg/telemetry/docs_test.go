package telemetry

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

var update = flag.Bool("update", false, "write the table of docs/metrics.md")

const (
	metricsDoc = "../../docs/metrics.md"
	tableStart = "<!-- The table is held to the code: go test ./pkg/telemetry -run Documentation -update writes it. -->\n"
	tableEnd   = "<!-- End of the table. -->\n"
)

// describing collects what would be registered.
type describing struct{ rows []string }

func (d *describing) Register(c prometheus.Collector) error { d.MustRegister(c); return nil }
func (d *describing) Unregister(prometheus.Collector) bool  { return false }
func (d *describing) MustRegister(all ...prometheus.Collector) {
	for _, c := range all {
		out := make(chan *prometheus.Desc, 100)
		c.Describe(out)
		close(out)
		for desc := range out {
			d.add(c, desc)
		}
	}
}

var descFormat = regexp.MustCompile(`^Desc\{fqName: "([^"]+)", help: "(.*?)",(?: unit: ".*",)? constLabels: \{.*\}, variableLabels: \{(.*)\}\}$`)

func (d *describing) add(c prometheus.Collector, desc *prometheus.Desc) {
	m := descFormat.FindStringSubmatch(desc.String())
	if m == nil || !strings.HasPrefix(m[1], "flora_") {
		return
	}
	kind := "gauge"
	switch c.(type) {
	case prometheus.Histogram, *prometheus.HistogramVec:
		kind = "histogram"
	default:
		if strings.HasSuffix(m[1], "_total") {
			kind = "counter"
		}
	}
	labels := ""
	if m[3] != "" {
		labels = "`" + strings.ReplaceAll(m[3], ",", "` `") + "`"
	}
	d.rows = append(d.rows, fmt.Sprintf("| `%s` | %s | %s | %s |\n", m[1], kind, labels, strings.ReplaceAll(m[2], `\"`, `"`)))
}

// all are the metrics of a runtime.
func all() []string {
	d := &describing{}
	LimitHits(d, []string{"a"})
	NewContainment(d, []string{"a"})
	Fetches(d, []string{"a"})
	NewSockets(d, []string{"a"})
	FetchBytes(d)
	FetchUsage(d, func() (a, b, c float64) { return 0, 0, 0 })
	Inbound(d, []string{"a"})
	Forwarded(d, []string{"a"})
	NewFlow(d, FlowConfig{})
	NewRequests(d)
	NewHTTP(d)
	NewKeys(d, nil)
	NewMessages(d)
	NewLines(d)
	NewReplicas(d, nil)
	Present(d, func() State { return State{} })
	d.MustRegister(confinement(func() map[string]bool { return nil }))
	legacyMetrics(d, Summary{})
	d.MustRegister(build("v1"))
	slices.Sort(d.rows)
	return d.rows
}

// Every name in the code is of a metric that all has.
func TestNoMetricIsForgotten(t *testing.T) {
	t.Parallel()
	table := strings.Join(all(), "")
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`"(flora_[a-z_]+)"`).FindAllStringSubmatch(string(source), -1) {
			if !strings.Contains(table, "`"+name[1]+"`") {
				t.Errorf("%s has %s, which all does not give", file, name[1])
			}
		}
	}
}

func TestDocumentation(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(metricsDoc)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(b), tableStart)
	table, after, end := strings.Cut(rest, tableEnd)
	if !ok || !end {
		t.Fatalf("%s has no place for the table", metricsDoc)
	}
	want := "\n| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n" + strings.Join(all(), "") + "\n"
	if *update {
		if err := os.WriteFile(metricsDoc, []byte(before+tableStart+want+tableEnd+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if table != want {
		t.Errorf("the table of %s is not what the code has; run go test ./pkg/telemetry -run Documentation -update", metricsDoc)
	}
}
