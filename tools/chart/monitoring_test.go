package chart_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"
)

// foreign are metrics of others: of Prometheus itself, of Go's client library
// and of the kubelet.
var foreign = []string{
	"up", "process_start_time_seconds", "process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds", "go_goroutines",
	"kubelet_volume_stats_available_bytes", "kubelet_volume_stats_capacity_bytes",
}

// measured is a metric of the table of docs/metrics.md.
type measured struct {
	kind   string
	labels []string
}

var metricRow = regexp.MustCompile("(?m)^\\| `(flora_[a-z0-9_]+)` \\| (\\w+) \\| ([^|]*) \\| (.*) \\|$")

// metrics are those of docs/metrics.md, which pkg/telemetry holds to the code,
// with the series of histograms.
func metrics(t *testing.T) map[string]measured {
	t.Helper()
	out := map[string]measured{}
	for _, m := range metricRow.FindAllStringSubmatch(read(t, docsDir, "metrics.md"), -1) {
		labels := strings.Fields(strings.ReplaceAll(m[3], "`", " "))
		if m[2] == "histogram" {
			out[m[1]+"_bucket"] = measured{"counter", append(labels, "le")}
			out[m[1]+"_sum"], out[m[1]+"_count"] = measured{"counter", labels}, measured{"counter", labels}
			continue
		}
		out[m[1]] = measured{m[2], labels}
	}
	out["flora_build_info"] = measured{"gauge", []string{"version"}}
	if len(out) < 50 {
		t.Fatalf("docs/metrics.md has %d metrics", len(out))
	}
	return out
}

// target are the labels that Prometheus adds to what it scrapes.
var target = []string{"namespace", "service", "pod", "job", "instance", "container", "endpoint"}

// expression checks one: it parses, its metrics exist and have the labels that
// it asks for, and what it takes a rate of counts up.
func expression(known map[string]measured, text string) error {
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(text)
	if err != nil {
		return err
	}
	var bad []string
	scoped := false
	parser.Inspect(expr, func(n parser.Node, path []parser.Node) error {
		v, ok := n.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		m, ours := known[v.Name]
		if !ours && !slices.Contains(foreign, v.Name) {
			bad = append(bad, fmt.Sprintf("there is no metric %s", v.Name))
		}
		names := map[string]bool{}
		for _, matcher := range v.LabelMatchers {
			names[matcher.Name] = true
			if ours && !slices.Contains(slices.Concat(m.labels, target, []string{"__name__"}), matcher.Name) {
				bad = append(bad, fmt.Sprintf("%s has no label %s", v.Name, matcher.Name))
			}
		}
		if !names["namespace"] || !names["service"] && !names["persistentvolumeclaim"] {
			bad = append(bad, fmt.Sprintf("%s is that of every release", v.Name))
		}
		scoped = true
		for _, above := range path {
			if call, ok := above.(*parser.Call); ok && ours && (call.Func.Name == "rate" || call.Func.Name == "increase") && m.kind != "counter" && !strings.HasSuffix(v.Name, "_seconds") {
				bad = append(bad, fmt.Sprintf("%s of %s, a %s", call.Func.Name, v.Name, m.kind))
			}
			if by, ok := above.(*parser.AggregateExpr); ok && ours && !by.Without {
				for _, label := range by.Grouping {
					if !slices.Contains(slices.Concat(m.labels, target), label) {
						bad = append(bad, fmt.Sprintf("%s has no label %s", v.Name, label))
					}
				}
			}
		}
		return nil
	})
	if !scoped {
		bad = append(bad, "it asks for no metric")
	}
	if len(bad) > 0 {
		return fmt.Errorf("%s: %s", text, strings.Join(bad, ", "))
	}
	return nil
}

func TestExpressionsAreChecked(t *testing.T) {
	t.Parallel()
	known := metrics(t)
	for _, row := range []struct{ text, want string }{
		{`sum(`, "unclosed left parenthesis"},
		{`sum(flora_no_such_metric{namespace="a",service="b"})`, "there is no metric"},
		{`sum(flora_dispatch_total)`, "of every release"},
		{`sum by (guild) (flora_dispatch_total{namespace="a",service="b"})`, "no label guild"},
		{`flora_dispatch_total{namespace="a",service="b",op="c"}`, "no label op"},
		{`rate(flora_guilds{namespace="a",service="b"}[5m])`, "a gauge"},
		{`vector(1) > 2`, "no metric"},
	} {
		if err := expression(known, row.text); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", row.text, err, row.want)
		}
	}
}

// rules are those of a rendering, strictly decoded.
func rules(t *testing.T, all []manifest) []monitoring.Rule {
	t.Helper()
	var out []monitoring.Rule
	for _, m := range all {
		if m.kind() != "PrometheusRule" {
			continue
		}
		var r monitoring.PrometheusRule
		if err := yaml.UnmarshalStrict(m.text, &r); err != nil {
			t.Fatalf("%s: %v", m, err)
		}
		for _, g := range r.Spec.Groups {
			if len(g.Rules) == 0 {
				t.Errorf("%s has no rules", g.Name)
			}
			out = append(out, g.Rules...)
		}
	}
	return out
}

var anchor = regexp.MustCompile(`^https://\S+/docs/operations\.md#([a-z]+)$`)

func TestAlerts(t *testing.T) {
	t.Parallel()
	known := metrics(t)
	seen := map[string]bool{}
	for name, values := range cases(t) {
		files, err := render(t, values)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rules(t, manifests(t, files)) {
			seen[r.Alert] = true
			if err := expression(known, r.Expr.String()); err != nil {
				t.Errorf("%s: %s: %v", name, r.Alert, err)
			}
			if s := r.Labels["severity"]; s != "critical" && s != "warning" {
				t.Errorf("%s has severity %q", r.Alert, s)
			}
			if !strings.HasSuffix(r.Annotations["summary"], ".") || !strings.HasSuffix(r.Annotations["description"], ".") {
				t.Errorf("%s does not say what it means: %v", r.Alert, r.Annotations)
			}
			if m := anchor.FindStringSubmatch(r.Annotations["runbook_url"]); m == nil || m[1] != strings.ToLower(r.Alert) {
				t.Errorf("%s sends people to %s", r.Alert, r.Annotations["runbook_url"])
			}
		}
	}
	for _, name := range alerts(t) {
		if !seen[name] && name != "FloraGatewaySlow" { // One case disables it.
			t.Errorf("no case has %s", name)
		}
		delete(seen, name)
	}
	for name := range seen {
		t.Errorf("%s is rendered and not in alerts.yaml", name)
	}
}

func alerts(t *testing.T) (names []string) {
	t.Helper()
	for _, m := range regexp.MustCompile(`- alert: (\w+)`).FindAllStringSubmatch(read(t, chartDir, "alerts.yaml"), -1) {
		names = append(names, m[1])
	}
	return names
}

// Each alert is listed in the chart's README, and has a section where it sends
// people.
func TestAlertsAreExplained(t *testing.T) {
	t.Parallel()
	text, runbook := read(t, chartDir, "README.md"), read(t, docsDir, "operations.md")
	for _, name := range alerts(t) {
		if !strings.Contains(text, "| `"+name+"` |") {
			t.Errorf("%s/README.md does not have %s", chartDir, name)
		}
		if !strings.Contains(runbook, "\n### "+name+"\n") {
			t.Errorf("docs/operations.md does not explain %s", name)
		}
	}
}

func TestServiceMonitor(t *testing.T) {
	t.Parallel()
	found := 0
	each(t, func(t *testing.T, all []manifest) {
		for _, m := range all {
			if m.kind() != "ServiceMonitor" {
				continue
			}
			found++
			var s monitoring.ServiceMonitor
			if err := yaml.UnmarshalStrict(m.text, &s); err != nil {
				t.Fatalf("%s: %v", m, err)
			}
			e := s.Spec.Endpoints[0]
			if e.Path != "/metrics" || e.Authorization == nil || e.Authorization.Type != "Bearer" || e.Authorization.Credentials.Name == "" {
				t.Errorf("%+v", e)
			}
			// It scrapes each pod once: one Service has all its labels.
			var matched []string
			for _, other := range all {
				if other.kind() == "Service" && covers(s.Spec.Selector.MatchLabels, other.at("metadata", "labels")) {
					matched = append(matched, fmt.Sprint(other.at("metadata", "name")))
					if list(other.at("spec", "ports"))[0]["name"] != e.Port {
						t.Errorf("%s has no port %s", other, e.Port)
					}
				}
			}
			if len(matched) != 1 {
				t.Errorf("it scrapes %q", matched)
			}
		}
	})
	t.Cleanup(func() {
		if found == 0 {
			t.Error("no case has one")
		}
	})
}

func covers(selector map[string]string, labels any) bool {
	have, _ := labels.(map[string]any)
	for k, v := range selector {
		if have[k] != v {
			return false
		}
	}
	return len(selector) > 0
}

// panel is what is asked of a panel of Grafana.
type panel struct {
	ID      int    `json:"id"`
	Type    string `json:"type"`
	Title   string `json:"title"`
	GridPos struct{ X, Y, W, H int }
	Targets []struct{ Expr string }
}

var variable = regexp.MustCompile(`\$\w+|\$\{\w+\}`)

func TestDashboard(t *testing.T) {
	t.Parallel()
	files, err := render(t, cases(t)["replicas"])
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, m := range manifests(t, files) {
		if s, ok := m.at("data", "flora.json").(string); ok {
			text = s
		}
	}
	var board struct {
		UID, Title string
		Panels     []panel
		Templating struct{ List []struct{ Name, Type string } }
	}
	if strings.TrimSpace(text) != strings.TrimSpace(read(t, chartDir, "dashboard.json")) {
		t.Error("the ConfigMap does not have dashboard.json")
	}
	if err := json.Unmarshal([]byte(text), &board); err != nil {
		t.Fatal(err)
	}
	variables := map[string]bool{"$__rate_interval": true}
	for _, v := range board.Templating.List {
		variables["$"+v.Name] = true
		variables["${"+v.Name+"}"] = true
	}
	for _, name := range variable.FindAllString(text, -1) {
		if !variables[name] && name != "$__all" {
			t.Errorf("%s is no variable", name)
		}
	}
	known := metrics(t)
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range board.Panels {
		if ids[p.ID] {
			t.Errorf("%s has the id of another panel", p.Title)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other, ok := taken[[2]int{x, y}]; ok || x >= 24 {
					t.Errorf("%s lies over %s", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("%s shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			expr := strings.ReplaceAll(target.Expr, "$__rate_interval", "5m")
			if err := expression(known, expr); err != nil {
				t.Errorf("%s: %v", p.Title, err)
			}
		}
	}
	if len(ids) < 20 {
		t.Errorf("%d panels", len(ids))
	}
}

// What is measured is alerted on or shown, but for the numbers of the original,
// which say the same once more.
func TestEveryMetricIsSeen(t *testing.T) {
	t.Parallel()
	text := read(t, chartDir, "alerts.yaml") + read(t, chartDir, "dashboard.json")
	for _, m := range metricRow.FindAllStringSubmatch(read(t, docsDir, "metrics.md"), -1) {
		if !strings.Contains(m[4], "as the original Flora had it") && !regexp.MustCompile(m[1]+`(_bucket)?\{`).MatchString(text) {
			t.Errorf("neither an alert nor the dashboard has %s", m[1])
		}
	}
}
